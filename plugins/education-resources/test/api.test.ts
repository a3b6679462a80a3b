// The API, every answer held to the document.
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import app from "../src/app.tsx";
import { DAY_MS } from "../src/domain/time.ts";
import * as service from "../src/service/index.ts";
import { Contract } from "./contract.ts";
import { talkingFilm } from "./films.ts";
import { City, METADATA, type Person, schoolInput } from "./support.ts";

let city: City;
let contract: Contract;
before(async () => {
  const answer = await new City().of.get(app, "/openapi.json");
  assert.equal(answer.status, 200);
  contract = new Contract(await answer.json());
});
beforeEach(() => {
  city = new City();
});

/** Asks as somebody (nobody is `undefined`), and holds the answer to the document. */
async function ask(who: Person | undefined, method: string, target: string, body?: unknown): Promise<{ status: number; json: ReturnType<typeof JSON.parse>; headers: Headers }> {
  if (who === undefined) city.of.signOut();
  else void who.asks;
  const answer = body === undefined ? await city.of.send(app, target, { method }) : await city.of.send(app, target, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  await contract.hold(method, target, answer);
  const text = await answer.text();
  return { status: answer.status, json: text === "" ? undefined : JSON.parse(text), headers: answer.headers };
}

const pointers = (json: { errors?: { pointer: string }[] }): string[] => (json.errors ?? []).map((e) => e.pointer);

/** A school with a teacher and reviewers. */
function staffed() {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  return { at, teacher: city.posted("teacher-1", "teacher", at), reviewer: city.posted("reviewer-1", "reviewer", at), county: city.posted("county-1", "county", "320312") };
}

test("a resource goes its whole way, and is found by words, node and type", async () => {
  const { teacher, reviewer, county } = staffed();
  const { node: _node, ...rest } = METADATA;
  const first = await ask(teacher, "POST", "/api/works", { ...rest, key: "upload-0001", file: city.upload(teacher, "one") });
  assert.equal(first.status, 201);
  assert.equal(first.headers.get("location"), `/api/works/${first.json.id}`);
  const again = await ask(teacher, "POST", "/api/works", { ...rest, key: "upload-0001" });
  assert.equal(again.json.id, first.json.id, "one key, one resource");
  const at = `/api/works/${first.json.id}`;
  const refused = await ask(teacher, "POST", `${at}/submit`);
  assert.deepEqual([refused.status, pointers(refused.json)], [422, ["/node"]]);
  assert.equal((await ask(teacher, "PUT", at, { ...METADATA })).status, 200);
  assert.equal((await ask(teacher, "POST", `${at}/submit`)).json.state, "submitted");
  assert.equal((await ask(teacher, "POST", `${at}/reviews`, { level: "school", passed: true })).status, 403, "never the author");
  assert.equal((await ask(county, "POST", `${at}/publish`)).status, 409, "nobody reviewed it yet");
  assert.equal((await ask(reviewer, "GET", "/api/reviews")).json.items.length, 1);
  assert.equal((await ask(reviewer, "POST", `${at}/reviews`, { level: "school", passed: true })).json.state, "school-reviewed");
  assert.equal((await ask(undefined, "GET", `/api/resources/${first.json.id}`)).status, 404, "not published");
  await ask(county, "POST", `${at}/reviews`, { level: "county", passed: true });
  assert.equal((await ask(county, "POST", `${at}/publish`)).json.state, "published");
  const shown = await ask(undefined, "GET", `/api/resources/${first.json.id}`);
  assert.deepEqual([shown.status, shown.json.uses, shown.json.metadata.title], [200, null, METADATA.title]);
  for (const query of ["q=%E5%88%86%E6%95%B0", "node=primary.math", `node=${METADATA.node}`, "stage=primary&subject=math&type=courseware", "node=primary.math.3.1.e1.1"]) {
    assert.equal((await ask(undefined, "GET", `/api/resources?${query}`)).json.items.length, 1, query);
  }
  assert.equal((await ask(undefined, "GET", "/api/resources?node=primary.chinese")).json.items.length, 0);
  assert.equal((await ask(undefined, "GET", "/api/resources?q=%E6%AF%9B")).json.items.length, 0);
  assert.equal((await ask(teacher, "GET", "/api/works")).json.items[0].state, "published");
  assert.equal((await ask(county, "POST", `${at}/withdraw`, { reason: "" })).status, 422);
  assert.equal((await ask(county, "POST", `${at}/withdraw`, { reason: "授权有争议" })).json.state, "withdrawn");
  assert.equal((await ask(undefined, "GET", `/api/resources/${first.json.id}`)).status, 410);
  assert.equal((await ask(undefined, "GET", "/api/withdrawals")).json.items[0].resource, first.json.id);
});

test("who wrote and who reviewed stands in no public answer", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  for (const target of [`/api/resources/${id}`, "/api/resources", "/api/schools", "/api/figures/access", "/api/figures/equity"]) {
    const { json } = await ask(undefined, "GET", target);
    assert.doesNotMatch(JSON.stringify(json), /teacher-1|reviewer-1|county-1/, target);
  }
  const { json } = await ask(teacher, "GET", `/api/works/${id}`);
  assert.equal(json.reviews.length, 2);
  assert.doesNotMatch(JSON.stringify(json), /reviewer-1|county-1/);
});

