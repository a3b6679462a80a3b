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
      {of.state === "handed-out" && given?.state !== "marked" ? <HandInForm request={request} of={of} child={child} form={form.value("child") === (child ?? "") ? form : new Form()} before={given} /> : null}
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

function HandInForm(props: { request: CityRequest; of: Assignment; child: string | undefined; form: Form; before: Submission | undefined }) {
  const { request, of, child, before } = props;
  const ticket = files.ticket({ area: "answers", returnPath: at("assignments", of.id, "hand-in"), maxFiles: MOST_FILES });
  const form = props.form.pairs().length === 0 && before !== undefined ? new Form([["text", before.text]]) : props.form;
  const kept = props.form.pairs().length === 0 ? (before?.files.map((f) => f.id) ?? []) : props.form.values("files").filter((f) => f !== "");
  // With two children in one class there are two forms: the ids of their fields must differ.
  const suffix = child === undefined ? "" : `-${child}`;
  const fields = new Form([[`text${suffix}`, form.value("text")]]);
  const [text, wrongFiles] = [form.error("text"), form.error("files")];
  if (text !== undefined) fields.reject(`text${suffix}`, text);
  if (wrongFiles !== undefined) fields.reject(`files${suffix}`, wrongFiles);
  return (
    <form method="post" action={ticket.action} enctype="multipart/form-data" novalidate>
      <Hidden name="child" value={child ?? ""} />
      {kept.map((id) => (
        <label class="choice"><input type="checkbox" name={`files${suffix}`} value={id} checked /><span>{nameOf(id)}</span></label>
      ))}
      <TextArea request={request} form={fields} name={`text${suffix}`} rows={6} label={t("答案", "Answer")} hint={t("最多 4000 个字符", "At most 4000 characters")} />
      <FileField request={request} form={fields} name={`files${suffix}`} label={t("文件（可不选）", "Files (optional)")} hint={t("PDF、图片、音频、文本或 Word 文档", "PDF, pictures, sound, text or Word documents")} ticket={ticket} />
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
  const sent = await request.form();
  const child = sent.value("child");
  const suffix = child === "" ? "" : `-${child}`;
  const given = [...new Set(sent.values(`files${suffix}`).filter((f) => f !== ""))];
  const form = new Form([["child", child], ["text", sent.value(`text${suffix}`)], ...given.map((f): [string, string] => ["files", f])]);
  const input = { text: form.value("text"), files: given, ...(child === "" ? {} : { child }) };
  const done = tried(form, () => handInAssignment(request.principal, id, input), { file: "files" });
  return done instanceof Refusal ? assignmentPage(request, id, form, done) : seeOther(c, at("assignments", id));
}
