/** The form of a resource: its file, and the elements of LOM and CELTS-42, each with its error beside it. */
import { type AppContext, Card, Checkbox, type CityRequest, Field, FileField, Form, Hidden, Notice, Select, TextArea, t } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import * as random from "@yunlong/sdk/random";
import { QUALITIES, type Quality } from "../domain/bandwidth.ts";
import { CAPTION_BYTES } from "../domain/file/captions.ts";
import { TAKEN } from "../domain/file/index.ts";
import { type MetadataInput, keywordsOf } from "../domain/metadata.ts";
import type { Resource } from "../domain/resource.ts";
import { AUDIENCES, CAPTION_LANGUAGES, type CaptionLanguage, LANGUAGES, LICENCES, STAGES, SUBJECTS, TYPES, isWord, keys } from "../domain/vocabulary.ts";
import { type DraftInput, Refusal, createResource, myPosts, nodesBelow, saveResource, submitResource, workResource } from "../service/index.ts";
import { Choices, LAYOUT, Wrong, at, bytes, options, param, seeOther, statusOf, tried } from "./common.tsx";

const FILMS = TAKEN.filter((type) => type.startsWith("video/"));
const WORDS = keys(CAPTION_LANGUAGES);
/** The file, a film's other sizes, and captions may come with one form. */
const MOST_FILES = 1 + QUALITIES.length + WORDS.length;

/** `GET /mine/new`: what stands in the query is filled in, such as `?node=…` from the curriculum. */
export function create(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const form = request.queryForm();
  if (!form.checked("key")) form.with("key", random.code(16));
  return formPage(request, undefined, form, undefined);
}

/** `POST /mine/new` */
export async function submitNew(c: AppContext) {
  const { request } = c.var;
  request.requireRole("teacher");
  const form = await request.form();
  if (form.value("does") === "narrow") return formPage(request, undefined, form, undefined);
  const made = tried(form, () => createResource(request.principal, inputOf(form), form.value("key")));
  if (made instanceof Refusal) return formPage(request, undefined, form, made);
  return finish(c, form, made);
}

/** `GET /works/:id/edit` */
export function edit(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const { resource } = workResource(request.principal, param(c, "id"));
  return formPage(request, resource, formOf(resource.input), undefined);
}

/** `POST /works/:id/edit` */
export async function save(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  const { resource } = workResource(request.principal, id);
  const form = await request.form();
  if (form.value("does") === "narrow") return formPage(request, resource, form, undefined);
  const saved = tried(form, () => saveResource(request.principal, id, inputOf(form)));
  if (saved instanceof Refusal) return formPage(request, resource, form, saved);
  return finish(c, form, saved);
}

/** Saved: on to the page of the work; with “submit” the review begins, or the form says what is missing and keeps all. */
function finish(c: AppContext, form: Form, saved: Resource) {
  const { request } = c.var;
  if (form.value("does") !== "submit") return seeOther(c, at("works", saved.id));
  const submitted = tried(form, () => submitResource(request.principal, saved.id));
  if (submitted instanceof Refusal) return formPage(request, saved, form, submitted);
  return seeOther(c, at("works", saved.id));
}

/** What the form holds, as the service takes it. */
function inputOf(form: Form): DraftInput {
  const value = (name: keyof MetadataInput): string => form.value(name).trim();
  const renditions: Partial<Record<Quality, string>> = {};
  for (const quality of QUALITIES) renditions[quality] = fileOf(form, `film-${quality}`) ?? "";
  const captions: Partial<Record<CaptionLanguage, string | null>> = {};
  for (const language of WORDS) captions[language] = captionsIn(form, language) ?? (form.checked(wordsNames(language).none) ? null : "");
  const file = fileOf(form, "file");
  const metadata: MetadataInput = {
    title: value("title"),
    description: value("description"),
    keywords: keywordsOf(form.value("keywords")),
    stage: value("stage"),
    subject: value("subject"),
    type: value("type"),
    audience: form.values("audience"),
    author: value("author"),
    copyright: value("copyright"),
    licence: value("licence"),
    licensedUntil: value("licensedUntil"),
    language: value("language"),
    node: value("node"),
  };
  return file === undefined ? { metadata, renditions, captions } : { metadata, file, renditions, captions };
}

/** The names of a language's fields: what is chosen, what came with the form before, and that there shall be none. */
function wordsNames(language: CaptionLanguage): { chosen: string; kept: string; none: string } {
  return { chosen: `captions-${language}`, kept: `captions-${language}-kept`, none: `captions-${language}-none` };
}

/** The captions that a form brings: those that were chosen now, or those that came with it before and shall stay. */
function captionsIn(form: Form, language: CaptionLanguage): string | undefined {
  const { chosen, kept, none } = wordsNames(language);
  return fileOf(form, chosen) ?? (form.checked(none) ? undefined : fileOf(form, kept));
}

/** The file that was chosen last: one uploaded with a form that had a mistake stands in a hidden field before it. */
function fileOf(form: Form, name: string): string | undefined {
  return form.values(name).filter((id) => id !== "").at(-1);
}

