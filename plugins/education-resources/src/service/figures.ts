/**
 * The figures: uses by school and month, equity and its trend; and the proof that the counters are what was counted.
 *
 * They are computed once and kept. Those of a month that may still change are computed again when they are older than the
 * configuration says; a month that is over keeps its schools as they stood, so that an entry that is edited later moves no past
 * ratio; and one that no use can reach any more is final.
 */
import { type Event, type Tx, counter, now, publish, transact, z } from "@yunlong/sdk";
import * as context from "@yunlong/sdk/context";
import { countyOf } from "../domain/division.ts";
import { type Enrolled, type Equity, type SchoolFigure, enrolledIn, equity, furthestBehind } from "../domain/equity.ts";
import { Mistakes } from "../domain/refused.ts";
import { mustBeBureau } from "../domain/rights.ts";
import { type Month, isMonth, monthOf, plusMonths, startOf } from "../domain/time.ts";
import { type Cell, cellKey, tally } from "../domain/use.ts";
import { COUNTERS, IMPORTS, MONTHS, MONTH_SCHOOLS, type MonthDoc, SCHOOLS, USES_BY_MONTH, all, walk } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { allSchools } from "./schools.ts";

/** Months that may still change: a class without a network comes at most 60 days late. */
const OPEN_MONTHS = 3;
const MOST_TREND = 24;
/** Months before these that nobody wrote down had no uses: each was written when it was over. */
const COMPUTED_MONTHS = 3 * MOST_TREND;
const MINUTE_MS = 60_000;

/** A month's figures, and when they were computed. */
export interface MonthFigures extends Equity {
  readonly at: number;
  readonly final: boolean;
}

/** Equity of a month, this one by default. Open to everybody: small cells are hidden. @throws {Refusal} `fields` */
export const equityOf = guarded((month: Month = monthOf(now())): MonthFigures => {
  checkMonth(month);
  const kept = keptOf(month);
  return kept === undefined ? compute(month) : whole(kept);
});

/** A month of the trend. */
export interface TrendPoint {
  readonly month: Month;
  /** Hundredths; `null` when it is hidden or nothing was used. */
  readonly ratio: number | null;
  readonly rural: number | null;
  readonly urban: number | null;
}

/** The last `months` months, the oldest first, with the schools furthest behind in the last one. @throws {Refusal} `fields` */
export const equityTrend = guarded((months: number = 12, until: Month = monthOf(now())): { points: TrendPoint[]; behind: ReturnType<typeof furthestBehind> } => {
  checkMonth(until);
  const m = new Mistakes();
  m.whole(months, "/months", 1, MOST_TREND);
  m.finish();
  const earlier = Array.from({ length: months - 1 }, (_, i) => plusMonths(until, i - months + 1));
  const last = equityOf(until);
  const rate = (f: Equity["rural"]): number | null => (f.hidden ? null : f.perPupil);
  const point = (month: Month, e: Pick<Equity, "ratio" | "rural" | "urban">): TrendPoint => ({ month, ratio: e.ratio, rural: rate(e.rural), urban: rate(e.urban) });
  const points = [...earlier.map((month) => point(month, keptOf(month) ?? compute(month))), point(until, last)];
  return { points, behind: furthestBehind(last, 10) };
});

function checkMonth(month: Month): void {
  const m = new Mistakes();
  m.check(isMonth(month), "/month", "请填写月份，如 2026-11", "A month such as 2026-11");
  m.finish();
}

/** A month as it was written down, when that may be shown still. */
function keptOf(month: Month, tx?: Tx): MonthDoc | undefined {
  const kept = (tx === undefined ? MONTHS.get(month) : tx.get(MONTHS, month))?.value;
  if (kept === undefined || kept.final) return kept;
  const minutes = context.config("figures_minutes", z.number()) ?? 10;
  return isOpen(month) && now() < kept.at + minutes * MINUTE_MS ? kept : undefined;
}

function whole({ id, ...kept }: MonthDoc, tx?: Tx): MonthFigures {
  return { ...kept, month: id, schools: schoolsOf(id, tx) };
}

/** The month's schools as they were written down, in the order of their codes. */
function schoolsOf(month: Month, tx?: Tx): SchoolFigure[] {
  // A digit follows the stroke in no other month's ids.
  const counties = all(MONTH_SCHOOLS.byId().atLeast(`${month}/`).below(`${month}0`), 500, tx);
  return counties.flatMap((c) => c.schools).sort((a, b) => (a.school < b.school ? -1 : 1));
}

function isOpen(month: Month): boolean {
  return month > plusMonths(monthOf(now()), -OPEN_MONTHS);
}

/** Computes a month's figures and keeps them; of two at once the second finds what the first wrote. */
function compute(month: Month): MonthFigures {
  const current = monthOf(now());
  if (month > current || month <= plusMonths(current, -COMPUTED_MONTHS)) return { ...equity([], new Map(), month), at: now(), final: false };
  return transact((tx) => {
    const kept = keptOf(month, tx);
    return kept === undefined ? write(tx, month) : whole(kept, tx);
  });
}

