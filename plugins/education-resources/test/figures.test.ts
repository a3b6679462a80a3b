// The figures as they are kept: computed once in a while, each month with its schools as they stood; and counted again.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { transact } from "@yunlong/sdk";
import { DAY_MS, dayOf, monthOf, plusMonths, startOf } from "../src/domain/time.ts";
import * as app from "../src/service/index.ts";
import { consumer, jobs } from "../src/service/parts.ts";
import { COUNTERS, MONTHS, MONTH_SCHOOLS, USES, all } from "../src/store/index.ts";
import { dyingAfter } from "./killed.ts";
import { City, schoolInput } from "./support.ts";

let city: City;
beforeEach(() => {
  city = new City();
});

/** Uses of so many pupils of a school, counted as the app counts them. */
function used(n: number, uses: number, people: number, month = monthOf(city.of.now)): void {
  const school = schoolInput(n).id;
  transact((tx) => {
    for (let i = 0; i < uses; i++) {
      const id = `use-${n}-${month}-${String(city.of.now)}-${String(i).padStart(5, "0")}`;
      tx.insert(USES, { id, who: `pupil-${i % people}`, school, resource: "r", at: city.of.now, month, seconds: 60, verdict: "counted" });
    }
    for (const [counter, by] of [[COUNTERS.uses, uses], [COUNTERS.seconds, uses * 60], [COUNTERS.people, people]] as const) tx.adjust(counter, `${school}/${month}`, by, { min: 0 });
  });
}

/** Enough of every school, so that no cell is hidden: 40 uses. */
function usedByAll(): void {
  for (let n = 1; n <= 4; n++) used(n, 10, 10);
}

/** Rural 100 pupils each in schools 1 and 2, urban in 3 and 4. */
function fourSchools(): void {
  for (let n = 1; n <= 4; n++) app.addSchool(city.bureau.asks, schoolInput(n, { setting: n < 3 ? "rural" : "urban", pupils: 100 }));
}

const usesOf = (f: { hidden: boolean; uses?: number }): number | undefined => f.uses;

/** Whether a look writes nothing: it dies in front of its first transaction otherwise. */
const onlyReads = (look: () => unknown): boolean => dyingAfter(0, look) === "done";

test("the month under way is computed once in ten minutes, and kept for whoever looks meanwhile", () => {
  fourSchools();
  usedByAll();
  assert.equal(usesOf(app.equityOf().city), 40);
  city.of.advance(1);
  used(1, 12, 10);
  city.of.advance(9 * 60_000);
  assert.ok(onlyReads(() => assert.equal(usesOf(app.equityOf().city), 40)));
  city.of.advance(60_000);
  assert.ok(!onlyReads(() => app.equityOf()), "it is old");
  assert.equal(usesOf(app.equityOf().city), 52);
  city.of.configure("figures_minutes", 0);
  used(1, 8, 10);
  assert.equal(usesOf(app.equityOf().city), 60, "where no look may be old");
});

test("a trend reads what was written, and a view of it computes nothing", () => {
  fourSchools();
  usedByAll();
  const first = app.equityTrend(12);
  assert.ok(onlyReads(() => assert.deepEqual(app.equityTrend(12), first)));
  assert.equal(MONTHS.find(MONTHS.byId()).items.length, 12);
});

test("6. a trend has each month's own values, and who is behind is of its last month", () => {
  for (let n = 1; n <= 4; n++) app.addSchool(city.bureau.asks, schoolInput(n, { setting: n < 3 ? "rural" : "urban", pupils: 5 }));
  const each = (...uses: number[]) => uses.forEach((of, i) => used(i + 1, of, 5));
  each(10, 22, 35, 45);
  const first = monthOf(city.of.now);
  city.of.advance(32 * DAY_MS);
  each(18, 12, 30, 30);
  const last = monthOf(city.of.now);
  const { points, behind } = app.equityTrend(4);
  assert.deepEqual(points.slice(-2), [{ month: first, ratio: 40, rural: 320, urban: 800 }, { month: last, ratio: 50, rural: 300, urban: 600 }]);
  assert.deepEqual(points.slice(0, 2).map((p) => [p.ratio, p.rural, p.urban]), [[null, null, null], [null, null, null]], "nobody used anything: fewer than five are not shown");
  const rates = (of: typeof behind) => of.shown.map((s) => [s.school, s.figure.hidden ? null : s.figure.perPupil]);
  assert.deepEqual(rates(behind), [[schoolInput(2).id, 240], [schoolInput(1).id, 360]]);
  const then = app.equityTrend(1, first);
  assert.deepEqual([then.points, rates(then.behind)], [points.slice(2, 3), [[schoolInput(1).id, 200], [schoolInput(2).id, 440]]]);
});