test("captions are sent with a film's work, named where they are read, replaced, and taken away", async () => {
  const { teacher, reviewer, county } = staffed();
  const upload = (name: string, mediaType: string, content: Uint8Array | string): string => {
    void teacher.asks;
    return city.of.upload("resources", name, mediaType, typeof content === "string" ? new TextEncoder().encode(content) : content);
  };
  const vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n一半\n";
  const body = { ...METADATA, key: "captions-0001", file: upload("a.mp4", "video/mp4", talkingFilm()) };
  const refused = await ask(teacher, "POST", "/api/works", { ...body, captions: { en: upload("a.vtt", "text/plain", `${vtt}<font>`) } });
  assert.deepEqual([refused.status, refused.json.type, pointers(refused.json), refused.json.reason, refused.json.line], [422, "urn:yunlong:problem:captions", ["/captions/en"], "bad-tag", 5]);
  const made = await ask(teacher, "POST", "/api/works", { ...body, captions: { "zh-CN": upload("zh.vtt", "text/plain", vtt), en: upload("en.vtt", "text/plain", vtt) } });
  const at = `/api/works/${made.json.id}`;
  assert.deepEqual(made.json.captions.map((c: { language: string; path: string }) => [c.language, c.path]), [["zh-CN", `/works/${made.json.id}/captions/zh-CN`], ["en", `/works/${made.json.id}/captions/en`]]);
  const changed = await ask(teacher, "PUT", at, { ...METADATA, captions: { en: null } });
  assert.deepEqual(changed.json.captions.map((c: { name: string }) => c.name), ["zh.vtt"]);
  city.toPublished(teacher, reviewer, county, made.json.id);
  const shown = await ask(undefined, "GET", `/api/resources/${made.json.id}`);
  assert.deepEqual(shown.json.captions, [{ ...changed.json.captions[0], path: `/resources/${made.json.id}/captions/zh-CN` }]);
});

test("probes alone verify a school; 4 of 5 are 80 %, the fifth makes it whole", async () => {
  city.schools(5);
  const send = async (n: number, of: object = {}) => {
    const school = schoolInput(n).id;
    const probe = { id: `probe-${school}-${city.of.now}`, school, at: city.of.now, ok: true, mbps: 20, latency: 30, ...of };
    return ask(undefined, "POST", "/api/probes", { ...probe, signature: service.signProbe(service.probeKey(city.bureau.asks, school), probe) });
  };
  assert.equal((await send(1)).status, 404, "it did not apply");
  for (let n = 1; n <= 5; n++) await ask(city.bureau, "POST", `/api/schools/${schoolInput(n).id}/link`);
  for (let day = 0; day < 3; day++) {
    for (let n = 1; n <= 4; n++) assert.equal((await send(n)).status, 200);
    if (day < 2) city.of.advance(DAY_MS);
  }
  const rate = await ask(undefined, "GET", "/api/figures/access");
  assert.deepEqual([rate.json.total.basisPoints, rate.json.total.missing.map((m: { school: string }) => m.school)], [8000, [schoolInput(5).id]]);
  const forged = { id: "probe-forged-1", school: schoolInput(5).id, at: city.of.now, ok: true, mbps: 20, latency: 30, signature: "0".repeat(64) };
  assert.equal((await ask(undefined, "POST", "/api/probes", forged)).status, 403);
  for (let day = 0; day < 3; day++) {
    await send(5);
    if (day < 2) city.of.advance(DAY_MS);
  }
  assert.equal((await ask(undefined, "GET", "/api/figures/access")).json.total.basisPoints, 10_000);
  assert.equal((await ask(undefined, "GET", `/api/schools/${schoolInput(5).id}`)).json.link.state, "verified");
  assert.equal((await ask(city.bureau, "GET", `/api/schools/${schoolInput(5).id}/probes`)).json.items.length, 3);
  assert.equal((await ask(city.person("somebody"), "GET", `/api/schools/${schoolInput(5).id}/probes`)).status, 403);
});

