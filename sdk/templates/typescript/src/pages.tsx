/** The pages. */
import {
  type AppContext,
  AttributeError,
  Badge,
  Checkbox,
  type CityRequest,
  type Column,
  Confirm,
  Empty,
  ErrorSummary,
  Field,
  type Form,
  Layout,
  Pager,
  Table,
  TextArea,
  t,
} from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as identity from "@yunlong/sdk/identity";
import * as reports from "./reports.ts";

const LAYOUT = new Layout(t("报修", "Repairs"), {
  nav: () => [
    { path: "/", title: t("全部报修", "Reports") },
    { path: "/new", title: t("我要报修", "Report something") },
  ],
  help: "/help",
});

/** The longest query in bytes that a form travels in: proxies on the way refuse addresses of 8 KiB. */
const LONGEST_QUERY = 4096;

/** All reports, newest first. */
export function list(c: AppContext) {
  const { request } = c.var;
  const page = reports.latest(request.queryValue("after"));
  const columns: Column<reports.Report>[] = [
    { heading: request.t("报修内容", "What is broken"), cell: (r) => <a href={`/reports/${r.id}`}>{r.title}</a> },
    { heading: request.t("地点", "Place"), cell: (r) => r.place },
    { heading: request.t("时间", "Time"), cell: (r) => <Time ms={r.time} /> },
    { heading: request.t("状态", "State"), cell: (r) => <Status request={request} report={r} /> },
  ];
  return LAYOUT.page(
    request,
    t("全部报修", "Reports"),
    <>
      {page.items.length === 0 ? (
        <Empty>
          <p>{request.t("还没有报修。", "Nothing has been reported yet.")}</p>
          <a role="button" href="/new">{request.t("我要报修", "Report something")}</a>
        </Empty>
      ) : (
        <Table caption={request.t("全部报修", "Reports")} columns={columns} rows={page.items.map((r) => r.value)} />
      )}
      <Pager request={request} path="/" next={page.next} />
    </>,
  );
}

/** One report. */
export function detail(c: AppContext) {
  const { request } = c.var;
  const report = reports.byId(c.req.param("id") ?? "");
  const clerk = request.hasRole("clerk");
  return LAYOUT.page(
    request,
    { zh: report.title, en: report.title },
    <>
      <p><Status request={request} report={report} /></p>
      <dl>
        <dt>{request.t("地点", "Place")}</dt>
        <dd>{report.place}</dd>
        {report.details === "" ? null : (
          <>
            <dt>{request.t("详细说明", "Details")}</dt>
            <dd>{report.details}</dd>
          </>
        )}
        <dt>{request.t("报修时间", "Reported")}</dt>
        <dd><Time ms={report.time} /></dd>
        {clerk && report.phone !== undefined ? (
          <>
            <dt>{request.t("回访电话", "Number to call back")}</dt>
            <dd>{report.phone}</dd>
          </>
        ) : null}
      </dl>
      {clerk && report.status === "open" ? (
        <Confirm action={`/reports/${report.id}/close`}>{request.t("办结", "Close")}</Confirm>
      ) : null}
    </>,
  );
}

/** The form, for those who signed in. What stands in the query is filled in. */
export function create(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  return formPage(request, request.queryForm(), 200);
}

/** Takes the form: back to it with the mistakes, or on to the report. */
export async function submit(c: AppContext) {
  const { request } = c.var;
  const reporter = request.subject;
  const form = await request.form();
  const what = reports.checked(form);
  if (what === undefined) return formPage(request, form, 422);
  let phone: string | undefined;
  if (form.checked("call_back")) {
    try {
      phone = identity.attribute("mobile");
    } catch (e) {
      if (!(e instanceof AttributeError)) throw e;
      // What was typed is there again when they come back, whatever they decided.
      if (e.code === "consent-required") return c.redirect(identity.consentUrl([e.detail], addressOf(form)), 303);
      // Who has registered no number, and where the department gave this app none, can still report.
      if (e.code !== "absent" && e.code !== "not-granted") throw e;
    }
  }
  const report = reports.file(reporter, what, phone);
  return c.redirect(`/reports/${report.id}`, 303);
}

/**
 * The form with what was typed, to come back to after the consent. All of it becomes public with the report, so that it may
 * stand in an address; what is too long for one has to be typed again.
 */
function addressOf(form: Form): string {
  const query = new URLSearchParams(form.pairs().map(([name, value]) => [name, value]));
  if (query.toString().length > LONGEST_QUERY) query.delete("details");
  return `/new?${query.toString()}`;
}

/** A clerk closes a report. */
export function close(c: AppContext) {
  c.var.request.requireRole("clerk");
  const id = c.req.param("id") ?? "";
  reports.close(id);
  return c.redirect(`/reports/${encodeURIComponent(id)}`, 303);
}

/** Help. */
export function help(c: AppContext) {
  const { request } = c.var;
  return LAYOUT.page(
    request,
    t("帮助", "Help"),
    <>
      <p>
        {request.t(
          "登录后可以报修公共设施。报修内容所有人可见，请不要填写姓名、电话等个人信息。",
          "Sign in to report what is broken in public space. Everybody can read a report: leave out names, numbers and the like.",
        )}
      </p>
      <p>
        {request.t(
          "勾选“请回电话”后，征得您同意才读取您的手机号码，只有办理人员能看到。",
          "With “call me back” your mobile number is read once you consent to it; the clerks alone see it.",
        )}
      </p>
    </>,
  );
}

function formPage(request: CityRequest, form: Form, status: number) {
  return LAYOUT.page(
    request,
    t("我要报修", "Report something"),
    <>
      <ErrorSummary request={request} form={form} />
      <form method="post" action="/new" novalidate>
        <Field request={request} form={form} name="title" label={t("报修内容", "What is broken")} hint={t("最多 80 个字符，所有人可见。", "At most 80 characters; everybody can read it.")} />
        <Field request={request} form={form} name="place" label={t("地点", "Place")} hint={t("如路名、门牌或附近的地标。", "Such as a street and number, or a landmark nearby.")} />
        <TextArea request={request} form={form} name="details" rows={5} label={t("详细说明（可不填）", "Details (optional)")} hint={t("最多 2000 个字符，所有人可见。", "At most 2000 characters; everybody can read it.")} />
        <Checkbox request={request} form={form} name="call_back" label={t("请回电话", "Call me back")} hint={t("会先征得您的同意，再读取您的手机号码。", "You will be asked for your consent before your mobile number is read.")} />
        <div class="actions">
          <button type="submit">{request.t("提交", "Send")}</button>
        </div>
      </form>
    </>,
    status,
  );
}

function Status({ request, report }: { request: CityRequest; report: reports.Report }) {
  if (report.status === "open") return <Badge tone="warn">{request.t("待办", "Open")}</Badge>;
  return <Badge tone="ok">{request.t("已办结", "Closed")}</Badge>;
}

function Time({ ms }: { ms: number }) {
  return <time datetime={clock.rfc3339(ms)}>{clock.minute(ms)}</time>;
}
