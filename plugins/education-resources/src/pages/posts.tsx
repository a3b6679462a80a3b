/** Posts: who reviews, runs a school or teaches where. They are given by codes that are used once. */
import { type AppContext, Card, type CityRequest, type Column, Empty, Field, Form, Notice, Select, Table, type Text, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import { COUNTIES } from "../domain/towns.ts";
import type { Post, PostKind } from "../domain/people.ts";
import { Refusal, endPost, invite, myPosts, postsAt, schoolById, takeUpPost } from "../service/index.ts";
import { Aside, LAYOUT, Time, Wrong, at, param, place, seeOther, statusOf, tried } from "./common.tsx";
import { FileLinks, every, saved } from "./files.tsx";

const KINDS: Readonly<Record<PostKind, Text>> = {
  county: t("县区审核员", "County’s reviewer"),
  admin: t("学校管理员", "School’s administrator"),
  reviewer: t("学校审核员", "School’s reviewer"),
  teacher: t("教师", "Teacher"),
};

/** Where a post is, in words. */
function whereOf(post: Pick<Post, "kind" | "at">): string {
  return post.kind === "county" ? place(post.at) : schoolById(post.at).name;
}

/** `GET /posts` */
export function mine(c: AppContext) {
  c.var.request.requireRole("bureau", "county", "school", "teacher");
  return minePage(c.var.request, new Form(), undefined);
}

function minePage(request: CityRequest, form: Form, refusal: Refusal | undefined) {
  const posts = myPosts(request.principal);
  const columns: Column<Post>[] = [
    { heading: request.t("岗位", "Post"), cell: (p) => request.text(KINDS[p.kind]) },
    { heading: request.t("单位", "Where"), cell: (p) => (p.kind === "county" ? whereOf(p) : <a href={at("schools", p.at)}>{whereOf(p)}</a>) },
    { heading: request.t("到岗", "Since"), cell: (p) => <Time ms={p.from} /> },
    { heading: request.t("岗位编号", "Number"), cell: (p) => <code>{p.id}</code> },
    { heading: request.t("操作", "What can be done"), cell: (p) => <Aside action={at("posts", p.id, "end")} says={request.t("离岗", "Leave it:")} of={request.text(KINDS[p.kind])} /> },
  ];
  return LAYOUT.page(
    request,
    t("我的岗位", "My posts"),
    <>
      {posts.length === 0 ? <Empty><p>{request.t("您现在没有岗位。", "You hold no post.")}</p></Empty> : <Table caption={request.t("我的岗位", "My posts")} columns={columns} rows={posts} />}
      <Card id="take-up" heading={request.t("凭邀请码到岗", "Take up a post")}>
        <Wrong request={request} form={form} refusal={refusal} />
        <form method="post" action="/posts" novalidate>
          <Field request={request} form={form} name="code" label={t("邀请码", "Code")} hint={t("由市教育局或学校管理员发给您。到岗新学校后，原学校的岗位自动结束。", "From the bureau or a school’s administrator. Posts at the school before end by themselves.")} />
          <div class="actions"><button type="submit">{request.t("到岗", "Take it up")}</button></div>
        </form>
      </Card>
      {request.hasRole("bureau") ? (
        <Card id="counties" heading={request.t("各县区的审核员", "Reviewers of the counties")}>
          <ul>{COUNTIES.map(([code, name]) => <li><a href={at("posts", "at", code)}>{name}</a></li>)}</ul>
        </Card>
      ) : null}
    </>,
    statusOf(form, refusal),
  );
}

/** `POST /posts` */
export async function takeUp(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau", "county", "school", "teacher");
  const form = await request.form();
  const done = tried(form, () => takeUpPost(request.principal, form.value("code")));
  if (!(done instanceof Refusal)) return seeOther(c, "/posts");
  if (done.why.kind === "code") form.reject("code", done.detail);
  return minePage(request, form, done);
}

/** `POST /posts/:id/end` */
export function end(c: AppContext) {
  const { request } = c.var;
  const ended = endPost(request.principal, param(c, "id"));
  return seeOther(c, ended.subject === request.principal.subject ? "/posts" : at("posts", "at", ended.at));
}

/** `GET /posts/at/:place`: a school's or county's posts, for whoever gives them. */
export function atPlace(c: AppContext) {
  void c.var.request.subject;
  return placePage(c.var.request, param(c, "place"), new Form(), undefined, undefined);
}

function placePage(request: CityRequest, where: string, form: Form, refusal: Refusal | undefined, code: string | undefined) {
  const page = postsAt(request.principal, where, request.queryValue("after"));
  const kinds: readonly PostKind[] = where.length === 6 ? ["county"] : request.hasRole("bureau") ? ["admin", "reviewer", "teacher"] : ["reviewer", "teacher"];
  const name = where.length === 6 ? place(where) : schoolById(where).name;
  const columns: Column<Post>[] = [
    { heading: request.t("岗位编号", "Number"), cell: (p) => <code>{p.id}</code> },
    { heading: request.t("岗位", "Post"), cell: (p) => request.text(KINDS[p.kind]) },
    { heading: request.t("到岗", "From"), cell: (p) => <Time ms={p.from} /> },
    { heading: request.t("离岗", "Until"), cell: (p) => (p.to === null ? <Aside action={at("posts", p.id, "end")} says={request.t("结束", "End it:")} of={p.id} /> : <Time ms={p.to} />) },
  ];
  return LAYOUT.page(
    request,
    t(`${name}的岗位`, `Posts at ${name}`),
    <>
      {code === undefined ? null : (
        <Notice tone="ok">
          <strong>{request.t("邀请码：", "Code: ")}<code>{code.replace(/(.{4})(?=.)/g, "$1-")}</code></strong>
          <p>{request.t("请发给本人，只显示这一次。对方须先由部门授予相应角色。", "Give it to the person; it is shown this once. They need the role from the department first.")}</p>
        </Notice>
      )}
      <Card id="invite" heading={request.t("发邀请码", "Invite somebody")}>
        <Wrong request={request} form={form} refusal={refusal} />
        <form method="post" action={at("posts", "at", where)} novalidate>
          <Select request={request} form={form} name="kind" label={t("岗位", "Post")} options={kinds.map((k) => [k, request.text(KINDS[k])] as const)} />
          <div class="actions"><button type="submit">{request.t("生成邀请码", "Make a code")}</button></div>
        </form>
      </Card>
      {page.items.length === 0 ? <Empty><p>{request.t("还没有人到岗。", "Nobody has taken up a post here.")}</p></Empty> : <Table caption={request.t("岗位", "Posts")} columns={columns} rows={page.items.map((i) => i.value)} />}
      {page.next === undefined ? null : <nav class="pager"><a rel="next" href={`${at("posts", "at", where)}?after=${encodeURIComponent(page.next)}`}>{request.t("下一页", "Next page")}</a></nav>}
      {page.items.length === 0 ? null : <FileLinks request={request} path={at("posts", "at", where, "file")} />}
    </>,
    statusOf(form, refusal),
  );
}

/** `GET /posts/at/:place/file` */
export function file(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const where = param(c, "place");
  const posts = every((after) => {
    const page = postsAt(request.principal, where, after);
    return { items: page.items.map((i) => i.value), next: page.next };
  });
  return saved(request, request.t("岗位", "posts"), {
    name: request.t("岗位", "Posts"),
    headings: [request.t("岗位编号", "Number"), request.t("岗位", "Post"), request.t("到岗", "From"), request.t("离岗", "Until")],
    rows: posts.map((p) => [p.id, request.text(KINDS[p.kind]), clock.minute(p.from), p.to === null ? undefined : clock.minute(p.to)]),
  });
}

/** `POST /posts/at/:place`: the code stands in this answer alone. */
export async function inviteAt(c: AppContext) {
  const { request } = c.var;
  void request.subject;
  const where = param(c, "place");
  const form = await request.form();
  const kind = form.choice<PostKind>("kind", ["county", "admin", "reviewer", "teacher"]);
  if (kind === undefined) return placePage(request, where, form, undefined, undefined);
  const code = tried(form, () => invite(request.principal, kind, where), { at: "kind" });
  if (code instanceof Refusal) return placePage(request, where, form, code, undefined);
  const response = await placePage(request, where, new Form(), undefined, code);
  response.headers.set("cache-control", "no-store");
  return response;
}
