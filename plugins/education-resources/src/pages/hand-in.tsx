/** What a learner sees of an assignment: what they handed in, its mark, and the form. */
import { type AppContext, Card, type CityRequest, FileField, Form, Hidden, Notice, TextArea, t } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import type { Assignment, Submission } from "../domain/assignment.ts";
import type { Student } from "../domain/people.ts";
import { Refusal, handInAssignment, meAsStudent, myChildren, mySubmission } from "../service/index.ts";
import { FilesOf } from "./answers.tsx";
import { assignmentPage } from "./assignments.tsx";
import { State, Time, at, param, seeOther, tried } from "./common.tsx";

const MOST_FILES = 5;

/** A form for whoever is in the class: the student, and a guardian for each child in it. */
export function HandIn({ request, of, form }: { request: CityRequest; of: Assignment; form: Form }) {
  const me = meAsStudent(request.principal);
  const children = myChildren(request.principal).filter((s) => s.class === of.class);
  return (
    <>
      {me?.class === of.class ? <Mine request={request} of={of} student={me} child={undefined} form={form} /> : null}
      {children.map((s) => <Mine request={request} of={of} student={s} child={s.id} form={form} />)}
    </>
  );
}

function Mine(props: { request: CityRequest; of: Assignment; student: Student; child: string | undefined; form: Form }) {
  const { request, of, student, child, form } = props;
  const given = mySubmission(request.principal, of.id, child);
  const heading = child === undefined ? request.t("我的作业", "What I hand in") : request.t(`${student.name}的作业`, `What ${student.name} hands in`);
  return (
    <Card id={`mine-${student.id}`} heading={heading}>
      {given === undefined ? null : <Given request={request} of={given} />}
      {of.state === "handed-out" && given?.state !== "marked" ? <HandInForm request={request} of={of} child={child ?? ""} form={form.checked("child") && form.value("child") === (child ?? "") ? form : undefined} before={given} /> : null}
      {of.state === "closed" && given === undefined ? <p>{request.t("作业已结束，没有交。", "It is closed, and nothing was handed in.")}</p> : null}
    </Card>
  );
}

function Given({ request, of }: { request: CityRequest; of: Submission }) {
  return (
    <>
      <p><State request={request} state={of.state} /> <Time ms={of.at} /></p>
      {of.state === "marked" ? <Notice tone="ok"><strong>{request.t(`得分 ${of.mark ?? 0}`, `Mark: ${of.mark ?? 0}`)}</strong></Notice> : null}
      {of.comment === "" ? null : <p class="lines">{request.t("评语：", "Comment: ")}{of.comment}</p>}
      {of.text === "" ? null : <p class="lines">{of.text}</p>}
      <FilesOf request={request} of={of} />
    </>
  );
}

/** With two children in one class there are two forms: the names of their fields carry the child, so that every id is one. */
const namesOf = (child: string) => (child === "" ? { text: "text", files: "files" } : { text: `text-${child}`, files: `files-${child}` });

function HandInForm(props: { request: CityRequest; of: Assignment; child: string; form: Form | undefined; before: Submission | undefined }) {
  const { request, of, child, before } = props;
  const names = namesOf(child);
  const ticket = files.ticket({ area: "answers", returnPath: at("assignments", of.id, "hand-in"), maxFiles: MOST_FILES });
  // What was typed, or what was handed in before.
  const form = props.form ?? new Form([[names.text, before?.text ?? ""], ...(before?.files ?? []).map((f): [string, string] => [names.files, f.id])]);
  const kept = form.values(names.files).filter((id) => id !== "");
  return (
    <form method="post" action={ticket.action} enctype="multipart/form-data" novalidate>
      <Hidden name="child" value={child} />
      {kept.map((id) => (
        <label class="choice"><input type="checkbox" name={names.files} value={id} checked /><span>{nameOf(id)}</span></label>
      ))}
      <TextArea request={request} form={form} name={names.text} rows={6} label={t("答案", "Answer")} hint={t("最多 4000 个字符", "At most 4000 characters")} />
      <FileField request={request} form={form} name={names.files} label={t("文件（可不选）", "Files (optional)")} hint={t("PDF、图片、音频、文本或 Word 文档", "PDF, pictures, sound, text or Word documents")} ticket={ticket} />
      <div class="actions"><button type="submit">{before === undefined ? request.t("交作业", "Hand it in") : request.t("重新交", "Hand it in again")}</button></div>
    </form>
  );
}

function nameOf(id: string): string {
  try {
    return files.stat(id).name;
  } catch {
    return "—";
  }
}

/** `POST /assignments/:id/hand-in` */
export async function handIn(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const form = await request.form();
  const child = form.value("child");
  const names = namesOf(child);
  const given = [...new Set(form.values(names.files).filter((f) => f !== ""))];
  const input = { text: form.value(names.text), files: given, ...(child === "" ? {} : { child }) };
  const done = tried(form, () => handInAssignment(request.principal, id, input), { ...names, file: names.files });
  return done instanceof Refusal ? assignmentPage(request, id, form, done) : seeOther(c, at("assignments", id));
}