function write(tx: Tx, month: Month): MonthFigures {
  const schools = enrolledOf(tx, month);
  const cells = counted(schools, month);
  const { schools: figures, month: id, ...totals } = equity(schools, cells, month);
  const doc: MonthDoc = { id, at: now(), final: !isOpen(month), ...totals, counties: [...totals.counties] };
  tx.put(MONTHS, doc);
  const counties = new Map(totals.counties.map(({ county }) => [county, figures.filter((s) => countyOf(s.division) === county)]));
  for (const { id: old } of all(MONTH_SCHOOLS.byId().atLeast(`${month}/`).below(`${month}0`), 500, tx)) {
    if (!counties.has(old.slice(month.length + 1))) tx.delete(MONTH_SCHOOLS, old);
  }
  for (const [county, of] of counties) tx.put(MONTH_SCHOOLS, { id: `${month}/${county}`, schools: of });
  return { ...doc, month, schools: figures };
}

/** The schools of a month: as they stood when it was first written down after its end, or as they stand now. */
function enrolledOf(tx: Tx, month: Month): Enrolled[] {
  const at = tx.get(MONTHS, month)?.value.at ?? 0;
  if (at < startOf(`${plusMonths(month, 1)}-01`)) return enrolledIn(allSchools(), month);
  return schoolsOf(month, tx).map(({ figure: _figure, ...school }) => school);
}

function counted(schools: readonly Pick<Enrolled, "school">[], month: Month): Map<string, Cell> {
  return new Map(schools.map(({ school }) => [school, countedAt(school, month)]));
}

function countedAt(school: string, month: Month): Cell {
  const key = cellKey(school, month);
  return { school, month, uses: counter(COUNTERS.uses, key), seconds: counter(COUNTERS.seconds, key), people: counter(COUNTERS.people, key) };
}

/** The nightly job: asks for the months that may still change, and for those before that are not final yet. */
export function askForFigures(tx: Tx): void {
  for (let n = 0; n < OPEN_MONTHS + MOST_TREND; n++) {
    const month = plusMonths(monthOf(now()), -n);
    if (tx.get(MONTHS, month)?.value.final === true) return;
    publish(tx, { topic: "figures.write", key: month, data: { month } });
  }
}

const Asked = z.object({ month: z.string() });

/** Writes one month down: a message each, so that no call computes more than one. */
export function writeFigures(event: Event, tx: Tx): void {
  const { month } = event.json(Asked);
  if (tx.get(MONTHS, month)?.value.final !== true) write(tx, month);
}

/** What was kept of a month holds no more, its schools neither: figures of an earlier system were taken over into it. */
export function writeAnew(tx: Tx, month: Month): void {
  tx.delete(MONTHS, month);
  publish(tx, { topic: "figures.write", key: month, data: { month } });
}

/** Where the counters and a recount differ. */
export interface Difference {
  readonly school: string;
  readonly counted: Cell;
  readonly recounted: Cell;
}

/** A part of a month, counted again. */
export interface Recount {
  readonly differences: readonly Difference[];
  /** How many schools were looked at. */
  readonly schools: number;
  /** Give it back as `after` to go on with the schools behind this one; absent when all were counted. */
  readonly next?: string;
}

/** After so many reads a part ends, and the next one goes on. */
const ENOUGH = 20_000;
/** What a school costs besides its uses: three counters, its page and its import. */
const EACH_SCHOOL = 5;

/**
 * Counts a month again from its uses and what was taken over, school by school, and says where the counters differ: nowhere, or
 * something is wrong. A school is counted whole or not at all, so that no difference comes of having stopped. The bureau.
 *
 * @throws {Refusal} `not-permitted`, `fields`
 */
export const recount = guarded((asker: Asker, month: Month, after: string = "", enough: number = ENOUGH): Recount => {
  mustBeBureau(standingOf(asker));
  checkMonth(month);
  const differences: Difference[] = [];
  let [schools, reads, last] = [0, 0, after];
  for (const { id } of walk(after === "" ? SCHOOLS.byId() : SCHOOLS.byId().above(after))) {
    if (reads >= enough) return { differences, schools, next: last };
    const { cell: recounted, uses } = recountAt(id, month);
    const { uses: n, seconds, people } = countedAt(id, month);
    if (n !== recounted.uses || seconds !== recounted.seconds || people !== recounted.people) {
      differences.push({ school: id, counted: { school: id, month, uses: n, seconds, people }, recounted });
    }
    schools += 1;
    reads += uses + EACH_SCHOOL;
    last = id;
  }
  return { differences, schools };
});

/** A school's month, as its uses and its import make it. */
function recountAt(school: string, month: Month): { cell: Cell; uses: number } {
  let uses = 0;
  const counting = function* () {
    for (const use of walk(USES_BY_MONTH.equals(month, school))) {
      uses += 1;
      yield use;
    }
  };
  const key = cellKey(school, month);
  const c = tally(counting()).get(key) ?? { school, month, uses: 0, seconds: 0, people: 0 };
  const taken = IMPORTS.get(key)?.value ?? { uses: 0, seconds: 0, people: 0 };
  return { cell: { ...c, uses: c.uses + taken.uses, seconds: c.seconds + taken.seconds, people: c.people + taken.people }, uses };
}
