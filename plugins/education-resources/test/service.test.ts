// The services against the city in memory: rights, edges, and what a conflict or a crash leaves behind.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { unzipSync } from "fflate";
import * as files from "@yunlong/sdk/files";
import { AttributeError, DataError } from "@yunlong/sdk";
import type { Person } from "./support.ts";
import type { Link } from "../src/domain/link.ts";
import { DAY_MS, dayOf, monthOf, plusDays } from "../src/domain/time.ts";
import { CONSENTS, RESOURCES, STUDENTS, USES } from "../src/store/index.ts";
import * as app from "../src/service/index.ts";
import { City, METADATA, fieldsOf, kindOf, refusal, schoolInput } from "./support.ts";

const A = schoolInput(1).id;
const B = schoolInput(2).id;
let city: City;
let [author, reviewer, county]: Person[] = [];
beforeEach(() => {
  city = new City();
  city.schools(2);
  city.curriculum();
  author = city.posted("teacher-1", "teacher", A);
  reviewer = city.posted("reviewer-1", "reviewer", A);
  county = city.posted("county-1", "county", "320312");
});
const staff = (): [Person, Person, Person] => [author as Person, reviewer as Person, county as Person];
const texts = (s: string): Uint8Array => new TextEncoder().encode(s);

test("every element of the metadata has its error at its field", () => {
  const [a] = staff();
  const wrong = { ...METADATA, title: "一", keywords: [], stage: "x", subject: "x", type: "x", audience: [], author: "", copyright: "", licence: "x", language: "x", node: "nowhere" };
  const { id } = app.createResource(a.asks, { metadata: wrong });
  assert.deepEqual(fieldsOf(() => app.submitResource(a.asks, id)), ["/title", "/keywords", "/stage", "/subject", "/type", "/audience", "/author", "/copyright", "/language", "/licence", "/node"]);
  app.saveResource(a.asks, id, { metadata: { ...METADATA, licence: "granted", licensedUntil: "2020-01-01" } });
  assert.deepEqual(fieldsOf(() => app.submitResource(a.asks, id)), ["/licensedUntil"]);
  app.saveResource(a.asks, id, { metadata: { ...METADATA, subject: "english" } });
  assert.deepEqual(fieldsOf(() => app.submitResource(a.asks, id)), ["/node"]);
  app.saveResource(a.asks, id, { metadata: METADATA });
  assert.deepEqual(fieldsOf(() => app.submitResource(a.asks, id)), ["/file"]);
});

test("an illegal step says the state and what it allows, in both languages", () => {
  const [a, , c] = staff();
  const { id } = app.createResource(a.asks, { metadata: METADATA, file: city.upload(a, "内容") });
  assert.deepEqual(refusal(() => app.publishResource(c.asks, id)), { kind: "wrong-state", thing: "resource", state: "draft", step: "publish", allowed: ["edit", "submit"] });
  try {
    app.publishResource(c.asks, id);
  } catch (e) {
    assert.ok(e instanceof app.Refusal);
    assert.equal(e.detail.zh, "现在是“草稿”，可以：修改、提交。请刷新后再试。");
    assert.match(e.detail.en, /allowed: edit, submit/);
    assert.equal(e.outcome.status, 409);
  }
});

test("nobody without the post reads, changes or publishes; another school's staff neither", () => {
  const [a, r, c] = staff();
  const { id } = app.createResource(a.asks, { metadata: METADATA, file: city.upload(a, "内容") });
  app.submitResource(a.asks, id);
  const [other, otherCounty, resident] = [city.posted("reviewer-2", "reviewer", B), city.posted("county-2", "county", "320324"), city.person("resident-1")];
  assert.equal(kindOf(() => app.reviewResource(other.asks, id, "school", true, "")), "not-permitted");
  assert.equal(kindOf(() => app.reviewResource(otherCounty.asks, id, "county", true, "")), "not-permitted");
  assert.equal(kindOf(() => app.workResource(resident.asks, id)), "not-found");
  assert.equal(kindOf(() => app.workResource(other.asks, id)), "not-found");
  assert.equal(kindOf(() => app.shownResource(id)), "not-found");
  assert.equal(kindOf(() => app.saveResource(r.asks, id, { metadata: METADATA })), "not-permitted");
  assert.equal(kindOf(() => app.addSchool(c.asks, schoolInput(9))), "not-permitted");
  assert.equal(kindOf(() => app.invite(r.asks, "teacher", A)), "not-permitted");
  assert.throws(() => app.myResources({ kind: "anonymous", roles: [] }), /not signed in/);
  // A role that the department gave is not enough: the post is looked up.
  assert.equal(kindOf(() => app.reviewResource(city.person("official-9", "school", "county").asks, id, "school", true, "")), "not-permitted");
});

