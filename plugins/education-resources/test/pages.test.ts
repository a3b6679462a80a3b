// The pages, as people use them: a whole story for each role, and what happens to what was typed.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import app from "../src/app.tsx";
import { sampleResource } from "../src/domain/sample/resources.ts";
import { DAY_MS } from "../src/domain/time.ts";
import * as service from "../src/service/index.ts";
import { City, METADATA, type Person, schoolInput } from "./support.ts";
import { checkPage } from "./markup.ts";

let city: City;
beforeEach(() => {
  city = new City();
});

const come = (who: Person | undefined): void => void (who === undefined ? city.of.signOut() : who.asks);

/** Opens a page as somebody; nobody is `undefined`. Every page is looked over. */
async function page(who: Person | undefined, target: string, status = 200, headers = {}): Promise<string> {
  come(who);
  const answer = await city.of.get(app, target, headers);
  const html = await answer.text();
  assert.equal(answer.status, status, `${target}: ${html.replace(/<[^>]*>/g, " ").slice(0, 400)}`);
  checkPage(html, target);
  return html;
}

/** Posts a form, and answers where it led. */
async function post(who: Person, target: string, fields: Record<string, string> = {}): Promise<string> {
  come(who);
  const answer = await city.of.post(app, target, fields);
  assert.equal(answer.status, 303, `${target}: ${(await answer.text()).replace(/<[^>]*>/g, " ").slice(0, 600)}`);
  return answer.headers.get("location") ?? "";
}

/** Posts a form that is shown again, and answers the page. */
async function again(who: Person, target: string, fields: Record<string, string>, status: number): Promise<string> {
  come(who);
  const answer = await city.of.post(app, target, fields);
  const html = await answer.text();
  assert.equal(answer.status, status, html.replace(/<[^>]*>/g, " ").slice(0, 600));
  checkPage(html, `POST ${target}`);
  return html;
}

const { keywords: _keywords, audience: _audience, ...plain } = METADATA;
const TYPED = { ...plain, keywords: "分数，数学", audience: "learner" };

function staffed() {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  return { at, teacher: city.posted("teacher-1", "teacher", at), reviewer: city.posted("reviewer-1", "reviewer", at), county: city.posted("county-1", "county", "320312"), admin: city.posted("admin-1", "admin", at) };
}

test("an empty city says so, and leads on", async () => {
  assert.match(await page(undefined, "/"), /还没有已发布的资源/);
  assert.match(await page(undefined, "/curriculum"), /下面还没有条目/);
  assert.match(await page(undefined, "/schools"), /还没有登记学校/);
  assert.match(await page(undefined, "/figures"), /没有在办的义务教育学校/);
  assert.match(await page(undefined, "/help"), /接入率/);
  assert.match(await page(undefined, "/", 200, { "accept-language": "en" }), /<html lang="en">[^]*Nothing has been published yet/);
  assert.match(await page(city.bureau, "/schools"), /href="\/sample"/);
});

