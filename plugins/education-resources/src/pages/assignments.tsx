/** Assignments: a teacher writes and hands out; who learns hands in; the teacher marks. */
import { type AppContext, Card, type CityRequest, Confirm, Field, Form, Hidden, TextArea, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as files from "@yunlong/sdk/files";
import * as random from "@yunlong/sdk/random";
import type { Assignment, AssignmentInput } from "../domain/assignment.ts";
import { Refusal, answerFile, assignmentById, closeAssignment, handOutAssignment, myClasses, saveAssignment, shownResource } from "../service/index.ts";
import { Answers } from "./answers.tsx";
import { HandIn } from "./hand-in.tsx";
import { Facts, LAYOUT, State, Time, Wrong, at, param, seeOther, statusOf, tried } from "./common.tsx";

/** `GET /classes/:id/assignments/new` */
export function create(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  return formPage(request, param(c, "id"), undefined, new Form([["id", random.code(12)]]), undefined);
}

/** `POST /classes/:id/assignments/new`: the id travels with the form, so that one that is sent twice makes one assignment. */
export async function submitNew(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const form = await request.form();
  return save(c, param(c, "id"), undefined, form, form.value("id"));
}

/** `GET /assignments/:id/edit` */
export function edit(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const a = assignmentById(request.principal, param(c, "id"));
  const form = new Form([["title", a.title], ["text", a.text], ["resources", a.resources.join(" ")], ["day", clock.date(a.due)], ["time", clock.timeOfDay(a.due)]]);
  return formPage(request, a.class, a, form, undefined);
}

/** `POST /assignments/:id/edit` */
export async function submitEdit(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const a = assignmentById(request.principal, param(c, "id"));
  return save(c, a.class, a, await request.form(), a.id);
}

function save(c: AppContext, of: string, before: Assignment | undefined, form: Form, id: string) {
  const { request } = c.var;
  if (!/^[A-Za-z0-9]{8,32}$/.test(id)) return formPage(request, of, before, form.with("id", random.code(12)), undefined);
  const done = tried(form, () => saveAssignment(request.principal, of, inputOf(form), id), { due: "day" });
  return done instanceof Refusal ? formPage(request, of, before, form, done) : seeOther(c, at("assignments", done.id));
}

function inputOf(form: Form): AssignmentInput {
  const resources = form.value("resources").split(/[\s,，]+/).filter((r) => r !== "").map(idOf);
  return { title: form.value("title"), text: form.value("text"), resources, due: momentOf(form) };
}

/** A resource's number, or what was copied from the address bar. */
function idOf(text: string): string {
  return /\/resources\/([^/?#]+)/.exec(text)?.[1] ?? text;
}

/** The moment that day and time say; 0, which is refused at its field, when they say none. */
function momentOf(form: Form): number {
  const start = clock.startOf(form.value("day"));
  const time = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(form.value("time") || "20:00");
  if (start === undefined || time === null) return 0;
  return start + (Number(time[1]) * 60 + Number(time[2])) * 60_000;
}

function formPage(request: CityRequest, of: string, before: Assignment | undefined, form: Form, refusal: Refusal | undefined) {
  const path = before === undefined ? at("classes", of, "assignments", "new") : at("assignments", before.id, "edit");
  return LAYOUT.page(
    request,
    before === undefined ? t("布置作业", "Set an assignment") : t("修改作业", "Edit the assignment"),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <form method="post" action={path} novalidate>
        {before === undefined ? <Hidden name="id" value={form.value("id")} /> : null}
        <Field request={request} form={form} name="title" label={t("标题", "Title")} hint={t("最多 60 个字符", "At most 60 characters")} />
        <TextArea request={request} form={form} name="text" rows={6} label={t("要求", "What is to be done")} />
        <TextArea request={request} form={form} name="resources" rows={3} label={t("用到的资源（可不填）", "Resources (optional)")} hint={t("每行一个资源标识或网址，最多 20 个。", "A number or an address on each line, at most 20.")} />
        <Field request={request} form={form} name="day" kind="date" label={t("截止日期", "Due on")} />
        <Field request={request} form={form} name="time" kind="time" label={t("截止时间（不填为 20:00）", "At (20:00 when empty)")} />
        <div class="actions"><button type="submit">{request.t("保存草稿", "Save the draft")}</button></div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

/** `GET /assignments/:id` */
export function show(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  return assignmentPage(request, param(c, "id"), new Form(), undefined);
}

/** The page for its teacher with what was handed in, for learners with what they hand in. */
export function assignmentPage(request: CityRequest, id: string, form: Form, refusal: Refusal | undefined) {
  const a = assignmentById(request.principal, id);
  const teaches = request.hasRole("teacher") && myClasses(request.principal).some((k) => k.id === a.class);
  return LAYOUT.page(
    request,
    { zh: a.title, en: a.title },
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <Facts
        facts={[
          [request.t("状态", "State"), <State request={request} state={a.state} />],
          [request.t("截止", "Due"), <Time ms={a.due} />],
          [request.t("班级", "Class"), <a href={at("classes", a.class)}>{request.t("班级空间", "The class’s space")}</a>],
        ]}
      />
      {a.text === "" ? null : <p class="lines">{a.text}</p>}
      <Resources request={request} ids={a.resources} />
      {teaches ? <TeacherSteps request={request} of={a} /> : null}
      {teaches ? <Answers request={request} of={a} form={form} /> : <HandIn request={request} of={a} form={form} />}
    </>,
    statusOf(form, refusal),
  );
}

function Resources({ request, ids }: { request: CityRequest; ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <Card id="resources" heading={request.t("用到的资源", "Resources")}>
      <ul>{ids.map((id) => <li><ResourceLink request={request} id={id} /></li>)}</ul>
    </Card>
  );
}

/** A resource that was withdrawn since is named as gone. */
function ResourceLink({ request, id }: { request: CityRequest; id: string }) {
  try {
    return <a href={at("resources", id)}>{shownResource(id).shown.metadata.title}</a>;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    return <span class="muted">{id} {request.t("（已撤回或修订）", "(withdrawn or revised)")}</span>;
  }
}

function TeacherSteps({ request, of }: { request: CityRequest; of: Assignment }) {
  if (of.state === "closed") return null;
  return (
    <div class="actions">
      {of.state === "draft" ? <a href={at("assignments", of.id, "edit")}>{request.t("修改", "Edit")}</a> : null}
      {of.state === "draft" ? <Confirm action={at("assignments", of.id, "hand-out")}>{request.t("布置给全班", "Hand it out to the class")}</Confirm> : null}
      {of.state === "handed-out" ? <Confirm action={at("assignments", of.id, "close")}>{request.t("结束收作业", "Close it")}</Confirm> : null}
    </div>
  );
}

/** `POST /assignments/:id/hand-out` */
export function handOut(c: AppContext) {
  c.var.request.requireRole("teacher");
  return seeOther(c, at("assignments", handOutAssignment(c.var.request.principal, param(c, "id")).id));
}

/** `POST /assignments/:id/close` */
export function close(c: AppContext) {
  c.var.request.requireRole("teacher");
  return seeOther(c, at("assignments", closeAssignment(c.var.request.principal, param(c, "id")).id));
}

/** `GET /assignments/:id/answers/:student/:file`: a file that was handed in, kept in no cache. */
export function file(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = answerFile(request.principal, param(c, "id"), param(c, "student"), param(c, "file"));
  const response = files.serve(id, request.queryValue("save") === undefined ? "inline" : "attachment");
  response.headers.set("cache-control", "private, no-store");
  return response;
}
