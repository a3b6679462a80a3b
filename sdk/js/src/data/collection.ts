/** Typed collections of the installation's own JSON documents. */
import * as host from "city:data/collections@1.1.0";
import { z } from "zod";
import { call, whole } from "../contract.ts";
import { DataError } from "./error.ts";
import { Index, type Page, Query } from "./query.ts";
import { transact } from "./transact.ts";

/** A document as it is stored. */
export interface Stored<T> {
  readonly id: string;
  /** The sequence number of the commit that wrote this state. */
  readonly version: number;
  readonly value: T;
}

/**
 * A collection of `app.toml` whose documents are what a schema describes.
 *
 * ```ts
 * const Entry = z.object({ id: z.string(), author: z.string(), time: z.number() });
 * const ENTRIES = new Collection("entries", Entry);
 * const BY_TIME = ENTRIES.index("by-time");
 * const page = ENTRIES.find(BY_TIME.all().descending().limit(10));
 * ```
 *
 * The type of a stored document is checked when it is read: what an earlier version wrote must be
 * readable by the schema, with optional fields or defaults, or be migrated.
 */
export class Collection<T> {
  readonly #id: (document: T) => string;

  /**
   * @param name the collection's name in `app.toml`.
   * @param schema what its documents are.
   * @param id the document's id, 1 to 256 bytes; its field `id` when not said.
   */
  constructor(
    readonly name: string,
    readonly schema: z.ZodType<T>,
    ...id: T extends { id: string } ? [id?: (document: T) => string] : [id: (document: T) => string]
  ) {
    this.#id = id[0] ?? ((document) => (document as T & { id: string }).id);
    prepare(schema);
  }

  /** The document's id. */
  idOf(document: T): string {
    return this.#id(document);
  }

  /** An index that `app.toml` declares. */
  index(name: string): Index<T> {
    return new Index(this, name);
  }

  /** Walks the collection in the order of ids. */
  byId(): Query<T> {
    return new Index(this, "id").all();
  }

  /** Reads one document as last committed. @throws {DataError} */
  get(id: string): Stored<T> | undefined {
    const found = dataCall(() => host.get(this.name, id));
    return found && this.decode(found);
  }

  /** Reads one page as last committed. @throws {DataError} */
  find(query: Query<T>): Page<T> {
    return this.page(dataCall(() => host.find(this.name, query.raw)));
  }

  /** Adds a document whose id must be new, in a transaction of its own. @throws {DataError} */
  insert(document: T): void {
    transact((tx) => tx.insert(this, document));
  }

  /** Adds or replaces a document, in a transaction of its own. @throws {DataError} */
  put(document: T): void {
    transact((tx) => tx.put(this, document));
  }

  /** Removes a document, in a transaction of its own; one that is absent is no error. @throws {DataError} */
  delete(id: string): void {
    transact((tx) => tx.delete(this, id));
  }

  /** The document of a stored text. @throws {DataError} `mismatch` when the schema does not describe it. */
  decode(raw: host.Document): Stored<T> {
    const read = this.schema.safeParse(JSON.parse(raw.body));
    if (read.success) return { id: raw.id, version: whole(raw.version), value: read.data };
    const why = read.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ");
    throw new DataError("mismatch", `${this.name} \`${raw.id}\`: ${why}`);
  }

  /** The text to store. @throws {DataError} `invalid` when the schema does not describe the document. */
  encode(document: T): string {
    // Types are gone when it runs: what is no document of this collection is found at the write, not at the next read.
    const checked = this.schema.safeParse(document);
    if (checked.success) return JSON.stringify(document);
    const why = checked.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ");
    throw new DataError("invalid", `${this.name}: ${why}`);
  }

  /** The documents of a page. */
  page(raw: host.Page): Page<T> {
    return { items: raw.documents.map((d) => this.decode(d)), next: raw.next };
  }
}

/**
 * Has zod work out what it keeps about a schema of objects, and about those within it: collections are made when the component
 * is built, and each instance would work it out anew. Nothing is no object, so that no code of a schema runs here.
 */
function prepare(schema: z.core.$ZodType, seen = new Set<z.core.$ZodType>()): void {
  // A schema may hold itself.
  if (seen.has(schema)) return;
  seen.add(schema);
  const { def } = schema._zod as { def: { type: string; shape?: object; innerType?: z.core.$ZodType; element?: z.core.$ZodType } };
  if (def.type === "object") z.safeParse(schema, undefined);
  for (const within of [...Object.values(def.shape ?? {}), def.innerType, def.element]) if (within !== undefined) prepare(within, seen);
}

/** A data call, with its error as a {@link DataError}. */
export function dataCall<T>(f: () => T): T {
  return call(f, DataError.of);
}

/** What a counter stands at, as last committed; one that was never adjusted is 0. @throws {DataError} */
export function counter(name: string, key: string): number {
  return whole(dataCall(() => host.counter(name, key)));
}
