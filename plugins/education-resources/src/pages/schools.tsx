/** Schools: the register, with each school's link as probes found it. */
import { type AppContext, Card, type CityRequest, type Column, Confirm, Empty, Field, Listing, Select, t } from "@yunlong/sdk";
import * as sheet from "@yunlong/sdk/sheet";
import * as clock from "@yunlong/sdk/clock";
import { COUNTIES } from "../domain/towns.ts";
import { within } from "../domain/division.ts";
import { type School, type SchoolKind, type Setting, inService } from "../domain/school.ts";
import { STATE_TEXTS, deliveryOf, linkOf, listSchools, myPosts, schoolById } from "../service/index.ts";
import { Facts, LAYOUT, State, Time, at, param, place } from "./common.tsx";

/** Kinds of schools, in words. */
export const KIND_TEXTS: Readonly<Record<SchoolKind, ReturnType<typeof t>>> = {
  kindergarten: t("幼儿园", "Kindergarten"),
  primary: t("小学", "Primary school"),
  junior: t("初级中学", "Junior secondary school"),
  "nine-year": t("九年一贯制学校", "Nine-year school"),
  senior: t("高级中学", "Senior secondary school"),
  "twelve-year": t("十二年一贯制学校", "Twelve-year school"),
  vocational: t("中等职业学校", "Vocational school"),
  special: t("特殊教育学校", "Special school"),
};

/** Urban or rural, in words. */
export const SETTING_TEXTS: Readonly<Record<Setting, ReturnType<typeof t>>> = { urban: t("城镇", "urban"), rural: t("农村", "rural") };

const PER_PAGE = 20;
const AT_ONCE = 500;

/** Every school that is or was, in the order of divisions. */
function everySchool(): School[] {
  const out: School[] = [];
  let after: string | undefined;
  do {
    const page = listSchools(undefined, after, AT_ONCE);
    out.push(...page.items.map((i) => i.value));
    after = page.next;
  } while (after !== undefined);
  return out;
}

/** The schools that the listing asks for, in its order. */
function found(list: Listing): School[] {
  const [q, county, setting] = [list.filter("q"), list.filter("county"), list.filter("setting")];
  const rows = everySchool().filter(
    (s) => (q === "" || s.name.includes(q) || s.id === q) && (county === "" || within(s.division, county)) && (setting === "" || s.setting === setting),
  );
  const key = (s: School): string | number => (list.sort === "bandwidth" ? s.bandwidth : list.sort === "pupils" ? s.pupils : list.sort === "name" ? s.name : s.division + s.id);
  rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return list.descending ? rows.reverse() : rows;
}

const listing = (request: CityRequest) => new Listing(request, { sorts: ["place", "name", "-bandwidth", "-pupils"], filters: ["q", "county", "setting"] });

/** `GET /schools` */
export function list(c: AppContext) {
  const { request } = c.var;
  const listed = listing(request);
  const rows = found(listed);
  const isBureau = !request.isAnonymous && request.hasRole("bureau");
  return LAYOUT.page(
    request,
    t("学校", "Schools"),
    <>
      {listed.form(
        <div class="grid">
          <Field request={request} form={listed.filters} name="q" kind="search" label={t("名称或标识码", "Name or code")} />
          <Select request={request} form={listed.filters} name="county" label={t("县区", "County")} options={[["", request.t("全部", "All")], ...COUNTIES]} />
          <Select request={request} form={listed.filters} name="setting" label={t("城乡", "Urban or rural")} options={[["", request.t("全部", "All")], ["urban", request.text(SETTING_TEXTS.urban)], ["rural", request.text(SETTING_TEXTS.rural)]]} />
        </div>,
      )}
      {rows.length === 0 ? <NoSchools request={request} isFiltered={listed.isFiltered} isBureau={isBureau} /> : (
        listed.table(request.t("学校", "Schools"), columns(request), rows.slice(...listed.range(rows.length, PER_PAGE)))
      )}
      {listed.pages(rows.length, PER_PAGE)}
      {rows.length === 0 ? null : listed.files("/schools/file")}
      {isBureau ? <div class="actions no-print"><a role="button" href="/schools/new">{request.t("登记学校", "Enter a school")}</a></div> : null}
    </>,
  );
}

function NoSchools({ request, isFiltered, isBureau }: { request: CityRequest; isFiltered: boolean; isBureau: boolean }) {
  if (isFiltered) return <Empty><p>{request.t("没有符合条件的学校。", "No school fits.")}</p><a href="/schools">{request.t("查看全部", "All of them")}</a></Empty>;
  return (
    <Empty>
      <p>{request.t("还没有登记学校。", "No school has been entered yet.")}</p>
      {isBureau ? <a href="/sample">{request.t("载入徐州示例数据", "Load the sample of Xuzhou")}</a> : null}
    </Empty>
  );
}

function columns(request: CityRequest): Column<School>[] {
  const today = clock.date(clock.now());
  return [
    { heading: request.t("学校", "School"), sortedBy: "name", cell: (s) => <a href={at("schools", s.id)}>{s.name}</a> },
    { heading: request.t("所在地", "Where"), sortedBy: "place", cell: (s) => place(s.division) },
    { heading: request.t("类别", "Kind"), cell: (s) => request.text(KIND_TEXTS[s.kind]) },
    { heading: request.t("城乡", "Urban or rural"), cell: (s) => request.text(SETTING_TEXTS[s.setting]) },
    { heading: request.t("带宽（Mbps）", "Mbit/s"), sortedBy: "bandwidth", numeric: true, cell: (s) => String(s.bandwidth) },
    { heading: request.t("学生", "Pupils"), sortedBy: "pupils", numeric: true, cell: (s) => String(s.pupils) },
    { heading: request.t("接入", "Link"), cell: (s) => <State request={request} state={inService(s, today) ? (linkOf(s.id)?.state ?? "none") : (s.ending?.how ?? "closed")} /> },
  ];
}

