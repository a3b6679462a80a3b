// The acceptance lines of the domain, over the services and the city in memory.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Link, Probe } from "../src/domain/link.ts";
import { EQUITY_FORMULA, hundredths } from "../src/domain/equity.ts";
import { percent } from "../src/domain/access.ts";
import { deliveryFor, choose } from "../src/domain/bandwidth.ts";
import { DAY_MS, monthOf } from "../src/domain/time.ts";
import { COUNTERS, IMPORTS, SUBMISSIONS, STUDENTS, USES } from "../src/store/index.ts";
import { consumer, jobs } from "../src/service/parts.ts";
import * as app from "../src/service/index.ts";
import { counter, transact } from "@yunlong/sdk";
import { City, METADATA, fieldsOf, kindOf, refusal, schoolInput } from "./support.ts";

let city: City;
beforeEach(() => {
  city = new City();
});

let serial = 0;
function probe(n: number, of: Partial<Probe> = {}): Link {
  const p: Probe = { id: `probe-${String(++serial).padStart(6, "0")}`, school: schoolInput(n).id, at: city.of.now, ok: true, mbps: 20, latency: 30, ...of };
  return app.takeProbe(p, app.signProbe(app.probeKey(city.bureau.asks, p.school), p));
}

/** Probes on three days, so that the schools are verified. */
function verify(...schools: number[]): void {
  for (const n of schools) app.applyForLink(city.bureau.asks, schoolInput(n).id);
  for (let day = 0; day < 3; day++) {
    for (const n of schools) probe(n);
    if (day < 2) city.of.advance(DAY_MS);
  }
}

const rate = (): number | null => app.access(["320312", "320324"]).total.basisPoints;

test("1. of five schools in 铜山 and 睢宁 four verified are 80 %, the missing one is named; the fifth makes 100 %", () => {
  city.schools(5);
  verify(1, 2, 3, 4);
  const { total, counties } = app.access(["320312", "320324"]);
  assert.equal(percent(total.basisPoints ?? 0), "80.00 %");
  assert.deepEqual(total.missing.map((m) => [m.school, m.name, m.state]), [[schoolInput(5).id, "第 5 所小学", "none"]]);
  assert.deepEqual(counties.map((c) => [c.county, c.rate.basisPoints]), [["320312", 10_000], ["320324", 5_000]]);
  verify(5);
  assert.equal(rate(), 10_000);
});

test("1. what is not compulsory does not count, and a nine-year school counts once", () => {
  city.schools(4);
  app.addSchool(city.bureau.asks, schoolInput(6, { kind: "kindergarten" }));
  app.addSchool(city.bureau.asks, schoolInput(7, { kind: "nine-year" }));
  verify(1, 2, 3, 4, 7);
  assert.deepEqual([app.access().total.verified, app.access().total.inService], [5, 5]);
});

test("2. a probe that is silent for 30 days makes the link lost, and the rate drops", () => {
  city.schools(2);
  verify(1, 2);
  city.of.advance(29 * DAY_MS);
  probe(1);
  assert.equal(rate(), 10_000);
  city.of.advance(DAY_MS);
  assert.equal(rate(), 5_000, "at once, before the nightly job has run");
  city.of.runJob(jobs, "nightly");
  city.deliver();
  assert.equal(app.linkOf(schoolInput(2).id)?.state, "lost");
  assert.ok(city.of.published.some((e) => e.topic === "link.changed" && JSON.parse(e.data).state === "lost"));
  assert.equal(probe(2).state, "connected", "one probe does not verify it again");
});

