// The promises over random histories of the plain domain: whatever authors, reviewers, probes, pupils, clocks and crashes do.
// A step stages what it changes and commits it whole; one that crashes, or is refused, leaves no trace.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accessRate } from "../src/domain/access.ts";
import type { Node } from "../src/domain/curriculum.ts";
import { LINK_RULE, type Probe, SILENCE_DAYS, apply, checkProbe, probed, silenced } from "../src/domain/link.ts";
import { checkMetadata, isLicensed } from "../src/domain/metadata.ts";
import { CONSENT_STATEMENT, type Consent, type Student, enrol, enrolmentAt, mayKeep, transfer } from "../src/domain/people.ts";
import { pseudonym } from "../src/domain/pseudonym.ts";
import { Refused } from "../src/domain/refused.ts";
import { ALLOWS, type Resource, type Review, draft, edit, isVisible, publish, review, revise, submit, withdraw } from "../src/domain/resource.ts";
import { register } from "../src/domain/school.ts";
import { DAY_MS, dayOf, monthOf, plusDays } from "../src/domain/time.ts";
import { type Cell, type Use, type UseDay, cellKey, checkUse, judge, mustBeSame, tally, useDayId } from "../src/domain/use.ts";
import { METADATA, schoolInput } from "./support.ts";

const START = Date.parse("2026-05-01T01:00:00Z");
const NODE: Node = { id: METADATA.node, parent: "primary.math.3.1.e1", level: "unit", zh: "一", en: "One", order: 1, active: true, replacedBy: null };
const FILES = ["a", "b", "c"].map((id) => ({ id, name: `${id}.txt`, mediaType: "text/plain", size: 1, sha256: id.repeat(64) }));
const LICENCES = ["cc-by-4.0", "cc0", "unclear", "granted"];

/** Runs a step; what it refuses is nothing to this history. Answers whether it was done. */
function tried(f: () => void): boolean {
  try {
    f();
    return true;
  } catch (e) {
    if (e instanceof Refused) return false;
    throw e;
  }
}

