/// <reference path="./city-data-collections.d.ts" />
declare module 'city:payments/intents@1.0.0' {
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
   * Reads an intent of this installation.
   */
  export function get(id: string): Intent;
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
   * The intent's status does not allow it; the text names the status and what it allows.
   */
  export interface ErrorWrongStatus {
    tag: 'wrong-status',
    val: string,
  }
  /**
   * The lines do not sum to the amount, are empty, or name a payee that is not a USCC;
   * a refund is over what is left; a reference was used with another amount.
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
