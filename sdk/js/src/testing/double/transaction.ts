/** Optimistic transactions: reads are remembered and compared at the commit. */
import type * as host from "city:data/collections@1.1.0";
import type * as publisher from "city:messaging/publisher@1.0.0";
import type { Entry, Overlay } from "./collections.ts";
import type { FileOp } from "./files.ts";
import type { PaymentOp } from "./ledger.ts";
import { refuse } from "./refuse.ts";
import { type AuditRow, type State, city } from "./state.ts";

interface Adjust {
  readonly counter: string;
  readonly key: string;
  readonly delta: bigint;
  readonly min: bigint;
  readonly max: bigint;
}

const seen = (page: host.Page): string => page.documents.map((d) => `${d.id}@${d.version}`).join("\n");

/** The contract's transaction. */
export class Transaction implements host.Transaction {
  readonly #writes = new Map<string, Overlay>();
  readonly #reads: { collection: string; id: string; version: bigint | undefined }[] = [];
  readonly #queries: { collection: string; query: host.Query; seen: string }[] = [];
  readonly #adjusts: Adjust[] = [];
  readonly #audit: AuditRow[] = [];
  readonly events: { id: string; event: publisher.Outgoing }[] = [];
  readonly notes: publisher.Notification[] = [];
  readonly payments: PaymentOp[] = [];
  /** Intents that `payments` builds on, with their versions. */
  readonly intents: { readonly id: string; readonly version: number | undefined }[] = [];
  readonly files: FileOp[] = [];
  #closed = false;

  static begin(): Transaction {
    return new Transaction();
  }

  get closed(): boolean {
    return this.#closed;
  }

  #open(): State {
    if (this.#closed) refuse<host.Error>({ tag: "closed" });
    return city();
  }

  get(collection: string, id: string): host.Document | undefined {
    const committed = this.#open().data.get(collection, id);
    const own = this.#writes.get(collection);
    if (own?.has(id)) {
      const entry = own.get(id);
      return entry && { id, version: entry.version, body: entry.body };
    }
    this.#reads.push({ collection, id, version: committed?.version });
    return committed;
  }

  find(collection: string, query: host.Query): host.Page {
    const { data } = this.#open();
    const committed = data.find(collection, query);
    this.#queries.push({ collection, query, seen: seen(committed) });
    const own = this.#writes.get(collection);
    return own ? data.find(collection, query, own) : committed;
  }

  insert(collection: string, id: string, body: string): void {
    if (this.get(collection, id) !== undefined) {
      this.#readsHold(this.#open());
      refuse<host.Error>({ tag: "already-exists", val: id });
    }
    this.put(collection, id, body);
  }

  put(collection: string, id: string, body: string): void {
    const state = this.#open();
    const entry = state.data.check(collection, id, body);
    const overlay = this.#overlay(collection);
    try {
      state.data.checkUnique(collection, id, entry, overlay);
    } catch (e) {
      this.#readsHold(state);
      throw e;
    }
    overlay.set(id, entry);
  }

  delete(collection: string, id: string): void {
    // A collection or an id that cannot be is refused at once.
    this.#open().data.get(collection, id);
    this.#overlay(collection).set(id, undefined);
  }

  adjust(counter: string, key: string, delta: bigint, min: bigint, max: bigint): void {
    this.#open().data.counter(counter, key);
    this.#adjusts.push({ counter, key, delta, min, max });
  }

  counter(counter: string, key: string): bigint {
    const committed = this.#open().data.counter(counter, key);
    const own = this.#adjusts.filter((a) => a.counter === counter && a.key === key);
    return own.reduce((sum, a) => sum + a.delta, committed);
  }

  audit(action: string, target: string, detail: string): void {
    const actor = this.#open().principal.subject;
    this.#audit.push({ actor, action, target, detail: JSON.parse(detail) as unknown });
  }

  /** Applies everything or nothing. */
  commit(): bigint {
    const state = this.#open();
    this.#closed = true;
    if (state.conflicts > 0) {
      state.conflicts -= 1;
      refuse<host.Error>({ tag: "conflict" });
    }
    this.#validate(state);
    const counters = this.#counters(state);
    state.sequence += 1;
    this.#apply(state, counters);
    return BigInt(state.sequence);
  }

  rollback(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
  }

  #overlay(collection: string): Overlay {
    let overlay = this.#writes.get(collection);
    if (overlay === undefined) this.#writes.set(collection, (overlay = new Map()));
    return overlay;
  }

  /** A refusal counts only if what was read still holds; a commit takes place only then. */
  #readsHold({ data, ledger }: State): void {
    const same =
      this.intents.every((i) => ledger.version(i.id) === i.version) &&
      this.#reads.every((r) => data.get(r.collection, r.id)?.version === r.version) &&
      this.#queries.every((q) => seen(data.find(q.collection, q.query)) === q.seen);
    if (!same) refuse<host.Error>({ tag: "conflict" });
  }

  #validate(state: State): void {
    this.#readsHold(state);
    const { data } = state;
    for (const [collection, overlay] of this.#writes) {
      for (const [id, entry] of overlay) if (entry) data.checkUnique(collection, id, entry, overlay);
    }
  }

  /** What the counters will stand at. */
  #counters({ data }: State): Map<string, Adjust & { value: bigint }> {
    const out = new Map<string, Adjust & { value: bigint }>();
    for (const a of this.#adjusts) {
      const at = JSON.stringify([a.counter, a.key]);
      const value = out.get(at)?.value ?? data.counter(a.counter, a.key);
      const sum = value + a.delta;
      if (sum < a.min || sum > a.max) refuse<host.Error>({ tag: "out-of-bounds", val: { ...a, value } });
      out.set(at, { ...a, value: sum });
    }
    return out;
  }

  #apply(state: State, counters: ReadonlyMap<string, Adjust & { value: bigint }>): void {
    const version = BigInt(state.sequence);
    for (const [collection, overlay] of this.#writes) {
      for (const [id, entry] of overlay) state.data.apply(collection, id, entry && ({ ...entry, version } satisfies Entry));
    }
    for (const { counter, key, value } of counters.values()) state.data.setCounter(counter, key, value);
    for (const op of this.files) state.files.apply(op);
    state.audit.push(...this.#audit);
    state.notes.push(...this.notes);
    for (const { id, event } of this.events) {
      if (event.deduplicationKey !== undefined) {
        const once = JSON.stringify([event.topic, event.deduplicationKey]);
        if (state.deduplicated.has(once)) continue;
        state.deduplicated.add(once);
      }
      state.publish(`/installations/${state.manifest.of.name}`, event, id);
    }
    for (const op of this.payments) {
      const outcome = state.ledger.apply(op);
      if (outcome) state.report(outcome);
    }
  }
}

/** The double behind a transaction that the SDK hands over. */
export function own(transaction: host.Transaction): Transaction {
  if (transaction instanceof Transaction) return transaction;
  throw new TypeError("this transaction is not from the city in memory");
}