test("an upload without a unit has its error at that field and keeps what was typed; fixed, it is published after two reviews", async () => {
  const { teacher, reviewer, county } = staffed();
  const blank = await page(teacher, "/mine/new");
  const key = /name="key"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="key"/.exec(blank)?.slice(1).find((k) => k !== undefined) ?? "";
  assert.match(key, /^[0-9A-Z]{16}$/);
  assert.match(blank, /enctype="multipart\/form-data"/);
  const file = city.upload(teacher, "一半是二分之一");
  const narrowed = await again(teacher, "/mine/new", { ...TYPED, node: "", key, file, does: "narrow" }, 200);
  assert.match(narrowed, /<option value="primary.math.3.1.e1.1"/, "the units of the subject are offered");
  const refused = await again(teacher, "/mine/new", { ...TYPED, node: "", key, file, does: "submit" }, 422);
  assert.match(refused, /href="#field-node"/);
  assert.match(refused, /value="分数的初步认识"/);
  assert.match(refused, new RegExp(`name="file" value="${file}"`), "the file is not uploaded again");
  const work = /action="[^"]*"/.exec(refused) && (await post(teacher, "/mine/new", { ...TYPED, key, does: "save" }));
  assert.match(work ?? "", /^\/works\/[0-9a-f]{16}\.1$/);
  const at = work ?? "";
  assert.match(await page(teacher, at), /草稿/);
  await post(teacher, `${at}/edit`, { ...TYPED, does: "submit" });
  assert.match(await page(teacher, "/mine"), /已提交/);
  assert.doesNotMatch(await page(teacher, at), /学校审核意见/, "the author has no form for a review");
  assert.match(await again(teacher, `${at}/review`, { level: "school", passed: "yes" }, 403), /不能审核自己编写的资源/);
  assert.match(await page(reviewer, "/reviews"), /分数的初步认识/);
  assert.match(await again(reviewer, `${at}/review`, { level: "school", passed: "no", note: "" }, 422), /href="#field-note"/);
  await post(reviewer, `${at}/review`, { level: "school", passed: "yes" });
  await page(undefined, `${at.replace("works", "resources")}`, 404);
  await post(county, `${at}/review`, { level: "county", passed: "yes", note: "很好" });
  await post(county, `${at}/publish`);
  const shown = await page(undefined, at.replace("works", "resources"));
  assert.match(shown, /一半是二分之一/, "a text is shown in the page");
  assert.match(shown, /CC BY|署名/);
  assert.match(await page(undefined, "/?stage=primary&subject=primary.math"), /分数的初步认识/);
  assert.match(await page(undefined, "/?q=%E6%B2%A1%E6%9C%89"), /没有符合条件的资源/);
  assert.equal(city.of.inbox("teacher-1").at(-1)?.path, at);
});

test("a file is answered with what its copies ask for, and ends with the withdrawal", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  city.of.signOut();
  const file = await city.of.get(app, `/resources/${id}/file`);
  assert.match(file.headers.get("city-file") ?? "", /; inline$/);
  assert.equal(file.headers.get("cache-control"), "private, no-cache");
  assert.match((await city.of.get(app, `/resources/${id}/file?save=1`)).headers.get("city-file") ?? "", /; attachment$/);
  assert.equal((await city.of.get(app, `/resources/${id}`)).headers.get("cache-control"), "private, no-cache");
  assert.match(await again(county, `/works/${id}/withdraw`, { reason: "" }, 422), /请写明撤回的理由/);
  await post(county, `/works/${id}/withdraw`, { reason: "授权有争议" });
  assert.match(await page(undefined, `/resources/${id}`, 410), /请删除保存的副本/);
  assert.equal((await city.of.get(app, `/resources/${id}/file`)).status, 410);
  assert.equal((await city.of.get(app, `/works/${id}/file`)).status, 303, "to sign in");
  come(city.person("somebody"));
  assert.equal((await city.of.get(app, `/works/${id}/file`)).status, 404);
});

test("what people wrote is escaped everywhere", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "<script>alert(1)</script>", { title: "<b>分数</b>", keywords: ["<i>"], description: "\"><img src=x>" });
  for (const target of ["/", `/resources/${id}`, "/?q=%3Cb%3E", "/curriculum/primary.math.3.1.e1.1"]) {
    const html = await page(undefined, target);
    assert.doesNotMatch(html, /<b>分数|<script>alert|<img src=x|<i>/, target);
  }
});

