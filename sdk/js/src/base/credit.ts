/** Credit 信用: `credit.event`, what is on record about the conduct of entities. */
import * as host from "city:base/credit@1.0.0";
import { whole } from "../contract.ts";
import { sharedCall } from "../shared/index.ts";
import { type Page, type Typed, typed } from "./common.ts";

/** Something that was decided about an entity. */
export type Event = Omit<Typed<host.Event>, "amount"> & {
  /** In fen. */
  readonly amount?: number;
};

/** The events about an entity, the oldest first, of these kinds; all kinds when none is named. */
export function events(purpose: string, uscc: string, kinds: string[] = [], cursor?: string): Page<Event> {
  const page = sharedCall(() => host.events(purpose, uscc, kinds, cursor));
  const items = page.events.map((e) => ({ ...typed(e), amount: e.amount === undefined ? undefined : whole(e.amount) }));
  return { items, next: page.next };
}

/** How many events of each kind are in force today; kinds without any are left out. */
export function summary(purpose: string, uscc: string): ReadonlyMap<string, number> {
  return new Map(sharedCall(() => host.summary(purpose, uscc)).map((k) => [k.kind, k.count]));
}
