/** Economy 宏观经济: `economy.observation`, figures by indicator, division and period. */
import * as host from "city:base/economy@1.0.0";
import { sharedCall } from "../shared/index.ts";
import type { Text } from "../text.ts";
import { type Typed, typed } from "./common.ts";

/** A figure as it is on record. */
export type Observation = Typed<host.Observation>;

/** The figures of one indicator, division and unit, the earliest first. */
export type Series = host.Series;

/** An indicator. */
export interface Indicator {
  /** Its code, such as `gdp`. */
  readonly code: string;
  readonly name: Text;
}

/** Which divisions: 1 to 50 codes, or all of a level (`city`, `county`, `town`, `village`) in a division. */
export type Divisions = { readonly codes: string[] } | { readonly within: string; readonly level: string };

/** The figure of a number; `undefined` when there is none. */
export function get(purpose: string, number: string): Observation | undefined {
  const found = sharedCall(() => host.get(purpose, number));
  return found && typed(found);
}

/** The indicators that the catalogue has. */
export function indicators(purpose: string): Indicator[] {
  return sharedCall(() => host.indicators(purpose)).map(({ code, zh, en }) => ({ code, name: { zh, en } }));
}

/** Series of an indicator from a period to another one, both included and of one frequency. */
export function series(purpose: string, indicator: string, divisions: Divisions, from: string, to: string): Series[] {
  const which: host.Divisions =
    "codes" in divisions ? { tag: "codes", val: divisions.codes } : { tag: "level", val: { ...divisions } };
  return sharedCall(() => host.getSeries(purpose, indicator, which, from, to));
}
