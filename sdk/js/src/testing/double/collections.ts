/** Committed documents and counters, and how indexes order them. */
import type * as host from "city:data/collections@1.1.0";
import type { DeclaredIndex, Manifest } from "./manifest.ts";
import { type Json, type Key, compareKeys, fieldOf, keyOf, matches } from "./order.ts";
import { refuse } from "./refuse.ts";

/** The host's bounds. */
const DOCUMENT_BYTES = 1024 * 1024;
const ID_BYTES = 256;
const PAGE_DOCUMENTS = 500;

/** A document with its version. */
export interface Entry {
  readonly version: bigint;
  readonly body: string;
  readonly value: Json;
}

/** Writes that are not committed: `undefined` removes. */
export type Overlay = Map<string, Entry | undefined>;

interface Kept {
  readonly indexes: readonly DeclaredIndex[];
  readonly documents: Map<string, Entry>;
}

const NOTHING: Overlay = new Map();
const invalid = (why: string): never => refuse<host.Error>({ tag: "invalid", val: why });
const undeclared = (what: string): never => refuse<host.Error>({ tag: "undeclared", val: what });
const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** The collections and counters that `app.toml` declares. */
export class Collections {
  readonly #collections: Map<string, Kept>;
  readonly #declared: ReadonlySet<string>;
  readonly #counters = new Map<string, bigint>();

  constructor(manifest: Manifest) {
    this.#collections = new Map(
      manifest.of.collections.map((c) => [c.name, { indexes: c.indexes, documents: new Map<string, Entry>() }]),
    );
    this.#declared = new Set(manifest.of.counters);
  }

  #kept(name: string): Kept {
    return this.#collections.get(name) ?? undeclared(`collection \`${name}\``);
  }

  get(collection: string, id: string): host.Document | undefined {
    checkId(id);
    const found = this.#kept(collection).documents.get(id);
    return found && { id, version: found.version, body: found.body };
  }

  apply(collection: string, id: string, entry: Entry | undefined): void {
    const { documents } = this.#kept(collection);
    if (entry) documents.set(id, entry);
    else documents.delete(id);
  }

  counter(counter: string, key: string): bigint {
    if (!this.#declared.has(counter)) undeclared(`counter \`${counter}\``);
    return this.#counters.get(JSON.stringify([counter, key])) ?? 0n;
  }

  setCounter(counter: string, key: string, value: bigint): void {
    this.#counters.set(JSON.stringify([counter, key]), value);
  }

  /** A document that may be written: a JSON object whose indexed fields can be ordered. */
  check(collection: string, id: string, body: string): Entry {
    checkId(id);
    const { indexes } = this.#kept(collection);
    const size = byteLength(body);
    if (size > DOCUMENT_BYTES) {
      refuse<host.Error>({ tag: "too-large", val: `the document has ${size} bytes; ${DOCUMENT_BYTES} are allowed` });
    }
    const value = parsed(body, "the document is no JSON");
    if (typeof value !== "object" || value === null || Array.isArray(value)) invalid("a document is a JSON object");
    for (const field of indexes.flatMap((i) => i.fields)) {
      const found = fieldOf(value, field);
      if (typeof found === "object" && found !== null) invalid(`the indexed field \`${field}\` cannot be ordered`);
    }
    return { version: 0n, body, value };
  }

  /** Refuses a document whose values of a unique index another one has. */
  checkUnique(collection: string, id: string, entry: Entry, overlay: Overlay): void {
    const kept = this.#kept(collection);
    for (const index of kept.indexes.filter((i) => i.unique)) {
      const key = keyOf(index, entry.value);
      if (key === undefined) continue;
      for (const [existing, other] of view(kept, overlay)) {
        const theirs = keyOf(index, other.value);
        if (existing !== id && theirs !== undefined && compareKeys(theirs, key) === 0) {
          refuse<host.Error>({ tag: "unique-violation", val: { collection, index: index.name, existing } });
        }
      }
    }
  }

  find(collection: string, query: host.Query, overlay: Overlay = NOTHING): host.Page {
    const kept = this.#kept(collection);
    const { limit } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_DOCUMENTS) invalid(`limit ${limit} is not in 1 to ${PAGE_DOCUMENTS}`);
    const index = kept.indexes.find((i) => i.name === query.index);
    if (index === undefined && query.index !== "id") undeclared(`index \`${query.index}\` of \`${collection}\``);
    const width = index?.fields.length ?? 1;
    const ranged = query.lower !== undefined || query.upper !== undefined;
    if (query.equals.length > width || (query.equals.length === width && ranged)) {
      invalid(`the index \`${query.index}\` has ${width} fields`);
    }
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor, collection, query);
    const sign = query.direction === "descending" ? -1 : 1;
    const compare = (a: Row, b: Row): number => sign * (compareKeys(a.key, b.key) || compareKeys([a.id], [b.id]));
    const rows: Row[] = [];
    for (const [id, entry] of view(kept, overlay)) {
      const key = index === undefined ? [id] : keyOf(index, entry.value);
      if (key !== undefined && matches(key, query)) rows.push({ key, id, entry });
    }
    const found = rows.filter((r) => after === undefined || compare(r, after) > 0).sort(compare);
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      documents: found.slice(0, limit).map(({ id, entry }) => ({ id, version: entry.version, body: entry.body })),
      next: last && writeCursor(collection, query, last),
    };
  }
}

interface Place {
  readonly key: Key;
  readonly id: string;
}

type Row = Place & { readonly entry: Entry };

function checkId(id: string): void {
  const n = byteLength(id);
  if (n < 1 || n > ID_BYTES) invalid(`an id has 1 to ${ID_BYTES} bytes, not ${n}`);
}

function parsed(text: string, otherwise: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return invalid(otherwise);
  }
}

/** The committed documents with the overlay on top. */
function view(kept: Kept, overlay: Overlay): Iterable<[string, Entry]> {
  const all = new Map(kept.documents);
  for (const [id, entry] of overlay) {
    if (entry) all.set(id, entry);
    else all.delete(id);
  }
  return all;
}

/** Cursors are opaque to apps: hexadecimal, bound to the query that made them. */
function fingerprint(collection: string, q: host.Query): string {
  return JSON.stringify([collection, q.index, q.equals, q.lower ?? null, q.upper ?? null, q.direction]);
}

function writeCursor(collection: string, query: host.Query, { key, id }: Place): string {
  return Buffer.from(JSON.stringify([fingerprint(collection, query), key, id])).toString("hex");
}

function readCursor(text: string, collection: string, query: host.Query): Row {
  const foreign = "the cursor is not from this query";
  if (!/^([0-9a-f]{2})+$/.test(text)) invalid(foreign);
  const read = parsed(Buffer.from(text, "hex").toString("utf8"), foreign);
  const [of, key, id] = Array.isArray(read) ? read : [];
  if (of !== fingerprint(collection, query)) invalid(foreign);
  return { key: key as Json[], id: id as string, entry: { version: 0n, body: "", value: null } };
}