test("3. an upload without a curriculum node is an error at that field; put right, it is published after two distinct reviewers", () => {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  const [author, reviewer, county] = [city.posted("teacher-1", "teacher", at), city.posted("reviewer-1", "reviewer", at), city.posted("county-1", "county", "320312")];
  const { id } = app.createResource(author.asks, { metadata: { ...METADATA, node: "" }, file: city.upload(author, "内容") });
  assert.deepEqual(fieldsOf(() => app.submitResource(author.asks, id)), ["/node"]);
  app.saveResource(author.asks, id, { metadata: METADATA });
  app.submitResource(author.asks, id);
  assert.deepEqual(app.catalogue({}).items, [], "what is not published is not seen");
  app.reviewResource(reviewer.asks, id, "school", true, "");
  assert.equal(kindOf(() => app.publishResource(county.asks, id)), "wrong-state", "one reviewer is not enough");
  app.reviewResource(county.asks, id, "county", true, "");
  app.publishResource(county.asks, id);
  assert.deepEqual(app.catalogue({ subject: "primary.math", text: "分数" }).items.map((s) => s.id), [id]);
  assert.ok(!JSON.stringify(app.shownResource(id)).includes("teacher-1"), "no subject of a person");
});

test("3. one person in both posts does not review twice", () => {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  const author = city.posted("teacher-1", "teacher", at);
  city.posted("both-1", "reviewer", at);
  city.posted("both-1", "county", "320312");
  const both = city.person("both-1", "school", "county");
  const { id } = app.createResource(author.asks, { metadata: METADATA, file: city.upload(author, "内容") });
  app.submitResource(author.asks, id);
  app.reviewResource(both.asks, id, "school", true, "");
  assert.equal(kindOf(() => app.reviewResource(both.asks, id, "county", true, "")), "same-reviewer");
});

test("4. an author who reviews their own resource is refused, of a later version, too", () => {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  city.posted("teacher-1", "teacher", at);
  city.posted("teacher-1", "reviewer", at);
  const author = city.person("teacher-1", "teacher", "school");
  const [other, reviewer, county] = [city.posted("teacher-2", "teacher", at), city.posted("reviewer-1", "reviewer", at), city.posted("county-1", "county", "320312")];
  const { id } = app.createResource(author.asks, { metadata: METADATA, file: city.upload(author, "内容") });
  app.submitResource(author.asks, id);
  assert.equal(kindOf(() => app.reviewResource(author.asks, id, "school", true, "")), "own-work");
  assert.ok(!app.waitingForReview(author.asks).some((w) => w.resource.id === id), "nor is it offered to them");
  app.reviewResource(reviewer.asks, id, "school", true, "");
  app.reviewResource(county.asks, id, "county", true, "");
  app.publishResource(county.asks, id);
  const next = app.reviseResource(other.asks, id);
  app.submitResource(other.asks, next.id);
  assert.equal(kindOf(() => app.reviewResource(author.asks, next.id, "school", true, "")), "own-work");
});

test("5. a 新沂 village school at 20 Mbit/s gets the 720p film, and the offline pack beside it", () => {
  app.addSchool(city.bureau.asks, schoolInput(1, { division: "320381102001", bandwidth: 20 }));
  assert.deepEqual(app.deliveryOf(schoolInput(1).id), { quality: "720p", offline: true });
});

test("6. 3.2 uses a rural pupil against 8.0 an urban one are 0.40; the trend and the schools furthest behind", () => {
  app.addSchool(city.bureau.asks, schoolInput(1, { setting: "rural", pupils: 100 }));
  app.addSchool(city.bureau.asks, schoolInput(2, { setting: "rural", pupils: 100 }));
  app.addSchool(city.bureau.asks, schoolInput(3, { setting: "urban", pupils: 100 }));
  app.addSchool(city.bureau.asks, schoolInput(4, { setting: "urban", pupils: 100 }));
  const month = monthOf(city.of.now);
  takeOver(month, [[1, 200], [2, 440], [3, 700], [4, 900]]);
  const equity = app.equityOf(month);
  assert.equal(hundredths(equity.ratio ?? 0), "0.40");
  assert.deepEqual([equity.rural, equity.urban].map((f) => !f.hidden && f.perPupil), [320, 800]);
  const { points, behind } = app.equityTrend(3, month);
  assert.deepEqual(points.map((p) => p.ratio), [null, null, 40]);
  assert.deepEqual(behind.shown.map((s) => s.name), ["第 1 所小学", "第 2 所小学"]);
  assert.deepEqual(app.recount(city.bureau.asks, month).differences, []);
  assert.match(EQUITY_FORMULA.zh, /5 人/);
});