test("a guardian's story: the statement, the child, an assignment, the withdrawal", async () => {
  const { at, teacher, admin } = staffed();
  await post(admin, `/schools/${at}/classes`, { name: "三（1）班", grade: "3", year: "2025" });
  assert.match(await again(admin, `/schools/${at}/classes`, { name: "", grade: "13", year: "2025" }, 422), /value="13"/);
  const of = service.classesOf(admin.asks, at).items[0]?.value;
  const id = of?.id ?? "";
  const teachers = await page(admin, `/schools/${at}/classes`);
  const number = service.myPosts(teacher.asks)[0]?.id ?? "";
  assert.match(teachers, new RegExp(number));
  await post(admin, `/classes/${id}/teacher`, { post: number });
  assert.match(await page(teacher, "/classes"), /三（1）班/);
  const codes = await again(teacher, `/classes/${id}/codes`, { from: "1", to: "2" }, 200);
  const code = /<code>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})<\/code>/.exec(codes)?.[1] ?? "";
  assert.notEqual(code, "");
  const guardian = city.person("guardian-1");
  assert.match(await page(guardian, "/family"), /还没有加入班级/);
  assert.match(await page(guardian, "/family/consent"), /监护人同意书/);
  const refused = await again(guardian, "/family/consent", { code, name: "学生 1", birth: "2016-09-01" }, 422);
  assert.match(refused, /href="#field-agrees"/);
  assert.match(refused, /value="学生 1"/);
  assert.match(await again(guardian, "/family/consent", { code: "0000-0000-0000", name: "学生 1", birth: "2016-09-01", agrees: "yes" }, 409), /href="#field-code"/);
  await post(guardian, "/family/consent", { code: code.toLowerCase(), name: "学生 1", birth: "2016-09-01", agrees: "yes" });
  const child = service.myChildren(guardian.asks)[0]?.id ?? "";
  const space = await page(guardian, `/classes/${id}`);
  assert.doesNotMatch(space, /布置作业/);
  assert.match(await page(teacher, `/classes/${id}/students`), /学生 1/);
  await page(city.person("stranger"), `/classes/${id}`, 404);
  await page(city.person("stranger"), `/classes/${id}/students`, 403);

  const assignment = await post(teacher, `/classes/${id}/assignments/new`, { id: "ABCDEFGH1234", title: "分数练习", text: "做 1 至 3 题", day: "2026-05-03", time: "20:00" });
  assert.equal(await post(teacher, `/classes/${id}/assignments/new`, { id: "ABCDEFGH1234", title: "分数练习", text: "做 1 至 3 题", day: "2026-05-03", time: "20:00" }), assignment, "sent twice, one assignment");
  assert.match(await again(teacher, `/classes/${id}/assignments/new`, { id: "ABCDEFGH9999", title: "练习", text: "", day: "2020-01-01" }, 422), /href="#field-day"/);
  await page(guardian, assignment, 404);
  await post(teacher, `${assignment}/hand-out`);
  assert.match(await page(guardian, assignment), /学生 1的作业/);
  await again(guardian, `${assignment}/hand-in`, { child, [`text-${child}`]: "" }, 422);
  await post(guardian, `${assignment}/hand-in`, { child, [`text-${child}`]: "二分之一" });
  assert.match(await page(teacher, assignment), /二分之一/);
  const wrong = await again(teacher, `${assignment}/marks`, { student: child, does: "mark", [`mark-${child}`]: "101", [`comment-${child}`]: "很好" }, 422);
  assert.match(wrong, /value="101"/);
  await post(teacher, `${assignment}/marks`, { student: child, does: "mark", [`mark-${child}`]: "95", [`comment-${child}`]: "很好" });
  assert.match(await page(guardian, assignment), /得分 95/);
  assert.match(await page(guardian, `/children/${child}/withdraw`), /不能恢复/);
  assert.equal(await post(guardian, `/children/${child}/withdraw`), "/family?done=erased");
  city.deliver();
  assert.doesNotMatch(await page(teacher, `/classes/${id}/students`), /学生 1</);
  assert.doesNotMatch(await page(teacher, assignment), /二分之一/);
});