const resourceStep = fc.record({
  // Most steps are the next one on a resource's way, by anybody; the others come at any time.
  step: fc.constantFrom("create", "create", ...Array<string>(9).fill("advance"), "edit", "submit", "school", "county", "publish", "revise", "withdraw", "time"),
  which: fc.nat(3),
  who: fc.nat(4),
  file: fc.nat(2),
  licence: fc.nat(3),
  passed: fc.constantFrom(true, true, true, false),
  crash: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

class Library {
  now = START;
  readonly resources = new Map<string, Resource>();
  readonly reviews: Review[] = [];

  /** As the store does: all or nothing, and the unique index over the hashes of what is published. */
  commit(changed: readonly Resource[], crash: boolean, given?: Review): void {
    if (crash) return;
    const after = new Map([...this.resources, ...changed.map((r) => [r.id, r] as const)]);
    const live = [...after.values()].flatMap((r) => r.live?.sha256 ?? []);
    if (new Set(live).size < live.length) return;
    for (const r of changed) this.resources.set(r.id, r);
    if (given !== undefined) this.reviews.push(given);
  }

  check(): void {
    const works = new Set<string>();
    for (const r of this.resources.values()) {
      const shown = isVisible(r, this.now);
      assert.ok(!shown || (r.state === "published" && r.metadata !== undefined && isLicensed(r.metadata, dayOf(this.now))), "visible, and not published and licensed");
      assert.equal(r.live !== undefined, r.state === "published", "in the catalogue exactly while it is published");
      if (r.state !== "published" && r.state !== "revised" && r.state !== "withdrawn") continue;
      const counted = this.reviews.filter((v) => v.resource === r.id && v.round === r.round && v.passed);
      assert.equal(new Set(counted.map((v) => v.reviewer)).size, 2, "two distinct reviewers");
      assert.ok(counted.every((v) => !r.authors.includes(v.reviewer) && v.reviewer !== r.author), "an author reviewed their own");
      if (r.state !== "published") continue;
      assert.ok(!works.has(r.work), "two versions of one work are published");
      works.add(r.work);
    }
  }
}

interface ResourceOp {
  readonly step: string;
  readonly which: number;
  readonly who: number;
  readonly file: number;
  readonly licence: number;
  readonly passed: boolean;
  readonly crash: boolean;
}

const NEXT: Readonly<Record<string, string>> = { draft: "submit", submitted: "school", "school-reviewed": "county", "county-reviewed": "publish", published: "revise", rejected: "edit" };

function move(l: Library, { step: asked, which, who, file, licence, passed, crash }: ResourceOp, n: number): void {
  const at = [...l.resources.values()][which];
  const step = asked === "advance" ? (NEXT[at?.state ?? ""] ?? "create") : asked;
  const input = { ...METADATA, licence: LICENCES[licence] ?? "", licensedUntil: plusDays(dayOf(l.now), 3) };
  const by = { subject: `p${who}`, school: "s", division: "320312102" };
  if (step === "time") {
    l.now += 2 * DAY_MS;
    return;
  }
  if (step === "create") return l.commit([edit(draft(`w${n}`, by, input, l.now), input, { file: FILES[file], renditions: [], captions: [] }, l.now)], crash);
  const r = [...l.resources.values()][which];
  if (r === undefined) return;
  const before = JSON.stringify(r);
  const done = tried(() => {
    if (step === "edit") l.commit([edit(r, input, { file: FILES[file], renditions: [], captions: [] }, l.now)], crash);
    else if (step === "submit") l.commit([submit(r, checkMetadata(r.input, NODE, l.now), l.now)], crash);
    else if (step === "publish") {
      const previous = [...l.resources.values()].find((p) => p.work === r.work && p.state === "published");
      const out = publish(r, l.reviews, previous, l.now);
      l.commit([...(out.previous === undefined ? [] : [out.previous]), out.resource], crash);
    } else if (step === "revise") {
      const next = revise(r, by, l.now);
      if (!l.resources.has(next.id)) l.commit([next], crash);
    } else if (step === "withdraw") l.commit([withdraw(r, "有误", l.now)], crash);
    else {
      const given = { id: `r${n}`, level: step as "school" | "county", reviewer: by.subject, passed, note: "请修改", at: l.now };
      const out = review(r, l.reviews, given, l.now);
      l.commit([out.resource], crash, out.review);
    }
  });
  assert.equal(JSON.stringify(r), before, "a step changes nothing but what it answers");
  if (!done) assert.equal(l.resources.get(r.id), r, "a refusal left a trace");
}

test("resources: never reviewed by an author, never visible unless published and licensed", () => {
  let reached = 0;
  fc.assert(
    fc.property(fc.array(resourceStep, { minLength: 20, maxLength: 80 }), (ops) => {
      const library = new Library();
      ops.forEach((op, n) => {
        move(library, op, n);
        library.check();
      });
      if ([...library.resources.values()].some((r) => r.history.some((h) => h.state === "published"))) reached += 1;
    }),
    { numRuns: 2000 },
  );
  assert.ok(reached >= 50, `${reached} histories published something: they try too little`);
});

test("every way that leads to the catalogue passes both reviews", () => {
  // Over the table itself: without either of the reviews no path reaches `published`.
  const to: Readonly<Record<string, string>> = { submit: "submitted", "school-review": "school-reviewed", "county-review": "county-reviewed", publish: "published" };
  for (const without of ["school-review", "county-review"]) {
    const reached = new Set(["draft"]);
    for (const state of reached) {
      for (const step of ALLOWS[state as keyof typeof ALLOWS]) if (step !== without && to[step] !== undefined) reached.add(to[step] ?? "");
    }
    assert.ok(!reached.has("published"), without);
  }
});

const probeStep = fc.record({ days: fc.constantFrom(0, 1, 1, 1, 1, 2, 12, 31), late: fc.constantFrom(0, 0, 0, 0, 1, 3, 9), ok: fc.constantFrom(true, true, true, false), mbps: fc.constantFrom(0, 2, 20, 20, 20, 20), again: fc.nat(9), crash: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) });

test("links: nothing but probes verifies one, and silence loses it", () => {
  const school = register(schoolInput(1));
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(probeStep, { minLength: 1, maxLength: 40 }), (ops) => {
      let [now, link] = [START, apply(school.id, START)];
      const kept = new Map<string, Probe>();
      // By the city's clock: a probe's own says nothing about on how many days it came.
      const arrived = new Map<string, number>();
      ops.forEach((op, n) => {
        now += op.days * DAY_MS;
        const probe = op.again === 0 ? [...kept.values()][0] : { id: `probe-${String(n).padStart(4, "0")}`, school: school.id, at: now - op.late * DAY_MS, ok: op.ok, mbps: op.mbps, latency: 1 };
        if (probe !== undefined && !kept.has(probe.id)) {
          tried(() => {
            checkProbe(probe, now);
            const next = probed(link, probe, now);
            if (op.crash) return;
            kept.set(probe.id, probe);
            arrived.set(probe.id, now);
            link = next;
          });
        }
        const through = [...kept.values()].filter((p) => p.ok);
        const last = Math.max(0, ...through.map((p) => p.at));
        const state = silenced(link, now).state;
        seen.set(state, (seen.get(state) ?? 0) + 1);
        const silent = now - last >= SILENCE_DAYS * DAY_MS;
        if (through.length === 0) assert.equal(state, "applied", "a link moved on without a probe that went through");
        if (silent) assert.notEqual(state, "verified", "silent for 30 days, and verified");
        const days = new Set(through.filter((p) => p.mbps >= LINK_RULE.mbps).map((p) => dayOf(arrived.get(p.id) ?? 0)));
        if (state === "verified") assert.ok(days.size >= LINK_RULE.days, "verified by too few days");
        const rate = accessRate([school], new Map([[school.id, link]]), now);
        assert.deepEqual([rate.verified, rate.inService], [state === "verified" ? 1 : 0, 1], "the rate is what the probes say");
      });
    }),
    { numRuns: 2000 },
  );
  for (const state of ["applied", "connected", "verified", "lost"]) assert.ok((seen.get(state) ?? 0) >= 50, `${state}: the histories try too little`);
});

