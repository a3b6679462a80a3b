/** Legal entities 法人: `legal-entities.entity`. */
import * as host from "city:base/legal-entities@1.0.0";
import { whole } from "../contract.ts";
import { sharedCall } from "../shared/index.ts";
import { type Page, type Typed, typed } from "./common.ts";

/** A legal entity or another organization. */
export type Entity = Omit<Typed<host.Entity>, "capital"> & {
  /** The registered capital in fen. */
  readonly capital?: number;
};

/** Which entities are looked for. The items that are asked by must be granted without a mask. */
export type Which =
  | { readonly named: string }
  | { readonly division: string }
  | { readonly industry: { readonly section: string; readonly division: string } };

function entity(raw: host.Entity): Entity {
  return { ...typed(raw), capital: raw.capital === undefined ? undefined : whole(raw.capital) };
}

/** The entity of a unified social credit code; `undefined` when there is none. */
export function get(purpose: string, uscc: string): Entity | undefined {
  const found = sharedCall(() => host.get(purpose, uscc));
  return found && entity(found);
}

/** Finds entities, a page at a time. */
export function find(purpose: string, which: Which, cursor?: string): Page<Entity> {
  const of: host.Which =
    "named" in which
      ? { tag: "named", val: which.named }
      : "division" in which
        ? { tag: "division", val: which.division }
        : { tag: "industry", val: which.industry };
  const page = sharedCall(() => host.find(purpose, of, cursor));
  return { items: page.entities.map(entity), next: page.next };
}