function formOf(input: MetadataInput): Form {
  const pairs: [string, string][] = Object.entries(input).flatMap(([name, value]): [string, string][] => {
    if (name === "audience") return input.audience.map((a) => [name, a]);
    return [[name, name === "keywords" ? input.keywords.join(" ") : String(value)]];
  });
  return new Form(pairs);
}

function formPage(request: CityRequest, resource: Resource | undefined, form: Form, refusal: Refusal | undefined) {
  const path = resource === undefined ? "/mine/new" : at("works", resource.id, "edit");
  const all = files.ticket({ area: "resources", returnPath: path, accept: [...TAKEN], maxFiles: MOST_FILES });
  // Each field takes one.
  const ticket = { ...all, maxFiles: 1 };
  return LAYOUT.page(
    request,
    resource === undefined ? t("上传资源", "Upload a resource") : t("修改资源", "Edit the resource"),
    <>
      {resource?.note === undefined || resource.note === "" ? null : (
        <Notice tone="warn"><strong>{request.t("审核意见", "What the reviewer said")}</strong><p class="lines">{resource.note}</p></Notice>
      )}
      {resource === undefined ? <NoPost request={request} /> : null}
      <Wrong request={request} form={form} refusal={refusal} />
      <form method="post" action={ticket.action} enctype="multipart/form-data" novalidate>
        {resource === undefined ? <Hidden name="key" value={form.value("key") || random.code(16)} /> : null}
        <FileFields request={request} form={form} resource={resource} ticket={ticket} />
        <Words request={request} form={form} />
        <Place request={request} form={form} />
        <Rights request={request} form={form} />
        <div class="actions">
          <button type="submit" name="does" value="submit">{request.t("保存并提交审核", "Save and submit for review")}</button>
          <button type="submit" name="does" value="save" class="secondary">{request.t("保存草稿", "Save the draft")}</button>
        </div>
      </form>
    </>,
    statusOf(form, refusal),
  );
}

/** Said before anything is typed: a resource belongs to the school where its author teaches. */
function NoPost({ request }: { request: CityRequest }) {
  if (myPosts(request.principal).some((p) => p.kind === "teacher")) return null;
  return (
    <Notice tone="warn">
      {request.t("您还没有在学校到岗，现在不能上传。请先凭学校给您的邀请码到岗：", "You teach at no school yet, and cannot upload. Take up your post with the school’s code first: ")}
      <a href="/posts">{request.t("我的岗位", "My posts")}</a>
    </Notice>
  );
}

function FileFields({ request, form, resource, ticket }: { request: CityRequest; form: Form; resource: Resource | undefined; ticket: files.Ticket }) {
  const kept = fileOf(form, "file");
  const there = resource?.file;
  return (
    <Card id="files" heading={request.t("文件", "File")}>
      {kept !== undefined ? <><Hidden name="file" value={kept} /><p>{request.t("已上传文件：", "Uploaded: ")}{nameOf(kept)}</p></> : null}
      {kept === undefined && there !== undefined ? <p>{request.t("当前文件：", "The file: ")}{there.name} ({bytes(there.size)})</p> : null}
      <FileField
        request={request}
        form={form}
        name="file"
        label={there === undefined ? t("选择文件", "Choose the file") : t("更换文件（可不选）", "Another file (optional)")}
        hint={t("PDF、图片、音频、视频、文本、Office 文档或 ZIP；内容会被检查，含脚本或宏的文件不接受。", "PDF, pictures, sound, films, text, Office documents or ZIP. They are looked into; scripts and macros are refused.")}
        ticket={ticket}
      />
      <details>
        <summary>{request.t("视频的其他清晰度（可不选）", "The film in other sizes (optional)")}</summary>
        {QUALITIES.map((quality) => {
          const film = fileOf(form, `film-${quality}`);
          return (
            <>
              {film === undefined ? null : <Hidden name={`film-${quality}`} value={film} />}
              <FileField request={request} form={form} name={`film-${quality}`} label={t(`${quality} 视频`, `Film in ${quality}`)} ticket={{ ...ticket, accept: FILMS.join(",") }} />
            </>
          );
        })}
      </details>
      <fieldset>
        <legend>{request.t("字幕（视频或音频，可不选）", "Captions of a film or a recording (optional)")}</legend>
        {WORDS.map((language) => <CaptionFields request={request} form={form} language={language} there={resource?.captions.find((c) => c.language === language)?.name} ticket={ticket} />)}
      </fieldset>
    </Card>
  );
}

