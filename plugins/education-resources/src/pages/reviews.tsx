/** The review desk: what waits for the school's reviewers, the county's, and for publication. */
import { type AppContext, type CityRequest, type Column, Empty, Select, t } from "@yunlong/sdk";
import { RESOURCE_STATES } from "../domain/resource.ts";
import { type Waiting, schoolName, waitingForReview } from "../service/index.ts";
import { LAYOUT, at, place } from "./common.tsx";
import { saved } from "./files.tsx";
import { type More, PER_PAGE, WorksForm, narrowed, workCells, workColumns, worksListing } from "./works.tsx";

const LEVELS: Readonly<Record<Waiting["level"], ReturnType<typeof t>>> = {
  school: t("学校审核", "the school’s review"),
  county: t("县区审核", "the county’s review"),
  publish: t("发布", "publication"),
};

/** The desk is narrowed by school and by what is waited for, too. */
const MORE: More<Waiting> = {
  fits: { school: (w, asked) => w.resource.school === asked, level: (w, asked) => w.level === asked },
  keys: { place: (w) => w.resource.division + w.resource.school },
};

/** What waits, how it is narrowed, what fits, and the schools by their codes. */
function listed(request: CityRequest) {
  request.requireRole("school", "county", "bureau");
  const waiting = waitingForReview(request.principal);
  const list = worksListing(request, "changed", MORE);
  const codes = [...new Set(waiting.map((w) => w.resource.school))].sort();
  return { waiting, list, rows: narrowed(list, waiting, (w) => w.resource, MORE), schools: new Map(codes.map((code) => [code, schoolName(code)])) };
}

/** `GET /reviews/file`: the desk as the page has it narrowed and sorted. */
export function file(c: AppContext) {
  const { request } = c.var;
  const { rows, schools } = listed(request);
  const { headings, row } = workCells(request, request.t("等待自", "Waits since"));
  return saved(request, request.t("审核", "reviews"), {
    name: request.t("审核", "Reviews"),
    headings: [...headings, request.t("等待", "Waits for"), request.t("学校", "School"), request.t("所在地", "Where")],
    rows: rows.map(({ level, resource: r }) => [...row(r), request.text(LEVELS[level]), schools.get(r.school) ?? r.school, place(r.division)]),
  });
}

/** `GET /reviews`: what has waited longest comes first. */
export function desk(c: AppContext) {
  const { request } = c.var;
  const { waiting, list, rows, schools } = listed(request);
  const all = waiting.map((w) => w.resource);
  const states = RESOURCE_STATES.filter((s) => all.some((r) => r.state === s));
  const levels = (["school", "county", "publish"] as const).filter((l) => waiting.some((w) => w.level === l));
  return LAYOUT.page(
    request,
    t("审核工作台", "Review desk"),
    <>
      <p>{request.t("每个资源由学校和县区两位不同的审核员审核，自己编写的不在列表中。", "Two different reviewers, of the school and of the county, look at each resource. Your own are not listed.")}</p>
      {waiting.length === 0 ? (
        <Empty>
          <p>{request.t("没有等待您审核的资源。", "Nothing waits for you.")}</p>
          <a href="/posts">{request.t("查看我的岗位", "My posts")}</a>
        </Empty>
      ) : (
        <>
          <WorksForm request={request} list={list} all={all} states={states}>
            <Select request={request} form={list.filters} name="school" label={t("学校", "School")} options={[["", request.t("全部", "All")], ...schools]} />
            <Select request={request} form={list.filters} name="level" label={t("等待", "Waits for")} options={[["", request.t("全部", "All")], ...levels.map((l) => [l, request.text(LEVELS[l])] as const)]} />
          </WorksForm>
          {rows.length === 0 ? <Empty><p>{request.t("没有符合条件的资源。", "Nothing fits.")}</p></Empty> : (
            list.table(request.t("等待您处理的资源", "What waits for you"), columns(request, schools), rows.slice(...list.range(rows.length, PER_PAGE)))
          )}
          {list.pages(rows.length, PER_PAGE)}
          {rows.length === 0 ? null : list.files("/reviews/file")}
        </>
      )}
    </>,
  );
}

function columns(request: CityRequest, schools: ReadonlyMap<string, string>): Column<Waiting>[] {
  const { title, subject, state, changed } = workColumns<Waiting>(request, (w) => w.resource, request.t("等待自", "Waits since"));
  return [
    title,
    subject,
    { heading: request.t("等待", "Waits for"), cell: (w) => request.text(LEVELS[w.level]) },
    { heading: request.t("学校", "School"), cell: ({ resource: r }) => <a href={at("schools", r.school)}>{schools.get(r.school) ?? r.school}</a> },
    { heading: request.t("所在地", "Where"), sortedBy: "place", cell: (w) => place(w.resource.division) },
    state,
    changed,
  ];
}