test("who is 14 takes the seat with the date of birth that the city knows; a child is led to a guardian, and types nothing", async () => {
  const { at, teacher } = staffed();
  const { id } = city.classOf(teacher, at, 0);
  const code = service.seatCodes(teacher.asks, id, 1, 1)[0]?.code ?? "";
  const pupil = city.person("pupil-1");
  const asked = await page(pupil, "/family/seat");
  assert.match(asked, /出生日期[^]*href="[^"]*consent[^"]*student-birth/);
  assert.doesNotMatch(asked, /name="code"/);
  city.born("pupil-1", "2015-09-01");
  const refused = await page(pupil, "/family/seat", 403);
  assert.match(refused, /监护人/);
  assert.doesNotMatch(refused, /name="code"/);
  city.born("pupil-1", "2010-09-01");
  const form = await page(pupil, "/family/seat");
  assert.match(form, /2010-09-01/);
  assert.doesNotMatch(form, /name="birth"/);
  assert.match(await again(pupil, "/family/seat", { code: "AAAA-BBBB-CCCC", name: "学生 1" }, 409), /href="#field-code"[^]*value="学生 1"/);
  assert.equal(await post(pupil, "/family/seat", { code, name: "学生 1" }), "/family?done=joined");
  assert.match(await page(pupil, "/family"), /学生 1/);
});

test("posts are taken up by a code that is shown once", async () => {
  city.schools(1);
  const at = schoolInput(1).id;
  const shown = await again(city.bureau, `/posts/at/${at}`, { kind: "admin" }, 200);
  const code = /<code>([0-9A-Z-]{14})<\/code>/.exec(shown)?.[1] ?? "";
  assert.doesNotMatch(await page(city.bureau, `/posts/at/${at}`), new RegExp(code));
  const admin = city.person("admin-9", "school");
  assert.match(await again(admin, "/posts", { code: "nothing" }, 409), /href="#field-code"/);
  await post(admin, "/posts", { code });
  assert.match(await page(admin, "/posts"), /学校管理员/);
  assert.match(await page(admin, `/schools/${at}`), /岗位和邀请码/);
  await page(city.person("somebody"), `/posts/at/${at}`, 403);
  await page(city.person("somebody"), "/posts", 403);
});

test("the register: enter, change, merge; and a probe's key by a form alone", async () => {
  const { id, ...rest } = schoolInput(1);
  const typed = { ...rest, bandwidth: "20", pupils: "100" };
  assert.match(await again(city.bureau, "/schools/new", { id: "12", ...typed }, 422), /href="#field-id"[^]*value="第 1 所小学"/);
  assert.equal(await post(city.bureau, "/schools/new", { id, ...typed }), `/schools/${id}`);
  assert.match(await again(city.bureau, "/schools/new", { id, ...typed }, 409), /已经存在/);
  await post(city.bureau, `/schools/${id}/edit`, { ...typed, bandwidth: "100" });
  assert.match(await page(undefined, `/schools/${id}`), /100 Mbps/);
  assert.doesNotMatch(await page(undefined, `/schools/${id}`), /探针密钥/);
  await post(city.bureau, `/schools/${id}/apply`);
  assert.doesNotMatch(await page(city.bureau, `/schools/${id}/probes`), /[0-9a-f]{64}/);
  assert.match(await again(city.bureau, `/schools/${id}/key`, {}, 200), /[0-9a-f]{64}/);
  assert.equal((await city.of.get(app, `/schools/${id}/key`)).status, 405);
  const keyIn = (html: string): string => /[0-9a-f]{64}/.exec(html)?.[0] ?? "";
  const before = keyIn(await again(city.bureau, `/schools/${id}/key`, {}, 200));
  const renewed = keyIn(await again(city.bureau, `/schools/${id}/key/renew`, {}, 200));
  assert.ok(renewed !== before && renewed === service.probeKey(city.bureau.asks, id), "a new key, once and for all");
  const admin = city.posted("admin-1", "admin", id);
  const seen = await page(admin, `/schools/${id}/probes`);
  assert.doesNotMatch(seen, /密钥/, "the school reads what its probe found, and has no key");
  for (const target of ["key", "key/renew"]) await again(admin, `/schools/${id}/${target}`, {}, 403);
  assert.match(await again(city.bureau, `/schools/${id}/end`, { how: "merged", into: "", day: "2026-06-01" }, 422), /href="#field-into"/);
  await post(city.bureau, `/schools/${id}/end`, { how: "closed", into: "", day: "2026-04-30" });
  assert.match(await page(undefined, "/schools"), /closed|已结束|撤销/);
  await page(city.person("somebody"), "/schools/new", 403);
});

test("the figures name who is missing, and their files hide what the page hides", async () => {
  city.schools(5);
  for (let n = 1; n <= 5; n++) service.applyForLink(city.bureau.asks, schoolInput(n).id);
  for (let day = 0; day < 3; day++) {
    for (let n = 1; n <= 4; n++) {
      const school = schoolInput(n).id;
      const probe = { id: `probe-${school}-${day}`, school, at: city.of.now, ok: true, mbps: 20, latency: 30 };
      service.takeProbe(probe, service.signProbe(service.probeKey(city.bureau.asks, school), probe));
    }
    if (day < 2) city.of.advance(DAY_MS);
  }
  const html = await page(undefined, "/figures");
  assert.match(html, /80\.00 %/);
  assert.match(html, /第 5 所小学/);
  assert.match(html, /data-chart="map"/);
  assert.match(html, /data-chart="line"/);
  assert.match(await page(undefined, "/figures?county=320312"), /100\.00 %/);
  assert.match(await page(undefined, "/figures?month=2026-13", 422), /href="#field-month"/);
  assert.match(await page(undefined, "/figures?month=2026-04"), /不公布/);
  const csv = await city.of.get(app, "/figures/file?format=csv&month=2026-05");
  assert.match(csv.headers.get("content-type") ?? "", /text\/csv/);
  assert.match(await csv.text(), /不公布/);
  const xlsx = new Uint8Array(await (await city.of.get(app, "/figures/file?format=xlsx")).arrayBuffer());
  assert.deepEqual([...xlsx.slice(0, 2)], [0x50, 0x4b]);
  assert.match(await (await city.of.get(app, "/schools/file?format=csv")).text(), /第 5 所小学/);
  assert.equal((await city.of.get(app, "/figures/file")).status, 404);
  assert.match(await again(city.bureau, "/figures/recount", { month: "2026-05" }, 200), /完全一致/);
  come(city.person("somebody"));
  assert.equal((await city.of.post(app, "/figures/recount", { month: "2026-05" })).status, 403);
});

test("a unit's pack is asked for, made, and handed out a volume at a time", async () => {
  const { teacher, reviewer, county } = staffed();
  city.published(teacher, reviewer, county, "one");
  const unit = "/packs/primary.math.3.1.e1.1";
  assert.match(await page(undefined, unit), /还没有人生成过/);
  city.of.signOut();
  assert.equal((await city.of.post(app, unit)).status, 303);
  await post(teacher, unit);
  assert.match(await page(teacher, unit), /正在生成/);
  city.deliver();
  assert.match(await page(undefined, unit), /下载第 1 卷/);
  assert.match((await city.of.get(app, `${unit}/1`)).headers.get("city-file") ?? "", /; attachment$/);
  assert.equal((await city.of.get(app, `${unit}/2`)).status, 404);
  assert.equal((await city.of.get(app, `${unit}/x`)).status, 404);
});

test("an edition gives way, and its resources are found from the new one", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  city.curriculum("e2");
  assert.match(await again(city.bureau, "/curriculum/primary", { code: "alchemy", zh: "炼金", en: "Alchemy", order: "1" }, 422), /value="alchemy"/);
  await post(city.bureau, "/curriculum/primary.math.3.1.e1/change", { to: "primary.math.3.1.e2" });
  assert.match(await page(undefined, "/curriculum/primary.math.3.1.e1"), /已停用/);
  assert.match(await page(undefined, "/curriculum/primary.math.3.1.e2.1"), new RegExp(`/resources/${id.replace(".", "\\.")}`));
  assert.match(await page(undefined, `/resources/${id}`), /在现行教材中/);
  await page(city.person("somebody"), "/curriculum/nowhere", 404);
});

