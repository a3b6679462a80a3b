/** Queries over one declared index. */
import type * as host from "city:data/collections@1.1.0";
import type { Collection, Stored } from "./collection.ts";

/** What indexes order: JSON scalars. */
export type Scalar = string | number | boolean | null;

/** What a query asks for when it names no limit. */
const DEFAULT_LIMIT = 50;

/** A page of a query's answer. */
export interface Page<T> {
  /** The documents, in the index's order. */
  readonly items: readonly Stored<T>[];
  /** Give this to {@link Query.after} for the next page; absent when there is no more. */
  readonly next?: string;
}

/** An index of a collection, as declared in `app.toml`. */
export class Index<T> {
  constructor(
    readonly collection: Collection<T>,
    readonly name: string,
  ) {}

  /** Walks the whole index. */
  all(): Query<T> {
    return new Query(this.collection, {
      index: this.name,
      equals: [],
      direction: "ascending",
      limit: DEFAULT_LIMIT,
    });
  }

  /** Walks the documents whose first fields of the index have these values. */
  equals(...values: Scalar[]): Query<T> {
    return this.all().equals(...values);
  }
}

/**
 * A query over one index: equality on its first fields, a range on the field that follows, a
 * direction, a limit and a cursor. Each method answers a new query.
 *
 * ```ts
 * // The index `by-day` over `attraction`, `day`:
 * BY_DAY.equals("guishan").atLeast("2026-11-01").below("2026-12-01").limit(31)
 * ```
 */
export class Query<T> {
  constructor(
    readonly collection: Collection<T>,
    /** As the contract takes it. */
    readonly raw: host.Query,
  ) {}

  #with(change: Partial<host.Query>): Query<T> {
    return new Query(this.collection, { ...this.raw, ...change });
  }

  /** The next fields of the index have these values. */
  equals(...values: Scalar[]): Query<T> {
    return this.#with({ equals: [...this.raw.equals, ...values.map((v) => JSON.stringify(v))] });
  }

  /** The field after those of `equals` is this or more. */
  atLeast(value: Scalar): Query<T> {
    return this.#with({ lower: { value: JSON.stringify(value), inclusive: true } });
  }

  /** The field after those of `equals` is more than this. */
  above(value: Scalar): Query<T> {
    return this.#with({ lower: { value: JSON.stringify(value), inclusive: false } });
  }

  /** The field after those of `equals` is this or less. */
  atMost(value: Scalar): Query<T> {
    return this.#with({ upper: { value: JSON.stringify(value), inclusive: true } });
  }

  /** The field after those of `equals` is less than this. */
  below(value: Scalar): Query<T> {
    return this.#with({ upper: { value: JSON.stringify(value), inclusive: false } });
  }

  /** Largest first. */
  descending(): Query<T> {
    return this.#with({ direction: "descending" });
  }

  /** At most this many documents: 1 to 500, 50 when not said. */
  limit(limit: number): Query<T> {
    return this.#with({ limit });
  }

  /** Goes on where a page of the same query ended ({@link Page.next}). */
  after(cursor: string | undefined): Query<T> {
    return this.#with({ cursor });
  }
}
