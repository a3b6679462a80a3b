/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
// Routes, negotiation, problems, pages and the OpenAPI document.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { App, DataError, Form, Layout, Problem, download, operation, t, z } from "../src/index.ts";
import * as identity from "../src/identity.ts";
import type { TestCity } from "../src/testing/index.ts";
import { prefersJson } from "../src/web/accept.ts";
import { newCity } from "./lesson.ts";

const LAYOUT = new Layout(t("课堂", "Lesson"), { nav: () => [{ path: "/", title: t("首页", "Home") }], help: "/help" });

const ByRoom = z.object({ room: z.coerce.number().int().describe("The room's number.") });
const Filter = z.object({ limit: z.coerce.number().int().max(255).optional(), word: z.string() });
// ANCHOR: types
const Note = z.object({ text: z.string(), tone: z.enum(["good", "bad"]).optional() });
// ANCHOR_END: types

const app = new App({ title: t("课堂", "Lesson"), description: "For tests." });
app.get("/", (c) => LAYOUT.page(c.var.request, t("你好 <b>", "Hello <b>"), <p>{c.var.request.t("好", "good")}</p>));
app.get("/rooms/:room", (c) => c.text(`room ${c.req.param("room")}`));
app.get("/mine", (c) => c.text(c.var.request.subject));
app.post("/mine", (c) => c.text(c.var.request.subject));
app.get("/staff", (c) => c.text(c.var.request.requireRole("teacher").kind));
// ANCHOR: attribute
app.get("/age", (c) => c.text(identity.attribute("birth-date")));
// ANCHOR_END: attribute
app.get("/api/age", (c) => c.text(identity.attribute("birth-date")));
app.get("/broken", () => {
  throw DataError.of({ tag: "other", val: "secret detail" });
});
app.get("/bug", () => (undefined as unknown as { x: () => Response }).x());
app.post("/echo", async (c) => c.text((await c.var.request.form()).value("name")));
app.operation(
  operation({
    method: "GET",
    path: "/api/rooms/:room/notes",
    id: "listNotes",
    summary: "Notes",
    tag: "notes",
    params: ByRoom,
    query: Filter,
    answer: z.array(Note),
  }),
  (_, { params, query }) => Array.from({ length: query.limit ?? 1 }, () => ({ text: `${params.room}-${query.word}` })),
);
// ANCHOR: operation
app.operation(
  operation({
    method: "POST",
    path: "/api/rooms/:room/notes",
    id: "createNote",
    summary: "Leaves a note",
    params: ByRoom,
    body: Note,
    answer: Note,
    status: 201,
    location: "/api/notes/{text}",
    problems: { 409: "Full" },
  }),
  (_, { params, body }) => {
    if (params.room !== 0) return body;
    throw Problem.conflict(t("满了", "Full")).kind("full").with("left", 0).field("text", t("太长", "Too long"));
  },
);
// ANCHOR_END: operation
app.operation(
  operation({ method: "DELETE", path: "/api/rooms/:room", id: "closeRoom", summary: "Closes", params: ByRoom, signedIn: true, headers: { "if-match": "The version." } }),
  () => undefined,
);
const Pause = z.object({ why: z.string().default("") });
app.operation(
  operation({ method: "PUT", path: "/api/pause", id: "pause", summary: "Pauses", body: Pause, answer: Pause, optionalBody: true }),
  (_, { body }) => body,
);
app.post("/read", async (c) => c.json({ ...c.var.request.query(Filter), ...(await c.var.request.json(Note)) }));

let city: TestCity;
beforeEach(() => {
  city = newCity();
});

const html = async (target: string) => (await city.get(app, target)).text();

