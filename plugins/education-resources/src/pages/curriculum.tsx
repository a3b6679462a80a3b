/** The curriculum tree, what stands at its units, and their offline packs. */
import { type AppContext, Card, type CityRequest, Confirm, Empty, Field, Form, Notice, Pager, Select, Table, type Text, t } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { type Level, type Node, ancestor, levelOf, under } from "../domain/curriculum.ts";
import { Refusal, type Shown, addNode, askForPack, catalogueAt, changeEdition, nodeById, nodePath, nodeToday, nodesBelow, packOf, packVolume } from "../service/index.ts";
import { Facts, LAYOUT, State, Time, Wrong, at, bytes, param, seeOther, statusOf, tried } from "./common.tsx";
import { columns } from "./library.tsx";

/** Levels of the tree, in words. */
export const LEVEL_TEXTS: Readonly<Record<Level, Text>> = {
  stage: t("学段", "Stage"),
  subject: t("学科", "Subject"),
  grade: t("年级", "Grade"),
  volume: t("册次", "Volume"),
  edition: t("教材版本", "Textbook edition"),
  unit: t("单元", "Unit"),
  item: t("课程标准条目", "Standard item"),
};

/** So many resources are shown at a node. */
const NEWEST = 20;

/** `GET /curriculum` */
export function root(c: AppContext) {
  return rootPage(c.var.request, new Form(), undefined);
}

function rootPage(request: CityRequest, form: Form, refusal: Refusal | undefined) {
  const below = nodesBelow("").items.map((n) => n.value);
  return LAYOUT.page(
    request,
    t("课程目录", "Curriculum"),
    <>
      <p>{request.t("按学段、学科、年级、册次、教材版本和单元查找资源。", "Resources by stage, subject, grade, volume, textbook edition and unit.")}</p>
      <Below request={request} nodes={below} />
      <AddNode request={request} form={form} refusal={refusal} parent="" />
    </>,
    statusOf(form, refusal),
  );
}

/** `GET /curriculum/:node` */
export function node(c: AppContext) {
  return nodePage(c.var.request, param(c, "node"), new Form(), undefined);
}

function nodePage(request: CityRequest, id: string, form: Form, refusal: Refusal | undefined) {
  const here = nodeById(id);
  const page = nodesBelow(id, request.queryValue("after"));
  const below = page.items.map((n) => n.value);
  const today = nodeToday(id);
  return LAYOUT.page(
    request,
    { zh: here.zh, en: here.en },
    <>
      <Trail request={request} path={nodePath(id)} />
      <p class="muted">{request.text(LEVEL_TEXTS[here.level])} · <code>{here.id}</code></p>
      {here.active ? null : (
        <Notice tone="warn">
          {request.t("这个版本已停用，已有的资源仍可使用。", "This edition is out of use; what stands here can still be used.")}{" "}
          {today === undefined || today.id === id ? null : <a href={at("curriculum", today.id)}>{request.t("现行版本中的对应位置", "Its place in today’s edition")}</a>}
        </Notice>
      )}
      {here.level === "item" ? null : <Below request={request} nodes={below} />}
      <Pager request={request} path={at("curriculum", id)} next={page.next} />
      <Standing request={request} here={here} />
      {here.level === "edition" ? <Change request={request} here={here} form={form} refusal={form.value("does") === "change" ? refusal : undefined} /> : null}
      {here.level === "item" || !here.active ? null : (
        <AddNode request={request} form={form.value("does") === "change" ? new Form() : form} refusal={form.value("does") === "change" ? undefined : refusal} parent={id} />
      )}
    </>,
    statusOf(form, refusal),
  );
}

function Trail({ request, path }: { request: CityRequest; path: readonly Node[] }) {
  return (
    <nav aria-label={request.t("所在位置", "Where you are")}>
      <ul>
        <li><a href="/curriculum">{request.t("课程目录", "Curriculum")}</a></li>
        {path.map((n, i) => <li><a href={at("curriculum", n.id)} aria-current={i === path.length - 1 ? "page" : undefined}>{request.text(n)}</a></li>)}
      </ul>
    </nav>
  );
}

