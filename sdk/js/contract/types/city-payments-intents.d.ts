/// <reference path="./city-data-collections.d.ts" />
declare module 'city:payments/intents@1.1.0' {
  /**
   * Stages an intent. Its cashier page answers once the transaction is committed.
   */
  export function create(transaction: Transaction, intent: NewIntent): Intent;
  /**
   * Asks the provider to take the money now, without the cashier's page, where the provider
   * allows that (the sandbox does). Only in a call of the one who is to pay: the signed-in
   * person in whose call the intent was created. No other person's call confirms it, and
   * neither does an anonymous one, an event's or a job's. An intent that was created in a
   * call of nobody has no payer and may be confirmed in any. The outcome comes as an event.
   */
  export function confirm(transaction: Transaction, id: string): void;
  /**
   * Gives up an intent that is not captured. Money that arrives all the same is reported
   * as `captured`, and the app returns it.
   */
  export function cancel(transaction: Transaction, id: string): void;
  /**
   * Stages a refund. The outcome comes as an event.
   */
  export function refund(transaction: Transaction, id: string, refund: NewRefund): void;
  /**
   * Reads an intent of this installation. Of an escrow, `refunded` is what was returned or is on its
   * way back, and the status becomes `refunded` when all of it went back; one that was released stays
   * `captured`.
   */
  export function get(id: string): Intent;
  /**
   * Stages an intent whose money is held for this installation once it is captured. Its
   * cashier page answers once the transaction is committed. The rules of `confirm` and `cancel` are the same. (since 1.1.0)
   */
  export function createEscrow(transaction: Transaction, escrow: NewEscrow): Intent;
  /**
   * Pays a part of what is held to payees, with the commit: there is no event, and no way back.
   * The same reference with the same lines has no second effect; with others it is `invalid`. Of two transactions that would release the same money only one commits: the other has a
   * conflict, and meets what is left when it runs again. (since 1.1.0)
   */
  export function release(transaction: Transaction, id: string, release: HeldRelease): void;
  /**
   * Stages the return of a part of what is held to the payer; from the commit on it is `refunding`. The outcome comes as
   * an event, `refunded` or `refund-failed`, whose `refund` is the reference; what failed is held again.
   * The same reference with the same amount has no second effect; with another it is `invalid`. (since 1.1.0)
   */
  export function refundHeld(transaction: Transaction, id: string, refund: HeldRefund): void;
  /**
   * Where the money of an escrow of this installation is, as committed. (since 1.1.0)
   */
  export function escrow(id: string): EscrowState;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  /**
   * Who receives a part of the money.
   */
  export interface Line {
    /**
     * The receiver's unified social credit code (GB 32100).
     */
    payee: string,
    /**
     * Fen.
     */
    amount: bigint,
    /**
     * What it is for, as a statement would show it.
     */
    description: string,
  }
  /**
   * What to pay.
   */
  export interface NewIntent {
    /**
     * The app's own number for it, such as an order's. One reference has one intent:
     * asking again with the same reference and amount answers the first.
     */
    reference: string,
    /**
     * What the payer reads, in Chinese and in English.
     */
    descriptionZh: string,
    /**
     * The same in English.
     */
    descriptionEn: string,
    /**
     * Fen; the sum of the lines.
     */
    amount: bigint,
    /**
     * How the money is split. At least one line.
     */
    lines: Array<Line>,
    /**
     * A payment that arrives later is still reported; the app decides what becomes of it.
     * Milliseconds since 1970-01-01T00:00:00Z.
     */
    expiresAt: bigint,
    /**
     * The path of this app to which the cashier leads back.
     */
    returnPath: string,
  }
  /**
   * Where an intent stands.
   * # Variants
   * 
   * ## `"pending"`
   * 
   * Waiting for the payer.
   * ## `"processing"`
   * 
   * The provider was asked and has not answered.
   * ## `"captured"`
   * 
   * The money is taken.
   * ## `"failed"`
   * 
   * The provider refused; the payer may try again until it expires.
   * ## `"cancelled"`
   * 
   * Given up before it was paid.
   * ## `"refunded"`
   * 
   * Everything was returned.
   */
  export type Status = 'pending' | 'processing' | 'captured' | 'failed' | 'cancelled' | 'refunded';
  /**
   * An intent.
   */
  export interface Intent {
    /**
     * Its id, unique on the platform.
     */
    id: string,
    /**
     * The app's own number for it.
     */
    reference: string,
    /**
     * Fen asked for.
     */
    amount: bigint,
    /**
     * Fen taken.
     */
    captured: bigint,
    /**
     * Fen returned, or staged to be returned.
     */
    refunded: bigint,
    /**
     * Where it stands.
     */
    status: Status,
    /**
     * The address of the cashier's page, to redirect (303) the payer to.
     */
    cashierUrl: string,
  }
  /**
   * A part of a captured intent to return.
   */
  export interface NewRefund {
    /**
     * The app's own number for the refund: the same number is the same refund, once.
     */
    reference: string,
    /**
     * What each payee gives back: at most what each has received and not returned.
     */
    lines: Array<Line>,
    /**
     * Why, as a statement would show it.
     */
    reason: string,
  }
  /**
   * What to hold once it is paid. (since 1.1.0)
   */
  export interface NewEscrow {
    /**
     * The app's own number for it, such as an order's. One reference has one intent, of either
     * kind: asking again with the same reference and amount answers the first.
     */
    reference: string,
    /**
     * What the payer reads, in Chinese and in English.
     */
    descriptionZh: string,
    /**
     * The same in English.
     */
    descriptionEn: string,
    /**
     * Fen, at least 1.
     */
    amount: bigint,
    /**
     * A payment that arrives later is still reported, and held; the app decides what becomes of it.
     * Milliseconds since 1970-01-01T00:00:00Z.
     */
    expiresAt: bigint,
    /**
     * The path of this app to which the cashier leads back.
     */
    returnPath: string,
  }
  /**
   * A part of what is held, for payees. (since 1.1.0)
   */
  export interface HeldRelease {
    /**
     * The app's own number for the release: the same number is the same release, once. It may be the number
     * of a refund too.
     */
    reference: string,
    /**
     * Who gets how much: at least one line, in sum at most what is held.
     */
    lines: Array<Line>,
    /**
     * Why, as a statement would show it.
     */
    reason: string,
  }
  /**
   * A part of what is held, to return to the payer. (since 1.1.0)
   */
  export interface HeldRefund {
    /**
     * The app's own number for the refund: the same number is the same refund, once, also when
     * the provider refused it.
     */
    reference: string,
    /**
     * Fen, at least 1 and at most what is held.
     */
    amount: bigint,
    /**
     * Why, as a statement would show it.
     */
    reason: string,
  }
  /**
   * Where the money of an escrow is, in fen: `captured` is the sum of the four below it. (since 1.1.0)
   */
  export interface EscrowState {
    /**
     * Asked for.
     */
    amount: bigint,
    /**
     * Taken: 0 or the amount.
     */
    captured: bigint,
    /**
     * Held by the platform, to be released or refunded.
     */
    held: bigint,
    /**
     * Paid to payees.
     */
    released: bigint,
    /**
     * On its way back to the payer.
     */
    refunding: bigint,
    /**
     * Back at the payer.
     */
    refunded: bigint,
  }
  /**
   * Why a payment call failed.
   */
  export type Error = ErrorUnknownIntent | ErrorWrongStatus | ErrorInvalid | ErrorNotGranted | ErrorClosed | ErrorOther;
  /**
   * This installation has no such intent.
   */
  export interface ErrorUnknownIntent {
    tag: 'unknown-intent',
    val: string,
  }
  /**
   * The intent's status does not allow it; the text names the status and what it allows. Also: it is
   * an escrow and the function is for plain intents, or the reverse; the text names the function to use.
   */
  export interface ErrorWrongStatus {
    tag: 'wrong-status',
    val: string,
  }
  /**
   * The lines do not sum to the amount, are empty, or name a payee that is not a USCC;
   * a refund is over what is left; a release or refund is over what is held, and the text says how
   * much that is; a reference was used with another amount or other lines.
   */
  export interface ErrorInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * The department did not grant payments to this installation.
   */
  export interface ErrorNotGranted {
    tag: 'not-granted',
    val: string,
  }
  /**
   * The transaction is closed.
   */
  export interface ErrorClosed {
    tag: 'closed',
  }
  /**
   * Anything else, in words.
   */
  export interface ErrorOther {
    tag: 'other',
    val: string,
  }
}
