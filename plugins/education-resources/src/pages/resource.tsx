/** A published resource: what it is, how it looks, how it is taken along. */
import { type AppContext, Card, type CityRequest, Notice, Select, Form, t } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { ancestor } from "../domain/curriculum.ts";
import { AUDIENCES, LANGUAGES, LICENCES, STAGES, SUBJECTS, TYPES } from "../domain/vocabulary.ts";
import { type Served, type Shown, deliveryOf, fileOf, meAsStudent, myClasses, nodePath, nodeToday, schoolById, shelveResource, shownResource } from "../service/index.ts";
import { Facts, LAYOUT, Time, at, bytes, param, seeOther } from "./common.tsx";
import { PREVIEW_TEXTS } from "./library.tsx";

/** So many bytes of a text stand in the page; all of it opens by a link. */
const TEXT_SHOWN = 20_000;

/** `GET /resources/:id` */
export async function show(c: AppContext) {
  const { request } = c.var;
  const { shown, uses } = shownResource(param(c, "id"));
  const { title } = shown.metadata;
  const response = await LAYOUT.page(
    request,
    { zh: title, en: title },
    <>
      {request.queryValue("shelved") === undefined ? null : <Notice tone="ok">{request.t("已放入空间。", "It is on the shelf.")}</Notice>}
      {shown.metadata.description === "" ? null : <p class="lines">{shown.metadata.description}</p>}
      <Preview request={request} shown={shown} />
      <Take request={request} shown={shown} />
      <About request={request} shown={shown} uses={uses} />
      <Shelves request={request} id={shown.id} />
      <Measured request={request} id={shown.id} />
    </>,
  );
  // A copy of the page is asked about before it is shown again, so that it ends with a withdrawal.
  response.headers.set("cache-control", "private, no-cache");
  return response;
}

function Preview({ request, shown }: { request: CityRequest; shown: Shown }) {
  const source = at("resources", shown.id, "file");
  const { title } = shown.metadata;
  const open = (
    <p><a href={source}>{request.t(`打开${PREVIEW_TEXTS[shown.preview].zh}`, `Open the ${PREVIEW_TEXTS[shown.preview].en}`)}</a></p>
  );
  switch (shown.preview) {
    case "picture":
      return <figure><img src={source} alt={title} /><figcaption>{shown.file.name}</figcaption></figure>;
    case "sound":
      return <><audio controls preload="metadata" src={source} aria-label={title}></audio>{open}</>;
    case "film":
      return <><video controls preload="metadata" src={source} aria-label={title}></video>{open}</>;
    case "text":
      return <TextOf request={request} id={shown.id} size={shown.file.size} source={source} />;
    case "pdf":
      return open;
    case "none":
      return <p>{request.t("这种文件不能在浏览器里预览，请下载后打开。", "A browser cannot show this kind of file: download it.")}</p>;
  }
}

/** The beginning of a text, as it stands in the file. */
function TextOf({ request, id, size, source }: { request: CityRequest; id: string; size: number; source: string }) {
  const { file } = fileOf(request.principal, id);
  const begin = new TextDecoder("utf-8").decode(files.read(file.id, 0, Math.min(size, TEXT_SHOWN)));
  return (
    <>
      <pre class="log" tabindex={0} aria-label={request.t("文本内容", "The text")}>{begin}</pre>
      {size > TEXT_SHOWN ? <p><a href={source}>{request.t("打开全文", "Open all of it")}</a></p> : null}
    </>
  );
}

/** Downloads: the file itself, the sizes of a film, the offline pack of its unit. */
function Take({ request, shown }: { request: CityRequest; shown: Shown }) {
  const source = at("resources", shown.id, "file");
  const unit = ancestor(shown.metadata.node, "unit");
  return (
    <Card id="take" heading={request.t("下载", "Take it along")}>
      <div class="actions">
        <a role="button" href={`${source}?save=1`}>{request.t("下载", "Download")} ({bytes(shown.file.size)})</a>
        {unit === undefined ? null : <a href={at("packs", unit)}>{request.t("本单元的离线资源包", "Offline pack of the unit")}</a>}
      </div>
      {shown.qualities.length === 0 ? null : (
        <form method="get" action={source}>
          <Select
            request={request}
            form={new Form()}
            name="quality"
            label={t("按网络带宽选择清晰度", "A film that the line carries")}
            options={[...shown.qualities].map((q) => [q, q] as const)}
          />
          <div class="actions"><button type="submit">{request.t("打开", "Open")}</button></div>
        </form>
      )}
      <p class="muted">
        {request.t("保存的副本须遵守授权；资源被撤回后，请删除副本。", "Copies are under the licence; delete them when the resource is withdrawn.")}
      </p>
    </Card>
  );
}

