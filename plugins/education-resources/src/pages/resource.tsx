/** A published resource: what it is, how it looks, how it is taken along. */
import { type AppContext, Card, type CityRequest, Notice, Select, Form, t } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { QUALITIES } from "../domain/bandwidth.ts";
import { LEAST } from "../domain/cells.ts";
import { ancestor } from "../domain/curriculum.ts";
import { AUDIENCES, LANGUAGES, LICENCES, STAGES, SUBJECTS, TYPES } from "../domain/vocabulary.ts";
import { type Served, type Shown, captionsOf, deliveryOf, fileOf, meAsStudent, myClasses, mySchool, nodePath, nodeToday, schoolById, shelveResource, shownResource, soundOf } from "../service/index.ts";
import { Facts, LAYOUT, type Piece, Time, at, bytes, param, seeOther } from "./common.tsx";
import { PREVIEW_TEXTS } from "./library.tsx";
import { Missing, type Played, answeredCaptions, captionsFact } from "./player.tsx";
import { Preview } from "./preview.tsx";

/** What a browser shows in a window of its own as well. */
const OPENS: readonly Shown["preview"][] = ["pdf", "sound", "film"];

/** `GET /resources/:id` */
export async function show(c: AppContext) {
  const { request } = c.var;
  const { shown, uses } = shownResource(param(c, "id"));
  const { title } = shown.metadata;
  const played: Played = { base: at("resources", shown.id), title, mediaType: shown.file.mediaType, captions: shown.captions };
  const sound = soundOf(request.principal, shown.id);
  const response = await LAYOUT.page(
    request,
    { zh: title, en: title },
    <>
      {request.queryValue("shelved") === undefined ? null : <Notice tone="ok">{request.t("已放入空间。", "It is on the shelf.")}</Notice>}
      {shown.metadata.description === "" ? null : <p class="lines">{shown.metadata.description}</p>}
      <Seen request={request} shown={shown} played={played} />
      <Missing request={request} of={played} sound={sound} />
      <Take request={request} shown={shown} />
      <About request={request} shown={shown} uses={uses} captions={captionsFact(request, played, sound)} />
      <Shelves request={request} id={shown.id} />
      <Measured request={request} id={shown.id} />
    </>,
  );
  // A copy of the page is asked about before it is shown again, so that it ends with a withdrawal.
  response.headers.set("cache-control", "private, no-cache");
  return response;
}

/** The file of the page: of a film the size that was asked for, or what the line of the asker's school carries; `undefined` where that is none. */
function sourceOf(request: CityRequest, shown: Shown, base: string): string | undefined {
  const quality = shown.qualities.find((q) => q === request.queryValue("quality"));
  if (quality !== undefined) return `${base}/file?quality=${quality}`;
  const school = shown.preview === "film" ? mySchool(request.principal) : undefined;
  if (school === undefined) return `${base}/file`;
  return deliveryOf(school).quality === null ? undefined : `${base}/file?school=${school}`;
}

/** What is there to be seen, or why there is nothing; and by which link it opens by itself. */
function Seen({ request, shown, played }: { request: CityRequest; shown: Shown; played: Played }) {
  const source = sourceOf(request, shown, played.base);
  if (source === undefined) return <NoFilm request={request} shown={shown} base={played.base} />;
  const what = PREVIEW_TEXTS[shown.preview];
  return (
    <>
      <Preview request={request} of={played} id={shown.id} file={shown.file} source={source} />
      {OPENS.includes(shown.preview) ? <p><a href={source}>{request.t(`打开${what.zh}`, `Open the ${what.en}`)}</a></p> : null}
    </>
  );
}

/** Where the school's line carries no film: the pack, and the sizes for who sits elsewhere. */
function NoFilm({ request, shown, base }: { request: CityRequest; shown: Shown; base: string }) {
  const unit = ancestor(shown.metadata.node, "unit");
  return (
    <Notice tone="warn">
      <strong>{request.t("您学校的专线带宽不足，不能播放视频。", "Your school’s line does not carry films.")}</strong>
      <p>
        {unit === undefined ? null : <a href={at("packs", unit)}>{request.t("下载本单元的离线资源包", "Take the unit’s offline pack")}</a>}
        {unit === undefined ? null : request.t("，在课堂上播放；", " and play it in class; ")}
        <a href={`${base}/file`}>{request.t("不在学校网络中时，直接打开视频", "away from the school’s network, open the film itself")}</a>
      </p>
    </Notice>
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
        <form method="get" action={at("resources", shown.id)}>
          <Select
            request={request}
            form={request.queryForm()}
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

function About({ request, shown, uses, captions }: { request: CityRequest; shown: Shown; uses: number | null; captions: Piece }) {
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
          [request.t("字幕", "Captions"), captions],
          [request.t("格式", "Format"), shown.file.mediaType],
          [request.t("大小", "Size"), bytes(shown.file.size)],
          ["SHA-256", <code class="digest">{shown.file.sha256}</code>],
          [request.t("版本", "Version"), String(shown.version)],
          [request.t("提供学校", "School"), <a href={at("schools", school.id)}>{school.name}</a>],
          [request.t("发布时间", "Published"), <Time ms={shown.at} />],
          [request.t("使用次数", "Uses"), uses === null ? request.t(`不足 ${LEAST} 次`, `fewer than ${LEAST}`) : String(uses)],
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
  const quality = QUALITIES.find((q) => q === request.queryValue("quality"));
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

/** `GET /resources/:id/captions/:language` */
export function captions(c: AppContext) {
  return answeredCaptions(c, captionsOf(c.var.request.principal, param(c, "id"), param(c, "language")));
}

/** `POST /resources/:id/shelf` */
export async function shelve(c: AppContext) {
  const { request } = c.var;
  const form = await request.form();
  const id = param(c, "id");
  shelveResource(request.principal, form.value("class") || undefined, id);
  return seeOther(c, `${at("resources", id)}?shelved=1`);
}