test("a class's queued uses count once, however often they are sent", async () => {
  const { at, teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  const of = city.classOf(teacher, at, 6);
  city.of.advance(DAY_MS);
  const uses = Array.from({ length: 200 }, (_, i) => ({ id: `use-${String(i).padStart(8, "0")}`, resource: id, at: city.of.now - 3_600_000 + i, seconds: 30, seat: (i % 6) + 1 }));
  const first = await ask(teacher, "POST", `/api/classes/${of.id}/uses`, { client: "page", uses });
  assert.deepEqual([...new Set(first.json.items.map((r: { result: string }) => r.result))], ["counted"]);
  const again = await ask(teacher, "POST", `/api/classes/${of.id}/uses`, { client: "page", uses });
  assert.deepEqual([...new Set(again.json.items.map((r: { result: string }) => r.result))], ["again"]);
  assert.equal((await ask(undefined, "GET", `/api/resources/${id}`)).json.uses, 200);
  const bot = await ask(teacher, "POST", `/api/classes/${of.id}/uses`, { client: "some-crawler", uses: [{ ...uses[0], id: "use-of-a-bot-1" }] });
  assert.equal(bot.json.items[0].result, "machine");
  const seat = await ask(teacher, "POST", `/api/classes/${of.id}/uses`, { uses: [{ ...uses[0], id: "use-without-consent", seat: 70 }] });
  assert.deepEqual(seat.json.items[0], { id: "use-without-consent", result: "refused", why: "guardian-needed" });
  assert.equal((await ask(city.person("somebody"), "POST", `/api/classes/${of.id}/uses`, { uses: [] })).status, 403);
  assert.equal((await ask(city.person("somebody"), "POST", "/api/uses", { uses: [] })).status, 200, "nothing to count");
  assert.equal((await ask(city.person("somebody"), "POST", "/api/uses", { uses: [{ ...uses[0], seat: undefined }] })).json.items[0].result, "refused");
});

test("consent, an answer, its mark, and the withdrawal that leaves the sums", async () => {
  const { at, teacher, reviewer, county } = staffed();
  const resource = city.published(teacher, reviewer, county, "one");
  const made = await ask(city.bureau, "POST", `/api/schools/${at}/classes`, { name: "三（1）班", grade: 3, year: 2025 });
  assert.equal(made.status, 201);
  const post = service.myPosts(teacher.asks)[0];
  assert.equal((await ask(city.bureau, "PUT", `/api/classes/${made.json.id}/teacher`, { post: post?.id })).json.hasTeacher, true);
  for (const [year, found] of [[2025, 1], [2024, 0]]) assert.equal((await ask(city.bureau, "GET", `/api/schools/${at}/classes?year=${year}`)).json.items.length, found, `${year}`);
  const codes = await ask(teacher, "POST", `/api/classes/${made.json.id}/seat-codes`, { from: 1, to: 2 });
  const guardian = city.person("guardian-1");
  const body = { code: codes.json.items[0].code, name: "学生 1", birth: "2016-09-01" };
  assert.deepEqual(pointers((await ask(guardian, "POST", "/api/children", body)).json), ["/agrees"]);
  const child = await ask(guardian, "POST", "/api/children", { ...body, agrees: true });
  assert.equal(child.status, 201);
  const seat = { code: codes.json.items[1].code, name: "学生 2" };
  const asked = await ask(city.person("child-2"), "POST", "/api/me/seat", seat);
  assert.deepEqual([asked.status, asked.json.scope], [403, "student-birth"], "the date of birth is asked of its owner");
  city.born("child-2", "2016-09-01");
  const typed = await ask(city.person("child-2"), "POST", "/api/me/seat", { ...seat, birth: "2000-09-01" });
  assert.deepEqual([typed.status, typed.json.type.split(":").at(-1)], [403, "guardian-needed"], "what is typed makes nobody older");
  city.born("guardian-1", "1990-09-01");
  assert.equal((await ask(guardian, "POST", "/api/me/seat", { code: "AAAA-BBBB-CCCC", name: "学生 2" })).status, 409);
  const key = "assignment01";
  const draft = { title: "分数练习", text: "做 1 至 3 题", resources: [resource], due: city.of.now + DAY_MS };
  assert.equal((await ask(teacher, "PUT", `/api/classes/${made.json.id}/assignments/${key}`, { ...draft, due: 0 })).status, 422);
  assert.equal((await ask(teacher, "PUT", `/api/classes/${made.json.id}/assignments/${key}`, draft)).json.state, "draft");
  assert.equal((await ask(guardian, "GET", `/api/assignments/${key}`)).status, 404, "a draft is the teacher's");
  await ask(teacher, "POST", `/api/assignments/${key}/hand-out`);
  const handed = await ask(guardian, "PUT", `/api/assignments/${key}/submission`, { text: "二分之一", child: child.json.id });
  assert.deepEqual([handed.status, handed.json.state], [200, "handed-in"]);
  assert.equal((await ask(teacher, "GET", `/api/assignments/${key}/submissions`)).json.items.length, 1);
  const mark = `/api/assignments/${key}/submissions/${child.json.id}/mark`;
  assert.deepEqual(pointers((await ask(teacher, "PUT", mark, { mark: 101 })).json), ["/mark"]);
  assert.equal((await ask(guardian, "PUT", mark, { mark: 100 })).status, 403);
  assert.equal((await ask(teacher, "PUT", mark, { mark: 95, comment: "很好" })).json.mark, 95);
  assert.equal((await ask(guardian, "PUT", `/api/assignments/${key}/submission`, { text: "另一个", child: child.json.id })).status, 409, "it was marked");
  assert.equal((await ask(guardian, "GET", `/api/assignments/${key}/submission?child=${child.json.id}`)).json.submission.mark, 95);
  assert.equal((await ask(city.person("other"), "DELETE", `/api/children/${child.json.id}`)).status, 404);
  assert.equal((await ask(guardian, "DELETE", `/api/children/${child.json.id}`)).status, 204);
  city.deliver();
  assert.deepEqual((await ask(guardian, "GET", "/api/me")).json, { student: null, children: [] });
  assert.equal((await ask(teacher, "GET", `/api/assignments/${key}/submissions`)).json.items.length, 0);
});

test("the bureau's register, and everybody else's answer", async () => {
  const { id, ...rest } = schoolInput(1);
  assert.equal((await ask(undefined, "POST", "/api/schools", { id, ...rest })).status, 401);
  assert.equal((await ask(city.person("somebody"), "POST", "/api/schools", { id, ...rest })).status, 403);
  assert.deepEqual(pointers((await ask(city.bureau, "POST", "/api/schools", { ...rest, id: "12", pupils: 1.5 })).json), ["/id", "/pupils"]);
  assert.equal((await ask(city.bureau, "POST", "/api/schools", { id, ...rest })).status, 201);
  assert.equal((await ask(city.bureau, "POST", "/api/schools", { id, ...rest })).status, 409);
  assert.equal((await ask(city.bureau, "PUT", `/api/schools/${id}`, { ...rest, bandwidth: 100 })).json.bandwidth, 100);
  assert.equal((await ask(undefined, "GET", `/api/schools/${id}`)).json.delivery.quality, "1080p");
  assert.equal((await ask(undefined, "GET", "/api/schools?division=320312")).json.items.length, 1);
  assert.equal((await ask(undefined, "GET", "/api/schools?limit=0")).status, 400);
  assert.equal((await ask(undefined, "GET", "/api/schools?after=made-up")).status, 400);
  assert.equal((await ask(undefined, "GET", "/api/schools/0000000000")).status, 404);
  assert.equal((await ask(city.bureau, "POST", `/api/schools/${id}/end`, { how: "closed", day: "2020-01-01" })).status, 422);
  assert.equal((await ask(city.bureau, "POST", `/api/schools/${id}/end`, { how: "closed", day: "2026-05-01" })).json.ending.how, "closed");
  assert.equal((await ask(undefined, "GET", "/api/figures/equity?month=2026-13")).status, 422);
  assert.equal((await ask(undefined, "GET", "/api/figures/trend?months=3")).json.points.length, 3);
});

test("the curriculum, its editions and packs", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  assert.equal((await ask(undefined, "GET", "/api/curriculum")).json.items[0].id, "primary");
  assert.equal((await ask(undefined, "GET", "/api/curriculum/primary.math.3")).json.path.length, 3);
  assert.equal((await ask(undefined, "GET", "/api/curriculum/nowhere")).status, 404);
  assert.equal((await ask(city.bureau, "POST", "/api/curriculum", { parent: "primary", code: "alchemy", zh: "炼金", en: "Alchemy" })).status, 422);
  assert.equal((await ask(city.bureau, "POST", "/api/curriculum", { parent: "primary", code: "english", zh: "英语", en: "English" })).status, 201);
  assert.equal((await ask(city.bureau, "POST", "/api/curriculum", { parent: "primary", code: "english", zh: "英语", en: "English" })).status, 409);
  const unit = "primary.math.3.1.e1.1";
  assert.equal((await ask(undefined, "GET", `/api/packs/${unit}`)).status, 404);
  assert.equal((await ask(undefined, "POST", `/api/packs/${unit}`)).status, 401);
  assert.equal((await ask(teacher, "POST", `/api/packs/${unit}`)).json.state, "building");
  city.deliver();
  const pack = await ask(undefined, "GET", `/api/packs/${unit}`);
  assert.deepEqual([pack.json.state, pack.json.volumes], ["ready", [{ path: `/packs/${unit}/1`, resources: 1 }]]);
  const delivery = await ask(undefined, "GET", `/api/resources/${id}/delivery?school=${schoolInput(1).id}`);
  assert.deepEqual([delivery.json.quality, delivery.json.offline, delivery.json.pack], ["720p", true, `/packs/${unit}`]);
  city.curriculum("e2");
  await ask(city.bureau, "POST", "/api/curriculum/primary.math.3.1.e1/change", { to: "primary.math.3.1.e2" });
  const found = await ask(undefined, "GET", "/api/resources?node=primary.math.3.1.e2.1");
  assert.deepEqual(found.json.items.map((r: { id: string }) => r.id), [id], "the search follows the edition, as the unit's page does");
});

