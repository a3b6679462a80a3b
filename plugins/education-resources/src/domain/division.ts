/** Divisions by GB/T 2260 (counties), with nine digits for towns and twelve for villages. */
import { COUNTIES, TOWNS } from "./towns.ts";

const NAMES: ReadonlyMap<string, string> = new Map([...COUNTIES, ...TOWNS]);

/** The county of a town's or village's code. */
export function countyOf(division: string): string {
  return division.slice(0, 6);
}

/** The name of a county or town; of a village that of its town. */
export function divisionName(code: string): string | undefined {
  return NAMES.get(code) ?? NAMES.get(code.slice(0, 9));
}

/** Whether it is a county of the city. */
export function isCounty(code: string): boolean {
  return code.length === 6 && NAMES.has(code);
}

/** Whether it is a town of the city, or a village in one. */
export function isPlace(code: string): boolean {
  return /^\d{9}(\d{3})?$/.test(code) && NAMES.has(code.slice(0, 9));
}

/** Whether `inner` is `outer` or lies in it. */
export function within(inner: string, outer: string): boolean {
  return inner.startsWith(outer === "320300" ? "3203" : outer);
}
