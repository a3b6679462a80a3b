/** Serializable transactions that try again after a conflict. */
import * as host from "city:data/collections@1.1.0";
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.10";
import { big, signed, whole } from "../contract.ts";
import { bytes } from "../random.ts";
import { type Collection, type Stored, dataCall } from "./collection.ts";
import { DataError } from "./error.ts";
import type { Page, Query } from "./query.ts";

/**
 * How often a transaction is tried. With the pauses below, the last attempt starts after about a
 * second; then the request is better told to come again than kept waiting.
 */
const ATTEMPTS = 24;

/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 64;

/** The bounds of a counter, both included. */
export interface Bounds {
  readonly min: number;
  /** Absent: as far as the counter reaches. */
  readonly max?: number;
}

const COUNTER_MAX = 2n ** 63n - 1n;

/**
 * A transaction. Its own reads see its writes; nothing is locked and nothing is written until the
 * commit, which applies everything or nothing.
 *
 * Publishing, notes and payments are functions that take the transaction (`publish(tx, …)`), so that
 * an app that sends no messages imports nothing that could.
 */
export class Tx {
  /** Whether a call met a conflict, whatever the app made of its error. */
  conflict = false;

  constructor(
    /** The contract's transaction. */
    readonly raw: host.Transaction,
  ) {}

  #call<T>(f: () => T): T {
    try {
      return dataCall(f);
    } catch (e) {
      // A host may find a conflict before the commit.
      if (e instanceof DataError && e.code === "conflict") this.conflict = true;
      throw e;
    }
  }

  /** Reads one document. @throws {DataError} */
  get<T>(collection: Collection<T>, id: string): Stored<T> | undefined {
    const found = this.#call(() => this.raw.get(collection.name, id));
    return found && collection.decode(found);
  }

  /** Reads one page. An insertion by somebody else into what was read is a conflict. @throws {DataError} */
  find<T>(query: Query<T>): Page<T> {
    return query.collection.page(this.#call(() => this.raw.find(query.collection.name, query.raw)));
  }

  /** Adds a document whose id must be new. @throws {DataError} `already-exists` and the others. */
  insert<T>(collection: Collection<T>, document: NoInfer<T>): void {
    const body = collection.encode(document);
    this.#call(() => this.raw.insert(collection.name, collection.idOf(document), body));
  }

  /** Adds or replaces a document. @throws {DataError} */
  put<T>(collection: Collection<T>, document: NoInfer<T>): void {
    const body = collection.encode(document);
    this.#call(() => this.raw.put(collection.name, collection.idOf(document), body));
  }

  /** Removes a document; one that is absent is no error. @throws {DataError} */
  delete<T>(collection: Collection<T>, id: string): void {
    this.#call(() => this.raw.delete(collection.name, id));
  }

  /**
   * Adds `delta` to a counter at the commit, which is refused as `out-of-bounds` when the sum would
   * leave the bounds. Two transactions that adjust one counter do not conflict: use it for stock,
   * seats and caps.
   *
   * @throws {DataError} `undeclared` and the others; the bounds are checked by the commit.
   */
  adjust(counter: string, key: string, delta: number, bounds: Bounds): void {
    const max = bounds.max === undefined ? COUNTER_MAX : big(bounds.max);
    this.#call(() => signed(this.raw, () => this.raw.adjust(counter, key, big(delta), big(bounds.min), max)));
  }

  /**
   * What a counter stands at, with this transaction's own adjustments. The read is not remembered:
   * to rely on a bound, `adjust` with it. @throws {DataError}
   */
  counter(counter: string, key: string): number {
    return whole(this.#call(() => this.raw.counter(counter, key)));
  }

  /**
   * Adds a row to the installation's audit trail: a verb such as `order.refund`, what it was done to,
   * and details without personal data. Who did it is written by the host. @throws {DataError}
   */
  audit(action: string, target: string, detail: Record<string, unknown> = {}): void {
    this.#call(() => this.raw.audit(action, target, JSON.stringify(detail)));
  }
}

/**
 * Runs `f` in a transaction, commits it and answers what `f` answers. After a conflict it runs again
 * with fresh reads, up to 24 times with growing, random pauses: `f` must not have effects besides
 * those through `tx`, and must not wait for anything. When `f` throws, nothing is written.
 *
 * @throws what `f` throws; {@link DataError} for what the commit finds, and for the conflict after the
 * last attempt.
 */
export function transact<T>(f: (tx: Tx) => T extends PromiseLike<unknown> ? never : T): T {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) pause(attempt - 1);
    const raw = dataCall(() => host.Transaction.begin());
    const tx = new Tx(raw);
    let answer: T;
    try {
      answer = f(tx);
      if (typeof (answer as { then?: unknown } | undefined)?.then === "function") {
        // It would be committed before it was done.
        throw new TypeError("transact: the function must not be async");
      }
    } catch (e) {
      raw.rollback();
      if (tx.conflict) continue;
      throw e;
    }
    if (tx.conflict) {
      raw.rollback();
      continue;
    }
    try {
      dataCall(() => raw.commit());
      return answer;
    } catch (e) {
      if (!(e instanceof DataError && e.code === "conflict")) throw e;
    }
  }
  throw DataError.of({ tag: "conflict" });
}

/** A random pause ("full jitter"): those who met once do not meet again in step. */
function pause(attempt: number): void {
  const ceiling = Math.min(2 ** (attempt + 1), LONGEST_PAUSE);
  const milliseconds = (bytes(1)[0] ?? 0) % (ceiling + 1);
  subscribeDuration(BigInt(milliseconds) * 1_000_000n).block();
}