function CaptionFields(props: { request: CityRequest; form: Form; language: CaptionLanguage; there: string | undefined; ticket: files.Ticket }) {
  const { request, form, language, there } = props;
  const names = wordsNames(language);
  const { zh, en } = CAPTION_LANGUAGES[language];
  // What was refused is not brought again.
  const kept = form.error(names.chosen) === undefined ? captionsIn(form, language) : undefined;
  const name = kept === undefined ? there : nameOf(kept);
  const ticket = { ...props.ticket, accept: ".vtt,text/vtt", maxBytes: CAPTION_BYTES };
  return (
    <>
      {kept === undefined ? null : <Hidden name={names.kept} value={kept} />}
      {name === undefined ? null : <p>{request.t(`当前${zh}字幕：`, `${en} captions: `)}{name}</p>}
      <FileField
        request={request}
        form={form}
        name={names.chosen}
        label={name === undefined ? t(`${zh}字幕`, `${en} captions`) : t(`更换${zh}字幕（可不选）`, `Other ${en} captions (optional)`)}
        hint={t("WebVTT 文件（.vtt），UTF-8 编码；写下说的话和听到的声音，如（掌声）。", "A WebVTT file (.vtt) in UTF-8: what is said, and what is heard, such as (applause).")}
        ticket={ticket}
      />
      {name === undefined ? null : <Checkbox request={request} form={form} name={names.none} label={t(`移除${zh}字幕`, `Remove the ${en} captions`)} />}
    </>
  );
}

/** The name of an uploaded file; one that ran out meanwhile has none. */
function nameOf(id: string): string {
  try {
    return files.stat(id).name;
  } catch {
    return "—";
  }
}

function Words({ request, form }: { request: CityRequest; form: Form }) {
  const choose = t("请选择", "Choose");
  return (
    <Card id="words" heading={request.t("描述", "Description")}>
      <Field request={request} form={form} name="title" label={t("标题", "Title")} hint={t("2 至 80 个字符", "2 to 80 characters")} />
      <TextArea request={request} form={form} name="description" rows={4} label={t("简介（可不填）", "Summary (optional)")} hint={t("最多 500 个字符", "At most 500 characters")} />
      <Field request={request} form={form} name="keywords" label={t("关键词", "Keywords")} hint={t("1 至 10 个，用空格或逗号分开", "1 to 10, divided by spaces or commas")} />
      <Select request={request} form={form} name="type" label={t("资源类型", "Type")} options={options(request, TYPES, choose)} />
      <Choices request={request} form={form} name="audience" label={t("适用对象", "For whom")} offered={options(request, AUDIENCES, choose).slice(1)} />
      <Select request={request} form={form} name="language" label={t("语言", "Language")} options={options(request, LANGUAGES, choose)} />
    </Card>
  );
}

/** Stage and subject, and then the unit: without a script the button in between shows the units of what was chosen. */
function Place({ request, form }: { request: CityRequest; form: Form }) {
  const choose = t("请选择", "Choose");
  const [stage, subject, node] = [form.value("stage"), form.value("subject"), form.value("node")];
  const units = isWord(STAGES, stage) && isWord(SUBJECTS, subject) ? unitsOf(request, `${stage}.${subject}`) : [];
  const known = units.some(([id]) => id === node);
  return (
    <Card id="place" heading={request.t("课程目录", "Curriculum")}>
      <Select request={request} form={form} name="stage" label={t("学段", "Stage")} options={options(request, STAGES, choose)} />
      <Select request={request} form={form} name="subject" label={t("学科", "Subject")} options={options(request, SUBJECTS, choose)} />
      <div class="actions">
        <button type="submit" name="does" value="narrow" class="secondary">{request.t("列出这个学科的单元", "List the units of this subject")}</button>
      </div>
      <Select
        request={request}
        form={form}
        name="node"
        label={t("单元或标准条目", "Unit or standard item")}
        hint={t("选好学段和学科后，先列出单元。", "Choose stage and subject, then list the units.")}
        options={[["", request.text(choose)], ...(known || node === "" ? [] : [[node, node] as const]), ...units]}
      />
    </Card>
  );
}

/** The most that one select offers. */
const MOST_UNITS = 400;

/** The units and items of a subject in use, each with its way from the grade down. */
function unitsOf(request: CityRequest, subject: string): (readonly [string, string])[] {
  const out: (readonly [string, string])[] = [];
  const walk = (parent: string, names: readonly string[]): void => {
    for (const { value: n } of nodesBelow(parent).items) {
      if (!n.active || out.length >= MOST_UNITS) continue;
      const path = [...names, request.text(n)];
      if (n.level === "unit" || n.level === "item") out.push([n.id, path.join(" › ")]);
      if (n.level !== "item") walk(n.id, path);
    }
  };
  walk(subject, []);
  return out;
}

function Rights({ request, form }: { request: CityRequest; form: Form }) {
  return (
    <Card id="rights" heading={request.t("作者与授权", "Author and licence")}>
      <Field request={request} form={form} name="author" label={t("署名", "Author as it is shown")} hint={t("教研组、备课组或单位名称，如“三年级数学备课组”。", "A group or an office, such as “Mathematics, grade 3”.")} />
      <Field request={request} form={form} name="copyright" label={t("版权所有", "Who has the rights")} />
      <Select request={request} form={form} name="licence" label={t("授权", "Licence")} options={options(request, LICENCES, t("请选择", "Choose"))} hint={t("“尚未确认”的资源不能发布。", "What is not cleared yet cannot be published.")} />
      <Field request={request} form={form} name="licensedUntil" kind="date" label={t("授权的最后一天（有期限的授权）", "Last day of a licence until a day")} />
    </Card>
  );
}
