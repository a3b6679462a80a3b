/** The order of JSON scalars: null, false, true, numbers, text by its bytes. */
import type * as host from "city:data/collections@1.1.0";
import type { DeclaredIndex } from "./manifest.ts";

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The values of an index. */
export type Key = readonly Json[];

function rank(value: Json): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  if (typeof value === "number") return 2;
  return typeof value === "string" ? 3 : 4;
}

/** Negative, zero or positive, as `a` stands before, beside or after `b`. */
export function compare(a: Json, b: Json): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === typeof b && a !== null && b !== null && typeof a !== "object") return Number(a) - Number(b);
  return rank(a) - rank(b);
}

/** The order of two keys, field by field. */
export function compareKeys(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compare(a[i] ?? null, b[i] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** A field of a document, by its path. */
export function fieldOf(document: Json, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** The values of an index; `undefined` when the document lacks one of the fields. */
export function keyOf(index: DeclaredIndex, document: Json): Json[] | undefined {
  const key: Json[] = [];
  for (const field of index.fields) {
    const value = fieldOf(document, field);
    if (value === undefined) return undefined;
    key.push(value);
  }
  return key;
}

/** Whether a value is on the right side of a bound, if there is one: `side` 1 above it, -1 below it. */
export function reaches(bound: host.Bound | undefined, value: Json, side: 1 | -1): boolean {
  if (bound === undefined) return true;
  const order = compare(value, JSON.parse(bound.value) as Json) * side;
  return order > 0 || (bound.inclusive && order === 0);
}

/** Whether an index's values are in a query's range. */
export function matches(key: Key, query: Pick<host.Query, "equals" | "lower" | "upper">): boolean {
  const n = query.equals.length;
  if (!query.equals.every((text, i) => compare(key[i] ?? null, JSON.parse(text) as Json) === 0)) return false;
  const next = key[n];
  return next === undefined || (reaches(query.lower, next, 1) && reaches(query.upper, next, -1));
}
