// What the app does, as a specification, against a city in memory.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { TestCity } from "@yunlong/sdk/testing";
import app from "../src/app.tsx";

const MANIFEST = readFileSync(new URL("../app.toml", import.meta.url), "utf8");
const TYPED = { title: "路灯不亮", place: "彭城路 1 号", details: "已经三天" };

let city: TestCity;
beforeEach(() => {
  city = new TestCity(MANIFEST);
});

const page = async (target: string, headers = {}) => (await city.get(app, target, headers)).text();

/** Files a report and answers where it is. */
async function file(typed: Record<string, string> = TYPED): Promise<string> {
  city.advance(60_000);
  const answer = await city.post(app, "/new", typed);
  assert.equal(answer.status, 303);
  return answer.headers.get("location") ?? "";
}

test("an empty list leads to the form", async () => {
  const html = await page("/");
  assert.match(html, /还没有报修/);
  assert.match(html, /<a role="button" href="\/new">我要报修<\/a>/);
});

test("what is filed is seen by everybody, escaped, and who filed it is not", async () => {
  city.signIn("p-1");
  const at = await file({ ...TYPED, title: "<b>路灯</b>" });
  assert.match(at, /^\/reports\/[0-9A-Z]{16}$/);
  city.signOut();
  for (const html of [await page("/"), await page(at)]) {
    assert.match(html, /&lt;b&gt;路灯&lt;\/b&gt;/);
    assert.doesNotMatch(html, /p-1/);
  }
  assert.equal((await city.get(app, "/reports/nowhere")).status, 404);
});

test("the message is published in the same transaction", async () => {
  city.signIn("p-1");
  const at = await file();
  const [event, ...more] = city.published;
  assert.deepEqual(more, []);
  assert.equal(event?.topic, "report.filed");
  assert.deepEqual(JSON.parse(event?.data ?? ""), { id: at.slice("/reports/".length), title: TYPED.title, place: TYPED.place });
  city.conflictNext(1000);
  assert.equal((await city.post(app, "/new", TYPED)).status, 503);
  assert.equal(city.published.length, 1, "what is not filed is not published");
});

test("an invalid form says what is wrong and keeps what was typed", async () => {
  city.signIn("p-1");
  const answer = await city.post(app, "/new", { title: "", place: "云龙湖 <东>", details: "长".repeat(2001), call_back: "yes" });
  assert.equal(answer.status, 422);
  const html = await answer.text();
  assert.match(html, /<a href="#field-title">请填写此项<\/a>/);
  assert.match(html, /最多 2000 个字符，现在是 2001 个/);
  assert.match(html, /value="云龙湖 &lt;东&gt;"/);
  assert.ok(html.includes("长".repeat(2001)));
  assert.match(html, /name="call_back" type="checkbox" value="yes" checked=""/);
  assert.equal(city.published.length, 0);
});

test("whoever is not signed in is sent to sign in, and the API answers 401", async () => {
  for (const answer of [await city.get(app, "/new"), await city.post(app, "/new", TYPED)]) {
    assert.equal(answer.status, 303);
    assert.match(answer.headers.get("location") ?? "", /\/sign-on\?installation=repairs-template&return=%2Fnew$/);
  }
  const refused = await city.postJson(app, "/api/reports", TYPED);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("content-type"), "application/problem+json");
});

test("a number to call back is read by consent, and the clerks alone see it", async () => {
  city.signIn("p-1");
  city.setAttribute("p-1", "mobile", "13800000000");
  const asked = await city.post(app, "/new", { ...TYPED, call_back: "yes" });
  assert.equal(asked.status, 303);
  const consent = new URL(asked.headers.get("location") ?? "");
  assert.deepEqual([consent.pathname, consent.searchParams.get("scope")], ["/consent", "call-back"]);
  const back = await page(consent.searchParams.get("return") ?? "");
  assert.match(back, /value="路灯不亮"[^]*value="彭城路 1 号"[^]*已经三天[^]*checked=""/, "what was typed is there again");
  const long = await city.post(app, "/new", { ...TYPED, details: "长".repeat(2000), call_back: "yes" });
  const address = new URL(long.headers.get("location") ?? "").searchParams.get("return") ?? "";
  assert.ok(address.length < 4096 && address.includes("title="), "what is too long for an address is typed again");
  city.consent("p-1", "call-back");
  const at = await file({ ...TYPED, call_back: "yes" });
  assert.doesNotMatch(await page(at), /13800000000/);
  city.signInOfficial("o-1", "clerk");
  assert.match(await page(at), /13800000000/);
});

test("without a number on record the report is filed all the same", async () => {
  city.signIn("p-1");
  city.consent("p-1", "call-back");
  assert.match(await file({ ...TYPED, call_back: "yes" }), /^\/reports\//);
});

test("only a clerk closes a report", async () => {
  city.signIn("p-1");
  const at = await file();
  assert.equal((await city.post(app, `${at}/close`)).status, 403);
  assert.match(await page(at), /待办理/);
  city.signInOfficial("o-1", "clerk");
  assert.match(await page(at), /办结/);
  assert.equal((await city.post(app, `${at}/close`)).status, 303);
  assert.equal((await city.post(app, `${at}/close`)).status, 303);
  assert.match(await page(at), /已办结/);
  assert.deepEqual(city.audit.map((row) => [row.actor, row.action]), [["o-1", "report.close"]], "once");
  assert.equal((await city.post(app, "/reports/nowhere/close")).status, 404);
});

test("pages are English for those who ask for it", async () => {
  const html = await page("/", { "accept-language": "en" });
  assert.match(html, /<html lang="en">/);
  assert.match(html, /Nothing has been reported yet/);
});

test("pages of twenty, newest first, none twice and none missing", async () => {
  city.signIn("p-1");
  for (let i = 0; i < 25; i++) await file({ ...TYPED, title: `第${i}件` });
  const read = async (target: string) => (await city.get(app, target)).json() as Promise<{ items: { title: string }[]; next: string | null }>;
  const first = await read("/api/reports");
  const second = await read(`/api/reports?after=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [20, 5, null]);
  const titles = [...first.items, ...second.items].map((i) => i.title);
  assert.deepEqual(titles, Array.from({ length: 25 }, (_, i) => `第${24 - i}件`));
  assert.match(await page("/"), /rel="next"/);
  assert.equal((await city.get(app, "/?after=made-up")).status, 400);
});

test("the API files, finds and refuses", async () => {
  city.signIn("p-1");
  const filed = await city.postJson(app, "/api/reports", { title: "井盖松动", place: "淮海路" });
  assert.equal(filed.status, 201);
  const at = filed.headers.get("location") ?? "";
  const report = await filed.json();
  assert.deepEqual(await (await city.get(app, at)).json(), report);
  assert.deepEqual(Object.keys(report).sort(), ["details", "id", "place", "status", "time", "title"]);
  const refused = await city.postJson(app, "/api/reports", { title: " ", place: "长".repeat(121) });
  assert.equal(refused.status, 422);
  assert.deepEqual((await refused.json()).errors.map((e: { pointer: string }) => e.pointer), ["/title", "/place"]);
  assert.equal((await city.get(app, "/api/reports/nowhere")).status, 404);
  const limit = await city.get(app, "/api/reports?limit=0");
  assert.deepEqual([limit.status, (await limit.json()).errors[0].pointer], [422, "/limit"]);
  assert.equal((await city.get(app, "/api/reports?limit=many")).status, 400);
  const absent = await city.postJson(app, "/api/reports", {});
  assert.deepEqual((await absent.json()).errors.map((e: { pointer: string }) => e.pointer), ["/title", "/place"]);
});