test("posts are taken up by codes, and a teacher has a space", async () => {
  city.schools(1);
  const at = schoolInput(1).id;
  const code = await ask(city.bureau, "POST", `/api/places/${at}/invitations`, { kind: "teacher" });
  assert.equal(code.status, 201);
  assert.equal((await ask(city.person("t-0"), "POST", "/api/posts", code.json)).status, 403, "the role is missing");
  const teacher = city.person("t-1", "teacher");
  assert.equal((await ask(teacher, "GET", "/api/space")).status, 403);
  const post = await ask(teacher, "POST", "/api/posts", code.json);
  assert.deepEqual(await ask(teacher, "POST", "/api/posts", code.json).then((a) => a.json), post.json, "the same code, the same post");
  assert.equal((await ask(city.person("t-2", "teacher"), "POST", "/api/posts", code.json)).status, 409);
  assert.equal((await ask(teacher, "GET", "/api/space")).json.kind, "teacher");
  assert.equal((await ask(teacher, "POST", "/api/space/shelf", { resource: "nothing" })).status, 404);
  assert.equal((await ask(city.bureau, "GET", `/api/places/${at}/posts`)).json.items.length, 1);
  assert.equal((await ask(teacher, "GET", `/api/places/${at}/posts`)).status, 403);
  assert.notEqual((await ask(teacher, "DELETE", `/api/posts/${post.json.id}`)).json.to, null);
  assert.equal((await ask(teacher, "GET", "/api/posts")).json.items.length, 0);
});