function Below({ request, nodes }: { request: CityRequest; nodes: readonly Node[] }) {
  const first = nodes[0];
  if (first === undefined) return <Empty><p>{request.t("下面还没有条目。", "There is nothing below.")}</p></Empty>;
  return (
    <Card id="below" heading={request.text(LEVEL_TEXTS[first.level])}>
      <ul>
        {nodes.map((n) => (
          <li>
            <a href={at("curriculum", n.id)}>{request.text(n)}</a>
            {n.active ? null : <> <span class="muted">{request.t("（已停用）", "(out of use)")}</span></>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The newest resources of a subject, edition, unit or item, and the way to all of them. */
function Standing({ request, here }: { request: CityRequest; here: Node }) {
  if (here.level === "stage") return null;
  const { items } = catalogueAt(here.id, {}, undefined, NEWEST);
  const isOwn = (r: Shown): boolean => under(r.metadata.node, here.id);
  const [own, before] = [items.filter(isOwn), items.filter((r) => !isOwn(r))];
  const unit = ancestor(here.id, "unit");
  const all = new URLSearchParams(pairsOf(here.id)).toString();
  return (
    <Card id="standing" heading={request.t("资源", "Resources")}>
      {own.length === 0 ? <Empty><p>{request.t("这里还没有已发布的资源。", "Nothing has been published here yet.")}</p></Empty> : (
        <Table caption={request.t("最新的资源", "The newest")} columns={columns(request)} rows={own} />
      )}
      {before.length === 0 ? null : <Table caption={request.t("停用版本中对应单元的资源", "From the same place in editions out of use")} columns={columns(request)} rows={before} />}
      <div class="actions">
        {here.level === "item" ? null : <a href={`/?${all}`}>{request.t("查看全部和筛选", "All of them, with filters")}</a>}
        {unit === undefined ? null : <a href={at("packs", unit)}>{request.t("离线资源包", "Offline pack")}</a>}
      </div>
    </Card>
  );
}

/** The library's selects for a node and those above it. */
function pairsOf(id: string): [string, string][] {
  const parts = id.split(".");
  return parts.flatMap((_, i): [string, string][] => {
    const above = parts.slice(0, i + 1).join(".");
    const level = levelOf(above);
    return level === undefined || level === "item" ? [] : [[level, above]];
  });
}

/** The bureau's form for a node. */
function AddNode({ request, form, refusal, parent }: { request: CityRequest; form: Form; refusal: Refusal | undefined; parent: string }) {
  if (request.isAnonymous || !request.hasRole("bureau")) return null;
  return (
    <Card id="add" heading={request.t("增加下级节点", "Add a node below")}>
      <Wrong request={request} form={form} refusal={refusal} />
      <form method="post" action={parent === "" ? "/curriculum" : at("curriculum", parent)} novalidate>
        <Field request={request} form={form} name="code" label={t("代码", "Code")} hint={t("小写字母、数字或 -，学段和学科用词表中的代码。", "Small letters, digits or -; stages and subjects by their codes.")} />
        <Field request={request} form={form} name="zh" label={t("中文名称", "Name in Chinese")} />
        <Field request={request} form={form} name="en" label={t("英文名称", "Name in English")} />
        <Field request={request} form={form} name="order" kind="number" label={t("次序", "Order")} />
        <div class="actions"><button type="submit">{request.t("增加", "Add")}</button></div>
      </form>
    </Card>
  );
}

/** `POST /curriculum` and `POST /curriculum/:node` */
export async function add(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const parent = param(c, "node");
  const form = await request.form();
  const order = Number(form.value("order") === "" ? "0" : form.value("order"));
  const made = tried(form, () => addNode(request.principal, { parent, code: form.value("code").trim(), zh: form.value("zh"), en: form.value("en"), order }), { parent: "code" });
  if (made instanceof Refusal) return parent === "" ? rootPage(request, form, made) : nodePage(request, parent, form, made);
  return seeOther(c, at("curriculum", made.id));
}

/** An edition gives way: the bureau chooses the other one among those of the same volume. */
function Change({ request, here, form, refusal }: { request: CityRequest; here: Node; form: Form; refusal: Refusal | undefined }) {
  if (request.isAnonymous || !request.hasRole("bureau") || !here.active) return null;
  const others = nodesBelow(here.parent).items.map((n) => n.value).filter((n) => n.active && n.id !== here.id);
  return (
    <Card id="change" heading={request.t("更换教材版本", "Replace this edition")}>
      <Wrong request={request} form={refusal === undefined ? new Form() : form} refusal={refusal} />
      {others.length === 0 ? <p>{request.t("请先在同一册次下增加新版本及其单元。", "Add the new edition and its units to the volume first.")}</p> : (
        <form method="post" action={at("curriculum", here.id, "change")} novalidate>
          <p>{request.t("本版本停用，资源留在原处，并可从新版本的对应单元找到。", "This edition goes out of use. Resources stay, and are found from the new one’s units, too.")}</p>
          <input type="hidden" name="does" value="change" />
          <Select request={request} form={form} name="to" label={t("由哪个版本替代", "The edition that takes its place")} options={others.map((n) => [n.id, request.text(n)] as const)} />
          <div class="actions"><button type="submit">{request.t("更换", "Replace")}</button></div>
        </form>
      )}
    </Card>
  );
}

/** `POST /curriculum/:node/change` */
export async function change(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const from = param(c, "node");
  const form = await request.form();
  const done = tried(form, () => changeEdition(request.principal, from, form.value("to")), { from: "to", moves: "to" });
  if (done instanceof Refusal) return nodePage(request, from, form.with("does", "change"), done);
  return seeOther(c, at("curriculum", from));
}

/** `GET /packs/:unit` */
export function pack(c: AppContext) {
  const { request } = c.var;
  const unit = nodeById(param(c, "unit"));
  const found = packOf(unit.id);
  return LAYOUT.page(
    request,
    t(`离线资源包：${unit.zh}`, `Offline pack: ${unit.en}`),
    <>
      <Trail request={request} path={nodePath(unit.id)} />
      <p>{request.t("为带宽较低的学校准备：一个单元的全部资源打成 ZIP，每卷不超过 4 MiB，视频取最小的清晰度。", "For schools with a narrow line: a unit’s resources as ZIP volumes of at most 4 MiB, films in their smallest size.")}</p>
      {found === undefined ? <Empty><p>{request.t("还没有人生成过这个单元的资源包。", "Nobody has asked for this unit’s pack yet.")}</p></Empty> : (
        <>
          <Facts
            facts={[
              [request.t("状态", "State"), <State request={request} state={found.state} />],
              [request.t("更新时间", "As of"), <Time ms={found.at} />],
              [request.t("已生成", "Made"), `${found.files.length} / ${found.plan.volumes.length}`],
            ]}
          />
          {found.state === "ready" ? <Volumes request={request} unit={unit.id} sizes={found.plan.volumes.map((v) => v.reduce((sum, i) => sum + i.size, 0))} /> : null}
          {found.plan.alone.length === 0 ? null : (
            <Card id="alone" heading={request.t("太大，需单独下载", "Too large for a volume")}>
              <ul>{found.plan.alone.map((i) => <li><a href={`${at("resources", i.resource, "file")}?save=1`}>{i.title}</a> ({bytes(i.size)})</li>)}</ul>
            </Card>
          )}
        </>
      )}
      {found?.state === "building" ? <p><a href={at("packs", unit.id)}>{request.t("刷新进度", "Look again")}</a></p> : (
        <Confirm action={at("packs", unit.id)}>{found === undefined ? request.t("生成资源包", "Make the pack") : request.t("检查更新", "Bring it up to date")}</Confirm>
      )}
    </>,
  );
}

function Volumes({ request, unit, sizes }: { request: CityRequest; unit: string; sizes: readonly number[] }) {
  if (sizes.length === 0) return <p>{request.t("这个单元还没有已发布的资源。", "The unit has no published resource.")}</p>;
  return (
    <ul>
      {sizes.map((size, n) => (
        <li><a href={at("packs", unit, String(n + 1))}>{request.t(`下载第 ${n + 1} 卷`, `Download volume ${n + 1}`)}</a> ({bytes(size)})</li>
      ))}
    </ul>
  );
}

/** `POST /packs/:unit` */
export function makePack(c: AppContext) {
  const unit = param(c, "unit");
  askForPack(c.var.request.principal, unit);
  return seeOther(c, at("packs", unit));
}

/** `GET /packs/:unit/:volume`: a volume, counted from 1. */
export function volume(c: AppContext) {
  const response = files.serve(packVolume(param(c, "unit"), Number(param(c, "volume")) - 1), "attachment");
  response.headers.set("cache-control", "private, no-cache");
  return response;
}
