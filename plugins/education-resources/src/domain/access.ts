/** The access rate: verified compulsory schools ÷ compulsory schools in service. */
import { countyOf, within } from "./division.ts";
import { type Link, silenced, stoodAt } from "./link.ts";
import { type School, inService, isCompulsory } from "./school.ts";
import { type Day, type Month, dayOf, monthOf, plusMonths, startOf } from "./time.ts";

/** The formula, as the page shows it. */
export const ACCESS_FORMULA = {
  zh: "宽带网络接入率 ＝ 经探针核验已接入的义务教育学校数 ÷ 当日在办的义务教育学校数。九年一贯制学校计一所；学校自报不计入；探针静默 30 天即视为断开；结果只舍不入。",
  en: "Access rate = compulsory schools whose link is verified by probes ÷ compulsory schools in service on the day. A nine-year school counts once; what schools report of themselves does not count; 30 days without a probe is lost; nothing is rounded up.",
} as const;

/** A school that is not verified. */
export interface Missing {
  readonly school: string;
  readonly name: string;
  readonly division: string;
  /** Where its link stands; `none` when it never applied. */
  readonly state: "none" | "applied" | "connected" | "lost";
}

/** A rate over some schools. */
export interface AccessRate {
  readonly verified: number;
  readonly inService: number;
  /** Hundredths of a percent, rounded down; `null` when no school is in service. */
  readonly basisPoints: number | null;
  readonly missing: readonly Missing[];
}

/** The rate over the schools that lie in `divisions` (codes of the city, counties or towns; all when empty), as it stands at `now`. */
export function accessRate(schools: readonly School[], links: ReadonlyMap<string, Link>, now: number, divisions: readonly string[] = []): AccessRate {
  const counted = countedOn(schools, dayOf(now), divisions);
  const missing: Missing[] = [];
  for (const { id, name, division } of counted) {
    const link = links.get(id);
    const state = link === undefined ? "none" : silenced(link, now).state;
    if (state !== "verified") missing.push({ school: id, name, division, state });
  }
  const verified = counted.length - missing.length;
  return { verified, inService: counted.length, basisPoints: basisPointsOf(verified, counted.length), missing };
}

function countedOn(schools: readonly School[], day: Day, divisions: readonly string[]): School[] {
  return schools.filter((s) => isCompulsory(s) && inService(s, day) && (divisions.length === 0 || divisions.some((d) => within(s.division, d))));
}

function basisPointsOf(verified: number, inService: number): number | null {
  return inService === 0 ? null : Math.floor((verified * 10_000) / inService);
}

/** The access rate as it stood at the end of a month; of the month under way, as it stands now. */
export interface AccessPoint {
  readonly month: Month;
  readonly verified: number;
  readonly inService: number;
  readonly basisPoints: number | null;
}

/** The rate at the end of each of the last `months` months, the oldest first, from the histories that probes wrote. */
export function accessTrend(schools: readonly School[], links: ReadonlyMap<string, Link>, now: number, months: number, divisions: readonly string[] = []): AccessPoint[] {
  const current = monthOf(now);
  return Array.from({ length: months }, (_, i): AccessPoint => {
    const month = plusMonths(current, i - months + 1);
    const at = month === current ? now : startOf(`${plusMonths(month, 1)}-01`) - 1;
    const counted = countedOn(schools, dayOf(at), divisions);
    const verified = counted.filter(({ id }) => {
      const link = links.get(id);
      return link !== undefined && stoodAt(link, at) === "verified";
    }).length;
    return { month, verified, inService: counted.length, basisPoints: basisPointsOf(verified, counted.length) };
  });
}

/** The rate of each county that has a school, in the order of codes: for the map. */
export function byCounty(schools: readonly School[], links: ReadonlyMap<string, Link>, now: number): readonly { county: string; rate: AccessRate }[] {
  const counties = [...new Set(schools.map((s) => countyOf(s.division)))].sort();
  return counties.map((county) => ({ county, rate: accessRate(schools, links, now, [county]) })).filter(({ rate }) => rate.inService > 0);
}

/** `80.00 %` of basis points. */
export function percent(basisPoints: number): string {
  return `${Math.floor(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, "0")} %`;
}
