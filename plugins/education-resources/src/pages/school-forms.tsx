/** The bureau's forms for schools, and a school's probes. */
import { type AppContext, Card, type CityRequest, type Column, Badge, Confirm, Empty, Field, Form, Pager, Select, Table, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import { type Probe, LINK_RULE, SILENCE_DAYS } from "../domain/link.ts";
import { SCHOOL_KINDS, type School, type SchoolInput, type SchoolKind } from "../domain/school.ts";
import { Refusal, addSchool, applyForLink, editSchool, endSchool, listSchools, linkOf, probeKey, probesOf, renewProbeKey, schoolById } from "../service/index.ts";
import { Facts, LAYOUT, Time, Wrong, at, param, seeOther, statusOf, tried } from "./common.tsx";
import { KIND_TEXTS, SETTING_TEXTS } from "./schools.tsx";

/** `GET /schools/new` */
export function create(c: AppContext) {
  c.var.request.requireRole("bureau");
  return formPage(c.var.request, undefined, new Form(), undefined);
}

/** `POST /schools/new` */
export async function submitNew(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const form = await request.form();
  const done = tried(form, () => addSchool(request.principal, inputOf(form, form.value("id").trim())));
  return done instanceof Refusal ? formPage(request, undefined, form, done) : seeOther(c, at("schools", done.id));
}

/** `GET /schools/:id/edit` */
export function edit(c: AppContext) {
  c.var.request.requireRole("bureau");
  const s = schoolById(param(c, "id"));
  const pairs = Object.entries({ name: s.name, division: s.division, setting: s.setting, kind: s.kind, bandwidth: String(s.bandwidth), pupils: String(s.pupils), from: s.from });
  return formPage(c.var.request, s, new Form(pairs), undefined);
}

/** `POST /schools/:id/edit` */
export async function submitEdit(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const before = schoolById(param(c, "id"));
  const form = await request.form();
  const done = tried(form, () => editSchool(request.principal, before.id, inputOf(form, before.id)));
  return done instanceof Refusal ? formPage(request, before, form, done) : seeOther(c, at("schools", done.id));
}

/** What is typed as no number becomes one that is refused at its field. */
function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

function inputOf(form: Form, id: string): SchoolInput {
  return {
    id,
    name: form.value("name"),
    division: form.value("division").trim(),
    setting: form.value("setting") === "rural" ? "rural" : "urban",
    kind: SCHOOL_KINDS.find((k) => k === form.value("kind")) ?? ("" as SchoolKind),
    bandwidth: numberOf(form.value("bandwidth")),
    pupils: numberOf(form.value("pupils")),
    from: form.value("from").trim(),
  };
}

function formPage(request: CityRequest, before: School | undefined, form: Form, refusal: Refusal | undefined) {
  const kinds = SCHOOL_KINDS.map((k) => [k, request.text(KIND_TEXTS[k])] as const);
  return LAYOUT.page(
    request,
    before === undefined ? t("登记学校", "Enter a school") : t("修改学校", "Edit the school"),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <form method="post" action={before === undefined ? "/schools/new" : at("schools", before.id, "edit")} novalidate>
        {before === undefined ? <Field request={request} form={form} name="id" label={t("学校标识码", "Code")} hint={t("10 位数字", "Ten digits")} /> : <p><code>{before.id}</code></p>}
        <Field request={request} form={form} name="name" label={t("名称", "Name")} />
        <Field request={request} form={form} name="division" label={t("所在地区划代码", "Division")} hint={t("乡镇 9 位或村 12 位代码", "Nine digits of a town or twelve of a village")} />
        <Select request={request} form={form} name="setting" label={t("城乡", "Urban or rural")} options={[["urban", request.text(SETTING_TEXTS.urban)], ["rural", request.text(SETTING_TEXTS.rural)]]} />
        <Select request={request} form={form} name="kind" label={t("类别", "Kind")} options={kinds} />
        <Field request={request} form={form} name="bandwidth" kind="number" label={t("带宽（Mbps）", "Line (Mbit/s)")} />
        <Field request={request} form={form} name="pupils" kind="number" label={t("在籍学生数", "Pupils on the roll")} />
        <Field request={request} form={form} name="from" kind="date" label={t("开办日期", "In service from")} />
        <div class="actions"><button type="submit">{request.t("保存", "Save")}</button></div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

/** `GET /schools/:id/end` */
export function askEnd(c: AppContext) {
  c.var.request.requireRole("bureau");
  return endPage(c.var.request, schoolById(param(c, "id")), new Form(), undefined);
}

function endPage(request: CityRequest, school: School, form: Form, refusal: Refusal | undefined) {
  const others = listSchools(school.division.slice(0, 6), undefined, 200).items.map((i) => i.value).filter((s) => s.id !== school.id && s.ending === null);
  return LAYOUT.page(
    request,
    t(`合并或撤销：${school.name}`, `Merge or close: ${school.name}`),
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <p>{request.t("从这一天起不再计入在办学校。之前的使用次数仍属于本校；学生由新学校逐班转入。", "From that day on it is not in service. Uses before it stay with this school; the other school moves the students class by class.")}</p>
      <form method="post" action={at("schools", school.id, "end")} novalidate>
        <Select request={request} form={form} name="how" label={t("方式", "How")} options={[["merged", request.t("并入另一所学校", "Merged into another")], ["closed", request.t("撤销", "Closed")]]} />
        <Select request={request} form={form} name="into" label={t("并入哪所学校", "Into which school")} options={[["", request.t("（撤销时不选）", "(none when it closes)")], ...others.map((s) => [s.id, s.name] as const)]} />
        <Field request={request} form={form} name="day" kind="date" label={t("从哪一天起", "From which day on")} />
        <div class="actions"><button type="submit">{request.t("确认", "Confirm")}</button><a href={at("schools", school.id)}>{request.t("返回", "Back")}</a></div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

/** `POST /schools/:id/end` */
export async function end(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const school = schoolById(param(c, "id"));
  const form = await request.form();
  const how = form.value("how") === "closed" ? "closed" : "merged";
  const into = how === "closed" || form.value("into") === "" ? null : form.value("into");
  const done = tried(form, () => endSchool(request.principal, school.id, how, into, form.value("day").trim()));
  return done instanceof Refusal ? endPage(request, school, form, done) : seeOther(c, at("schools", school.id));
}

/** `POST /schools/:id/apply` */
export function apply(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  applyForLink(request.principal, id);
  return seeOther(c, at("schools", id, "probes"));
}

/** `GET /schools/:id/probes` */
export function probes(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const school = schoolById(param(c, "id"));
  const page = probesOf(request.principal, school.id, request.queryValue("after"));
  const columns: Column<Probe>[] = [
    { heading: request.t("时间", "When"), cell: (p) => <Time ms={p.at} /> },
    { heading: request.t("结果", "Result"), cell: (p) => (p.ok ? <Badge tone="ok">{request.t("成功", "went through")}</Badge> : <Badge tone="bad">{request.t("失败", "failed")}</Badge>) },
    { heading: request.t("Mbps", "Mbit/s"), cell: (p) => String(p.mbps), numeric: true },
    { heading: request.t("延迟（毫秒）", "Latency (ms)"), cell: (p) => String(p.latency), numeric: true },
    { heading: request.t("编号", "Number"), cell: (p) => <code>{p.id}</code> },
  ];
  return LAYOUT.page(
    request,
    t(`探测记录：${school.name}`, `Probes: ${school.name}`),
    <>
      <p>
        {request.t(
          `接入状态只由探针决定：${LINK_RULE.window} 天内有足够天数达到 ${LINK_RULE.mbps} Mbps 为已核验，静默 ${SILENCE_DAYS} 天为已断开。学校自报不改变状态。`,
          `Probes alone move a link on: enough days of ${LINK_RULE.window} with ${LINK_RULE.mbps} Mbit/s verify it, ${SILENCE_DAYS} days of silence lose it. Nothing that a school says does.`,
        )}
      </p>
      {page.items.length === 0 ? <Empty><p>{request.t("还没有探测记录。", "No probe has come in yet.")}</p></Empty> : <Table caption={request.t("探测记录", "Probes")} columns={columns} rows={page.items.map((i) => i.value)} />}
      <Pager request={request} path={at("schools", school.id, "probes")} next={page.next} />
      {request.hasRole("bureau") ? <KeyCard request={request} id={school.id} /> : null}
    </>,
  );
}

function KeyCard({ request, id }: { request: CityRequest; id: string }) {
  return (
    <Card id="key" heading={request.t("探针密钥", "The probe’s key")}>
      <p>{request.t("探针用这个密钥签名（HMAC-SHA-256），由市教育局安装到探针上，不交给学校。", "The probe signs with it (HMAC-SHA-256). The bureau installs it with the probe, and gives it to no school.")}</p>
      <Confirm action={at("schools", id, "key")}>{request.t("显示密钥", "Show the key")}</Confirm>
      {linkOf(id) === undefined ? null : (
        <>
          <p>{request.t("密钥可能泄露，或探针损坏、遗失时，请更换：旧密钥立即失效，用它签名的天数不再计入核验。", "Where it may have leaked, or the probe is broken or lost, renew it: the one before ends at once, and days that it signed verify nothing.")}</p>
          <Confirm action={at("schools", id, "key", "renew")}>{request.t("更换密钥", "Renew the key")}</Confirm>
        </>
      )}
    </Card>
  );
}

/** `POST /schools/:id/key`: shown by a form, so that no address and no history holds it. */
export function key(c: AppContext) {
  return keyPage(c, probeKey);
}

/** `POST /schools/:id/key/renew` */
export function renewKey(c: AppContext) {
  return keyPage(c, renewProbeKey);
}

async function keyPage(c: AppContext, keyOf: typeof probeKey) {
  const { request } = c.var;
  void request.subject;
  const school = schoolById(param(c, "id"));
  const secret = keyOf(request.principal, school.id);
  const response = await LAYOUT.page(
    request,
    t(`探针密钥：${school.name}`, `The probe’s key: ${school.name}`),
    <>
      <Facts
        facts={[
          [request.t("学校", "School"), <code>{school.id}</code>],
          [request.t("密钥（十六进制）", "Key (hexadecimal)"), <code class="digest">{secret}</code>],
          [request.t("提交到", "Send to"), <code>POST /api/probes</code>],
          [request.t("签名的内容", "What is signed"), <span>{request.t("依次为 id、school、at、ok、mbps、latency，每行一个", "id, school, at, ok, mbps, latency, one a line")}</span>],
          [request.t("服务器时间", "The server’s clock"), <Time ms={clock.now()} />],
        ]}
      />
      <p><a href={at("schools", school.id, "probes")}>{request.t("返回", "Back")}</a></p>
    </>,
  );
  response.headers.set("cache-control", "no-store");
  return response;
}