function About({ request, shown, uses }: { request: CityRequest; shown: Shown; uses: number }) {
  const m = shown.metadata;
  const school = schoolById(shown.school);
  const today = nodeToday(m.node);
  const licence = request.text(LICENCES[m.licence]);
  return (
    <Card id="about" heading={request.t("资源信息", "About it")}>
      <Facts
        facts={[
          [request.t("标识", "Identifier"), <code>{shown.id}</code>],
          [request.t("学段、学科", "Stage, subject"), `${request.text(STAGES[m.stage])}${request.t("、", ", ")}${request.text(SUBJECTS[m.subject])}`],
          [request.t("课程目录", "Curriculum"), <a href={at("curriculum", m.node)}>{nodePath(m.node).map((n) => request.text(n)).join(" › ")}</a>],
          [request.t("在现行教材中", "In today’s edition"), today === undefined || today.id === m.node ? null : <a href={at("curriculum", today.id)}>{request.text(today)}</a>],
          [request.t("类型", "Type"), request.text(TYPES[m.type])],
          [request.t("适用对象", "For"), m.audience.map((a) => request.text(AUDIENCES[a])).join(request.t("、", ", "))],
          [request.t("关键词", "Keywords"), m.keywords.join(request.t("、", ", "))],
          [request.t("作者", "Author"), m.author],
          [request.t("版权", "Copyright"), m.copyright],
          [request.t("授权", "Licence"), m.licensedUntil === null ? licence : request.t(`${licence}，至 ${m.licensedUntil}`, `${licence}, until ${m.licensedUntil}`)],
          [request.t("语言", "Language"), request.text(LANGUAGES[m.language])],
          [request.t("格式", "Format"), shown.file.mediaType],
          [request.t("大小", "Size"), bytes(shown.file.size)],
          ["SHA-256", <code class="digest">{shown.file.sha256}</code>],
          [request.t("版本", "Version"), String(shown.version)],
          [request.t("提供学校", "School"), <a href={at("schools", school.id)}>{school.name}</a>],
          [request.t("发布时间", "Published"), <Time ms={shown.at} />],
          [request.t("使用次数", "Uses"), String(uses)],
        ]}
      />
    </Card>
  );
}

/** Where a teacher puts it: the own space, or a class's. */
function Shelves({ request, id }: { request: CityRequest; id: string }) {
  if (request.isAnonymous || !request.hasRole("teacher")) return null;
  const targets: [string, string][] = [["", request.t("我的空间", "My space")], ...myClasses(request.principal).map((c): [string, string] => [c.id, c.name])];
  return (
    <Card id="shelves" heading={request.t("放入空间", "Put it on a shelf")}>
      <form method="post" action={at("resources", id, "shelf")}>
        <Select request={request} form={new Form()} name="class" label={t("放到哪里", "Where")} options={targets} />
        <div class="actions"><button type="submit">{request.t("放入", "Put it there")}</button></div>
      </form>
    </Card>
  );
}

/** For a pupil the seconds on the page are measured; what is counted, and that nobody's name is in it, is said beside it. */
function Measured({ request, id }: { request: CityRequest; id: string }) {
  if (request.isAnonymous || meAsStudent(request.principal) === undefined) return null;
  return (
    <>
      <p class="muted" id="use" data-resource={id}>
        {request.t("您在本页的时长会以匿名编号计入本校的使用统计。", "Your time on this page counts, under a pseudonym, into your school’s figures.")}
      </p>
      <script src="/assets/use.js" defer></script>
    </>
  );
}

/** `GET /resources/:id/file`: `save=1` to download, `quality=720p` for a film of that size, `school` for what a school's line carries. */
export function file(c: AppContext) {
  const { request } = c.var;
  const quality = (["1080p", "720p", "480p"] as const).find((q) => q === request.queryValue("quality"));
  const school = request.queryValue("school");
  const delivery = quality !== undefined ? { quality, offline: false } : school !== undefined ? deliveryOf(school) : undefined;
  return answered(fileOf(request.principal, param(c, "id"), delivery), request.queryValue("save") !== undefined);
}

/** A file as an answer, with what its copies have to ask. */
export function answered(of: Served, save: boolean): Response {
  const response = files.serve(of.file.id, save || of.preview === "none" ? "attachment" : "inline");
  response.headers.set("cache-control", of.cacheControl);
  return response;
}

/** `POST /resources/:id/shelf` */
export async function shelve(c: AppContext) {
  const { request } = c.var;
  const form = await request.form();
  const id = param(c, "id");
  shelveResource(request.principal, form.value("class") || undefined, id);
  return seeOther(c, `${at("resources", id)}?shelved=1`);
}