test("the same file under another licence is refused, and names the first; a revision may change its own", () => {
  const [a, r, c] = staff();
  const first = city.published(a, r, c, "同一内容");
  const { id } = app.createResource(a.asks, { metadata: { ...METADATA, title: "另一个", licence: "cc0" }, file: city.upload(a, "同一内容") });
  assert.deepEqual(refusal(() => app.submitResource(a.asks, id)), { kind: "same-file", resource: first, licence: "cc-by-4.0", asked: "cc0" });
  const next = app.reviseResource(a.asks, first);
  app.saveResource(a.asks, next.id, { metadata: { ...METADATA, licence: "cc0" } });
  city.toPublished(a, r, c, next.id);
  assert.equal(RESOURCES.get(first)?.value.state, "revised");
  assert.deepEqual(app.catalogue({}).items.map((s) => [s.id, s.metadata.licence]), [[next.id, "cc0"]]);
});

test("what is not licensed is not published; what was licensed until a day is gone after it", () => {
  const [a, r, c] = staff();
  const { id } = app.createResource(a.asks, { metadata: { ...METADATA, licence: "unclear" }, file: city.upload(a, "一") });
  app.submitResource(a.asks, id);
  app.reviewResource(r.asks, id, "school", true, "");
  app.reviewResource(c.asks, id, "county", true, "");
  assert.equal(kindOf(() => app.publishResource(c.asks, id)), "not-licensed");
  const until = plusDays(dayOf(city.of.now), 2);
  const dated = city.published(a, r, c, "二", { licence: "granted", licensedUntil: until });
  assert.equal(app.shownResource(dated).shown.id, dated);
  city.of.advance(3 * DAY_MS);
  assert.equal(kindOf(() => app.shownResource(dated)), "not-found");
  assert.deepEqual(app.catalogue({}).items, []);
});

test("a withdrawal reaches copies: 410, no store, off every shelf, out of packs, told to the city", () => {
  const [a, r, c] = staff();
  const id = city.published(a, r, c, "内容");
  const nobody = { kind: "anonymous", roles: [] } as const;
  assert.equal(app.fileOf(nobody, id).cacheControl, "private, no-cache");
  app.shelveResource(a.asks, undefined, id);
  app.askForPack(a.asks, METADATA.node);
  city.deliver();
  assert.equal(app.packOf(METADATA.node)?.state, "ready");
  const archive = files.read(app.packVolume(METADATA.node, 0), 0, 1 << 20);
  const entries = unzipSync(archive);
  assert.deepEqual(Object.keys(entries).sort(), [`${id} 分数的初步认识.txt`, "index.json"].sort());
  assert.equal(new TextDecoder().decode(entries[`${id} 分数的初步认识.txt`]), "内容");
  app.withdrawResource(c.asks, id, "内容有误");
  assert.equal(kindOf(() => app.fileOf(nobody, id)), "withdrawn");
  assert.equal(kindOf(() => app.shownResource(id)), "withdrawn");
  assert.equal(app.fileOf(a.asks, id).cacheControl, "no-store", "its author still reads it");
  assert.deepEqual(app.mySpace(a.asks).shelf, []);
  assert.equal(kindOf(() => app.packVolume(METADATA.node, 0)), "wrong-state");
  assert.deepEqual(app.withdrawals(0).items.map((w) => w.resource), [id]);
  const told = city.of.published.find((e) => e.topic === "resource.withdrawn");
  assert.equal(JSON.parse(told?.data ?? "{}").resource, id);
  const again = app.askForPack(a.asks, METADATA.node);
  assert.deepEqual([again.state, again.plan.volumes], ["ready", []], "nothing is left of it");
});

test("a request that comes again makes one resource, and a key of one person is none of another", () => {
  const [a] = staff();
  const file = city.upload(a, "内容");
  const first = app.createResource(a.asks, { metadata: METADATA, file }, "request-1");
  assert.equal(app.createResource(a.asks, { metadata: METADATA, file }, "request-1").id, first.id);
  const b = city.posted("teacher-2", "teacher", A);
  assert.notEqual(app.createResource(b.asks, { metadata: METADATA }, "request-1").id, first.id);
  assert.equal(kindOf(() => app.createResource(b.asks, { metadata: METADATA, file: city.upload(a, "别人的") })), "not-found", "another person's upload is nobody else's");
});

