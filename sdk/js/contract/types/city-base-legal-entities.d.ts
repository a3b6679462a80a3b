/// <reference path="./city-base-types.d.ts" />
/// <reference path="./city-data-shared.d.ts" />
declare module 'city:base/legal-entities@1.0.0' {
  /**
   * The entity of a unified social credit code; `none` when there is none.
   */
  export function get(purpose: string, uscc: string): Entity | undefined;
  /**
   * Finds entities.
   */
  export function find(purpose: string, which: Which, cursor: string | undefined): Page;
  export type Standing = import('city:base/types@1.0.0').Standing;
  export type Error = import('city:data/shared@1.1.0').Error;
  /**
   * A legal entity or another organization.
   */
  export interface Entity {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * The unified social credit code: 18 characters, GB 32100.
     */
    uscc?: string,
    /**
     * The registered name.
     */
    name?: string,
    /**
     * `company`, `sole-trader`, `farmers-cooperative`, `institution`, `government` or `association`.
     */
    kind?: string,
    /**
     * The legal representative's name.
     */
    representative?: string,
    /**
     * The section of GB/T 4754-2017, `A` to `S`.
     */
    industry?: string,
    /**
     * The division of the seat.
     */
    division?: string,
    /**
     * The seat.
     */
    address?: string,
    /**
     * The registered capital in fen.
     */
    capital?: bigint,
    /**
     * `YYYY-MM-DD`.
     */
    founded?: string,
    /**
     * `active`, `revoked` (the licence was taken away) or `cancelled`.
     */
    status?: string,
  }
  /**
   * An industry in a division.
   */
  export interface IndustryIn {
    /**
     * The section of GB/T 4754-2017, `A` to `S`.
     */
    section: string,
    /**
     * The division, and all that lie in it.
     */
    division: string,
  }
  /**
   * Which entities are looked for. The items that are asked by must be granted without a mask.
   */
  export type Which = WhichNamed | WhichDivision | WhichIndustry;
  /**
   * Those of this registered name, letter by letter.
   */
  export interface WhichNamed {
    tag: 'named',
    val: string,
  }
  /**
   * Those whose seat is in a division, or in one that lies in it.
   */
  export interface WhichDivision {
    tag: 'division',
    val: string,
  }
  /**
   * Those of an industry whose seat is in a division.
   */
  export interface WhichIndustry {
    tag: 'industry',
    val: IndustryIn,
  }
  /**
   * A page of entities.
   */
  export interface Page {
    /**
     * At most 200.
     */
    entities: Array<Entity>,
    /**
     * The cursor for the next page; `none` when there is no more.
     */
    next?: string,
  }
}
