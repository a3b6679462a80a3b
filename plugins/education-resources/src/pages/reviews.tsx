/** The review desk: what waits for the school's reviewers, the county's, and for publication. */
import { type AppContext, Card, type CityRequest, type Column, Empty, Table, t } from "@yunlong/sdk";
import { type Resource } from "../domain/resource.ts";
import { TYPES, isWord } from "../domain/vocabulary.ts";
import { waitingForReview } from "../service/index.ts";
import { LAYOUT, State, Time, at, place } from "./common.tsx";

const LEVELS = [
  ["school", t("等待学校审核", "For the school’s review")],
  ["county", t("等待县区审核", "For the county’s review")],
  ["publish", t("等待发布", "To be published")],
] as const;

/** `GET /reviews` */
export function desk(c: AppContext) {
  const { request } = c.var;
  request.requireRole("school", "county", "bureau");
  const waiting = waitingForReview(request.principal);
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
      ) : null}
      {LEVELS.map(([level, heading]) => {
        const rows = waiting.filter((w) => w.level === level).map((w) => w.resource);
        return rows.length === 0 ? null : <Card id={level} heading={request.text(heading)}><Table caption={request.text(heading)} columns={columns(request)} rows={rows} /></Card>;
      })}
    </>,
  );
}

function columns(request: CityRequest): Column<Resource>[] {
  return [
    { heading: request.t("标题", "Title"), cell: (r) => <a href={at("works", r.id)}>{r.input.title}</a> },
    { heading: request.t("类型", "Type"), cell: (r) => (isWord(TYPES, r.input.type) ? request.text(TYPES[r.input.type]) : "") },
    { heading: request.t("所在地", "Where"), cell: (r) => place(r.division) },
    { heading: request.t("状态", "State"), cell: (r) => <State request={request} state={r.state} /> },
    { heading: request.t("等待自", "Waits since"), cell: (r) => <Time ms={r.history.at(-1)?.at ?? 0} /> },
  ];
}