test("whoever is not signed in is sent to sign in, and roles are asked for", async () => {
  city.schools(1);
  const at = schoolInput(1).id;
  city.of.signOut();
  for (const target of ["/mine", "/mine/new", "/space", "/classes", "/reviews", "/posts", "/family", "/family/consent", "/sample", `/schools/${at}/probes`, `/schools/${at}/classes`, "/works/x"]) {
    const answer = await city.of.get(app, target);
    assert.equal(answer.status, 303, target);
    assert.match(answer.headers.get("location") ?? "", /sign-on/, target);
  }
  for (const target of ["/mine", "/space", "/reviews", "/posts", "/sample", `/schools/${at}/probes`]) await page(city.person("somebody"), target, 403);
});

test("a teacher's space holds what was put there, and notes once", async () => {
  const { teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  await post(teacher, `/resources/${id}/shelf`, { class: "" });
  assert.match(await page(teacher, "/space"), new RegExp(`/resources/${id.replace(".", "\\.")}`));
  const note = { text: "下周一公开课", key: "note-key-01" };
  await post(teacher, "/space/notes", note);
  await post(teacher, "/space/notes", note);
  assert.equal((await page(teacher, "/space")).split("下周一公开课").length, 2, "once");
  assert.match(await again(teacher, "/space/notes", { text: "长".repeat(1001), key: "note-key-02" }, 422), /长{1001}/);
  await post(teacher, "/space/unshelve", { resource: id });
  assert.match(await page(teacher, "/space"), /还没有收藏资源/);
});

test("the sample loads step by step, and the page says how far it is", async () => {
  await post(city.bureau, "/sample");
  come(city.bureau);
  const answer = await city.of.get(app, "/sample");
  assert.equal(answer.headers.get("refresh"), "3");
  assert.match(await answer.text(), /<progress id="progress" value="0"/);
});

const TYPES: Readonly<Record<string, string>> = { png: "image/png", pdf: "application/pdf", wav: "audio/x-wav", txt: "text/plain", csv: "text/csv", webm: "video/webm" };

test("each kind of file is shown as a browser can, and every one can be saved", async () => {
  const { teacher, reviewer, county } = staffed();
  const [shown, onItsWay] = [new Map<string, string>(), new Map<string, string>()];
  for (let n = 0; n < 60 && shown.size < 6; n++) {
    const { name, content } = sampleResource(n);
    const mediaType = TYPES[name.split(".").at(-1) ?? ""];
    if (mediaType === undefined || shown.has(mediaType)) continue;
    come(teacher);
    const file = city.of.upload("resources", name, mediaType, content);
    const { id } = service.createResource(teacher.asks, { metadata: METADATA, file });
    onItsWay.set(mediaType, await page(teacher, `/works/${id}`));
    come(teacher);
    city.toPublished(teacher, reviewer, county, id);
    const html = await page(undefined, `/resources/${id}`);
    assert.match(html, new RegExp(`href="/resources/${id.replace(".", "\\.")}/file\\?save=1"`));
    shown.set(mediaType, html);
  }
  assert.deepEqual([...shown.keys()].sort(), ["application/pdf", "audio/x-wav", "image/png", "text/csv", "text/plain", "video/webm"]);
  assert.match(shown.get("video/webm") ?? "", /<video controls=""[^>]* src="\/resources\/[^"]+\/file"/);
  assert.match(shown.get("image/png") ?? "", /<img src="\/resources\/[^"]+\/file" alt="分数的初步认识"/);
  assert.match(shown.get("audio/x-wav") ?? "", /<audio controls=""[^>]* src="\/resources\/[^"]+\/file"/);
  assert.match(shown.get("application/pdf") ?? "", /<iframe class="document" src="\/resources\/[^"]+\/file#[^"]+" title="《分数的初步认识》预览"/);
  assert.match(shown.get("application/pdf") ?? "", /打开PDF 文档/);
  assert.match(shown.get("text/plain") ?? "", /<pre class="log"/);
  // So do its author and its reviewers see it before it is published.
  assert.match(onItsWay.get("application/pdf") ?? "", /<iframe class="document" src="\/works\/[^"]+\/file#[^"]+" title="/);
  assert.match(onItsWay.get("image/png") ?? "", /<img src="\/works\/[^"]+\/file"/);
  assert.match(onItsWay.get("text/plain") ?? "", /<pre class="log"/);
});

test("a pupil's time is measured on the page, and nobody else's", async () => {
  const { at, teacher, reviewer, county } = staffed();
  const id = city.published(teacher, reviewer, county, "one");
  const of = city.classOf(teacher, at, 1);
  const guardian = city.person(`guardian-${of.id}-1`);
  const pupil = city.person("pupil-1");
  const shown = await again(guardian, `/children/${of.students[0]}/account`, {}, 200);
  await post(pupil, "/family/account", { code: /<code>([0-9A-Z-]{14})<\/code>/.exec(shown)?.[1] ?? "" });
  assert.match(await page(pupil, `/resources/${id}`), new RegExp(`data-resource="${id.replace(".", "\\.")}"`));
  assert.doesNotMatch(await page(teacher, `/resources/${id}`), /use\.js/);
  assert.doesNotMatch(await page(undefined, `/resources/${id}`), /use\.js/);
  assert.match(await page(pupil, "/family"), /删除我的个人信息/);
  const student = of.students[0] ?? "";
  await page(city.person("somebody"), `/students/${student}/erase`, 403);
  await post(pupil, `/students/${student}/erase`);
  assert.match(await page(pupil, "/family"), /还没有加入班级/);
});
