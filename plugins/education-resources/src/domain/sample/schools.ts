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

/** How far a school's link is: most are verified, some on their way, a few lost or not applied for. */
export function sampleLink(school: School, n: number, now: number): Link | undefined {
  if (n % 29 === 7) return undefined;
  let link = apply(school.id, now - 200 * DAY_MS);
  if (n % 31 === 5) return link;
  // A line that is lost was silent for 40 days; one that is connected was looked at on too few days.
  const ago = n % 23 === 11 ? 40 : 0;
  const days = n % 19 === 3 ? 1 : LINK_RULE.days;
  for (let d = days; d >= 1; d--) {
    const at = now - (ago + d - 1) * DAY_MS - 60_000;
    const probe = { id: `sample-${school.id}-${d}`, school: school.id, at, ok: true, mbps: Math.max(school.bandwidth, LINK_RULE.mbps), latency: 20 + (n % 40) };
    link = probed(link, probe, at);
  }
  return silenced(link, now);
}
