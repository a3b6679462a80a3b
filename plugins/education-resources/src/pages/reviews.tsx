/** The review desk: what waits for the school's reviewers, the county's, and for publication. */
import { type AppContext, type CityRequest, type Column, Empty, t } from "@yunlong/sdk";
import { RESOURCE_STATES } from "../domain/resource.ts";
import { type Waiting, waitingForReview } from "../service/index.ts";
import { LAYOUT, place } from "./common.tsx";
import { PER_PAGE, WorksForm, narrowed, workColumns, worksListing } from "./works.tsx";

const LEVELS: Readonly<Record<Waiting["level"], ReturnType<typeof t>>> = {
  school: t("学校审核", "the school’s review"),
  county: t("县区审核", "the county’s review"),
  publish: t("发布", "publication"),
};

/** `GET /reviews`: what has waited longest comes first. */
export function desk(c: AppContext) {
  const { request } = c.var;
  request.requireRole("school", "county", "bureau");
  const waiting = waitingForReview(request.principal);
  const list = worksListing(request, "changed");
  const rows = narrowed(list, waiting, (w) => w.resource);
  const all = waiting.map((w) => w.resource);
  const states = RESOURCE_STATES.filter((s) => all.some((r) => r.state === s));
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
          <WorksForm request={request} list={list} all={all} states={states} />
          {rows.length === 0 ? <Empty><p>{request.t("没有符合条件的资源。", "Nothing fits.")}</p></Empty> : (
            list.table(request.t("等待您处理的资源", "What waits for you"), columns(request), rows.slice(...list.range(rows.length, PER_PAGE)))
          )}
          {list.pages(rows.length, PER_PAGE)}
        </>
      )}
    </>,
  );
}

function columns(request: CityRequest): Column<Waiting>[] {
  const { title, subject, state, changed } = workColumns<Waiting>(request, (w) => w.resource, request.t("等待自", "Waits since"));
  return [
    title,
    subject,
    { heading: request.t("等待", "Waits for"), cell: (w) => request.text(LEVELS[w.level]) },
    { heading: request.t("所在地", "Where"), cell: (w) => place(w.resource.division) },
    state,
    changed,
  ];
}