test("a conflict that does not end leaves nothing: no state, no message, no audit row", () => {
  const [a, r, c] = staff();
  const { id } = app.createResource(a.asks, { metadata: METADATA, file: city.upload(a, "内容") });
  app.submitResource(a.asks, id);
  app.reviewResource(r.asks, id, "school", true, "");
  app.reviewResource(c.asks, id, "county", true, "");
  const before = [JSON.stringify(RESOURCES.get(id)), city.of.published.length, city.of.audit.length];
  city.of.conflictNext(1000);
  assert.throws(() => app.publishResource(c.asks, id), (e) => e instanceof DataError && e.code === "conflict");
  assert.deepEqual([JSON.stringify(RESOURCES.get(id)), city.of.published.length, city.of.audit.length], before);
  city.of.conflictNext(3);
  assert.equal(app.publishResource(c.asks, id).state, "published", "one that ends is tried again");
  assert.equal(city.of.published.filter((e) => e.topic === "resource.published").length, 1);
});

test("of a child under 14 nothing is kept before a guardian consents", () => {
  const [a] = staff();
  const { id } = city.classOf(a, A, 0);
  const [seat] = app.seatCodes(a.asks, id, 1, 1);
  const code = seat?.code ?? "";
  const child = { code, name: "学生 1", birth: "2015-09-01" };
  city.born("child-1", "2015-09-01");
  assert.equal(kindOf(() => app.takeOwnSeat(city.person("child-1").asks, child)), "guardian-needed");
  assert.deepEqual(fieldsOf(() => app.consentForChild(city.person("guardian-1").asks, { ...child, agrees: false })), ["/agrees"]);
  assert.deepEqual([STUDENTS.find(STUDENTS.byId()).items, CONSENTS.find(CONSENTS.byId()).items], [[], []]);
  const guardian = city.person("guardian-1");
  const made = app.consentForChild(guardian.asks, { ...child, agrees: true });
  assert.equal(app.consentForChild(guardian.asks, { ...child, agrees: true }).id, made.id, "the same again is the same");
  assert.equal(kindOf(() => app.consentForChild(city.person("guardian-2").asks, { ...child, agrees: true })), "code", "a code is used once");
  const pupil = city.person("child-1");
  assert.equal(app.bindAccount(pupil.asks, app.accountCode(guardian.asks, made.id)).subject, "child-1");
  assert.equal(kindOf(() => app.accountCode(city.person("guardian-2").asks, made.id)), "not-found");
  const [second] = app.seatCodes(a.asks, id, 2, 2);
  city.born("pupil-2", "2010-01-01");
  assert.equal(app.takeOwnSeat(city.person("pupil-2").asks, { code: second?.code ?? "", name: "学生 2" }).consent, undefined, "who is 14 takes the seat alone");
});

test("the age is what the city knows, and not what a child types; without a date of birth on record a guardian consents", () => {
  const [a] = staff();
  const { id } = city.classOf(a, A, 0);
  const [first, second] = app.seatCodes(a.asks, id, 1, 2).map(({ code }) => ({ code, name: "学生" }));
  assert.ok(first !== undefined && second !== undefined);
  const child = city.person("child-1");
  city.born("child-1", "2015-09-01");
  assert.equal(kindOf(() => app.takeOwnSeat(child.asks, { ...first, birth: "2000-01-01" } as typeof first)), "guardian-needed");
  const unknown = city.person("pupil-3");
  city.of.consent("pupil-3", "student-birth");
  assert.equal(kindOf(() => app.takeOwnSeat(unknown.asks, first)), "guardian-needed");
  assert.deepEqual(STUDENTS.find(STUDENTS.byId()).items, []);
  const guardian = city.person("guardian-3");
  assert.equal(app.consentForChild(guardian.asks, { ...first, birth: "2009-01-01", agrees: true }).guardian, "guardian-3", "of any age");
  const grown = city.person("pupil-4");
  city.of.setAttribute("pupil-4", "birth-date", "2012-05-01");
  assert.throws(() => app.takeOwnSeat(grown.asks, second), (e) => e instanceof AttributeError && e.code === "consent-required");
  city.of.consent("pupil-4", "student-birth");
  const seated = app.takeOwnSeat(grown.asks, second);
  assert.equal(STUDENTS.get(seated.id)?.value.birth, "2012-05-01");
  city.of.withdraw("pupil-4", "student-birth");
  assert.equal(app.takeOwnSeat(grown.asks, second).id, seated.id, "the same again is the same, and asks nothing");
});

