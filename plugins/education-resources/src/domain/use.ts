/**
 * Uses of resources: what a device says, what is believed of it, and what is counted.
 *
 * A use is one session of one pupil with one resource. Its number is made by the device, so that what is sent again, or queued in
 * a class without a network and sent twice, is the same use.
 */
import { Mistakes, Refused } from "./refused.ts";
import { DAY_MS, type Day, type Month, dayOf, monthOf } from "./time.ts";

/** What a device says. */
export interface UseInput {
  /** The session's number: 8 to 64 letters, digits or `-`. */
  readonly id: string;
  readonly resource: string;
  /** When it began, by the device's clock (ms). */
  readonly at: number;
  readonly seconds: number;
}

/** Why a use is kept and not counted. */
export const RULES = ["machine", "too-short", "too-long", "too-many", "impossible"] as const;
export type Rule = (typeof RULES)[number];

/** The rules against bots, as the page states them. */
export const RULE_TEXTS: Readonly<Record<Rule, { readonly zh: string; readonly en: string }>> = {
  machine: { zh: "客户端自报为爬虫或脚本", en: "The client says that it is a crawler or a script" },
  "too-short": { zh: "不足 3 秒", en: "Shorter than 3 seconds" },
  "too-long": { zh: "超过 4 小时", en: "Longer than 4 hours" },
  "too-many": { zh: "同一学生一小时内超过 60 次", en: "More than 60 sessions of one pupil within an hour" },
  impossible: { zh: "同一学生一天累计超过 12 小时", en: "More than 12 hours of one pupil on one day" },
};

const LEAST_SECONDS = 3;
const MOST_SECONDS = 4 * 3600;
const MOST_AN_HOUR = 60;
const MOST_A_DAY = 12 * 3600;
/** A class without a network may come so late. */
export const LATEST_DAYS = 60;
const AHEAD_MS = 5 * 60_000;

/** A use, as it is kept. It has no subject: `who` is a pseudonym of one month, and leads nowhere once the student's secret is gone. */
export interface Use {
  readonly id: string;
  readonly who: string;
  /** The school at which the pupil was when it happened. */
  readonly school: string;
  readonly resource: string;
  readonly at: number;
  readonly month: Month;
  readonly seconds: number;
  /** `counted`, or the rule by which it is not. */
  readonly verdict: "counted" | Rule;
}

/** What one pupil did on one day, as far as the rules look. */
export interface UseDay {
  /** `pseudonym/day`. */
  readonly id: string;
  /** By which it is removed; absent in what was written before there was a term. */
  readonly day?: Day;
  /** Sessions counted in each hour, `00` to `23`. */
  readonly hours: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Whether a use can be believed at all. @throws {Refused} `fields`, `untrusted` */
export function checkUse(input: UseInput, now: number): void {
  const m = new Mistakes();
  m.check(/^[A-Za-z0-9-]{8,64}$/.test(input.id), "/id", "编号为 8 至 64 个字母、数字或 -", "8 to 64 letters, digits or -");
  m.text(input.resource, "/resource", 1, 64);
  m.whole(input.at, "/at", 0, Number.MAX_SAFE_INTEGER);
  m.whole(input.seconds, "/seconds", 0, 7 * 86_400);
  m.finish();
  if (input.at > now + AHEAD_MS || input.at < now - LATEST_DAYS * DAY_MS) throw new Refused({ kind: "untrusted", why: "clock" });
}

/** The id of the day that a use falls on. */
export function useDayId(who: string, at: number): string {
  return `${who}/${dayOf(at)}`;
}

/** Judges a use by the rules, and says what the pupil's day is afterwards. What is not counted leaves the day as it was. */
export function judge(input: UseInput, who: string, school: string, day: UseDay | undefined, agent: string): { use: Use; day: UseDay } {
  const before = day ?? { id: useDayId(who, input.at), hours: {}, seconds: 0 };
  const hour = new Date(input.at + 8 * 3_600_000).toISOString().slice(11, 13);
  const sessions = before.hours[hour] ?? 0;
  const verdict = verdictOf(input, sessions, before.seconds, agent);
  const use: Use = { ...input, who, school, month: monthOf(input.at), verdict };
  if (verdict !== "counted") return { use, day: before };
  return { use, day: { ...before, day: dayOf(input.at), hours: { ...before.hours, [hour]: sessions + 1 }, seconds: before.seconds + input.seconds } };
}

function verdictOf(input: UseInput, sessions: number, seconds: number, agent: string): Use["verdict"] {
  if (/bot\b|crawl|spider|curl\/|wget\/|python-|headless/i.test(agent)) return "machine";
  if (input.seconds < LEAST_SECONDS) return "too-short";
  if (input.seconds > MOST_SECONDS) return "too-long";
  if (sessions >= MOST_AN_HOUR) return "too-many";
  if (seconds + input.seconds > MOST_A_DAY) return "impossible";
  return "counted";
}

/** Whether what came is the use that is kept. @throws {Refused} `reused` when the number stands for another one */
export function mustBeSame(kept: Use, input: UseInput, who: string): void {
  const same = kept.who === who && kept.resource === input.resource && kept.at === input.at && kept.seconds === input.seconds;
  if (!same) throw new Refused({ kind: "reused", id: input.id });
}

/** What was counted of a school in a month. */
export interface Cell {
  readonly school: string;
  readonly month: Month;
  readonly uses: number;
  readonly seconds: number;
  /** Different pupils. */
  readonly people: number;
}

/** The cells that uses make: what the counters must say, and what a recount answers. */
export function tally(uses: Iterable<Use>): Map<string, Cell> {
  const people = new Map<string, Set<string>>();
  const cells = new Map<string, Cell>();
  for (const u of uses) {
    if (u.verdict !== "counted") continue;
    const key = cellKey(u.school, u.month);
    const seen = people.get(key) ?? new Set<string>();
    seen.add(u.who);
    people.set(key, seen);
    const c = cells.get(key) ?? { school: u.school, month: u.month, uses: 0, seconds: 0, people: 0 };
    cells.set(key, { ...c, uses: c.uses + 1, seconds: c.seconds + u.seconds, people: seen.size });
  }
  return cells;
}

/** The key of a school's counters in a month. */
export function cellKey(school: string, month: Month): string {
  return `${school}/${month}`;
}
