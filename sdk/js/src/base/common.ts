/**
 * What the base databases have in common: the five of the city's information hub, typed, each in a
 * module of its own (`@yunlong/sdk/base/population` and its siblings). Each is a view of datasets of
 * `shared`, and what is said there holds here: grant, role, purpose and consent are checked at each
 * call, and reads of personal data are in the log. Every function throws `SharedError`.
 *
 * Every item of a record is optional. In `standing.released` and absent: not on record. Not in it: not
 * granted. In `standing.present`: on record, and the grant lets no more be told.
 */
import type * as types from "city:base/types@1.0.0";
import { whole } from "../contract.ts";

/** How a record stands, and what of it was released. */
export type Standing = Omit<types.Standing, "version"> & {
  /** To be compared for equality alone. */
  readonly version: number;
};

/** A record whose standing is the SDK's. */
export type Typed<T extends { standing: types.Standing }> = Omit<T, "standing"> & { readonly standing: Standing };

/** A page of records. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor for the next page; absent when there is no more. A page may be short and have a next one. */
  readonly next?: string;
}

/** A record of the contract as the SDK's. */
export function typed<T extends { standing: types.Standing }>(raw: T): Typed<T> {
  return { ...raw, standing: { ...raw.standing, version: whole(raw.standing.version) } };
}
