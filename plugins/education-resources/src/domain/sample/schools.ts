/** 120 schools in real towns of the city, called by town and number. Sizes and lines are samples. */
import { COUNTIES, TOWNS } from "../towns.ts";
import { type School, type SchoolKind, register } from "../school.ts";
import { type Link, LINK_RULE, apply, probed, silenced } from "../link.ts";
import { DAY_MS } from "../time.ts";
import { Dice } from "./dice.ts";

const COUNT = 120;
const EACH = 12;

const KINDS: readonly (readonly [SchoolKind, string])[] = [
  ["primary", "中心小学"],
  ["junior", "初级中学"],
  ["nine-year", "九年制学校"],
  ["primary", "第二小学"],
  ["primary", "中心小学"],
  ["junior", "初级中学"],
  ["primary", "实验小学"],
  ["kindergarten", "中心幼儿园"],
  ["primary", "中心小学"],
  ["nine-year", "九年制学校"],
  ["junior", "第二初级中学"],
  ["senior", "高级中学"],
];

/** The schools: twelve in each of the ten counties that have towns of their own. */
export function sampleSchools(): School[] {
  const counties = COUNTIES.filter(([code]) => code !== "320371").slice(0, COUNT / EACH);
  return counties.flatMap(([county, countyName], c) => {
    const towns = TOWNS.filter(([code]) => code.startsWith(county));
    return KINDS.map(([kind, what], k) => {
      const dice = new Dice(c * 100 + k + 7);
      const [division, town] = towns[(k * 3 + c) % towns.length] ?? towns[0] ?? [county, countyName];
      const setting = town.endsWith("镇") || town.endsWith("乡") ? "rural" : "urban";
      const n = c * EACH + k + 1;
      const bandwidth = setting === "urban" ? dice.of([100, 200, 500, 1000]) : dice.of([20, 20, 50, 100, 4, 200]);
      const pupils = setting === "urban" ? dice.from(400, 2400) : dice.from(60, 900);
      return register({ id: `2132${String(n).padStart(6, "0")}`, name: `${countyName}${town}${what}`, division, setting, kind, bandwidth, pupils, from: "2010-09-01" });
    });
  });
}

/** Days before today on which the first and the last of the lines that are in order came up: the rate grows over the year. */
const FIRST = 360;
const LAST = 20;
/** One county, by its number, has all of its schools, and one is far behind: so that a map has something to say. */
const COMPLETE = 1;
const BEHIND = 5;
/** A line in order is looked at so often. */
const EVERY_DAYS = 14;

/** How far a school's link is: most were verified in the course of a year, some are on their way, a few lost or not applied for. */
export function sampleLink(school: School, n: number, now: number): Link | undefined {
  const county = Math.floor(n / EACH);
  if (n % 29 === 7 || (county === BEHIND && n % 3 === 0)) return undefined;
  if (county === COMPLETE) return verifiedLink(school, n, now, 0, LAST + ((n * 53) % (FIRST - LAST)));
  if (n % 31 === 5) return apply(school.id, now - 60 * DAY_MS);
  // A line that is lost was silent for 40 days; one that is connected was looked at on one day alone.
  const silentFor = n % 23 === 11 ? 40 : 0;
  return verifiedLink(school, n, now, silentFor, n % 19 === 3 ? 1 : LAST + silentFor + ((n * 53) % (FIRST - LAST - silentFor)));
}

function verifiedLink(school: School, n: number, now: number, silentFor: number, began: number): Link {
  const link = daysOf(began, silentFor).reduce((before, ago) => {
    const at = now - ago * DAY_MS - 60_000;
    const probe = { id: `sample-${school.id}-${ago}`, school: school.id, at, ok: true, mbps: Math.max(school.bandwidth, LINK_RULE.mbps), latency: 20 + (n % 40) };
    return probed(before, probe, at);
  }, apply(school.id, now - (began + 30) * DAY_MS));
  return silenced(link, now);
}

/** How many days ago a line was looked at: on as many days in a row as verify it, when it came up and at last; now and then between. */
function daysOf(began: number, silentFor: number): number[] {
  const inARow = (from: number): number[] => Array.from({ length: LINK_RULE.days }, (_, d) => from - d);
  const between = Array.from({ length: Math.floor((began - silentFor) / EVERY_DAYS) }, (_, i) => began - (i + 1) * EVERY_DAYS);
  const days = [...inARow(began), ...between, ...inARow(silentFor + LINK_RULE.days - 1)];
  return [...new Set(days)].filter((d) => d >= silentFor && d <= began).sort((a, b) => b - a);
}