test("a code is refused when it is wrong, used or old, and takes what people type", () => {
  const code = app.invite(city.bureau.asks, "teacher", A);
  assert.equal(kindOf(() => app.takeUpPost(city.person("t-9").asks, code)), "not-permitted", "the department's role comes first");
  assert.equal(kindOf(() => app.takeUpPost(city.person("t-9", "teacher").asks, "000000000000")), "code");
  const typed = `${code.slice(0, 4)} ${code.slice(4, 8).toLowerCase()}-${code.slice(8)}`;
  assert.equal(app.takeUpPost(city.person("t-9", "teacher").asks, typed).at, A);
  assert.equal(kindOf(() => app.takeUpPost(city.person("t-8", "teacher").asks, code)), "code");
  const old = app.invite(city.bureau.asks, "teacher", A);
  city.of.advance(15 * DAY_MS);
  assert.equal(kindOf(() => app.takeUpPost(city.person("t-7", "teacher").asks, old)), "code");
});

test("a teacher who moves leaves the classes, keeps the space, and writes for the new school", () => {
  const [a, r, c] = staff();
  const id = city.published(a, r, c, "内容");
  const { id: of } = city.classOf(a, A, 1);
  app.shelveResource(a.asks, undefined, id);
  city.of.advance(1000);
  city.posted("teacher-1", "teacher", B);
  assert.deepEqual(app.myPosts(a.asks).map((p) => p.at), [B]);
  assert.deepEqual(app.myClasses(a.asks), []);
  assert.equal(kindOf(() => app.studentsOf(a.asks, of)), "not-permitted");
  assert.deepEqual(app.mySpace(a.asks).shelf.map((s) => s.id), [id]);
  assert.equal(app.createResource(a.asks, { metadata: METADATA }).school, B);
  assert.equal(app.shownResource(id).shown.school, A, "what was published stays with its school");
  assert.equal(kindOf(() => app.reviseResource(a.asks, id)), "not-permitted");
});

test("an assignment: handed out, handed in late or not, given back, marked, closed", () => {
  const [a] = staff();
  const { id: of, students } = city.classOf(a, A, 2);
  const due = city.of.now + DAY_MS;
  const task = app.saveAssignment(a.asks, of, { title: "练习", text: "第 1 题", resources: [], due });
  const guardian = city.person(`guardian-${of}-1`);
  const child = students[0] ?? "";
  assert.equal(kindOf(() => app.handInAssignment(guardian.asks, task.id, { text: "答", files: [], child })), "not-found", "a draft is the teacher's alone");
  app.handOutAssignment(a.asks, task.id);
  assert.deepEqual(fieldsOf(() => app.handInAssignment(guardian.asks, task.id, { text: " ", files: [], child })), ["/text"]);
  assert.equal(app.handInAssignment(guardian.asks, task.id, { text: "答", files: [], child }).times, 1);
  assert.equal(app.handInAssignment(guardian.asks, task.id, { text: "答", files: [], child }).times, 1, "the same again is the same");
  assert.equal(kindOf(() => app.handInAssignment(city.person("resident-1").asks, task.id, { text: "答", files: [], child })), "not-found");
  app.giveBackSubmission(a.asks, task.id, child, "请写过程");
  city.of.advance(2 * DAY_MS);
  const late = app.handInAssignment(guardian.asks, task.id, { text: "过程", files: [], child });
  assert.deepEqual([late.late, late.times], [true, 2]);
  app.markSubmission(a.asks, task.id, child, 95, "很好");
  assert.equal(kindOf(() => app.handInAssignment(guardian.asks, task.id, { text: "改", files: [], child })), "wrong-state");
  assert.equal(app.mySubmission(guardian.asks, task.id, child)?.mark, 95);
  assert.equal(kindOf(() => app.submissionsOf(city.posted("teacher-2", "teacher", A).asks, task.id)), "not-permitted");
  assert.equal(city.of.inbox(`guardian-${of}-1`).length, 2);
  app.closeAssignment(a.asks, task.id);
  assert.equal(kindOf(() => app.handInAssignment(city.person(`guardian-${of}-2`).asks, task.id, { text: "答", files: [], child: students[1] })), "wrong-state");
});

