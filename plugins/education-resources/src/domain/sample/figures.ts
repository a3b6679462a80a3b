/** A year of use by month, as figures that an earlier system counted. Rural schools come nearer to urban ones month by month. */
import type { School } from "../school.ts";
import { type Month, plusMonths } from "../time.ts";
import type { Cell } from "../use.ts";
import { Dice } from "./dice.ts";

/** How many months. */
export const SAMPLE_MONTHS = 12;

/** The n-th month of the year before `current`, from 0 on; the month under way is left to real uses. */
export function sampleMonth(current: Month, n: number): Month {
  return plusMonths(current, n - SAMPLE_MONTHS);
}

/** A school's cell of the n-th month. */
export function sampleCell(school: School, index: number, month: Month, n: number): Cell {
  const dice = new Dice(index * 31 + n * 7 + 3);
  const isHoliday = month.endsWith("-02") || month.endsWith("-07") || month.endsWith("-08");
  // Tenths of a use a pupil: urban about 8.0; rural from 2.4 up to 3.2 in the last month.
  const tenths = school.setting === "urban" ? 72 + dice.below(17) : 20 + Math.floor((n * 8) / (SAMPLE_MONTHS - 1)) + dice.below(9);
  // A few small schools have hardly any users: their cells are hidden.
  const share = index % 17 === 4 ? 0.005 : isHoliday ? 0.1 : 0.55 + dice.below(30) / 100;
  const people = Math.min(school.pupils, Math.floor(school.pupils * share));
  const uses = people === 0 ? 0 : Math.max(people, Math.floor((school.pupils * tenths * (isHoliday ? 2 : 10)) / 100));
  return { school: school.id, month, uses, seconds: uses * dice.from(240, 900), people };
}
