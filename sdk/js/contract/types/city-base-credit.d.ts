/// <reference path="./city-base-types.d.ts" />
/// <reference path="./city-data-shared.d.ts" />
declare module 'city:base/credit@1.0.0' {
  /**
   * The events about an entity, of these kinds; all kinds when none is named. Needs `uscc` and `date`
   * without a mask, and `kind` where kinds are named (otherwise `fields-not-granted`).
   */
  export function events(purpose: string, uscc: string, kinds: Array<string>, cursor: string | undefined): Page;
  /**
   * How many events of each kind are in force today: without an end, or with one that is not past.
   * Kinds without any are left out. Needs `kind` and `until`, and `uscc` and `date` to find by.
   * `too-large` for an entity with more than ten thousand events: count their pages. Each page that is
   * read counts as a host call.
   */
  export function summary(purpose: string, uscc: string): Array<KindCount>;
  export type Standing = import('city:base/types@1.0.0').Standing;
  export type Error = import('city:data/shared@1.1.0').Error;
  /**
   * Something that was decided about an entity.
   */
  export interface Event {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * Its number.
     */
    number?: string,
    /**
     * The entity.
     */
    uscc?: string,
    /**
     * `licence`, `penalty`, `honour`, `performance` or `breach`.
     */
    kind?: string,
    /**
     * When it was decided, `YYYY-MM-DD`.
     */
    date?: string,
    /**
     * The last day on which it is in force or is shown, `YYYY-MM-DD`.
     */
    until?: string,
    /**
     * Who decided it.
     */
    authority?: string,
    /**
     * What it says.
     */
    content?: string,
    /**
     * In fen.
     */
    amount?: bigint,
    /**
     * The division.
     */
    division?: string,
  }
  /**
   * A page of events.
   */
  export interface Page {
    /**
     * At most 200, the oldest first.
     */
    events: Array<Event>,
    /**
     * The cursor for the next page; `none` when there is no more.
     */
    next?: string,
  }
  /**
   * How many events of a kind are in force.
   */
  export interface KindCount {
    /**
     * The kind.
     */
    kind: string,
    /**
     * How many.
     */
    count: number,
  }
}