test("browsers get pages and programs get JSON", () => {
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const cases: [string, string | undefined, boolean][] = [
    ["/orders", browser, false],
    ["/orders", "application/json", true],
    ["/orders", "*/*", false],
    ["/orders", undefined, false],
    ["/api/orders", "*/*", true],
    ["/api/orders", undefined, true],
    ["/api/orders", browser, false],
    ["/orders", "text/html;q=0.5, application/json", true],
    ["/orders", "application/problem+json;q=x", true],
  ];
  for (const [path, accept, json] of cases) assert.equal(prefersJson(path, accept), json, `${path} ${accept}`);
});

test("paths lead to their handlers, with decoded parameters", async () => {
  assert.equal(await html("/rooms/%E9%BE%9F+b"), "room 龟+b");
  assert.equal((await city.get(app, "/nowhere")).status, 404);
});

test("HEAD is GET without a body, and other methods are named", async () => {
  const head = await city.send(app, "/rooms/1", { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  const wrong = await city.send(app, "/rooms/1", { method: "POST", headers: { accept: "application/json" } });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
});

test("visitors are sent to sign in, and programs are told", async () => {
  const page = await city.get(app, "/mine?a=b");
  assert.equal(page.status, 303);
  assert.equal(page.headers.get("location"), "http://localhost:8080/sign-on?installation=lesson&return=%2Fmine%3Fa%3Db");
  assert.match((await city.post(app, "/mine")).headers.get("location") ?? "", /return=%2Fmine$/);
  const api = await city.get(app, "/mine", { accept: "application/json" });
  assert.deepEqual([api.status, api.headers.get("content-type")], [401, "application/problem+json"]);
  assert.equal((await api.json()).type, "urn:yunlong:problem:sign-in-required");
  city.signIn("p-1");
  assert.equal(await html("/mine"), "p-1");
});

test("roles are required of those who signed in", async () => {
  assert.equal((await city.get(app, "/staff")).status, 303);
  city.signIn("p-1");
  assert.equal((await city.get(app, "/staff")).status, 403);
  city.signInOfficial("o-1", "teacher");
  assert.equal((await city.get(app, "/staff")).status, 200);
  assert.throws(() => city.signInOfficial("o-1", "king"), /declares no role/);
});

test("a missing consent leads to the consent page", async () => {
  city.signIn("p-1");
  city.setAttribute("p-1", "birth-date", "1990-01-01");
  const page = await city.get(app, "/age");
  assert.equal(page.headers.get("location"), "http://localhost:8080/consent?installation=lesson&scope=age&return=%2Fage");
  const api = await city.get(app, "/api/age");
  assert.deepEqual([api.status, (await api.json()).scope], [403, "age"]);
  city.consent("p-1", "age");
  assert.equal(await html("/age"), "1990-01-01");
});

test("what went wrong inside is not shown, and the request's id is", async () => {
  for (const target of ["/broken", "/bug"]) {
    const page = await city.get(app, target);
    const text = await page.text();
    assert.equal(page.status, 500);
    assert.ok(!text.includes("secret") && !text.includes("undefined") && /<code>test-\d<\/code>/.test(text), text);
  }
});

test("problems speak the language of the person", async () => {
  const create = () => city.postJson(app, "/api/rooms/0/notes", { text: "x" });
  city.prefer("en");
  assert.deepEqual(await (await create()).json(), {
    type: "urn:yunlong:problem:full",
    title: "Full",
    status: 409,
    errors: [{ pointer: "/text", detail: "Too long" }],
    left: 0,
    request_id: "test-1",
  });
  city.prefer("zh");
  assert.equal((await (await create()).json()).title, "满了");
});

test("a member of one's own never takes the place of one that the problem has itself", async () => {
  const answer = await Problem.conflict(t("满了", "Full")).with("status", "lost").with("left", 0).toResponse("en").json();
  assert.deepEqual([answer.status, answer.left], [409, 0]);
});

test("operations read their types and refuse others", async () => {
  const status = async (target: string) => (await city.get(app, target)).status;
  const list = await city.get(app, "/api/rooms/3/notes?limit=2&word=a+b");
  assert.deepEqual(await list.json(), [{ text: "3-a b" }, { text: "3-a b" }]);
  assert.equal(await status("/api/rooms/3/notes"), 400);
  assert.equal(await status("/api/rooms/3/notes?word=x&limit=300"), 400);
  assert.equal(await status("/api/rooms/x/notes?word=x"), 404);
  const post = async (body: BodyInit, type = "application/json; charset=utf-8") =>
    (await city.send(app, "/api/rooms/3/notes", { method: "POST", headers: { "content-type": type }, body })).status;
  assert.equal(await post('{"text":"x"}'), 201);
  for (const bad of ['{"text":1}', "{", "", new Uint8Array([0x22, 0xff, 0x22])]) assert.equal(await post(bad), 400);
  assert.equal(await post("{}", "text/plain"), 415);
  const remove = async () => (await city.send(app, "/api/rooms/3", { method: "DELETE" })).status;
  assert.equal(await remove(), 401);
  city.signIn("p-1");
  assert.equal(await remove(), 204);
});

test("what was made is where its location says", async () => {
  const made = await city.postJson(app, "/api/rooms/3/notes", { text: "龟 1" });
  assert.deepEqual([made.status, made.headers.get("location")], [201, "/api/notes/%E9%BE%9F%201"]);
});

test("a body that may be left out is read as an empty object", async () => {
  const headers = { "content-type": "application/json" };
  const put = (body: unknown) => city.send(app, "/api/pause", { method: "PUT", headers, body: JSON.stringify(body) });
  assert.deepEqual(await (await city.send(app, "/api/pause", { method: "PUT" })).json(), { why: "" });
  assert.deepEqual(await (await put({ why: "noon" })).json(), { why: "noon" });
  assert.equal((await put({ why: 1 })).status, 400);
});

test("a handler reads query and body by a schema, and the problem says which of them is wrong", async () => {
  const read = (target: string, body: unknown) => city.postJson(app, target, body);
  const type = async (answer: Response) => (await answer.json()).type;
  assert.deepEqual(await (await read("/read?word=a&limit=2", { text: "x" })).json(), { word: "a", limit: 2, text: "x" });
  const accept = { accept: "application/json", "content-type": "application/json" };
  const wrong = (target: string, body: string) => city.send(app, target, { method: "POST", headers: accept, body });
  assert.equal(await type(await wrong("/read", "{}")), "urn:yunlong:problem:invalid-query");
  assert.equal(await type(await wrong("/read?word=a", "{}")), "urn:yunlong:problem:invalid-json");
});

test("a form is read as what it says it is, and as nothing else", async () => {
  assert.equal(await (await city.post(app, "/echo", { name: "李 & 王" })).text(), "李 & 王");
  assert.equal((await city.postJson(app, "/echo", {})).status, 415);
});

test("the OpenAPI document is made of the operations", async () => {
  const doc = await (await city.get(app, "/openapi.json")).json();
  assert.deepEqual([doc.openapi, doc.info.version, doc.info.title], ["3.1.0", "1.2.3", "课堂"]);
  const list = doc.paths["/api/rooms/{room}/notes"].get;
  const parameters = list.parameters.map((p: { name: string; in: string; required: boolean }) => [p.name, p.in, p.required]);
  assert.deepEqual(parameters, [["room", "path", true], ["limit", "query", false], ["word", "query", true]]);
  assert.equal(list.parameters[0].description, "The room's number.");
  assert.equal(list.responses[200].content["application/json"].schema.items.properties.text.type, "string");
  const create = doc.paths["/api/rooms/{room}/notes"].post;
  for (const status of [201, 400, 404, 409, 415, 503]) assert.ok(create.responses[status], String(status));
  assert.deepEqual(doc.paths["/api/rooms/{room}"].delete.security, [{ bearer: [] }]);
  assert.equal(create.responses[201].headers.Location.description, "`/api/notes/{text}`");
  assert.equal(doc.paths["/api/rooms/{room}"].delete.parameters.at(-1).in, "header");
  assert.equal(doc.paths["/api/pause"].put.requestBody.required, false);
  assert.ok(!JSON.stringify(doc).includes("$schema"));
  assert.throws(() => app.operation(operation({ method: "GET", path: "/x", id: "listNotes", summary: "" }), () => undefined), /twice/);
});

test("a page has what every page has", async () => {
  const zh = await html("/");
  for (const part of [
    '<!DOCTYPE html><html lang="zh-CN"><head>',
    "<title>你好 &lt;b&gt; · 课堂</title>",
    '<link rel="stylesheet" href="/_city/theme.css"/>',
    '<a class="skip-link" href="#main">',
    'action="/_city/preferences"',
    '<input type="hidden" name="return" value="/"/>',
    '<button name="lang" value="en" lang="en">English</button>',
    '<button name="elder" value="true">',
    '<a href="/" aria-current="page">首页</a>',
    '<main id="main" class="container" tabindex="-1"><h1>你好 &lt;b&gt;</h1>',
    '<a href="/help">帮助</a>',
    ">登录</a>",
  ]) {
    assert.ok(zh.includes(part), `${part}\n${zh}`);
  }
  assert.ok(!zh.includes("<script") && !zh.includes("style="));
  city.signIn("p-1");
  city.prefer("en", true);
  const en = await html("/");
  for (const part of ['<html lang="en" data-elder="">', 'action="/_city/sign-out"', 'value="zh" lang="zh-CN">中文<']) {
    assert.ok(en.includes(part), `${part}\n${en}`);
  }
});

test("for whom somebody acts stands on every page", async () => {
  city.signIn("p-1");
  city.actFor({ subject: "p-2", mandate: "m-1", grantor: { kind: "company", code: "91320300MA000TX14G", name: "示范 <公司>" } });
  assert.match(await html("/"), /<p class="acting" role="status">正在代办：<strong>示范 &lt;公司&gt;<\/strong>/);
});

test("a problem is a page for people", async () => {
  const page = await city.get(app, "/nowhere");
  assert.deepEqual([page.status, page.headers.get("content-type")], [404, "text/html; charset=utf-8"]);
  assert.match(await page.text(), /<h1>没有找到<\/h1>/);
});

test("forms keep what was typed beside the reason, and count characters and not bytes", () => {
  const form = new Form([["name", ""], ["age", "12x"], ["note", "好".repeat(5)], ["kind", "other"], ["city", " 徐州 "]]);
  assert.equal(form.text("name", 1, 10), undefined);
  assert.equal(form.number("age", 0, 150), undefined);
  assert.equal(form.text("note", 0, 4), undefined);
  assert.equal(form.choice("kind", ["adult", "child"]), undefined);
  assert.equal(form.text("city", 1, 2), "徐州");
  assert.equal(form.text("absent", 0, 10), "");
  assert.equal(form.parse("age", (v) => (/^\d+$/.test(v) ? Number(v) : undefined), t("岁数", "An age")), undefined);
  assert.equal(form.parse("city", (v) => v.length, t("城市", "A city")), 2);
  assert.deepEqual(form.pairs()[1], ["age", "12x"]);
  assert.equal(form.value("age"), "12x");
  assert.deepEqual(form.errors().map(([name]) => name), ["name", "age", "note", "kind", "age"]);
  assert.equal(form.error("note")?.en, "At most 4 characters; there are 5");
  assert.throws(() => form.finish(), Problem);
  new Form().finish();
});

test("a download keeps its Chinese name", () => {
  const file = download("text/csv", "龟山 (1).csv", "a,b");
  assert.equal(file.headers.get("content-disposition"), "attachment; filename*=UTF-8''%E9%BE%9F%E5%B1%B1%20%281%29.csv");
});
