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
    { path: "/", title: t("全部报修", "All reports") },
    { path: "/new", title: t("我要报修", "Report something") },
  ],
  help: "/help",
});

/** The longest query in bytes that a form travels in: proxies on the way refuse addresses of 8 KiB. */
const LONGEST_QUERY = 4096;

/** All reports, newest first. */
export function list(c: AppContext) {
  const { request } = c.var;
  const page = reports.newest(request.queryValue("after"));
  const columns: Column<reports.Report>[] = [
    { heading: request.t("问题", "What is broken"), cell: (r) => <a href={`/reports/${r.id}`}>{r.title}</a> },
    { heading: request.t("地点", "Place"), cell: (r) => r.place },
    { heading: request.t("报修时间", "Reported at"), cell: (r) => <Time ms={r.time} /> },
    { heading: request.t("状态", "Status"), cell: (r) => <Status request={request} report={r} /> },
  ];
  return LAYOUT.page(
    request,
    t("全部报修", "All reports"),
    <>
      {page.items.length === 0 ? (
        <Empty>
          <p>{request.t("还没有报修。", "Nothing has been reported yet.")}</p>
          <a role="button" href="/new">{request.t("我要报修", "Report something")}</a>
        </Empty>
      ) : (
        <>
          <div class="actions"><a role="button" href="/new">{request.t("我要报修", "Report something")}</a></div>
          <Table caption={request.t("全部报修", "All reports")} columns={columns} rows={page.items.map((r) => r.value)} />
        </>
      )}
      <Pager request={request} path="/" next={page.next} />
    </>,
  );
}

/** One report. */
export function detail(c: AppContext) {
  const { request } = c.var;
  const report = reports.get(c.req.param("id") ?? "");
  const clerk = request.hasRole("clerk");
  return LAYOUT.page(
    request,
    { zh: report.title, en: report.title },
    <>
      <p><Status request={request} report={report} /></p>
      <dl>
        <dt>{request.t("地点", "Place")}</dt>
        <dd>{report.place}</dd>
        <dt>{request.t("报修时间", "Reported at")}</dt>
        <dd><Time ms={report.time} /></dd>
        {report.details === "" ? null : (
          <>
            <dt>{request.t("详细情况", "Details")}</dt>
            <dd>{report.details}</dd>
          </>
        )}
        {clerk && report.phone !== undefined ? (
          <>
            <dt>{request.t("联系电话", "Telephone")}</dt>
            <dd>{report.phone}</dd>
          </>
        ) : null}
      </dl>
      {clerk && report.status === "open" ? (
        <Confirm action={`/reports/${report.id}/close`}>{request.t("办结", "Close")}</Confirm>
      ) : null}
      <p><a href="/">{request.t("返回全部报修", "Back to all reports")}</a></p>
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
          "登录后可以报修公共设施的损坏。问题、地点和详细情况对所有人公开。勾选“请与我联系”时，平台会征求您的同意，再把手机号码提供给办理人员。",
          "Sign in to report what is broken in public space. Everybody can read what is broken, where, and the details. If you ask to be called back, the platform asks for your consent first, and only clerks see your number.",
        )}
      </p>
      <p>
        {request.t(
          "您可以随时在城市门户的“我的数据”中查看或删除自己的报修。",
          "See and erase your reports at any time under “My data” on the city's portal.",
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
        <Field request={request} form={form} name="title" label={t("问题", "What is broken")} hint={t("最多 80 个字符。", "At most 80 characters.")} />
        <Field request={request} form={form} name="place" label={t("地点", "Place")} hint={t("最多 120 个字符，如道路和门牌。", "At most 120 characters, such as street and number.")} />
        <TextArea request={request} form={form} name="details" rows={5} label={t("详细情况（选填）", "Details (optional)")} hint={t("最多 2000 个字符，所有人可见，请不要填写个人信息。", "At most 2000 characters. Everybody can read it: leave personal data out.")} />
        <Checkbox request={request} form={form} name="call_back" label={t("请与我联系（将在征得您同意后读取您登记的手机号码）", "Call me back (your registered mobile number is read, after you consented)")} />
        <div class="actions">
          <button type="submit">{request.t("提交", "Submit")}</button>
        </div>
      </form>
    </>,
    status,
  );
}

function Status({ request, report }: { request: CityRequest; report: reports.Report }) {
  if (report.status === "open") return <Badge tone="warn">{request.t("待办理", "Open")}</Badge>;
  return <Badge tone="ok">{request.t("已办结", "Closed")}</Badge>;
}

function Time({ ms }: { ms: number }) {
  return <time datetime={clock.rfc3339(ms)}>{clock.minute(ms)}</time>;
}
