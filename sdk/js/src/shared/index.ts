/**
 * Shared data: the datasets of the city's information hub.
 *
 * `app.toml` declares under `[[datasets]]` which dataset is used, for which purpose and on which legal
 * basis; the dataset's provider grants it. Every call is checked anew, and every read of personal
 * data is in the city's audit log before it is answered.
 *
 * ```ts
 * // Of the person who asks; the app need not know their resident ID.
 * const me = Dataset.open("population.person", "concession-check").me(["birth_date"]);
 * ```
 */
import { consentUrl } from "city:identity/attributes@1.1.0";
import * as host from "city:data/shared@1.1.0";
import type { z } from "zod";
import { big, call, whole } from "../contract.ts";
import type { Scalar } from "../data/query.ts";
import { SharedError } from "./error.ts";

export { SharedError, type SharedErrorCode } from "./error.ts";

/** What a query asks for when it names no limit. */
const DEFAULT_LIMIT = 50;

/** Where a field's value comes from; `recorded` is RFC 3339, of a record about a person the day or empty. */
export type Source = host.Source;

/** A record, as far as it is released. A field that is not granted is absent. */
export class Released {
  /** The record's opaque reference here. */
  readonly reference: string;
  /** Another one when a granted field has changed. Compare it for equality alone, and give it to `write`. */
  readonly version: number;
  /** The released fields, masked as the grant says. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Granted fields that the record does not have. */
  readonly unrecorded: readonly string[];
  /** From when it holds, `YYYY-MM-DD`; empty for a record about a person whose number is not granted. */
  readonly validFrom: string;
  /** Until when it held, that day excluded; absent while it holds. */
  readonly validTo: string | undefined;
  /** Where the released fields come from. */
  readonly sources: readonly Source[];

  constructor(raw: host.Released) {
    this.reference = raw.reference;
    this.version = whole(raw.version);
    this.body = JSON.parse(raw.body) as Record<string, unknown>;
    this.unrecorded = raw.unrecorded;
    this.validFrom = raw.validFrom;
    this.validTo = raw.validTo;
    this.sources = raw.sources;
  }

  /** A field that is a text. */
  text(field: string): string | undefined {
    const value = this.body[field];
    return typeof value === "string" ? value : undefined;
  }

  /** A field that is a whole number, such as an age that the grant gives instead of a date of birth. */
  integer(field: string): number | undefined {
    const value = this.body[field];
    return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
  }

  /** The fields as a schema describes them. What may not be granted must be optional in it. @throws {SharedError} `invalid`. */
  decode<T>(schema: z.ZodType<T>): T {
    const read = schema.safeParse(this.body);
    if (read.success) return read.data;
    throw new SharedError("invalid", read.error.issues.map((i) => i.message).join("; "));
  }
}

/** A page of a query's answer. */
export interface Page {
  readonly records: readonly Released[];
  /** Give this to {@link Query.after}; absent when there is no more. */
  readonly next?: string;
}

/** Where a bulk job stands. */
export interface Job {
  readonly id: string;
  /** Whether its pages can be read. */
  readonly ready: boolean;
  /** Records so far; of people none before the job is ready. */
  readonly records: number;
  /** Pages so far. */
  readonly pages: number;
  /** Why it failed, if it did. */
  readonly failure?: string;
}

/**
 * A query over one index of a dataset: equality on its first items, a range on the item that follows,
 * values of other granted items, a limit and a cursor. Every item of the index must be granted. Each
 * method answers a new query.
 *
 * ```ts
 * Query.over("birth_date").atLeast("1990-01-01").below("1991-01-01").only("sex", "2").limit(100)
 * ```
 */
export class Query {
  private constructor(
    /** As the contract takes it. */
    readonly raw: host.Query,
  ) {}

  /** Walks an index: its items, in the catalogue's order. */
  static over(...items: string[]): Query {
    return new Query({ index: items, equals: [], limit: DEFAULT_LIMIT });
  }

