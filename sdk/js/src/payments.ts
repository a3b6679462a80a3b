/**
 * Payments over the platform's ledger. Money is a whole number of fen.
 *
 * An intent, its confirmation, cancellation or refund is staged in a transaction; the outcome comes
 * back to the app's consumer as an event whose `payment()` is a {@link PaymentOutcome}.
 *
 * What such an intent takes belongs to the payees of its lines at once. Where nobody is to get it yet, because a buyer
 * still has to confirm, {@link createEscrow} makes an intent whose money the platform holds: {@link release}
 * pays it to payees, {@link refundHeld} returns it, {@link escrow} tells where it is.
 */
import * as host from "city:payments/intents@1.1.0";
import { big, call, whole } from "./contract.ts";
import type { Tx } from "./data/transact.ts";
import { PaymentError } from "./payment-error.ts";
import type { Text } from "./text.ts";

/** Who receives a part of the money. */
export interface Line {
  /** The receiver's unified social credit code (GB 32100). */
  readonly payee: string;
  /** Fen. */
  readonly amount: number;
  /** What it is for, as a statement would show it. */
  readonly description: string;
}

/** What to pay; the amount is the sum of the lines. */
export interface NewIntent {
  /** The app's own number for it. Asking again with the same reference and amount answers the first intent. */
  readonly reference: string;
  /** What the payer reads. */
  readonly description: Text;
  /** How the money is split. At least one line. */
  readonly lines: readonly Line[];
  /** Milliseconds since 1970. A payment that arrives later is still reported; the app decides what becomes of it. */
  readonly expiresAt: number;
  /** The path of this app to which the cashier leads back. */
  readonly returnPath: string;
}

/** A payment intent. Amounts are in fen. */
export interface Intent {
  /** Unique on the platform. */
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly captured: number;
  /** Returned, or staged to be returned. */
  readonly refunded: number;
  readonly status: host.Status;
  /** The address of the cashier's page, to redirect (303) the payer to. */
  readonly cashierUrl: string;
}

/** A part of a captured intent to return. */
export interface NewRefund {
  /** The app's own number for the refund: the same number is the same refund, once. */
  readonly reference: string;
  /** What each payee gives back. */
  readonly lines: readonly Line[];
  /** Why, as a statement would show it. */
  readonly reason: string;
}

/** What to hold once it is paid. */
export interface NewEscrow {
  /**
   * The app's own number for it. One reference has one intent, of either kind: asking again with the same reference
   * and amount answers the first.
   */
  readonly reference: string;
  /** What the payer reads. */
  readonly description: Text;
  /** Fen, at least 1. */
  readonly amount: number;
  /** Milliseconds since 1970. A payment that arrives later is still reported, and held; the app decides what becomes of it. */
  readonly expiresAt: number;
  /** The path of this app to which the cashier leads back. */
  readonly returnPath: string;
}

/** A part of what is held, for payees. */
export interface Release {
  /** The app's own number for the release: the same number is the same release, once. */
  readonly reference: string;
  /** Who gets how much: at least one line, in sum at most what is held. */
  readonly lines: readonly Line[];
  /** Why, as a statement would show it. */
  readonly reason: string;
}

/** A part of what is held, to return to the payer. */
export interface HeldRefund {
  /** The app's own number for the refund: the same number is the same refund, once, also when the provider refused it. */
  readonly reference: string;
  /** Fen, at least 1 and at most what is held. */
  readonly amount: number;
  /** Why, as a statement would show it. */
  readonly reason: string;
}

/** Where the money of an escrow is, in fen: `captured` is the sum of the four below it. */
export interface EscrowState {
  /** Asked for. */
  readonly amount: number;
  /** Taken: 0 or the amount. */
  readonly captured: number;
  /** Held by the platform, to be released or refunded. */
  readonly held: number;
  /** Paid to payees. */
  readonly released: number;
  /** On its way back to the payer. */
  readonly refunding: number;
  /** Back at the payer. */
  readonly refunded: number;
}

function payment<T>(f: () => T): T {
  return call(f, PaymentError.of);
}

