/** Population 人口: `population.person` and `population.household`. */
import * as host from "city:base/population@1.0.0";
import { sharedCall } from "../shared/index.ts";
import { type Typed, typed } from "./common.ts";

/** A registered resident. */
export type Person = Typed<host.Person>;

/** A household. */
export type Household = Typed<host.Household>;

/** The resident of a resident ID. Name the items that are needed now; none: all that are granted. */
export function get(purpose: string, residentId: string, items: string[] = []): Person | undefined {
  const found = sharedCall(() => host.get(purpose, residentId, items));
  return found && typed(found);
}

/** The resident who asks; the app need not know their resident ID. */
export function me(purpose: string, items: string[] = []): Person | undefined {
  const found = sharedCall(() => host.me(purpose, items));
  return found && typed(found);
}

/** The household of a number. The purpose is one for `population.household`. */
export function household(purpose: string, number: string, items: string[] = []): Household | undefined {
  const found = sharedCall(() => host.getHousehold(purpose, number, items));
  return found && typed(found);
}