/** Figures of an earlier system, as the sample takes them over. */
function takeOver(month: string, uses: readonly (readonly [number, number])[]): void {
  transact((tx) => {
    for (const [n, count] of uses) {
      const key = `${schoolInput(n).id}/${month}`;
      tx.insert(IMPORTS, { id: key, school: schoolInput(n).id, month, uses: count, seconds: count * 60, people: 50 });
      tx.adjust(COUNTERS.uses, key, count, { min: 0 });
      tx.adjust(COUNTERS.seconds, key, count * 60, { min: 0 });
      tx.adjust(COUNTERS.people, key, 50, { min: 0 });
    }
  });
}

/** A class of six whose students used a resource. */
function usedClass(): { id: string; students: string[]; resource: string; teacher: ReturnType<City["posted"]> } {
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  const [teacher, reviewer, county] = [city.posted("teacher-1", "teacher", at), city.posted("reviewer-1", "reviewer", at), city.posted("county-1", "county", "320312")];
  const resource = city.published(teacher, reviewer, county, "内容");
  return { ...city.classOf(teacher, at, 6), resource, teacher };
}

const cell = (): number[] => {
  const key = `${schoolInput(1).id}/${monthOf(city.of.now)}`;
  return [COUNTERS.uses, COUNTERS.seconds, COUNTERS.people].map((c) => counter(c, key));
};

test("7. a thousand events that come again leave the counts as they are", () => {
  const { id, resource, teacher } = usedClass();
  city.of.advance(3 * 3_600_000);
  const began = city.of.now - 2 * 3_600_000;
  const uses = Array.from({ length: 200 }, (_, i) => ({ id: `event-${String(i).padStart(5, "0")}`, seat: (i % 6) + 1, resource, at: began + i * 30_000, seconds: 20 }));
  const first = app.recordClassUses(teacher.asks, id, uses, "Mozilla/5.0");
  assert.ok(first.every((r) => r.result === "counted"), JSON.stringify(first.find((r) => r.result !== "counted")));
  const counted = cell();
  assert.deepEqual(counted, [200, 4000, 6]);
  for (let again = 0; again < 5; again++) {
    const results = app.recordClassUses(teacher.asks, id, uses, "Mozilla/5.0");
    assert.ok(results.every((r) => r.result === "again"));
  }
  assert.deepEqual(cell(), counted);
  assert.deepEqual(app.recount(city.bureau.asks, monthOf(city.of.now)).differences, []);
  const other = app.recordClassUses(teacher.asks, id, [{ ...uses[0], seconds: 21 } as (typeof uses)[0]], "Mozilla/5.0");
  assert.deepEqual(other, [{ id: "event-00000", result: "refused", why: "reused" }]);
});

test("8. a student is erased: the identity is gone, the aggregates are unchanged", () => {
  const { id, students, resource, teacher } = usedClass();
  city.of.advance(60_000);
  const uses = students.map((_, i) => ({ id: `event-${i}-aaaa`, seat: i + 1, resource, at: city.of.now, seconds: 60 }));
  app.recordClassUses(teacher.asks, id, uses, "");
  const task = app.saveAssignment(teacher.asks, id, { title: "练习", text: "", resources: [resource], due: city.of.now + DAY_MS });
  app.handOutAssignment(teacher.asks, task.id);
  const [child = ""] = students;
  const guardian = city.person(`guardian-${id}-1`);
  const at = app.myChildren(guardian.asks)[0];
  assert.equal(at?.id, child);
  const answer = city.of.upload("answers", "答案.txt", "text/plain", new TextEncoder().encode("答案"));
  app.handInAssignment(guardian.asks, task.id, { text: "", files: [answer], child });
  const before = [cell(), USES.find(USES.byId()).items.map((u) => u.value)];
  app.withdrawConsent(guardian.asks, child);
  assert.equal(STUDENTS.get(child), undefined, "with the very commit");
  city.deliver();
  assert.deepEqual(SUBMISSIONS.find(SUBMISSIONS.byId()).items, []);
  assert.deepEqual(app.myChildren(guardian.asks), []);
  assert.deepEqual([cell(), USES.find(USES.byId()).items.map((u) => u.value)], before);
  assert.deepEqual(app.recount(city.bureau.asks, monthOf(city.of.now)).differences, []);
  const kept = JSON.stringify(USES.find(USES.byId()).items);
  assert.ok(!kept.includes(child) && !kept.includes("guardian"), "nothing in a use leads to anybody");
  assert.equal(refusal(() => app.withdrawConsent(guardian.asks, child)).kind, "not-found");
  assert.deepEqual(app.recordClassUses(teacher.asks, id, [{ ...uses[0], id: "event-later" } as (typeof uses)[0]], ""), [{ id: "event-later", result: "refused", why: "guardian-needed" }]);
  void consumer;
});