function lines(of: readonly Line[]): host.Line[] {
  return of.map((l) => ({ ...l, amount: big(l.amount) }));
}

function intentOf(raw: host.Intent): Intent {
  return { ...raw, amount: whole(raw.amount), captured: whole(raw.captured), refunded: whole(raw.refunded) };
}

/** Fen to pay: the sum of the lines. */
export function amountOf(intent: NewIntent): number {
  return intent.lines.reduce((sum, l) => sum + l.amount, 0);
}

/** Stages a payment intent. Its cashier page answers once the transaction is committed. @throws {PaymentError} */
export function createIntent(tx: Tx, intent: NewIntent): Intent {
  const raw: host.NewIntent = {
    reference: intent.reference,
    descriptionZh: intent.description.zh,
    descriptionEn: intent.description.en,
    amount: big(amountOf(intent)),
    lines: lines(intent.lines),
    expiresAt: big(intent.expiresAt),
    returnPath: intent.returnPath,
  };
  return intentOf(payment(() => host.create(tx.raw, raw)));
}

/**
 * Asks the provider to take the money now, without the cashier's page, where it allows that. What a
 * person is to pay is confirmed in a call of that person alone: never in a consumer or a job.
 * @throws {PaymentError}
 */
export function confirmIntent(tx: Tx, id: string): void {
  payment(() => host.confirm(tx.raw, id));
}

/** Gives up an intent that is not captured. @throws {PaymentError} */
export function cancelIntent(tx: Tx, id: string): void {
  payment(() => host.cancel(tx.raw, id));
}

/** Stages a refund of a captured intent. @throws {PaymentError} */
export function refund(tx: Tx, intent: string, what: NewRefund): void {
  payment(() => host.refund(tx.raw, intent, { ...what, lines: lines(what.lines) }));
}

/** Reads an intent of this installation. @throws {PaymentError} `unknown-intent` when there is none. */
export function intent(id: string): Intent {
  return intentOf(payment(() => host.get(id)));
}

/**
 * Stages an intent whose money is held for this installation once it is captured. Its cashier page answers once the
 * transaction is committed.
 * @throws {PaymentError} `invalid` for what cannot be, such as a reference that has another intent.
 */
export function createEscrow(tx: Tx, escrow: NewEscrow): Intent {
  const raw: host.NewEscrow = {
    reference: escrow.reference,
    descriptionZh: escrow.description.zh,
    descriptionEn: escrow.description.en,
    amount: big(escrow.amount),
    expiresAt: big(escrow.expiresAt),
    returnPath: escrow.returnPath,
  };
  return intentOf(payment(() => host.createEscrow(tx.raw, raw)));
}

/**
 * Pays a part of what is held to payees, with the commit: there is no event, and no way back. The same reference with
 * the same lines has no second effect.
 * @throws {PaymentError} `invalid` for more than is held, and for a reference that was used with other lines;
 * `wrong-status` before it is captured, and for an intent that is no escrow.
 */
export function release(tx: Tx, intent: string, what: Release): void {
  payment(() => host.release(tx.raw, intent, { ...what, lines: lines(what.lines) }));
}

/**
 * Stages the return of a part of what is held to the payer. The outcome comes as an event, `refunded` or
 * `refund-failed`; what failed is held again, to be tried under another reference.
 * @throws {PaymentError} as {@link release}.
 */
export function refundHeld(tx: Tx, intent: string, what: HeldRefund): void {
  payment(() => host.refundHeld(tx.raw, intent, { ...what, amount: big(what.amount) }));
}

/**
 * Where the money of an escrow of this installation is, as committed.
 * @throws {PaymentError} `unknown-intent`; `wrong-status` for an intent that is no escrow.
 */
export function escrow(intent: string): EscrowState {
  const s = payment(() => host.escrow(intent));
  return {
    amount: whole(s.amount),
    captured: whole(s.captured),
    held: whole(s.held),
    released: whole(s.released),
    refunding: whole(s.refunding),
    refunded: whole(s.refunded),
  };
}