test("hostile bodies and parameters are refused, and nothing is a 5xx", async () => {
  city.schools(1);
  for (const body of [[], null, { uses: "x" }, { uses: [{ id: 1 }] }, { uses: [{ id: "x".repeat(9), resource: "r", at: 1e300, seconds: -1 }] }]) {
    const { status } = await ask(city.person("p"), "POST", "/api/uses", body);
    assert.ok(status === 400 || status === 200, `${status}`);
  }
  for (const target of ["/api/resources/%00", "/api/resources/..%2f", "/api/curriculum/A", "/api/schools/x", "/api/packs/%F0%9F%98%80"]) {
    assert.equal((await ask(undefined, "GET", target)).status, 404, target);
  }
  assert.equal((await ask(undefined, "GET", "/api/resources?limit=1000")).status, 400);
  assert.equal((await ask(undefined, "GET", "/api/withdrawals?since=-1")).status, 400);
});

test("an answer that the document does not describe fails the test", async () => {
  const schema = { type: "object", required: ["n"], properties: { n: { enum: ["x"] } }, additionalProperties: false };
  const of = () => new Contract({ paths: { "/api/a/{b}": { get: { responses: { 200: { content: { "application/json": { schema } } } } } } }, components: { schemas: {} } });
  const held = (body: unknown, init: ResponseInit = {}) => of().hold("GET", "/api/a/1?q=2", Response.json(body, init));
  await held({ n: "x" });
  for (const wrong of [held({ n: "y" }), held({}), held({ n: "x", more: 1 }), held({ n: "x" }, { status: 201 }), held({ n: "x" }, { headers: { "content-type": "text/plain" } })]) {
    await assert.rejects(wrong);
  }
});

