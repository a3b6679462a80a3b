/** A teacher's resources, and the page of one on its way: its state, its reviews, and what may be done next. */
import { type AppContext, Badge, Card, type CityRequest, type Column, Confirm, Empty, Form, Hidden, Notice, Table, TextArea, t } from "@yunlong/sdk";
import { previewOf } from "../domain/file/index.ts";
import { ALLOWS, RESOURCE_STATES, type Resource, type ResourceStep, type Review } from "../domain/resource.ts";
import { LICENCES, TYPES, isWord } from "../domain/vocabulary.ts";
import { Refusal, STATE_TEXTS, allMyResources, captionsOf, fileOf, nodePath, publishResource, reviewResource, reviseResource, soundOf, submitResource, withdrawResource, workResource } from "../service/index.ts";
import { Facts, LAYOUT, State, Time, Wrong, at, bytes, param, seeOther, statusOf, tried } from "./common.tsx";
import { saved } from "./files.tsx";
import { PREVIEW_TEXTS } from "./library.tsx";
import { Missing, type Played, answeredCaptions, captionsFact } from "./player.tsx";
import { Preview } from "./preview.tsx";
import { answered } from "./resource.tsx";
import { PER_PAGE, WorksForm, narrowed, workCells, workColumns, worksListing } from "./works.tsx";

/** What the page of the own works lists: all of them, how it is narrowed, and what fits. */
function listed(request: CityRequest) {
  request.requireRole("teacher");
  const all = allMyResources(request.principal);
  const list = worksListing(request, "-changed");
  return { all, list, rows: narrowed(list, all, (r) => r) };
}

/** `GET /mine/file`: the own works as the page has them narrowed and sorted, with what the reviewers said. */
export function listFile(c: AppContext) {
  const { request } = c.var;
  const { rows } = listed(request);
  const { headings, row } = workCells(request, request.t("最近变化", "Last change"));
  return saved(request, request.t("我的资源", "my-resources"), {
    name: request.t("我的资源", "My resources"),
    headings: [...headings, request.t("审核意见", "What the reviewer said")],
    rows: rows.map((r) => [...row(r), r.note]),
  });
}

/** `GET /mine`: what changed last comes first. */
export function list(c: AppContext) {
  const { request } = c.var;
  const { all, list: shown, rows } = listed(request);
  const { title, subject, state, changed } = workColumns<Resource>(request, (r) => r, request.t("最近变化", "Last change"));
  const columns: Column<Resource>[] = [
    title,
    { heading: request.t("版本", "Version"), cell: (r) => String(r.version), numeric: true },
    subject,
    state,
    changed,
    { heading: request.t("审核意见", "What the reviewer said"), cell: (r) => <span class="detail">{r.note}</span> },
  ];
  return LAYOUT.page(
    request,
    t("我的资源", "My resources"),
    <>
      <div class="actions"><a role="button" href="/mine/new">{request.t("上传资源", "Upload a resource")}</a></div>
      {all.length === 0 ? <Empty><p>{request.t("您还没有上传过资源。", "You have uploaded nothing yet.")}</p></Empty> : (
        <>
          <WorksForm request={request} list={shown} all={all} states={RESOURCE_STATES} />
          {rows.length === 0 ? <Empty><p>{request.t("没有符合条件的资源。", "Nothing fits.")}</p></Empty> : (
            shown.table(request.t("我的资源", "My resources"), columns, rows.slice(...shown.range(rows.length, PER_PAGE)))
          )}
          {shown.pages(rows.length, PER_PAGE)}
          {rows.length === 0 ? null : shown.files("/mine/file")}
        </>
      )}
    </>,
  );
}

/** `GET /works/:id`: for its author, its reviewers and the bureau. */
export function show(c: AppContext) {
  void c.var.request.subject;
  return workPage(c.var.request, param(c, "id"), new Form(), undefined);
}

function workPage(request: CityRequest, id: string, form: Form, refusal: Refusal | undefined) {
  const { resource, reviews } = workResource(request.principal, id);
  const { title } = resource.input;
  return LAYOUT.page(
    request,
    { zh: title, en: title },
    <>
      <Wrong request={request} form={form} refusal={refusal} />
      <p>
        <State request={request} state={resource.state} /> {request.t(`第 ${resource.version} 版`, `version ${resource.version}`)}{" "}
        {resource.state === "published" ? <a href={at("resources", id)}>{request.t("公开页面", "Public page")}</a> : null}
      </p>
      {resource.withdrawn === undefined ? null : (
        <Notice tone="warn">{request.t("撤回理由：", "Withdrawn because: ")}{resource.withdrawn.reason}</Notice>
      )}
      <Contents request={request} resource={resource} />
      <Reviews request={request} reviews={reviews} />
      <Steps request={request} resource={resource} form={form} />
      <Story request={request} resource={resource} />
    </>,
    statusOf(form, refusal),
  );
}