/** A class of six, of whom one child has an account of its own since the guardian handed something in for it. */
function boundSince(): { child: string; pupil: ReturnType<City["person"]>; task: string } {
  const { id, students, resource, teacher } = usedClass();
  const [child = ""] = students;
  const guardian = city.person(`guardian-${id}-1`);
  const task = app.saveAssignment(teacher.asks, id, { title: "练习", text: "", resources: [resource], due: city.of.now + DAY_MS });
  app.handOutAssignment(teacher.asks, task.id);
  // Uploads are of whoever came last.
  void guardian.asks;
  const answer = city.of.upload("answers", "答案.txt", "text/plain", new TextEncoder().encode("答案"));
  app.handInAssignment(guardian.asks, task.id, { text: "答", files: [answer], child });
  const pupil = city.person("pupil-1");
  app.bindAccount(pupil.asks, app.accountCode(guardian.asks, child));
  return { child, pupil, task: task.id };
}

test("8. what a guardian handed in is the child's own once it has an account: the platform's erasure finds it", () => {
  const { child } = boundSince();
  city.deliver();
  const [handedIn] = SUBMISSIONS.find(SUBMISSIONS.byId()).items;
  assert.deepEqual([handedIn?.value.student, handedIn?.value.holder, handedIn?.value.files.length], [child, "pupil-1", 1]);
});

test("8. a child that the platform erases before that is delivered leaves nothing it handed in", () => {
  const { child } = boundSince();
  transact((tx) => tx.delete(STUDENTS, child));
  city.deliver();
  assert.deepEqual(SUBMISSIONS.find(SUBMISSIONS.byId()).items, []);
});

test("5. what a line carries: the best size, the smallest where all are too large, and below 4 Mbit/s the pack alone", () => {
  const film = { size: 900, name: "film" };
  const sizes = [{ size: 900, quality: "1080p" as const, name: "1080p" }, { size: 300, quality: "720p" as const, name: "720p" }];
  const chosen = (mbps: number, there = sizes): string | undefined => choose<{ size: number; name: string }, (typeof sizes)[number]>(film, there, deliveryFor(mbps))?.name;
  assert.deepEqual([100, 99, 20, 4].map((mbps) => chosen(mbps)), ["1080p", "720p", "720p", "720p"], "480p there is none");
  assert.equal(chosen(20, []), "film", "it is all that there is");
  assert.equal(chosen(19, [{ size: 1_000, quality: "1080p", name: "1080p" }]), "film", "of two that are too large the smaller");
  assert.equal(chosen(3.9), undefined);
});

test("how often something was used is told from five uses on: fewer would tell of whom in a small class", () => {
  const { id, resource, teacher } = usedClass();
  city.of.advance(3_600_000);
  const use = (n: number) => ({ id: `event-${n}-bbbb`, seat: n, resource, at: city.of.now - 60_000, seconds: 60 });
  app.recordClassUses(teacher.asks, id, [1, 2, 3, 4].map(use), "");
  assert.equal(app.shownResource(resource).uses, null);
  app.recordClassUses(teacher.asks, id, [use(5)], "");
  assert.equal(app.shownResource(resource).uses, 5);
});