test("every command that makes something has a key, under which it makes one thing and tells the same again", async () => {
  const { at, teacher } = staffed();
  const { id, students } = city.classOf(teacher, at, 1);
  const guardian = city.person(`guardian-${id}-1`);
  const commands: [Person, string, object][] = [
    [teacher, "/api/works", { ...METADATA, key: "one-work-1" }],
    [city.bureau, `/api/schools/${at}/classes`, { name: "三（2）班", grade: 3, year: 2025, key: "one-class-1" }],
    [city.bureau, `/api/places/${at}/invitations`, { kind: "reviewer", key: "one-code-1" }],
    [teacher, `/api/classes/${id}/seat-codes`, { from: 2, to: 4, key: "seat-codes-1" }],
    [guardian, `/api/children/${students[0]}/account-code`, { key: "account-1" }],
  ];
  for (const [who, target, body] of commands) {
    const first = await ask(who, "POST", target, body);
    assert.equal(first.status, 201, target);
    const rows = city.of.audit.length;
    assert.deepEqual((await ask(who, "POST", target, body)).json, first.json, target);
    assert.equal(city.of.audit.length, rows, `${target}: it was done once`);
    assert.notDeepEqual((await ask(who, "POST", target, { ...body, key: "another-key" })).json, first.json, target);
    assert.deepEqual(pointers((await ask(who, "POST", target, { ...body, key: "short" })).json), ["/key"], target);
  }
  const classes = `/api/schools/${at}/classes`;
  assert.equal((await ask(city.bureau, "POST", classes, { name: "三（9）班", grade: 3, year: 2025, key: "one-class-1" })).status, 409, "the key stands for another class");
  const admin = city.posted("admin-1", "admin", at);
  const other = await ask(admin, "POST", `/api/places/${at}/invitations`, { kind: "reviewer", key: "one-code-1" });
  const own = await ask(city.bureau, "POST", `/api/places/${at}/invitations`, { kind: "reviewer", key: "one-code-1" });
  assert.notEqual(other.json.code, own.json.code, "a key of one person is none of another");
});