/** `GET /schools/file` */
export function file(c: AppContext) {
  const { request } = c.var;
  const format = sheet.asked(request);
  const table: sheet.Sheet = {
    name: request.t("学校", "Schools"),
    headings: [
      request.t("标识码", "Code"), request.t("名称", "Name"), request.t("县区", "County"), request.t("区划代码", "Division"), request.t("类别", "Kind"), request.t("城乡", "Urban or rural"),
      request.t("带宽（Mbps）", "Mbit/s"), request.t("学生", "Pupils"), request.t("接入", "Link"), request.t("开办", "From"), request.t("终止", "Until"),
    ],
    rows: found(listing(request)).map((s) => [
      s.id, s.name, place(s.division.slice(0, 6)), s.division, request.text(KIND_TEXTS[s.kind]), request.text(SETTING_TEXTS[s.setting]),
      s.bandwidth, s.pupils, request.text(STATE_TEXTS[linkOf(s.id)?.state ?? "none"] ?? { zh: "", en: "" }), s.from, s.to ?? "",
    ]),
  };
  return sheet.file(format, request.t("学校", "schools"), clock.date(clock.now()), [table]);
}

/** `GET /schools/:id` */
export function show(c: AppContext) {
  const { request } = c.var;
  const school = schoolById(param(c, "id"));
  const link = linkOf(school.id);
  const { quality, offline } = deliveryOf(school.id);
  const ended = school.ending;
  return LAYOUT.page(
    request,
    { zh: school.name, en: school.name },
    <>
      <Card id="about" heading={request.t("学校信息", "About the school")}>
        <Facts
          facts={[
            [request.t("标识码", "Code"), <code>{school.id}</code>],
            [request.t("所在地", "Where"), place(school.division)],
            [request.t("类别", "Kind"), request.text(KIND_TEXTS[school.kind])],
            [request.t("城乡", "Urban or rural"), request.text(SETTING_TEXTS[school.setting])],
            [request.t("学生", "Pupils"), String(school.pupils)],
            [request.t("开办", "From"), school.from],
            [request.t("终止", "Until"), school.to],
            [request.t("并入", "Merged into"), ended === null || ended.into === null ? null : <a href={at("schools", ended.into)}>{schoolById(ended.into).name}</a>],
          ]}
        />
      </Card>
      <Card id="link" heading={request.t("网络接入", "Link")}>
        <p><State request={request} state={link?.state ?? "none"} /></p>
        <Facts
          facts={[
            [request.t("登记带宽", "Line"), `${school.bandwidth} Mbps`],
            [request.t("最近一次探测成功", "A probe went through"), link === undefined || link.heard === 0 ? null : <Time ms={link.heard} />],
            [request.t("实测", "Measured"), link === undefined || link.heard === 0 ? null : `${link.mbps} Mbps`],
            [request.t("课堂视频", "Films in class"), quality ?? request.t("带宽不足，请用离线资源包", "too narrow: use offline packs")],
            [request.t("离线资源包", "Offline packs"), offline ? request.t("适用", "offered") : null],
          ]}
        />
        {link === undefined ? null : (
          <details>
            <summary>{request.t("状态变化", "How its state changed")}</summary>
            <ol>{link.history.map((h) => <li><Time ms={h.at} /> {request.text(STATE_TEXTS[h.state] ?? { zh: h.state, en: h.state })}</li>)}</ol>
          </details>
        )}
      </Card>
      <Staff request={request} school={school} applied={link !== undefined} />
    </>,
  );
}

/** What the school's own people and the bureau do here. */
function Staff({ request, school, applied }: { request: CityRequest; school: School; applied: boolean }) {
  if (request.isAnonymous) return null;
  const isBureau = request.hasRole("bureau");
  const posts = request.hasRole("school") || request.hasRole("teacher") ? myPosts(request.principal).filter((p) => p.at === school.id) : [];
  const runs = isBureau || posts.some((p) => p.kind === "admin");
  if (!runs && posts.length === 0) return null;
  return (
    <Card id="staff" heading={request.t("管理", "Manage")}>
      <div class="actions">
        <a href={at("schools", school.id, "classes")}>{request.t("班级", "Classes")}</a>
        {runs ? <a href={at("posts", "at", school.id)}>{request.t("岗位和邀请码", "Posts and codes")}</a> : null}
        {runs ? <a href={at("schools", school.id, "probes")}>{isBureau ? request.t("探测记录和探针密钥", "Probes and their key") : request.t("探测记录", "Probes")}</a> : null}
        {runs && !applied ? <Confirm action={at("schools", school.id, "apply")}>{request.t("申请接入", "Apply for a link")}</Confirm> : null}
        {isBureau && school.ending === null ? <a href={at("schools", school.id, "edit")}>{request.t("修改", "Edit")}</a> : null}
        {isBureau && school.ending === null ? <a href={at("schools", school.id, "end")}>{request.t("合并或撤销", "Merge or close")}</a> : null}
      </div>
    </Card>
  );
}