test("an edition that changes keeps its resources, and leads to the new one", () => {
  const [a, r, c] = staff();
  const id = city.published(a, r, c, "内容");
  city.curriculum("e2");
  app.changeEdition(city.bureau.asks, "primary.math.3.1.e1", "primary.math.3.1.e2");
  assert.equal(app.nodeToday(METADATA.node)?.id, "primary.math.3.1.e2.1");
  assert.equal(app.shownResource(id).shown.metadata.node, METADATA.node);
  const late = app.createResource(a.asks, { metadata: METADATA, file: city.upload(a, "新的") });
  assert.deepEqual(fieldsOf(() => app.submitResource(a.asks, late.id)), ["/node"], "nothing new stands in the old one");
  assert.deepEqual(fieldsOf(() => app.changeEdition(city.bureau.asks, "primary.math.3.1.e1", "primary.math")), ["/to"]);
});

test("a merger in mid-term: uses before it count for the old school, those after for the new, and the old leaves the rate", () => {
  const [a, r, c] = staff();
  const resource = city.published(a, r, c, "内容");
  const { id: of, students } = city.classOf(a, A, 1);
  city.of.advance(DAY_MS);
  const before = city.of.now;
  city.of.advance(DAY_MS);
  const there = app.addClass(city.bureau.asks, B, { name: "三（2）班", grade: 3, year: 2025 });
  app.endSchool(city.bureau.asks, A, "merged", B, dayOf(city.of.now));
  assert.equal(app.access().total.inService, 1);
  app.moveStudent(city.bureau.asks, students[0] ?? "", there.id, 1);
  const teacher = city.posted("teacher-5", "teacher", B);
  app.giveClass(city.bureau.asks, there.id, app.myPosts(teacher.asks)[0]?.id ?? "");
  city.of.advance(60_000);
  const use = (id: string, at: number) => ({ id, seat: 1, resource, at, seconds: 60 });
  app.recordClassUses(teacher.asks, there.id, [use("offline-1", before), use("offline-2", city.of.now)], "");
  assert.deepEqual(USES.find(USES.byId()).items.map((u) => u.value.school), [A, B]);
  assert.deepEqual(app.recount(city.bureau.asks, monthOf(city.of.now)).differences, []);
  assert.deepEqual(fieldsOf(() => app.endSchool(city.bureau.asks, B, "merged", B, "2030-01-01")), ["/into"]);
  assert.equal(kindOf(() => app.endSchool(city.bureau.asks, A, "closed", null, "2030-01-01")), "wrong-state");
  void of;
});

test("bots are kept and not counted, by stated rules", () => {
  const [a, r, c] = staff();
  const resource = city.published(a, r, c, "内容");
  const { id: of } = city.classOf(a, A, 1);
  city.of.advance(3 * 3_600_000);
  const began = city.of.now - 2 * 3_600_000;
  const use = (id: string, n: number, seconds = 10) => ({ id: `event-${id}`, seat: 1, resource, at: began + n * 1000, seconds });
  const results = (uses: ReturnType<typeof use>[], agent = "") => app.recordClassUses(a.asks, of, uses, agent).map((x) => x.result);
  assert.deepEqual(results([use("bot", 0)], "Googlebot/2.1"), ["machine"]);
  assert.deepEqual(results([use("short", 1, 2), use("long", 2, 5 * 3600)]), ["too-short", "too-long"]);
  const many = results(Array.from({ length: 62 }, (_, i) => use(`many-${i}`, 10 + i)));
  assert.deepEqual([many.filter((x) => x === "counted").length, many.filter((x) => x === "too-many").length], [60, 2]);
  assert.deepEqual(results([{ ...use("future", 0), at: city.of.now + DAY_MS }]), ["refused"]);
});

test("a probe that nobody signed, an old one, and a second one under the same number are refused", () => {
  app.applyForLink(city.bureau.asks, A);
  const key = app.probeKey(city.bureau.asks, A);
  const p = { id: "probe-000001", school: A, at: city.of.now, ok: true, mbps: 20, latency: 3 };
  assert.equal(kindOf(() => app.takeProbe(p, "0".repeat(64))), "untrusted");
  assert.equal(kindOf(() => app.takeProbe({ ...p, school: B }, app.signProbe(key, { ...p, school: B }))), "untrusted", "another school's key");
  const old = { ...p, at: city.of.now - 8 * DAY_MS };
  assert.equal(kindOf(() => app.takeProbe(old, app.signProbe(key, old))), "untrusted");
  assert.equal(app.takeProbe(p, app.signProbe(key, p)).state, "connected");
  for (let i = 0; i < 10; i++) app.takeProbe(p, app.signProbe(key, p));
  assert.deepEqual(app.linkOf(A)?.days.length, 1, "the same probe is one");
  const other = { ...p, mbps: 1000 };
  assert.equal(kindOf(() => app.takeProbe(other, app.signProbe(key, other))), "reused");
  assert.equal(kindOf(() => app.probeKey(city.person("resident-1").asks, A)), "not-permitted");
});