function Contents({ request, resource }: { request: CityRequest; resource: Resource }) {
  const { input, file } = resource;
  const played: Played = { base: at("works", resource.id), title: input.title, mediaType: file?.mediaType ?? "", captions: resource.captions };
  const sound = soundOf(request.principal, resource.id);
  return (
    <Card id="contents" heading={request.t("内容", "Contents")}>
      {file === undefined ? <p>{request.t("还没有文件。", "There is no file yet.")}</p> : (
        <>
          <Preview request={request} of={played} id={resource.id} file={file} />
          <Missing
            request={request}
            of={played}
            sound={sound}
            next={request.t(
              "听不见的人看不懂它。作者可以在修改时上传字幕（已发布的，先开始修订新版本）。没有字幕也可以提交和审核。",
              "Who does not hear cannot follow it. Its author can bring captions where the resource is edited; what is published is revised first. It may be submitted and reviewed without.",
            )}
          />
          <p>
            <a href={at("works", resource.id, "file")}>{file.name}</a> ({request.text(PREVIEW_TEXTS[previewOf(file.mediaType)])} · {bytes(file.size)})
          </p>
        </>
      )}
      <Facts
        facts={[
          [request.t("简介", "Summary"), input.description],
          [request.t("关键词", "Keywords"), input.keywords.join(request.t("、", ", "))],
          [request.t("类型", "Type"), isWord(TYPES, input.type) ? request.text(TYPES[input.type]) : ""],
          [request.t("字幕", "Captions"), captionsFact(request, played, sound)],
          [request.t("课程目录", "Curriculum"), input.node === "" ? null : <a href={at("curriculum", input.node)}>{placeOf(request, input.node)}</a>],
          [request.t("作者", "Author"), input.author],
          [request.t("版权", "Copyright"), input.copyright],
          [request.t("授权", "Licence"), isWord(LICENCES, input.licence) ? request.text(LICENCES[input.licence]) : ""],
          [request.t("授权至", "Until"), input.licensedUntil],
        ]}
      />
    </Card>
  );
}

/** The way to a node in words; the id of one that there is not. */
function placeOf(request: CityRequest, node: string): string {
  const path = tried(new Form(), () => nodePath(node));
  return path instanceof Refusal ? node : path.map((n) => request.text(n)).join(" › ");
}

function Reviews({ request, reviews }: { request: CityRequest; reviews: readonly Omit<Review, "reviewer">[] }) {
  if (reviews.length === 0) return null;
  const columns: Column<Omit<Review, "reviewer">>[] = [
    { heading: request.t("级别", "Level"), cell: (r) => (r.level === "school" ? request.t("学校", "School") : request.t("县区", "County")) },
    { heading: request.t("轮次", "Round"), cell: (r) => String(r.round), numeric: true },
    { heading: request.t("结论", "Result"), cell: (r) => (r.passed ? <Badge tone="ok">{request.t("通过", "Passed")}</Badge> : <Badge tone="bad">{request.t("退回", "Rejected")}</Badge>) },
    { heading: request.t("意见", "What was said"), cell: (r) => <span class="lines">{r.note ?? ""}</span> },
    { heading: request.t("时间", "When"), cell: (r) => <Time ms={r.at} /> },
  ];
  return (
    <Card id="reviews" heading={request.t("审核记录", "Reviews")}>
      <Table caption={request.t("每一轮的结论和意见", "What each round found")} columns={columns} rows={reviews} />
    </Card>
  );
}

/** What the state allows and this person may try. Whether they may is decided where it is done. */
function Steps({ request, resource, form }: { request: CityRequest; resource: Resource; form: Form }) {
  const { id, state } = resource;
  const isAuthor = request.principal.subject === resource.author;
  const allows = (step: ResourceStep): boolean => ALLOWS[state].includes(step);
  const reviews = !isAuthor && (request.hasRole("school") || request.hasRole("county"));
  const publishes = request.hasRole("county") || request.hasRole("bureau");
  return (
    <Card id="steps" heading={request.t("下一步", "Next step")}>
      <div class="actions">
        {isAuthor && allows("edit") ? <a role="button" href={at("works", id, "edit")}>{request.t("修改", "Edit")}</a> : null}
        {isAuthor && allows("submit") ? <Confirm action={at("works", id, "submit")}>{request.t("提交审核", "Submit for review")}</Confirm> : null}
        {request.hasRole("teacher") && allows("revise") ? <Confirm action={at("works", id, "revise")}>{request.t("开始修订新版本", "Begin the next version")}</Confirm> : null}
        {publishes && allows("publish") ? <Confirm action={at("works", id, "publish")}>{request.t("发布", "Publish")}</Confirm> : null}
      </div>
      {isAuthor && state.endsWith("reviewed") || isAuthor && state === "submitted" ? <p>{request.t("正在审核，作者不能审核自己的资源。", "It is being reviewed. Nobody reviews their own resource.")}</p> : null}
      {reviews && allows("school-review") ? <ReviewForm request={request} id={id} level="school" form={form} /> : null}
      {reviews && allows("county-review") ? <ReviewForm request={request} id={id} level="county" form={form} /> : null}
      {(publishes || isAuthor) && allows("withdraw") ? <Withdraw request={request} id={id} form={form} /> : null}
    </Card>
  );
}

