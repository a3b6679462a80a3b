/** Payments whose outcomes the test decides. */
import type * as host from "city:payments/intents@1.1.0";
import type { PaymentOutcome } from "../../payment-outcome.ts";
import { Book } from "./escrow.ts";
import { refuse } from "./refuse.ts";

/** What is reported of a payment. */
export type Outcome = PaymentOutcome;

/** What a transaction asks of the payments. */
export type PaymentOp =
  /** An escrow when it has no lines. With who is to pay: anybody when that is absent. */
  | { readonly kind: "create"; readonly intent: host.Intent; readonly lines?: host.Line[]; readonly payer?: string }
  | { readonly kind: "confirm" | "cancel"; readonly id: string }
  | { readonly kind: "refund"; readonly id: string; readonly refund: host.NewRefund }
  | HeldOp;

/** What becomes of held money. */
type HeldOp =
  | { readonly kind: "release"; readonly id: string; readonly release: host.HeldRelease }
  | { readonly kind: "refund-held"; readonly id: string; readonly refund: host.HeldRefund };

const isHeldOp = (op: PaymentOp): op is HeldOp => op.kind === "release" || op.kind === "refund-held";

interface Kept {
  intent: host.Intent;
  /** How often it changed: a transaction that saw another version has a conflict. */
  version: number;
  /** What became of the money, when it is held. */
  readonly book: Book | undefined;
  readonly payer: string | undefined;
  /** What each payee has received and not returned. */
  readonly left: Map<string, bigint>;
  readonly refunds: Map<string, { readonly refund: host.NewRefund; done: boolean }>;
}

const invalid = (why: string): never => refuse<host.Error>({ tag: "invalid", val: why });
const sum = (lines: readonly host.Line[]): bigint => lines.reduce((n, l) => n + l.amount, 0n);

function wrong(status: host.Status, what: string): never {
  return refuse<host.Error>({ tag: "wrong-status", val: `the intent is ${status} and cannot be ${what}` });
}

function isEscrow(): never {
  const why =
    "the intent is an escrow and cannot be refunded by `refund`: use `refund-held` for what is held; what was released belongs to its payees";
  return refuse<host.Error>({ tag: "wrong-status", val: why });
}

function noEscrow(what: string): never {
  return refuse<host.Error>({ tag: "wrong-status", val: `the intent is no escrow and cannot be ${what}` });
}

/** A release or a refund of held money, on an escrow as it stands. */
function move(intent: host.Intent, book: Book | undefined, op: HeldOp): void {
  if (book === undefined) {
    const payees = "released: its payees have the money since it was captured";
    noEscrow(op.kind === "release" ? payees : "refunded by `refund-held`: use `refund`");
  } else if (op.kind === "release") {
    book.release(intent, op.release);
  } else {
    book.refund(intent, op.refund);
  }
}

/** The intents of the installation. */
export class Ledger {
  readonly #kept = new Map<string, Kept>();

  get(id: string): host.Intent {
    return this.#of(id).intent;
  }

