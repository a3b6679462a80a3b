/** Equity: uses a pupil in rural schools ÷ the same in urban ones; its trend, and the schools furthest behind. */
import { LEAST, suppress } from "./cells.ts";
import { countyOf } from "./division.ts";
import { type School, type Setting, inService } from "./school.ts";
import { type Month, lastDay } from "./time.ts";
import type { Cell } from "./use.ts";

/** The formula, as the page shows it. */
export const EQUITY_FORMULA = {
  zh: `城乡均衡度 ＝ 农村学校生均使用次数 ÷ 城镇学校生均使用次数；生均使用次数 ＝ 当月计入的使用次数 ÷ 在籍学生数；只舍不入。使用人数不足 ${LEAST} 人的格子不公布，为防止推算一并隐去其他必要的格子。`,
  en: `Equity ratio = uses a pupil of rural schools ÷ uses a pupil of urban schools; uses a pupil = uses counted in the month ÷ pupils on the roll; rounded down. Cells of fewer than ${LEAST} users are not shown, nor others from which they could be worked out.`,
} as const;

/** A figure that is shown, or hidden. Rates are hundredths, rounded down; `null` without pupils. */
export type Figure =
  | { readonly hidden: true }
  | { readonly hidden: false; readonly uses: number; readonly seconds: number; readonly people: number; readonly perPupil: number | null };

/** A school as it stood in a month: what its figures are divided by, and where they are counted. */
export interface Enrolled {
  readonly school: string;
  readonly name: string;
  readonly division: string;
  readonly setting: Setting;
  readonly pupils: number;
}

/** A figure of a school. */
export interface SchoolFigure extends Enrolled {
  readonly figure: Figure;
}

/** The figures of a month. */
export interface Equity {
  readonly month: Month;
  readonly city: Figure;
  readonly rural: Figure;
  readonly urban: Figure;
  /** Hundredths, rounded down: 40 is 0.40. `null` when one of the two is hidden or the urban one is nothing. */
  readonly ratio: number | null;
  readonly counties: readonly { readonly county: string; readonly figure: Figure }[];
  readonly schools: readonly SchoolFigure[];
}

interface Summed {
  readonly uses: number;
  readonly seconds: number;
  readonly people: number;
  readonly pupils: number;
}

const NOTHING: Summed = { uses: 0, seconds: 0, people: 0, pupils: 0 };

/** The schools in service in a month. One that ended in mid-term counts in its last month, and its pupils where they went. */
export function enrolledIn(schools: readonly School[], month: Month): Enrolled[] {
  const open = schools.filter((s) => s.from <= lastDay(month) && (s.to === null || s.to > `${month}-01`));
  return open.map(({ id, name, division, setting, ...s }) => ({ school: id, name, division, setting, pupils: inService(s, lastDay(month)) ? s.pupils : 0 }));
}

/** The figures of a month over the schools that stood in it; `cells` are those of that month. */
export function equity(schools: readonly Enrolled[], cells: ReadonlyMap<string, Cell>, month: Month): Equity {
  const of = new Map<string, Summed>(schools.map((s) => [s.school, { ...NOTHING, ...cells.get(s.school), pupils: s.pupils }]));
  const groups = groupsOf(schools);
  const hidden = suppress(schools.map((s) => ({ id: s.school, count: of.get(s.school)?.people ?? 0, row: s.setting, column: countyOf(s.division) })));
  const total = (id: string): Figure => {
    const members = groups.get(id) ?? [];
    // Where there is no school at all there is nothing to show.
    return figure(members.map((s) => of.get(s) ?? NOTHING), hidden.has(id) || members.length === 0);
  };
  const counties = [...new Set(schools.map((s) => countyOf(s.division)))].sort();
  return {
    month,
    city: total("city"),
    rural: total("rural"),
    urban: total("urban"),
    ratio: total("rural").hidden || total("urban").hidden ? null : ratioOf(sum(groups, "rural", of), sum(groups, "urban", of)),
    counties: counties.map((county) => ({ county, figure: total(county) })),
    schools: schools.map((s) => ({ ...s, figure: figure([of.get(s.school) ?? NOTHING], hidden.has(s.school)) })),
  };
}

function groupsOf(schools: readonly Enrolled[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>([["city", []], ["rural", []], ["urban", []]]);
  for (const s of schools) {
    for (const id of ["city", s.setting, countyOf(s.division)]) {
      const members = groups.get(id) ?? [];
      members.push(s.school);
      groups.set(id, members);
    }
  }
  return groups;
}

function add(all: readonly Summed[]): Summed {
  return all.reduce((a, b) => ({ uses: a.uses + b.uses, seconds: a.seconds + b.seconds, people: a.people + b.people, pupils: a.pupils + b.pupils }), NOTHING);
}

function sum(groups: ReadonlyMap<string, readonly string[]>, id: string, of: ReadonlyMap<string, Summed>): Summed {
  return add((groups.get(id) ?? []).map((s) => of.get(s) ?? NOTHING));
}

function figure(parts: readonly Summed[], hidden: boolean): Figure {
  if (hidden) return { hidden: true };
  const { uses, seconds, people, pupils } = add(parts);
  return { hidden: false, uses, seconds, people, perPupil: pupils === 0 ? null : Math.floor((uses * 100) / pupils) };
}

/** Hundredths, from the counts themselves and not from rounded rates. */
function ratioOf(rural: Summed, urban: Summed): number | null {
  const below = BigInt(rural.pupils) * BigInt(urban.uses);
  if (below === 0n) return null;
  return Number((BigInt(rural.uses) * BigInt(urban.pupils) * 100n) / below);
}

/** The rural schools furthest behind, the least uses a pupil first; then those that cannot be shown, by their codes. */
export function furthestBehind(of: Equity, most: number): { readonly shown: readonly SchoolFigure[]; readonly hidden: readonly SchoolFigure[] } {
  const rural = of.schools.filter((s) => s.setting === "rural");
  const shown = rural.filter((s) => !s.figure.hidden && s.figure.perPupil !== null).sort((a, b) => rate(a) - rate(b) || (a.school < b.school ? -1 : 1));
  const hidden = rural.filter((s) => s.figure.hidden).sort((a, b) => (a.school < b.school ? -1 : 1));
  return { shown: shown.slice(0, most), hidden: hidden.slice(0, most) };
}

function rate(s: SchoolFigure): number {
  return s.figure.hidden ? 0 : (s.figure.perPupil ?? 0);
}

/** `0.40` of hundredths. */
export function hundredths(n: number): string {
  return `${Math.floor(n / 100)}.${String(n % 100).padStart(2, "0")}`;
}
