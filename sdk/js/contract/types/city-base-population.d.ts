/// <reference path="./city-base-types.d.ts" />
/// <reference path="./city-data-shared.d.ts" />
declare module 'city:base/population@1.0.0' {
  /**
   * The resident of a resident ID. `items` are the ones that are needed now, in the catalogue's names
   * (ask for few: each is written into the log); empty: all that are granted. `none` when there is no
   * such resident, where the caller may know that.
   */
  export function get(purpose: string, residentId: string, items: Array<string>): Person | undefined;
  /**
   * The resident who asks; their resident ID need not be known to the app. `none` when the account has
   * no resident ID, or nobody is registered under it.
   */
  export function me(purpose: string, items: Array<string>): Person | undefined;
  /**
   * The household of a number, such as `person.household`. The purpose is one for
   * `population.household`.
   */
  export function getHousehold(purpose: string, number: string, items: Array<string>): Household | undefined;
  export type Standing = import('city:base/types@1.0.0').Standing;
  export type Error = import('city:data/shared@1.1.0').Error;
  /**
   * A registered resident.
   */
  export interface Person {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * 18 characters, GB 11643.
     */
    residentId?: string,
    /**
     * As registered.
     */
    name?: string,
    /**
     * GB/T 2261.1: `1` male, `2` female, `0` unknown, `9` not stated.
     */
    sex?: string,
    /**
     * `YYYY-MM-DD`, or the year alone where the grant says so.
     */
    birthDate?: string,
    /**
     * Full years, where the grant gives the age instead of the date: enough for a concession. The
     * item is `birth_date`.
     */
    age?: number,
    /**
     * The code of GB/T 3304.
     */
    ethnicity?: string,
    /**
     * The division of registration: a code of GB/T 2260 and its extensions, down to the village.
     */
    division?: string,
    /**
     * The registered address.
     */
    address?: string,
    /**
     * The number of the household.
     */
    household?: string,
    /**
     * To the head of the household: the first digit of GB/T 4761, `0` for the head.
     */
    relation?: string,
    /**
     * 11 digits.
     */
    mobile?: string,
    /**
     * `normal`, `moved-out` or `deceased`.
     */
    status?: string,
  }
  /**
   * A household.
   */
  export interface Household {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * Its number.
     */
    number?: string,
    /**
     * The resident ID of its head.
     */
    head?: string,
    /**
     * The division.
     */
    division?: string,
    /**
     * The address.
     */
    address?: string,
    /**
     * How many members it has.
     */
    size?: number,
  }
}
