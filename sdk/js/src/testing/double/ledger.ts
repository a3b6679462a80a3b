/** Payments whose outcomes the test decides. */
import type * as host from "city:payments/intents@1.0.0";
import type { PaymentOutcome } from "../../payment-outcome.ts";
import { refuse } from "./refuse.ts";

/** What is reported of a payment. */
export type Outcome = PaymentOutcome;

/** What a transaction asks of the payments. */
export type PaymentOp =
  /** With who is to pay: anybody when that is absent. */
  | { readonly kind: "create"; readonly intent: host.Intent; readonly lines: host.Line[]; readonly payer?: string }
  | { readonly kind: "confirm" | "cancel"; readonly id: string }
  | { readonly kind: "refund"; readonly id: string; readonly refund: host.NewRefund };

interface Kept {
  intent: host.Intent;
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
    const pending = staged.flatMap((op) => (op.kind === "create" ? [op.intent] : []));
    const known = [...[...this.#kept.values()].map((k) => k.intent), ...pending];
    const first = known.find((i) => i.reference === wanted.reference);
    if (first !== undefined) {
      if (first.amount !== wanted.amount) invalid(`the reference ${wanted.reference} was used with another amount`);
      return first;
    }
    const id = `intent-${wanted.reference}`;
    return {
      id,
      reference: wanted.reference,
      amount: wanted.amount,
      captured: 0n,
      refunded: 0n,
      status: "pending",
      cashierUrl: `http://localhost:8080/cashier/${id}`,
    };
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
    if (kept === undefined && created !== undefined) {
      if (op.kind === "refund") wrong("pending", "refunded");
      return;
    }
    const { status } = this.#of(op.id).intent;
    if (op.kind === "confirm" && status !== "pending" && status !== "failed") wrong(status, "confirmed");
    if (op.kind === "cancel" && !["pending", "failed", "processing"].includes(status)) wrong(status, "cancelled");
    if (op.kind === "refund") this.#checkRefund(this.#of(op.id), op.id, op.refund, staged);
  }

  #checkRefund(kept: Kept, id: string, refund: host.NewRefund, staged: readonly PaymentOp[]): void {
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
      for (const { payee, amount } of op.lines) left.set(payee, (left.get(payee) ?? 0n) + amount);
      const { intent, payer } = op;
      if (!this.#kept.has(intent.id)) this.#kept.set(intent.id, { intent, payer, left, refunds: new Map() });
      return undefined;
    }
    const kept = this.#kept.get(op.id);
    if (kept === undefined) return undefined;
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
    kept.intent = { ...kept.intent, captured: kept.intent.amount, status: "captured" };
    return outcome(kept.intent, "captured", kept.intent.amount);
  }

  /** The provider refused. */
  fail(id: string, reason: string): Outcome {
    const kept = this.#of(id);
    kept.intent = { ...kept.intent, status: "failed" };
    return outcome(kept.intent, "failed", 0n, undefined, reason);
  }

  /** The provider paid the open refunds out, or refused them all. */
  settleRefunds(refused: string | undefined): Outcome[] {
    const out: Outcome[] = [];
    for (const kept of this.#kept.values()) {
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
