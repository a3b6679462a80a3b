// The promises over random histories of the services: people of all kinds, sent twice, at any time, in processes that die in front of
// any call of the host. `histories.test.ts` holds the same promises of the plain domain.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { counter } from "@yunlong/sdk";
import { LEAST } from "../src/domain/cells.ts";
import { DAY_MS, dayOf, monthOf } from "../src/domain/time.ts";
import * as app from "../src/service/index.ts";
import { jobs } from "../src/service/parts.ts";
import { CONSENTS, COUNTERS, LINKS, RESOURCES, REVIEWS, STUDENTS, SUBMISSIONS, USES, all } from "../src/store/index.ts";
import { type End, dyingAfter } from "./killed.ts";
import { City, METADATA, type Person, schoolInput } from "./support.ts";

/** A history of uses takes 40 ms, each other one 5 to 15. */
const [RUNS, USES_RUNS] = [{ numRuns: 2000 }, { numRuns: 1000 }];
const [A, B] = [schoolInput(1).id, schoolInput(2).id];
/** In front of which host call the process dies: most live. */
const life = fc.oneof({ weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) }, { weight: 1, arbitrary: fc.nat(25) });

/** All that is kept of some collections, the messages and the audit rows. */
function state(city: City, ...of: { byId(): unknown }[]): string {
  return JSON.stringify([of.map((c) => all((c as typeof RESOURCES).byId(), 500)), city.of.published.length, city.of.audit.length]);
}

/** Counts ends, so that a test can say whether its histories tried enough. */
class Ends {
  readonly #of = new Map<string, number>();

  add(step: string, end: End): void {
    for (const k of [step, end, `${step} ${end}`]) this.#of.set(k, (this.#of.get(k) ?? 0) + 1);
  }

