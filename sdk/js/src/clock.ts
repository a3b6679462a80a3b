/**
 * Time. All times are milliseconds since 1970-01-01T00:00:00Z; people read them as the clock in
 * Xuzhou shows them, which is China Standard Time, UTC+8 without summer time.
 */
import { now as wallClock } from "wasi:clocks/wall-clock@0.2.10";

const DAY = 86_400_000;
const OFFSET = 8 * 3_600_000;

/** Now, in milliseconds. */
export function now(): number {
  const { seconds, nanoseconds } = wallClock();
  return Number(seconds) * 1000 + Math.floor(nanoseconds / 1_000_000);
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The date in China at a time, `2026-11-23`. */
export function date(ms: number): string {
  const d = new Date(ms + OFFSET);
  return `${String(d.getUTCFullYear()).padStart(4, "0")}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** The time of day in China, `14:05`. */
export function timeOfDay(ms: number): string {
  const d = new Date(ms + OFFSET);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** A time in China to the minute, `2026-11-23 14:05`. */
export function minute(ms: number): string {
  return `${date(ms)} ${timeOfDay(ms)}`;
}

/** A time as RFC 3339 with China's offset, to the second: `2026-11-23T14:05:00+08:00`. */
export function rfc3339(ms: number): string {
  return `${date(ms)}T${timeOfDay(ms)}:${two(new Date(ms).getUTCSeconds())}+08:00`;
}

/**
 * Midnight in China at the start of a day `YYYY-MM-DD`; `undefined` when there is no such day.
 */
export function startOf(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || day < "0001-01-01") return undefined;
  const ms = Date.parse(`${day}T00:00:00Z`) - OFFSET;
  // A day such as 29 February of a common year is refused by some engines and moved on by others.
  return Number.isNaN(ms) || date(ms) !== day ? undefined : ms;
}

/** So many days after a day `YYYY-MM-DD`, or before it when negative; `undefined` when there is no such day. */
export function plusDays(day: string, days: number): string | undefined {
  const start = startOf(day);
  return start === undefined ? undefined : date(start + days * DAY);
}

/**
 * Whole years from one day to another: an age. On 29 February the year is full on 1 March in
 * common years.
 */
export function yearsUntil(from: string, to: string): number {
  return Number(to.slice(0, 4)) - Number(from.slice(0, 4)) - (to.slice(5) < from.slice(5) ? 1 : 0);
}