const useStep = fc.record({
  step: fc.constantFrom("use", "use", "use", "again", "batch", "move", "erase", "time"),
  pupil: fc.nat(3),
  n: fc.nat(30),
  back: fc.nat(70),
  seconds: fc.constantFrom(1, 5, 600, 7000, 20_000),
  agent: fc.constantFrom("", "", "curl/8"),
  crash: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

class Counting {
  now = START;
  readonly students = new Map<number, Student>();
  readonly uses = new Map<string, Use>();
  readonly days = new Map<string, UseDay>();
  readonly people = new Set<string>();
  readonly counters = new Map<string, Cell>();

  constructor() {
    for (let i = 0; i < 4; i++) {
      this.students.set(i, { id: `st${i}`, holder: "p-1", secret: String(i).repeat(64), name: "学生", birth: "2010-01-01", school: "A", class: "a", seat: i, enrolments: [{ school: "A", class: "a", seat: i, from: 0, to: null }] });
    }
  }

  /** As the service does it: judged, then all of it in one commit, or nothing. */
  use(pupil: number, input: { id: string; resource: string; at: number; seconds: number }, agent: string, crash: boolean): void {
    const student = this.students.get(pupil);
    if (student === undefined) return;
    checkUse(input, this.now);
    const who = pseudonym(student.secret, monthOf(input.at));
    const known = this.uses.get(input.id);
    if (known !== undefined) return mustBeSame(known, input, who);
    const seat = enrolmentAt(student, input.at);
    if (seat === undefined || crash) return;
    const { use, day } = judge(input, who, seat.school, this.days.get(useDayId(who, input.at)), agent);
    this.uses.set(use.id, use);
    if (use.verdict !== "counted") return;
    this.days.set(day.id, day);
    const key = cellKey(use.school, use.month);
    const c = this.counters.get(key) ?? { school: use.school, month: use.month, uses: 0, seconds: 0, people: 0 };
    const isNew = !this.people.has(`${key}/${who}`);
    this.people.add(`${key}/${who}`);
    this.counters.set(key, { ...c, uses: c.uses + 1, seconds: c.seconds + use.seconds, people: c.people + (isNew ? 1 : 0) });
  }
}

test("uses: never counted twice, and the counts are what the events make", () => {
  const verdicts = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(useStep, { minLength: 5, maxLength: 60 }), (ops) => {
      const c = new Counting();
      const sent: { pupil: number; input: { id: string; resource: string; at: number; seconds: number } }[] = [];
      for (const op of ops) {
        if (op.step === "time") c.now += op.n * 3_600_000;
        const student = c.students.get(op.pupil);
        if (op.step === "move" && student !== undefined) c.students.set(op.pupil, transfer(student, { school: op.n % 2 === 0 ? "A" : "B", class: "b", seat: op.n }, c.now));
        const before = JSON.stringify([...c.counters]);
        if (op.step === "erase" && op.n < 3) {
          c.students.delete(op.pupil);
          assert.equal(JSON.stringify([...c.counters]), before, "an erasure changed a count");
        }
        if (op.step === "use") {
          const input = { id: `event-${String(op.n).padStart(4, "0")}-${op.pupil}`, resource: "r", at: c.now - op.back * DAY_MS, seconds: op.seconds };
          sent.push({ pupil: op.pupil, input });
          tried(() => c.use(op.pupil, input, op.agent, op.crash));
        }
        if (op.step === "again" || op.step === "batch") {
          const known = sent.filter((s) => c.uses.has(s.input.id) && (op.step === "batch" || s.pupil === op.pupil));
          for (const s of known) tried(() => c.use(s.pupil, s.input, "", false));
          assert.equal(JSON.stringify([...c.counters]), before, "what came again was counted again");
        }
        const recounted = [...tally(c.uses.values())].sort();
        assert.deepEqual([...c.counters].sort(), recounted, "the counters are not what the events make");
        for (const u of c.uses.values()) assert.ok(!/st\d/.test(JSON.stringify(u.who)), "a use leads to a student");
        for (const u of c.uses.values()) verdicts.set(u.verdict, (verdicts.get(u.verdict) ?? 0) + 1);
        for (const d of c.days.values()) assert.ok(d.seconds <= 12 * 3600 && Object.values(d.hours).every((n) => n <= 60), "more than a day or an hour holds");
      }
    }),
    { numRuns: 2000 },
  );
  for (const v of ["counted", "machine", "too-short", "too-long"]) assert.ok((verdicts.get(v) ?? 0) >= 50, `${v}: the histories try too little`);
});