  atLeast(n: number, ...of: string[]): void {
    for (const k of of) assert.ok((this.#of.get(k) ?? 0) >= n, `${k}: ${this.#of.get(k) ?? 0}, the histories try too little`);
  }
}

const workStep = fc.record({
  step: fc.constantFrom("create", ...Array<string>(10).fill("advance"), "review", "publish", "withdraw", "revise", "time"),
  which: fc.nat(1),
  who: fc.nat(3),
  licence: fc.constantFrom("cc-by-4.0", "cc-by-4.0", "granted", "unclear"),
  passed: fc.constantFrom(true, true, true, true, false),
  life,
});

/** Somebody does a step to a work; `who` counts the people, of whom each is teacher and reviewer of the school, and the last two of the county. */
function workOn(people: readonly Person[], files: readonly string[], op: (typeof workStep extends fc.Arbitrary<infer T> ? T : never)): void {
  const { asks } = people[op.who] as Person;
  const works = all(RESOURCES.byId(), 20);
  const r = works[op.which % Math.max(1, works.length)];
  if (op.step === "create" || r === undefined) {
    const metadata = { ...METADATA, licence: op.licence, licensedUntil: op.licence === "granted" ? "2026-05-03" : "" };
    const file = files[op.who] ?? "";
    app.createResource(asks, { metadata, file }, `the-work-of-${op.who}`);
    return;
  }
  const next = { draft: "submit", submitted: "school", "school-reviewed": "county", "county-reviewed": "publish", published: "revise", rejected: "submit", revised: "", withdrawn: "" }[r.state];
  const step = op.step === "advance" ? next : op.step === "review" ? (op.passed ? "school" : "county") : op.step;
  if (step === "submit") app.submitResource(asks, r.id);
  else if (step === "school" || step === "county") app.reviewResource(asks, r.id, step, op.passed, "请修改");
  else if (step === "publish") app.publishResource(asks, r.id);
  else if (step === "revise") app.reviseResource(asks, r.id);
  else if (step === "withdraw") app.withdrawResource(asks, r.id, "有误");
}

function checkWorks(city: City): void {
  const works = all(RESOURCES.byId(), 100);
  const reviews = all(REVIEWS.byId(), 500);
  for (const r of works.filter((w) => ["published", "revised", "withdrawn"].includes(w.state))) {
    const counted = reviews.filter((v) => v.resource === r.id && v.round === r.round && v.passed);
    assert.deepEqual(counted.map((v) => v.level).sort(), ["county", "school"], "published by other than one review of each");
    assert.equal(new Set([...counted.map((v) => v.reviewer), r.author]).size, 3, "an author, or one reviewer twice");
  }
  for (const v of reviews) assert.ok(!works.find((r) => r.id === v.resource)?.authors.includes(v.reviewer), "an author reviewed");
  const shown = app.catalogue({}).items.map((s) => s.id);
  for (const r of works) {
    const may = r.state === "published" && (r.metadata?.licence === "cc-by-4.0" || (r.metadata?.licence === "granted" && dayOf(city.of.now) <= "2026-05-03"));
    assert.equal(shown.includes(r.id), may, `${r.id} is ${r.state} under ${r.metadata?.licence ?? "nothing"}`);
    const end = dyingAfter(Number.POSITIVE_INFINITY, () => app.fileOf({ kind: "anonymous", roles: [] }, r.id));
    assert.equal(end === "done", may, "its file is sent exactly while it is shown");
  }
}

test("works: whoever does what and dies where, none is shown that two others did not pass and nobody licensed", () => {
  const ends = new Ends();
  fc.assert(
    fc.property(fc.array(workStep, { minLength: 15, maxLength: 30 }), (ops) => {
      const city = new City();
      city.schools(1);
      city.curriculum();
      for (let n = 0; n < 4; n++) {
        city.posted(`p-${n}`, "teacher", A);
        city.posted(`p-${n}`, "reviewer", A);
        if (n > 1) city.posted(`p-${n}`, "county", "320312");
      }
      const people = [0, 1, 2, 3].map((n) => city.person(`p-${n}`, "teacher", "school", "county"));
      const files = people.map((p, n) => city.upload(p, `内容 ${n}`));
      for (const op of ops) {
        if (op.step === "time") city.of.advance(DAY_MS);
        const before = state(city, RESOURCES, REVIEWS);
        const end = op.step === "time" ? "done" : dyingAfter(op.life, () => workOn(people, files, op));
        if (end !== "done") assert.equal(state(city, RESOURCES, REVIEWS), before, `a call that was ${end} left something behind`);
        ends.add(op.step, end);
        checkWorks(city);
      }
      for (const r of all(RESOURCES.byId(), 100)) ends.add(r.state, "done");
    }),
    RUNS,
  );
  ends.atLeast(10, "killed", "refused", "published", "withdrawn", "rejected", "advance killed");
});

const useStep = fc.record({
  step: fc.constantFrom("use", "use", "use", "again", "move", "erase", "time"),
  seat: fc.integer({ min: 1, max: 6 }),
  n: fc.integer({ min: 1, max: 60 }),
  agent: fc.constantFrom("", "", "", "curl/8"),
  life: fc.oneof({ weight: 2, arbitrary: fc.constant(Number.POSITIVE_INFINITY) }, { weight: 1, arbitrary: fc.nat(400) }),
});

/** The counters are what the kept uses make, by school and by resource; no small cell is shown; nothing leads to anybody. */
function checkUses(city: City, resource: string, students: readonly string[]): void {
  const month = monthOf(city.of.now);
  assert.deepEqual(app.recount(city.bureau.asks, month).differences, [], "the counters are not what the events make");
  const uses = all(USES.byId(), 2000);
  const counted = uses.filter((u) => u.verdict === "counted");
  assert.equal(counter(COUNTERS.resource, resource), counted.length);
  const kept = JSON.stringify(uses);
  for (const s of students) assert.ok(!kept.includes(s), "a use leads to a student");
  for (const { school, figure } of app.equityOf(month).schools) {
    const people = new Set(counted.filter((u) => u.school === school && u.month === month).map((u) => u.who));
    assert.ok(figure.hidden || people.size >= LEAST, `a cell of ${people.size} is shown`);
  }
}

function counts(city: City): number[] {
  const keys = [A, B].map((s) => `${s}/${monthOf(city.of.now)}`);
  return [COUNTERS.uses, COUNTERS.seconds, COUNTERS.people].flatMap((c) => keys.map((k) => counter(c, k)));
}

test("uses: whatever is sent again, cut between two transactions, moved or erased, each counts once and small cells stay hidden", () => {
  const ends = new Ends();
  fc.assert(
    fc.property(fc.array(useStep, { minLength: 3, maxLength: 8 }), (ops) => {
      const city = new City();
      city.of.configure("figures_minutes", 0);
      city.schools(2);
      city.curriculum();
      const teacher = city.posted("teacher-1", "teacher", A);
      const resource = city.published(teacher, city.posted("reviewer-1", "reviewer", A), city.posted("county-1", "county", "320312"), "内容");
      const { id: of, students } = city.classOf(teacher, A, 6);
      const there = app.addClass(city.bureau.asks, B, { name: "三（2）班", grade: 3, year: 2025 }).id;
      const sent: Parameters<typeof app.recordClassUses>[2][number][][] = [];
      ops.forEach((op, i) => {
        const batch = Array.from({ length: op.n }, (_, k) => ({ id: `use-${i}-${String(k).padStart(4, "0")}`, seat: ((op.seat + k) % 6) + 1, resource, at: city.of.now, seconds: 30 }));
        const uses = op.step === "again" ? (sent[op.n % Math.max(1, sent.length)] ?? []) : batch;
        const child = students[op.seat - 1] ?? "";
        const before = counts(city);
        const end = dyingAfter(op.life, () => {
          if (op.step === "use" || op.step === "again") app.recordClassUses(teacher.asks, of, uses, op.agent);
          if (op.step === "move") app.moveStudent(city.bureau.asks, child, there, op.seat);
          if (op.step === "erase" && op.n < 20) app.eraseStudent(city.bureau.asks, child);
        });
        if (op.step === "use") sent.push(batch);
        if (op.step === "time") city.of.advance(op.n * 3_600_000);
        if (op.step === "erase" || op.step === "move") assert.deepEqual(counts(city), before, `a count changed by: ${op.step}`);
        ends.add(op.step, end);
        checkUses(city, resource, students);
        // A device that got no answer sends all of it again, until it gets one.
        if (end === "killed" && op.step === "use") {
          app.recordClassUses(teacher.asks, of, uses, op.agent);
          checkUses(city, resource, students);
        }
      });
      city.deliver();
    }),
    // Each step counts all uses anew, which takes its time.
    USES_RUNS,
  );
  ends.atLeast(10, "use killed", "use done", "again done", "move done", "erase done");
});

const seatStep = fc.record({
  step: fc.constantFrom("consent", "consent", "own", "bind", "hand-in", "withdraw", "erase", "time"),
  seat: fc.nat(3),
  who: fc.nat(2),
  born: fc.constantFrom("2008-02-29", "2012-05-01", "2012-05-02", "2016-09-01"),
  agrees: fc.constantFrom(true, true, true, false),
  life,
});

function checkChildren(city: City): void {
  const consents = new Map(all(CONSENTS.byId(), 100).map((c) => [c.id, c]));
  const students = all(STUDENTS.byId(), 100);
  for (const s of students) {
    const consent = s.consent === undefined ? undefined : consents.get(s.consent);
    const joined = dayOf(s.enrolments[0]?.from ?? 0);
    const grown = joined >= `${Number(s.birth.slice(0, 4)) + 14}${s.birth.slice(4)}`;
    const agreed = consent !== undefined && consent.withdrawn === undefined && consent.student === s.id && consent.guardian === s.guardian;
    assert.ok(agreed || (s.consent === undefined && grown), `born ${s.birth}, joined ${joined}, without a consent in force`);
  }
  for (const c of consents.values()) assert.equal(c.withdrawn === undefined, students.some((s) => s.consent === c.id), "a consent ends with its child, and a child with its consent");
  // What was handed in goes page by page, behind the commit: once messages are delivered nothing is left.
  city.deliver();
  for (const s of all(SUBMISSIONS.byId(), 100)) assert.ok(students.some((x) => x.id === s.student), "an answer of a child that is gone");
}

test("children: whoever types what and dies where, nothing is kept of a child without a consent in force", () => {
  const ends = new Ends();
  fc.assert(
    fc.property(fc.array(seatStep, { minLength: 6, maxLength: 25 }), (ops) => {
      const city = new City();
      city.schools(1);
      const teacher = city.posted("teacher-1", "teacher", A);
      const { id: of } = city.classOf(teacher, A, 0);
      const codes = app.seatCodes(teacher.asks, of, 1, 4).map((c) => c.code);
      const task = app.saveAssignment(teacher.asks, of, { title: "练习", text: "", resources: [], due: city.of.now + 9 * DAY_MS });
      app.handOutAssignment(teacher.asks, task.id);
      for (const op of ops) {
        const guardian = city.person(`guardian-${op.who}`);
        const joining = { code: codes[op.seat] ?? "", name: "学生" };
        city.born(`pupil-${op.who}`, op.born);
        const child = app.myChildren(guardian.asks)[0]?.id ?? "nobody";
        const before = state(city, STUDENTS, CONSENTS);
        const end = dyingAfter(op.life, () => {
          if (op.step === "consent") app.consentForChild(guardian.asks, { ...joining, birth: op.born, agrees: op.agrees });
          if (op.step === "own") app.takeOwnSeat(city.person(`pupil-${op.who}`).asks, joining);
          if (op.step === "bind") app.bindAccount(city.person(`pupil-${op.who}`).asks, app.accountCode(guardian.asks, child));
          if (op.step === "hand-in") app.handInAssignment(guardian.asks, task.id, { text: "答", files: [], child });
          if (op.step === "withdraw") app.withdrawConsent(guardian.asks, child);
          if (op.step === "erase") app.eraseStudent(city.bureau.asks, all(STUDENTS.byId(), 100)[op.seat]?.id ?? "nobody");
        });
        if (op.step === "time") city.of.advance(DAY_MS);
        if (end !== "done") assert.equal(state(city, STUDENTS, CONSENTS), before, `a call that was ${end} left something behind`);
        ends.add(op.step, end);
        checkChildren(city);
      }
    }),
    RUNS,
  );
  ends.atLeast(10, "consent done", "consent killed", "own done", "own refused", "bind done", "hand-in done", "withdraw done", "erase killed");
});

const linkStep = fc.record({
  step: fc.constantFrom("apply", "probe", "probe", "probe", "probe", "forge", "claim", "end", "night", "time", "time"),
  school: fc.integer({ min: 1, max: 4 }),
  days: fc.constantFrom(1, 1, 1, 1, 2, 31),
  ok: fc.constantFrom(true, true, true, false),
  /** Days since it looked, by its own clock. */
  late: fc.constantFrom(0, 0, 0, 1, 2, 6),
  life,
});

/** What a probe's program knows of a school: on which days it got through, and when it looked last. */
interface Heard {
  readonly days: Set<string>;
  last: number;
}

function checkRate(city: City, heard: ReadonlyMap<string, Heard>): void {
  const today = dayOf(city.of.now);
  const inService = app.listSchools(undefined, undefined, 10).items.map((i) => i.value).filter((s) => ["primary", "nine-year"].includes(s.kind) && (s.to === null || today < s.to));
  const { total } = app.access();
  assert.equal(total.inService, inService.length, "a school in service counts once, whatever it teaches");
  const verified = inService.filter((s) => !total.missing.some((m) => m.school === s.id));
  assert.equal(total.verified, verified.length);
  assert.equal(total.basisPoints, inService.length === 0 ? null : Math.floor((verified.length * 10_000) / inService.length));
  for (const s of verified) {
    const of = heard.get(s.id);
    assert.ok(of !== undefined && of.days.size >= 3, `${s.id} is verified, and probes got through on ${of?.days.size ?? 0} days`);
    assert.ok(city.of.now - of.last < 30 * DAY_MS, `${s.id} is verified, and silent`);
  }
}

test("links: whatever schools claim, forge or end, and processes die where, the rate is what probes found", () => {
  const ends = new Ends();
  fc.assert(
    fc.property(fc.array(linkStep, { minLength: 15, maxLength: 35 }), (ops) => {
      const city = new City();
      for (const [n, kind] of [[1, "primary"], [2, "nine-year"], [3, "kindergarten"], [4, "primary"]] as const) app.addSchool(city.bureau.asks, schoolInput(n, { kind }));
      const heard = new Map<string, Heard>();
      ops.forEach((op, i) => {
        const { id, ...input } = schoolInput(op.school);
        if (op.step === "time") city.of.advance(op.days * DAY_MS);
        const probe = { id: `probe-${String(i).padStart(4, "0")}`, school: id, at: city.of.now - op.late * DAY_MS, ok: op.ok, mbps: 20, latency: 3 };
        const before = state(city, LINKS);
        const end = dyingAfter(op.life, () => {
          if (op.step === "apply") app.applyForLink(city.bureau.asks, id);
          if (op.step === "probe") app.takeProbe(probe, app.signProbe(app.probeKey(city.bureau.asks, id), probe));
          if (op.step === "forge") app.takeProbe(probe, app.signProbe("00".repeat(32), probe));
          // What a school says of its line is in the register, and in no rate.
          if (op.step === "claim") app.editSchool(city.bureau.asks, id, { ...input, id, kind: app.schoolById(id).kind, bandwidth: 1000 });
          if (op.step === "end" && op.school === 4) app.endSchool(city.bureau.asks, id, "closed", null, dayOf(city.of.now));
        });
        if (op.step === "night") {
          city.of.runJob(jobs, "nightly");
          city.deliver();
        }
        if (op.step === "probe" && op.ok && end === "done") {
          const of = heard.get(id) ?? { days: new Set<string>(), last: 0 };
          of.days.add(dayOf(city.of.now));
          of.last = Math.max(of.last, probe.at);
          heard.set(id, of);
        }
        if (end !== "done") assert.equal(state(city, LINKS), before, `a call that was ${end} left something behind`);
        ends.add(op.step, end);
        checkRate(city, heard);
        ends.add(`verified ${app.access().total.verified}`, "done");
      });
    }),
    RUNS,
  );
  ends.atLeast(10, "probe killed", "probe refused", "forge refused", "verified 1", "claim done", "end done");
});
