/** What a class handed in, for its teacher. */
import { type AppContext, Badge, Card, type CityRequest, Empty, Field, Form, Hidden, TextArea, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import type * as sheet from "@yunlong/sdk/sheet";
import type { Assignment, Submission } from "../domain/assignment.ts";
import { Refusal, STATE_TEXTS, assignmentById, giveBackSubmission, markSubmission, studentsOf, submissionsOf } from "../service/index.ts";
import { assignmentPage } from "./assignments.tsx";
import { State, Time, at, bytes, param, seeOther, tried } from "./common.tsx";
import { FileLinks, every, saved } from "./files.tsx";

/** Every answer with its form, and who handed in nothing yet. */
export function Answers({ request, of, form }: { request: CityRequest; of: Assignment; form: Form }) {
  if (of.state === "draft") return <p>{request.t("布置之后，学生才能看到。", "The class sees it once it is handed out.")}</p>;
  const page = submissionsOf(request.principal, of.id);
  const students = studentsOf(request.principal, of.class);
  const answers = page.items.map((i) => i.value);
  const names = new Map(students.map((s) => [s.id, `${s.seat} ${s.name}`]));
  const missing = students.filter((s) => !answers.some((a) => a.student === s.id));
  return (
    <>
      <Card id="answers" heading={request.t(`已交 ${answers.length}，未交 ${missing.length}`, `Handed in: ${answers.length}; missing: ${missing.length}`)}>
        {answers.length === 0 ? <Empty><p>{request.t("还没有人交作业。", "Nobody has handed in yet.")}</p></Empty> : (
          answers.map((a) => <Answer request={request} of={a} name={names.get(a.student) ?? request.t("已转出的学生", "A student who moved away")} form={form} />)
        )}
      </Card>
      {missing.length === 0 ? null : (
        <Card id="missing" heading={request.t("未交", "Not handed in")}>
          <ul>{missing.map((s) => <li>{s.seat} {s.name}</li>)}</ul>
        </Card>
      )}
      <FileLinks request={request} path={at("assignments", of.id, "marks", "file")} />
    </>
  );
}

function Answer({ request, of, name, form }: { request: CityRequest; of: Submission; name: string; form: Form }) {
  const heading = `answer-${of.student}`;
  // What was typed for this student stays with them; the other forms on the page are empty.
  const names = namesOf(of.student);
  const typed = form.value("student") === of.student ? form : new Form([[names.mark, of.mark === undefined ? "" : String(of.mark)], [names.comment, of.comment]]);
  return (
    <section class="card" aria-labelledby={heading}>
      <h3 id={heading}>{name}</h3>
      <p>
        <State request={request} state={of.state} /> <Time ms={of.at} /> {of.late ? <Badge tone="warn">{request.t("迟交", "late")}</Badge> : null}{" "}
        {of.times > 1 ? request.t(`第 ${of.times} 次提交`, `handed in ${of.times} times`) : null}
      </p>
      {of.text === "" ? null : <p class="lines">{of.text}</p>}
      <FilesOf request={request} of={of} />
      <MarkForm request={request} of={of} form={typed} />
    </section>
  );
}

/** The files of an answer. */
export function FilesOf({ request, of }: { request: CityRequest; of: Submission }) {
  if (of.files.length === 0) return null;
  return (
    <ul aria-label={request.t("文件", "Files")}>
      {of.files.map((f) => <li><a href={at("assignments", of.assignment, "answers", of.student, f.id)}>{f.name}</a> ({bytes(f.size)})</li>)}
    </ul>
  );
}

/** The fields' names carry the student, so that every id on the page is one. */
const namesOf = (student: string) => ({ mark: `mark-${student}`, comment: `comment-${student}` });

function MarkForm({ request, of, form }: { request: CityRequest; of: Submission; form: Form }) {
  const { mark: points, comment } = namesOf(of.student);
  return (
    <form method="post" action={at("assignments", of.assignment, "marks")} novalidate>
      <Hidden name="student" value={of.student} />
      <Field request={request} form={form} name={points} kind="number" label={t("分数（0 至 100）", "Mark (0 to 100)")} />
      <TextArea request={request} form={form} name={comment} rows={2} label={t("评语", "Comment")} hint={t("退回重做时必须填写。", "Giving it back needs one.")} />
      <div class="actions">
        <button type="submit" name="does" value="mark">{request.t("批改", "Mark")}</button>
        <button type="submit" name="does" value="return" class="secondary">{request.t("退回重做", "Give it back")}</button>
      </div>
    </form>
  );
}

/** `POST /assignments/:id/marks` */
export async function mark(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const id = param(c, "id");
  const form = await request.form();
  const student = form.value("student");
  const names = namesOf(student);
  const [points, comment] = [form.value(names.mark).trim(), form.value(names.comment)];
  const done = tried(
    form,
    () =>
      form.value("does") === "return"
        ? giveBackSubmission(request.principal, id, student, comment)
        : // What is no number is refused at its field, as one out of range is.
          markSubmission(request.principal, id, student, points === "" ? Number.NaN : Number(points), comment),
    names,
  );
  return done instanceof Refusal ? assignmentPage(request, id, form, done) : seeOther(c, `${at("assignments", id)}#answer-${student}`);
}

/** `GET /assignments/:id/marks/file`: the class by its seats, with marks and who handed in nothing; for its teacher, as the page is. */
export function file(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const of = assignmentById(request.principal, param(c, "id"));
  const answers = every((after) => {
    const page = submissionsOf(request.principal, of.id, after);
    return { items: page.items.map((i) => i.value), next: page.next };
  });
  const students = studentsOf(request.principal, of.class);
  const known = new Set(students.map((s) => s.id));
  const moved = answers.filter((a) => !known.has(a.student));
  return saved(request, request.t("作业成绩", "marks"), {
    name: request.t("成绩", "Marks"),
    headings: [request.t("座号", "Seat"), request.t("姓名", "Name"), request.t("状态", "State"), request.t("提交时间", "Handed in"), request.t("迟交", "Late"), request.t("分数", "Mark"), request.t("评语", "Comment")],
    rows: [
      ...students.map((s) => [s.seat, s.name, ...cells(request, answers.find((a) => a.student === s.id))]),
      ...moved.map((a) => [undefined, request.t("已转出的学生", "A student who moved away"), ...cells(request, a)]),
    ],
  });
}

function cells(request: CityRequest, of: Submission | undefined): sheet.Cell[] {
  if (of === undefined) return [request.t("未交", "Not handed in"), undefined, undefined, undefined, undefined];
  const state = request.text(STATE_TEXTS[of.state] ?? { zh: of.state, en: of.state });
  return [state, clock.minute(of.at), of.late ? request.t("是", "yes") : request.t("否", "no"), of.mark, of.comment];
}