function ReviewForm({ request, id, level, form }: { request: CityRequest; id: string; level: Review["level"]; form: Form }) {
  return (
    <form method="post" action={at("works", id, "review")} novalidate>
      <Hidden name="level" value={level} />
      <TextArea request={request} form={form} name="note" rows={4} label={level === "school" ? t("学校审核意见", "The school’s review") : t("县区审核意见", "The county’s review")} hint={t("退回时必须写明理由。作者会看到意见，但看不到审核人。", "A rejection needs its reason. The author reads it, and not who wrote it.")} />
      <div class="actions">
        <button type="submit" name="passed" value="yes">{request.t("通过", "Pass")}</button>
        <button type="submit" name="passed" value="no" class="secondary">{request.t("退回", "Reject")}</button>
      </div>
    </form>
  );
}

function Withdraw({ request, id, form }: { request: CityRequest; id: string; form: Form }) {
  return (
    <details open={form.value("does") === "withdraw"}>
      <summary>{request.t("撤回", "Withdraw")}</summary>
      <p>{request.t("撤回后任何人都看不到，离线资源包随之更新，保存了副本的学校会收到删除通知。不能恢复，可以修订后重新发布。", "Nobody sees it any more, packs are made anew, and whoever keeps copies is told to delete them. It does not come back; a new resource can be published.")}</p>
      <form method="post" action={at("works", id, "withdraw")} novalidate>
        <Hidden name="does" value="withdraw" />
        <TextArea request={request} form={form} name="reason" rows={3} label={t("撤回理由", "Why")} />
        <div class="actions"><button type="submit">{request.t("确认撤回", "Withdraw it")}</button></div>
      </form>
    </details>
  );
}

function Story({ request, resource }: { request: CityRequest; resource: Resource }) {
  return (
    <Card id="story" heading={request.t("过程", "How it went")}>
      <ol>{resource.history.map((h) => <li><Time ms={h.at} /> {request.text(STATE_TEXTS[h.state] ?? { zh: h.state, en: h.state })}</li>)}</ol>
    </Card>
  );
}

/** `GET /works/:id/file`: for those who work on it; nobody's cache keeps it. */
export function file(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  workResource(request.principal, id);
  return answered(fileOf(request.principal, id), request.queryValue("save") !== undefined);
}

/** `GET /works/:id/captions/:language`: as its file. */
export function captions(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const id = param(c, "id");
  workResource(request.principal, id);
  return answeredCaptions(c, captionsOf(request.principal, id, param(c, "language")));
}

/** A step of a work: back to its page with the reason when it is refused. */
function step(f: (request: CityRequest, id: string, form: Form) => Resource) {
  return async (c: AppContext) => {
    const { request } = c.var;
    void request.subject;
    const id = param(c, "id");
    // Who may not even see it is told that there is nothing, before anything else.
    workResource(request.principal, id);
    const form = await request.form();
    const done = tried(form, () => f(request, id, form));
    return done instanceof Refusal ? workPage(request, id, form, done) : seeOther(c, at("works", done.id));
  };
}

/** `POST /works/:id/submit` */
export const submit = step((request, id) => submitResource(request.principal, id));

/** `POST /works/:id/review` */
export const review = step((request, id, form) =>
  reviewResource(request.principal, id, form.value("level") === "county" ? "county" : "school", form.value("passed") === "yes", form.value("note")),
);

/** `POST /works/:id/publish` */
export const publish = step((request, id) => publishResource(request.principal, id));

/** `POST /works/:id/withdraw` */
export const withdraw = step((request, id, form) => withdrawResource(request.principal, id, form.value("reason")));

/** `POST /works/:id/revise`: for a teacher of the school, who need not be the author of the version before. */
export async function revise(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const next = reviseResource(request.principal, param(c, "id"));
  return seeOther(c, at("works", next.id, "edit"));
}