/** A probe of school A that looked some days ago, by its own clock; sent now. */
function lookedAt(n: number, ago: number): Link {
  const p = { id: `probe-${String(n).padStart(6, "0")}`, school: A, at: city.of.now - ago * DAY_MS, ok: true, mbps: 20, latency: 3 };
  return app.takeProbe(p, app.signProbe(app.probeKey(city.bureau.asks, A), p));
}

test("three probes that say they looked on three days, and come on one, are one day; three days of coming verify", () => {
  app.applyForLink(city.bureau.asks, A);
  assert.deepEqual([2, 1, 0].map((ago, n) => lookedAt(n, ago).state), ["connected", "connected", "connected"]);
  assert.deepEqual(app.linkOf(A)?.days, [dayOf(city.of.now)]);
  city.of.advance(DAY_MS);
  assert.equal(lookedAt(3, 0).state, "connected");
  city.of.advance(DAY_MS);
  assert.equal(lookedAt(4, 1).state, "verified", "a line that was down yesterday and brings it today came today");
});

test("days that lie further back than the window count no more", () => {
  app.applyForLink(city.bureau.asks, A);
  lookedAt(0, 0);
  city.of.advance(DAY_MS);
  lookedAt(1, 0);
  city.of.advance(6 * DAY_MS);
  assert.equal(lookedAt(2, 0).state, "connected");
  assert.equal(app.linkOf(A)?.days.length, 2);
});

test("the probe's key is the bureau's, which installs it; the school's own administrator signs nothing", () => {
  app.applyForLink(city.bureau.asks, A);
  const admin = city.posted("admin-1", "admin", A);
  assert.equal(kindOf(() => app.probeKey(admin.asks, A)), "not-permitted");
  assert.equal(kindOf(() => app.renewProbeKey(admin.asks, A)), "not-permitted");
  assert.deepEqual(app.probesOf(admin.asks, A).items, [], "what it found the administrator reads");
});

test("a key that leaked is renewed: the one before signs no more, and what it signed verifies nothing", () => {
  app.applyForLink(city.bureau.asks, A);
  const leaked = app.probeKey(city.bureau.asks, A);
  lookedAt(0, 0);
  city.of.advance(DAY_MS);
  lookedAt(1, 0);
  const next = app.renewProbeKey(city.bureau.asks, A);
  assert.notEqual(next, leaked);
  assert.equal(app.probeKey(city.bureau.asks, A), next);
  city.of.advance(DAY_MS);
  const p = { id: "probe-000002", school: A, at: city.of.now, ok: true, mbps: 20, latency: 3 };
  assert.deepEqual(refusal(() => app.takeProbe(p, app.signProbe(leaked, p))), { kind: "untrusted", why: "signature" });
  assert.equal(app.takeProbe(p, app.signProbe(next, p)).state, "connected", "the third day, and the first of the new key");
  assert.ok(city.of.audit.some((row) => JSON.stringify(row).includes("probe.renew-key")));
  assert.equal(kindOf(() => app.renewProbeKey(city.bureau.asks, B)), "not-found", "it did not apply");
});

test("a link that was verified stays so when its key is renewed", () => {
  app.applyForLink(city.bureau.asks, A);
  for (let n = 0; n < 3; n++) {
    lookedAt(n, 0);
    if (n < 2) city.of.advance(DAY_MS);
  }
  app.renewProbeKey(city.bureau.asks, A);
  assert.equal(app.linkOf(A)?.state, "verified");
});

test("a PDF with a script, a picture that lies, and film in no film are refused at the upload", () => {
  const [a] = staff();
  void a.asks;
  const script = city.of.upload("resources", "a.pdf", "application/pdf", texts("%PDF-1.4\n<< /OpenAction << /S /JavaScript >> >>"));
  const why = refusal(() => app.createResource(a.asks, { metadata: METADATA, file: script }));
  assert.deepEqual(why, { kind: "file", reason: "pdf-script", found: "/JavaScript" });
  const text = city.upload(a, "不是影片");
  assert.equal(kindOf(() => app.createResource(a.asks, { metadata: METADATA, renditions: { "720p": text } })), "file");
});
