/** The figures: uses by school and month, equity and its trend; and the proof that the counters are what was counted. */
import { type Tx, counter, now } from "@yunlong/sdk";
import { type Equity, type SchoolFigure, equity as domainEquity, furthestBehind } from "../domain/equity.ts";
import { Mistakes } from "../domain/refused.ts";
import { mustBeBureau } from "../domain/rights.ts";
import type { School } from "../domain/school.ts";
import { type Month, isMonth, monthOf, plusMonths } from "../domain/time.ts";
import { type Cell, cellKey, tally } from "../domain/use.ts";
import { COUNTERS, FIGURES, IMPORTS_BY_MONTH, USES_BY_MONTH, all } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { MOST_SCHOOLS, allSchools } from "./schools.ts";

/** Months that may still change: a class without a network comes at most 60 days late. */
const OPEN_MONTHS = 3;
const MOST_TREND = 24;

/** Equity of a month, this one by default. Open to everybody: small cells are hidden. @throws {Refusal} `fields` */
export const equityOf = guarded((month: Month = monthOf(now())): Equity => {
  checkMonth(month);
  const schools = allSchools();
  return domainEquity(schools, cellsOf(schools, month), month);
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
export const equityTrend = guarded((months: number = 12, until: Month = monthOf(now())): { points: TrendPoint[]; behind: { shown: readonly SchoolFigure[]; hidden: readonly SchoolFigure[] } } => {
  checkMonth(until);
  const m = new Mistakes();
  m.whole(months, "/months", 1, MOST_TREND);
  m.finish();
  const schools = allSchools();
  const each = Array.from({ length: months }, (_, i) => plusMonths(until, i - months + 1)).map((month) => domainEquity(schools, cellsOf(schools, month), month));
  const rate = (f: Equity["rural"]): number | null => (f.hidden ? null : f.perPupil);
  const points = each.map((e) => ({ month: e.month, ratio: e.ratio, rural: rate(e.rural), urban: rate(e.urban) }));
  const last = each[each.length - 1];
  return { points, behind: last === undefined ? { shown: [], hidden: [] } : furthestBehind(last, 10) };
});

function checkMonth(month: Month): void {
  const m = new Mistakes();
  m.check(isMonth(month), "/month", "请填写月份，如 2026-11", "A month such as 2026-11");
  m.finish();
}

/** A month's cells: as written down when it can no longer change, from the counters otherwise. */
function cellsOf(schools: readonly School[], month: Month): Map<string, Cell> {
  const written = isOpen(month) ? undefined : FIGURES.get(month)?.value;
  const cells = written?.cells ?? counted(schools, month);
  return new Map(cells.map((c) => [c.school, c]));
}

function isOpen(month: Month): boolean {
  return month > plusMonths(monthOf(now()), -OPEN_MONTHS);
}

function counted(schools: readonly School[], month: Month): Cell[] {
  return schools.map(({ id }) => {
    const key = cellKey(id, month);
    return { school: id, month, uses: counter(COUNTERS.uses, key), seconds: counter(COUNTERS.seconds, key), people: counter(COUNTERS.people, key) };
  });
}

/** Where the counters and a recount differ. */
export interface Difference {
  readonly school: string;
  readonly counted: Cell;
  readonly recounted: Cell;
}

const MOST_USES = 100_000;

/** Counts a month again from its uses and what was taken over, and says where the counters differ: nowhere, or something is wrong. The bureau. @throws {Refusal} `not-permitted`, `fields` */
export const recount = guarded((asker: Asker, month: Month): Difference[] => {
  mustBeBureau(standingOf(asker));
  checkMonth(month);
  const cells = tally(all(USES_BY_MONTH.equals(month), MOST_USES));
  for (const i of all(IMPORTS_BY_MONTH.equals(month), MOST_SCHOOLS)) {
    const key = cellKey(i.school, month);
    const c = cells.get(key) ?? { school: i.school, month, uses: 0, seconds: 0, people: 0 };
    cells.set(key, { ...c, uses: c.uses + i.uses, seconds: c.seconds + i.seconds, people: c.people + i.people });
  }
  return counted(allSchools(), month).flatMap((c): Difference[] => {
    const recounted = cells.get(cellKey(c.school, month)) ?? { school: c.school, month, uses: 0, seconds: 0, people: 0 };
    const same = c.uses === recounted.uses && c.seconds === recounted.seconds && c.people === recounted.people;
    return same ? [] : [{ school: c.school, counted: c, recounted }];
  });
});

/** The job: writes the cells of the month down that no longer changes since the last one, and of those not written yet. */
export function writeFigures(tx: Tx): void {
  const schools = allSchools();
  const last = plusMonths(monthOf(now()), -OPEN_MONTHS);
  for (let n = 0; n < MOST_TREND; n++) {
    const month = plusMonths(last, -n);
    if (tx.get(FIGURES, month) !== undefined) return;
    const cells = counted(schools, month).filter((c) => c.uses > 0);
    tx.insert(FIGURES, { id: month, at: now(), cells });
    // Before the first month with anything there is nothing to write down.
    if (cells.length === 0) return;
  }
}