  #of(id: string): Kept {
    return this.#kept.get(id) ?? refuse<host.Error>({ tag: "unknown-intent", val: id });
  }

  /** The intent that `wanted` would become, or the first one with its reference. */
  prepare(wanted: host.NewIntent, staged: readonly PaymentOp[]): host.Intent {
    if (wanted.lines.length === 0) invalid("there are no lines");
    if (sum(wanted.lines) !== wanted.amount) invalid("the lines do not sum to the amount");
    if (wanted.lines.some((l) => l.payee.length !== 18)) {
      invalid("a payee is a unified social credit code of 18 characters");
    }
    return this.#first(wanted.reference, wanted.amount, false, staged);
  }

  /** The escrow that `wanted` would become, or the first one with its reference. */
  prepareEscrow(wanted: host.NewEscrow, staged: readonly PaymentOp[]): host.Intent {
    if (wanted.amount === 0n) invalid("there is nothing to pay: the amount is 0");
    return this.#first(wanted.reference, wanted.amount, true, staged);
  }

  /** The intent of a reference, or one that begins. */
  #first(reference: string, amount: bigint, escrow: boolean, staged: readonly PaymentOp[]): host.Intent {
    const pending = staged.flatMap((op) =>
      op.kind === "create" ? [{ intent: op.intent, held: op.lines === undefined }] : [],
    );
    const kept = [...this.#kept.values()].map((k) => ({ intent: k.intent, held: k.book !== undefined }));
    const first = [...kept, ...pending].find((k) => k.intent.reference === reference);
    if (first !== undefined) {
      if (first.intent.amount !== amount) invalid(`the reference ${reference} was used with another amount`);
      if (first.held !== escrow) {
        const [is, other] = first.held ? ["an escrow", "an intent"] : ["an intent", "an escrow"];
        invalid(`the reference ${reference} has ${is}: use a new one for ${other}`);
      }
      return first.intent;
    }
    const id = `intent-${reference}`;
    const cashierUrl = `http://localhost:8080/cashier/${id}`;
    return { id, reference, amount, captured: 0n, refunded: 0n, status: "pending", cashierUrl };
  }

  escrow(id: string): host.EscrowState {
    const { book, intent } = this.#of(id);
    return book?.state(intent) ?? noEscrow("read as one: use get");
  }

  /** The version of an intent, for a transaction that builds on it; none while there is none. */
  version(id: string): number | undefined {
    return this.#kept.get(id)?.version;
  }

  /** Whether `op` is allowed to `person` as things stand; `staged` may hold the intent's creation. */
  check(op: Exclude<PaymentOp, { kind: "create" }>, staged: readonly PaymentOp[], person: string | undefined): void {
    const created = staged.find((s) => s.kind === "create" && s.intent.id === op.id);
    const kept = this.#kept.get(op.id);
    const payer = kept ? kept.payer : created?.kind === "create" ? created.payer : undefined;
    if (op.kind === "confirm" && payer !== undefined && payer !== person) {
      const why = "this payment belongs to another account: confirm it in a call of the one who placed the order";
      refuse<host.Error>({ tag: "other", val: why });
    }
    if (kept === undefined && created?.kind === "create") {
      const book = created.lines === undefined ? new Book() : undefined;
      if (isHeldOp(op)) move(created.intent, book, op);
      if (op.kind === "refund") book ? isEscrow() : wrong("pending", "refunded");
      return;
    }
    const { status } = this.#of(op.id).intent;
    if (isHeldOp(op)) this.#checkHeld(this.#of(op.id), op, staged);
    if (op.kind === "confirm" && status !== "pending" && status !== "failed") wrong(status, "confirmed");
    if (op.kind === "cancel" && !["pending", "failed", "processing"].includes(status)) wrong(status, "cancelled");
    if (op.kind === "refund") this.#checkRefund(this.#of(op.id), op.id, op.refund, staged);
  }

  #checkHeld(kept: Kept, op: HeldOp, staged: readonly PaymentOp[]): void {
    const book = kept.book?.copy();
    for (const earlier of staged) if (isHeldOp(earlier) && earlier.id === op.id) move(kept.intent, book, earlier);
    move(kept.intent, book, op);
  }

  #checkRefund(kept: Kept, id: string, refund: host.NewRefund, staged: readonly PaymentOp[]): void {
    if (kept.book) isEscrow();
    const before = kept.refunds.get(refund.reference);
    if (before !== undefined) {
      if (sum(before.refund.lines) === sum(refund.lines)) return;
      invalid(`the reference ${refund.reference} was used with another amount`);
    }
    if (kept.intent.captured === 0n) wrong(kept.intent.status, "refunded");
    if (refund.lines.length === 0) invalid("there are no lines");
    const left = new Map(kept.left);
    const earlier = staged.flatMap((op) => (op.kind === "refund" && op.id === id ? op.refund.lines : []));
    for (const { payee, amount } of [...earlier, ...refund.lines]) {
      const rest = (left.get(payee) ?? 0n) - amount;
      if (rest < 0n) invalid(`${payee} has less than ${amount} left to return`);
      left.set(payee, rest);
    }
  }

  /** Applies a staged operation; a cancellation has its outcome at once. */
  apply(op: PaymentOp): Outcome | undefined {
    if (op.kind === "create") {
      const left = new Map<string, bigint>();
      const book = op.lines === undefined ? new Book() : undefined;
      for (const { payee, amount } of op.lines ?? []) left.set(payee, (left.get(payee) ?? 0n) + amount);
      const { intent, payer } = op;
      if (!this.#kept.has(intent.id)) {
        this.#kept.set(intent.id, { intent, version: 0, book, payer, left, refunds: new Map() });
      }
      return undefined;
    }
    const kept = this.#kept.get(op.id);
    if (kept === undefined) return undefined;
    kept.version += 1;
    if (isHeldOp(op)) {
      move(kept.intent, kept.book, op);
      returned(kept);
    }
    if (op.kind === "confirm") kept.intent = { ...kept.intent, status: "processing" };
    if (op.kind === "cancel") {
      kept.intent = { ...kept.intent, status: "cancelled" };
      return outcome(kept.intent, "cancelled", 0n);
    }
    if (op.kind === "refund" && !kept.refunds.has(op.refund.reference)) {
      const { refund } = op;
      kept.intent = { ...kept.intent, refunded: kept.intent.refunded + sum(refund.lines) };
      for (const { payee, amount } of refund.lines) kept.left.set(payee, (kept.left.get(payee) ?? 0n) - amount);
      kept.refunds.set(refund.reference, { refund, done: false });
    }
    return undefined;
  }

  /** The provider took the money. Also after a cancellation: money that arrives is reported. */
  capture(id: string): Outcome | undefined {
    const kept = this.#of(id);
    if (kept.intent.captured > 0n) return undefined;
    kept.version += 1;
    kept.intent = { ...kept.intent, captured: kept.intent.amount, status: "captured" };
    return outcome(kept.intent, "captured", kept.intent.amount);
  }

  /** The provider refused. */
  fail(id: string, reason: string): Outcome {
    const kept = this.#of(id);
    kept.version += 1;
    kept.intent = { ...kept.intent, status: "failed" };
    return outcome(kept.intent, "failed", 0n, undefined, reason);
  }

  /** The provider paid the open refunds out, or refused them all. */
  settleRefunds(refused: string | undefined): Outcome[] {
    const out: Outcome[] = [];
    for (const kept of this.#kept.values()) {
      kept.version += 1;
      for (const [reference, amount] of kept.book?.settle(refused !== undefined) ?? []) {
        returned(kept);
        out.push(outcome(kept.intent, refused === undefined ? "refunded" : "refund-failed", amount, reference, refused));
      }
      for (const [reference, open] of kept.refunds) {
        if (open.done) continue;
        open.done = true;
        const amount = sum(open.refund.lines);
        if (refused !== undefined) {
          kept.intent = { ...kept.intent, refunded: kept.intent.refunded - amount };
          for (const l of open.refund.lines) kept.left.set(l.payee, (kept.left.get(l.payee) ?? 0n) + l.amount);
          out.push(outcome(kept.intent, "refund-failed", amount, reference, refused));
        } else {
          if (kept.intent.refunded === kept.intent.captured) kept.intent = { ...kept.intent, status: "refunded" };
          out.push(outcome(kept.intent, "refunded", amount, reference));
        }
      }
    }
    return out;
  }
}

/** Writes down what of an escrow went back or is on its way. */
function returned(kept: Kept): void {
  if (kept.book === undefined) return;
  const { captured, refunding, refunded } = kept.book.state(kept.intent);
  const { status } = kept.intent;
  const all = captured > 0n && refunded === captured;
  kept.intent = { ...kept.intent, refunded: refunding + refunded, status: all ? "refunded" : status };
}

function outcome(
  intent: host.Intent,
  what: Outcome["outcome"],
  amount: bigint,
  refund?: string,
  reason?: string,
): Outcome {
  const { id, reference } = intent;
  return { outcome: what, intent: id, reference, amount: Number(amount), refund, reason };
}
