/** The library: what everybody may look for. */
import { type AppContext, Badge, type CityRequest, type Column, Empty, Field, type Form, Pager, Select, Table, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import { LEVELS, type Level, levelOf } from "../domain/curriculum.ts";
import type { Preview } from "../domain/file/index.ts";
import { LICENCES, STAGES, SUBJECTS, TYPES } from "../domain/vocabulary.ts";
import { type Found, type Search, type Shown, catalogue, catalogueAt, nodesBelow, schoolName } from "../service/index.ts";
import { LEVEL_TEXTS } from "./curriculum.tsx";
import { DayOf, LAYOUT, at, bytes, options } from "./common.tsx";
import { AT_ONCE, FileLinks, every, saved } from "./files.tsx";

/** The levels by which the library is narrowed, one select below the other. */
const NARROWED = LEVELS.slice(0, 6);
const PER_PAGE = 20;
const LONGEST = 80;
const OLDEST = "oldest";

/** How files are shown, in words. */
export const PREVIEW_TEXTS: Readonly<Record<Preview, ReturnType<typeof t>>> = {
  picture: t("图片", "picture"),
  pdf: t("PDF 文档", "PDF"),
  sound: t("音频", "sound"),
  film: t("视频", "film"),
  text: t("文本", "text"),
  none: t("其他文件", "other file"),
};

/** `GET /` */
export function list(c: AppContext) {
  const { request } = c.var;
  const form = request.queryForm();
  const page = pageOf(form, form.value("after") || undefined, PER_PAGE);
  const kept = Object.fromEntries(form.pairs().filter(([name, value]) => name !== "after" && value !== ""));
  return LAYOUT.page(
    request,
    t("优质教育资源", "Resources for teaching and learning"),
    <>
      <p>{request.t("经学校和县区两级审核、有授权的资源，对所有人开放。", "Reviewed by school and county, licensed, and open to everybody.")}</p>
      <SearchForm request={request} form={form} />
      {page.items.length === 0 ? <Nothing request={request} isSearch={Object.keys(kept).some((name) => name !== "sort")} more={page.next !== undefined} /> : (
        <Table caption={request.t("资源", "Resources")} columns={columns(request)} rows={page.items} />
      )}
      <Pager request={request} path="/" next={page.next} kept={kept} />
      {page.items.length === 0 ? null : <FileLinks request={request} path="/library/file" kept={kept} />}
    </>,
  );
}

/** A page of what the form looks for. */
function pageOf(form: Form, after: string | undefined, limit: number): Found {
  const [node, search] = [chosen(form).at(-1), searchOf(form)];
  return node === undefined ? catalogue(search, after, limit) : catalogueAt(node, search, after, limit);
}

/** `GET /library/file`: what the form looks for, with more of each resource than a phone has place for. */
export function file(c: AppContext) {
  const { request } = c.var;
  const form = request.queryForm();
  const names = new Map<string, string>();
  return saved(request, request.t("教育资源", "resources"), {
    name: request.t("资源", "Resources"),
    headings: [
      request.t("标识", "Identifier"), request.t("标题", "Title"), request.t("作者", "Author"), request.t("学校", "School"), request.t("学段", "Stage"), request.t("学科", "Subject"),
      request.t("类型", "Type"), request.t("授权", "Licence"), request.t("格式", "Format"), request.t("字节", "Bytes"), request.t("版本", "Version"), request.t("发布", "Published"),
    ],
    rows: every((after) => pageOf(form, after, AT_ONCE)).map(({ metadata: m, ...r }) => [
      r.id, m.title, m.author, nameOf(names, r.school), request.text(STAGES[m.stage]), request.text(SUBJECTS[m.subject]),
      request.text(TYPES[m.type]), request.text(LICENCES[m.licence]), r.file.mediaType, r.file.size, r.version, clock.date(r.at),
    ]),
  });
}

/** What the form looks for besides its place in the tree. */
function searchOf(form: Form): Search {
  const text = [...form.value("q")].slice(0, LONGEST).join("");
  const type = form.value("type");
  return {
    ...(Object.hasOwn(TYPES, type) ? { type } : {}),
    ...(text.trim() === "" ? {} : { text }),
    ...(form.value("sort") === OLDEST ? { oldestFirst: true } : {}),
  };
}

/** The nodes that were chosen, from the stage down; one that does not lie below the one before was chosen under another. */
function chosen(form: Form): string[] {
  const out: string[] = [];
  for (const level of NARROWED) {
    const id = form.value(level);
    const above = out.at(-1);
    if (levelOf(id) !== level || (above !== undefined && !id.startsWith(`${above}.`))) break;
    out.push(id);
  }
  return out;
}

function SearchForm({ request, form }: { request: CityRequest; form: Form }) {
  const path = chosen(form);
  const levels = NARROWED.slice(0, path.length + 1);
  return (
    <form method="get" action="/" role="search">
      <Field request={request} form={form} name="q" kind="search" label={t("标题、关键词或作者", "Title, keyword or author")} />
      <div class="grid">
        {levels.map((level, n) => <LevelSelect request={request} form={form} level={level} above={n === 0 ? "" : (path[n - 1] ?? "")} />)}
        <Select request={request} form={form} name="type" label={t("类型", "Type")} options={options(request, TYPES, t("全部", "All"))} />
        <Select request={request} form={form} name="sort" label={t("排序", "Order")} options={[["", request.t("最新发布的在前", "Newest first")], [OLDEST, request.t("最早发布的在前", "Oldest first")]]} />
      </div>
      <div class="actions">
        <button type="submit">{request.t("查找", "Search")}</button>
        <a href="/">{request.t("清除条件", "Clear")}</a>
      </div>
    </form>
  );
}

/** One level's select. It is there once the level above is chosen; without a script the button shows the next one. */
function LevelSelect(props: { request: CityRequest; form: Form; level: Level; above: string }) {
  const { request, form, level, above } = props;
  const nodes = nodesBelow(above).items;
  if (nodes.length === 0) return null;
  const all: readonly (readonly [string, string])[] = [["", request.t("全部", "All")], ...nodes.map(({ value: n }) => [n.id, request.text(n)] as const)];
  return <Select request={request} form={form} name={level} label={LEVEL_TEXTS[level]} options={all} />;
}

function Nothing({ request, isSearch, more }: { request: CityRequest; isSearch: boolean; more: boolean }) {
  return (
    <Empty>
      {more ? (
        <p>{request.t("这一部分没有找到，请看下一页继续查找。", "Nothing in this part: the next page goes on searching.")}</p>
      ) : isSearch ? (
        <>
          <p>{request.t("没有符合条件的资源。请减少条件或换一个词。", "Nothing fits. Take a condition away, or try another word.")}</p>
          <a role="button" href="/">{request.t("查看全部资源", "All resources")}</a>
        </>
      ) : (
        <>
          <p>{request.t("资源库里还没有已发布的资源。", "Nothing has been published yet.")}</p>
          <a href="/help">{request.t("怎样上传和审核", "How resources are uploaded and reviewed")}</a>
        </>
      )}
    </Empty>
  );
}

/** The columns of a list of resources: few enough for a phone. All of them are licensed; how, their pages say. */
export function columns(request: CityRequest): Column<Shown>[] {
  const names = new Map<string, string>();
  return [
    {
      heading: request.t("标题", "Title"),
      cell: (r) => (
        <>
          <a href={at("resources", r.id)}>{r.metadata.title}</a>
          <br />
          <span class="muted">{nameOf(names, r.school)}</span>
        </>
      ),
    },
    {
      heading: request.t("学段学科", "Stage and subject"),
      cell: (r) => `${request.text(STAGES[r.metadata.stage])} ${request.text(SUBJECTS[r.metadata.subject])}`,
    },
    { heading: request.t("类型", "Type"), cell: (r) => <Badge tone="info">{request.text(TYPES[r.metadata.type])}</Badge> },
    { heading: request.t("格式", "Format"), cell: (r) => `${request.text(PREVIEW_TEXTS[r.preview])} · ${bytes(r.file.size)}` },
    { heading: request.t("发布", "Published"), cell: (r) => <DayOf ms={r.at} /> },
  ];
}

/** A school's name, read once a page. */
function nameOf(names: Map<string, string>, id: string): string {
  const known = names.get(id) ?? schoolName(id);
  names.set(id, known);
  return known;
}