const seatStep = fc.record({
  step: fc.constantFrom("own", "consent", "foreign", "withdraw", "erase", "time"),
  which: fc.nat(5),
  born: fc.constantFrom("2008-02-29", "2012-04-30", "2012-05-01", "2012-05-02", "2016-09-01", "2030-01-01", "nonsense"),
  name: fc.constantFrom("学生", "", " "),
  crash: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

test("children: nothing of one under 14 is kept without a consent in force", () => {
  fc.assert(
    fc.property(fc.array(seatStep, { minLength: 5, maxLength: 40 }), (ops) => {
      let now = START;
      const students = new Map<string, Student>();
      const consents = new Map<string, Consent>();
      ops.forEach(({ step, which, born, name, crash }, n) => {
        const seat = { school: "A", class: "a", seat: n };
        const guardian = `g${which}`;
        const consent: Consent = { id: `c${n}`, student: step === "foreign" ? "another" : `st${n}`, guardian, at: now, statement: CONSENT_STATEMENT };
        const own = step === "own";
        if (own || step === "consent" || step === "foreign") {
          const before = students.size;
          const done = tried(() => {
            const taker = { id: `st${n}`, secret: "0".repeat(64), ...(own ? { subject: `p${n}` } : { guardian }) };
            const made = enrol(taker, { name, birth: born }, seat, own ? undefined : consent, now);
            if (crash) return;
            if (!own) consents.set(consent.id, consent);
            students.set(made.id, made);
          });
          if (!done) assert.equal(students.size, before, "a refusal left a child behind");
        }
        const there = [...students.values()][which];
        // Both in one commit: the consent ends and the child is gone.
        if (step === "withdraw" && there?.consent !== undefined && !crash) {
          const given = consents.get(there.consent);
          if (given !== undefined) consents.set(given.id, { ...given, withdrawn: now });
          students.delete(there.id);
        }
        if (step === "erase" && there !== undefined && !crash) students.delete(there.id);
        if (step === "time") now += which * 90 * DAY_MS;
        for (const s of students.values()) {
          const given = s.consent === undefined ? undefined : consents.get(s.consent);
          assert.ok(mayKeep(s, given, dayOf(now)), `${s.birth} on ${dayOf(now)}`);
          // By the calendar alone, without the function that the code uses.
          const joined = dayOf(s.enrolments[0]?.from ?? 0);
          const fourteen = `${Number(s.birth.slice(0, 4)) + 14}${s.birth.slice(4)}`;
          assert.ok(s.consent !== undefined || joined >= fourteen, `born ${s.birth}, joined ${joined} alone`);
        }
      });
    }),
    { numRuns: 2000 },
  );
});