test("a month that is over keeps its schools as they stood: pupils, setting, place and name", () => {
  fourSchools();
  for (let n = 1; n <= 4; n++) used(n, n * 100, 50);
  const month = monthOf(city.of.now);
  city.of.now = startOf(`${plusMonths(month, 1)}-01`) + 2 * 3_600_000;
  city.of.runJob(jobs, "figures");
  city.deliver();
  const before = app.equityOf(month);
  assert.equal(before.ratio, 42);
  app.editSchool(city.bureau.asks, schoolInput(1).id, schoolInput(1, { setting: "urban", pupils: 10, name: "另一个名称", division: "320324109002" }));
  city.of.advance(DAY_MS);
  used(2, 100, 10, month);
  const after = app.equityOf(month);
  assert.deepEqual(after.schools.map(({ figure: _figure, ...s }) => s), before.schools.map(({ figure: _figure, ...s }) => s));
  assert.equal(after.ratio, 57, "what comes late counts, over the pupils of then");
  assert.equal(app.equityOf(monthOf(city.of.now)).schools[0]?.pupils, 10, "the month under way has those of today");
});

test("a month that no class can reach any more is final, whatever its counters say", () => {
  fourSchools();
  usedByAll();
  const month = monthOf(city.of.now);
  city.of.advance(100 * DAY_MS);
  city.of.runJob(jobs, "figures");
  city.deliver();
  assert.equal(MONTHS.get(month)?.value.final, true);
  used(1, 30, 10, month);
  city.of.runJob(jobs, "figures");
  city.deliver();
  assert.equal(usesOf(app.equityOf(month).city), 40);
  assert.ok(onlyReads(() => app.equityOf(month)));
});

test("the job asks for each month once until it is final, a message each", () => {
  fourSchools();
  city.of.runJob(jobs, "figures");
  assert.equal(city.of.published.filter((e) => e.topic === "figures.write").length, 27);
  city.deliver();
  city.of.runJob(jobs, "figures");
  assert.equal(city.of.published.filter((e) => e.topic === "figures.write").length, 27 + 3, "three may change still");
  city.deliver();
  assert.equal(city.of.deliver(consumer).handled, 0);
});

test("a county whose last school moved away leaves nothing behind in the month under way", () => {
  app.addSchool(city.bureau.asks, schoolInput(1));
  const month = monthOf(city.of.now);
  app.equityOf();
  app.editSchool(city.bureau.asks, schoolInput(1).id, schoolInput(1, { division: "320324109002" }));
  city.of.advance(DAY_MS / 24);
  assert.deepEqual(app.equityOf().schools.map((s) => s.division), ["320324109002"]);
  assert.deepEqual(all(MONTH_SCHOOLS.byId(), 10).map((d) => d.id), [`${month}/320324`]);
});

test("months that are not yet, or lie before all uses, are nothing and are not kept", () => {
  fourSchools();
  for (const month of ["2031-01", "1990-01"]) assert.deepEqual([app.equityOf(month).ratio, app.equityOf(month).schools], [null, []]);
  assert.deepEqual(MONTHS.find(MONTHS.byId()).items, []);
});

test("a recount goes on where it stopped, a school whole or not at all, and finds what was changed by hand", () => {
  fourSchools();
  const month = monthOf(city.of.now);
  for (let n = 1; n <= 4; n++) used(n, 700, 10);
  const parts: app.Recount[] = [];
  let next: string | undefined = "";
  while (next !== undefined) {
    const part: app.Recount = app.recount(city.bureau.asks, month, next, 1000);
    parts.push(part);
    next = part.next;
  }
  assert.deepEqual(parts.map((p) => [p.schools, p.differences.length]), [[2, 0], [2, 0]], "1,400 uses a part, and no difference for having stopped");
  assert.deepEqual(app.recount(city.bureau.asks, month), { differences: [], schools: 4 });
  const key = `${schoolInput(3).id}/${month}`;
  transact((tx) => tx.adjust(COUNTERS.uses, key, 1, { min: 0 }));
  assert.deepEqual(app.recount(city.bureau.asks, month).differences.map((d) => [d.school, d.counted.uses, d.recounted.uses]), [[schoolInput(3).id, 701, 700]]);
  assert.equal(dayOf(city.of.now).slice(0, 7), month);
});