  #with(change: Partial<host.Query>): Query {
    return new Query({ ...this.raw, ...change });
  }

  /** The next items of the index have these values. */
  equals(...values: Scalar[]): Query {
    return this.#with({ equals: [...this.raw.equals, ...values.map((v) => JSON.stringify(v))] });
  }

  /** The item after those of `equals` is this or more. */
  atLeast(value: Scalar): Query {
    return this.#with({ lower: { value: JSON.stringify(value), inclusive: true } });
  }

  /** The item after those of `equals` is more than this. */
  above(value: Scalar): Query {
    return this.#with({ lower: { value: JSON.stringify(value), inclusive: false } });
  }

  /** The item after those of `equals` is this or less. */
  atMost(value: Scalar): Query {
    return this.#with({ upper: { value: JSON.stringify(value), inclusive: true } });
  }

  /** The item after those of `equals` is less than this. */
  below(value: Scalar): Query {
    return this.#with({ upper: { value: JSON.stringify(value), inclusive: false } });
  }

  /** Only records whose item has this value. It is filtered after the index, so a page can be short and have a next one. */
  only(item: string, value: Scalar): Query {
    const filter = { ...(JSON.parse(this.raw.filter ?? "{}") as Record<string, Scalar>), [item]: value };
    return this.#with({ filter: JSON.stringify(filter) });
  }

  /** At most this many records: 1 to 500, 50 when not said. */
  limit(limit: number): Query {
    return this.#with({ limit });
  }

  /** Goes on where a page of the same query ended. */
  after(cursor: string | undefined): Query {
    return this.#with({ cursor });
  }
}

/** A call on shared data, with its error as a {@link SharedError}. */
export function sharedCall<T>(f: () => T): T {
  return call(f, (e: host.Error) => SharedError.of(e, consentUrl));
}

/** A dataset that was opened for a purpose. Every method throws {@link SharedError}. */
export class Dataset {
  private constructor(private readonly raw: host.Dataset) {}

  /** Opens a dataset by its code in the catalogue, for a purpose that `app.toml` declares. */
  static open(dataset: string, purpose: string): Dataset {
    return new Dataset(sharedCall(() => host.Dataset.open(dataset, purpose)));
  }

  /** The fields that the grant gives, in the catalogue's order. */
  fields(): string[] {
    return sharedCall(() => this.raw.fields());
  }

  /**
   * Reads one record by the value of its key item. Ask for the fields that are needed now, since each
   * is written into the log; none: all that are granted. `asOf` reads the version that held on that
   * day (`YYYY-MM-DD`). `undefined` for a record that does not exist, and one that no longer holds.
   */
  get(key: string, fields: string[] = [], asOf?: string): Released | undefined {
    const found = sharedCall(() => this.raw.get(key, fields, asOf));
    return found && new Released(found);
  }

  /** Reads the record about the person who asks; `undefined` when there is none, or the account has no resident ID. */
  me(fields: string[] = []): Released | undefined {
    const found = sharedCall(() => this.raw.me(fields));
    return found && new Released(found);
  }

  /** Finds records. */
  query(query: Query, fields: string[] = []): Page {
    const page = sharedCall(() => this.raw.query(query.raw, fields));
    return { records: page.records.map((r) => new Released(r)), next: page.next };
  }

  /**
   * Writes fields for which the installation's organization is the authority; other fields stay.
   * `version` is the one that the change is based on, 0 for a record that must be new; `validFrom` is
   * the day from which it holds. Answers the new version.
   */
  write(key: string, body: Readonly<Record<string, unknown>>, version: number, validFrom: string): number {
    return whole(sharedCall(() => this.raw.write(key, JSON.stringify(body), big(version), validFrom)));
  }

  /** Starts a job of the host that reads all records of a query; `city.hub.job` tells when it has ended. Answers its id. */
  startJob(query: Query, fields: string[] = []): string {
    return sharedCall(() => this.raw.startJob(query.raw, fields));
  }

  /** Where a job stands that this installation started. */
  job(id: string): Job {
    const job = sharedCall(() => this.raw.job(id));
    return { ...job, records: whole(job.records) };
  }

  /** Reads a page, from 0, of a job that is ready. Grant, consent and roles are checked again. */
  jobPage(id: string, page: number): Released[] {
    return sharedCall(() => this.raw.jobPage(id, page)).map((r) => new Released(r));
  }
}
