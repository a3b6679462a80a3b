/** Days and months as they are in Xuzhou (UTC+8, no summer time); moments are milliseconds of UTC. */

/** A day, `2026-11-27`. */
export type Day = string;
/** A month, `2026-11`. */
export type Month = string;

/** One day in milliseconds. */
export const DAY_MS = 86_400_000;
const OFFSET = 8 * 3_600_000;

/** The day of a moment. */
export function dayOf(ms: number): Day {
  return new Date(ms + OFFSET).toISOString().slice(0, 10);
}

/** The month of a moment. */
export function monthOf(ms: number): Month {
  return dayOf(ms).slice(0, 7);
}

/** Midnight in China at the start of a day. */
export function startOf(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`) - OFFSET;
}

/** Whether there is such a day. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && text >= "1900-01-01" && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && dayOf(startOf(text)) === text;
}

/** Whether there is such a month. */
export function isMonth(text: string): boolean {
  return isDay(`${text}-01`);
}

/** So many days later, or earlier when negative. */
export function plusDays(day: Day, days: number): Day {
  return dayOf(startOf(day) + days * DAY_MS);
}

/** So many months later, or earlier when negative. */
export function plusMonths(month: Month, months: number): Month {
  const at = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + months;
  return `${String(Math.floor(at / 12)).padStart(4, "0")}-${String((at % 12) + 1).padStart(2, "0")}`;
}

/** The last day of a month. */
export function lastDay(month: Month): Day {
  return plusDays(`${plusMonths(month, 1)}-01`, -1);
}

/** Whole years from a birth to a day: an age. Who was born on 29 February is a year older on 1 March in common years. */
export function ageOn(birth: Day, day: Day): number {
  return Number(day.slice(0, 4)) - Number(birth.slice(0, 4)) - (day.slice(5) < birth.slice(5) ? 1 : 0);
}
