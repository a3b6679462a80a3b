/// <reference path="./city-base-types.d.ts" />
/// <reference path="./city-data-shared.d.ts" />
declare module 'city:base/economy@1.0.0' {
  /**
   * The figure of a number; `none` when there is none.
   */
  export function get(purpose: string, number: string): Observation | undefined;
  /**
   * The indicators that the catalogue has.
   */
  export function indicators(purpose: string): Array<Indicator>;
  /**
   * Series of an indicator from a period to another one, both included and of one frequency (`2020`
   * to `2025`, or `2024-Q1` to `2025-Q4`), at most 600 periods. In the order of divisions, then
   * units. Of several figures for one period the most final one is taken. Needs `indicator`,
   * `division`, `period`, `value` and `unit` without a mask. `too-large` for more than 20,000 figures, or
   * 500 pages of them. Each page that is read counts as a host call.
   */
  export function getSeries(purpose: string, indicator: string, divisions: Divisions, from: string, to: string): Array<Series>;
  export type Standing = import('city:base/types@1.0.0').Standing;
  export type Error = import('city:data/shared@1.1.0').Error;
  /**
   * An indicator.
   */
  export interface Indicator {
    /**
     * Its code, such as `gdp`.
     */
    code: string,
    /**
     * Its name in Chinese.
     */
    zh: string,
    /**
     * Its name in English.
     */
    en: string,
  }
  /**
   * A figure as it is on record.
   */
  export interface Observation {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * Its number.
     */
    number?: string,
    /**
     * The indicator's code.
     */
    indicator?: string,
    /**
     * The division.
     */
    division?: string,
    /**
     * A year, a quarter or a month: `2025`, `2025-Q3`, `2025-07`.
     */
    period?: string,
    /**
     * The value, in its unit.
     */
    value?: number,
    /**
     * The unit, such as `亿元`.
     */
    unit?: string,
    /**
     * `preliminary`, `revised` or `final`.
     */
    state?: string,
  }
  /**
   * A figure of a series.
   */
  export interface Point {
    /**
     * A year, a quarter or a month: `2025`, `2025-Q3`, `2025-07`.
     */
    period: string,
    /**
     * The value, in the series' unit.
     */
    value: number,
    /**
     * `preliminary`, `revised` or `final`; `none` when that is not granted or not on record.
     */
    state?: string,
    /**
     * Growth in percent against the same period of the year before, of the figures as they stand
     * (not at comparable prices), computed in decimals and rounded to two places, half away from
     * zero. `none` when that figure is not in the answer, or is not above zero.
     */
    growth?: number,
  }
  /**
   * The figures of one indicator, division and unit.
   */
  export interface Series {
    /**
     * The indicator's code.
     */
    indicator: string,
    /**
     * The division.
     */
    division: string,
    /**
     * The unit of all figures.
     */
    unit: string,
    /**
     * The earliest first, one a period; a period without a figure is left out.
     */
    points: Array<Point>,
  }
  /**
   * The divisions of a level.
   */
  export interface LevelWithin {
    /**
     * The division around them, such as the city.
     */
    within: string,
    /**
     * `city`, `county`, `town` or `village`.
     */
    level: string,
  }
  /**
   * Which divisions are asked about.
   */
  export type Divisions = DivisionsCodes | DivisionsLevel;
  /**
   * These: 1 to 50.
   */
  export interface DivisionsCodes {
    tag: 'codes',
    val: Array<string>,
  }
  /**
   * All of a level in a division, such as the counties of the city.
   */
  export interface DivisionsLevel {
    tag: 'level',
    val: LevelWithin,
  }
}
