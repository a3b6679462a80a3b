/// <reference path="./city-data-collections.d.ts" />
declare module 'city:messaging/publisher@1.0.0' {
  /**
   * Publishes an event with the transaction and answers its id.
   */
  export function publish(transaction: Transaction, event: Outgoing): string;
  /**
   * Puts a note into a person's inbox with the transaction.
   */
  export function notify(transaction: Transaction, note: Notification): void;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  /**
   * An event to publish. Id, source and time are the host's.
   */
  export interface Outgoing {
    /**
     * A topic that `app.toml` declares under `publishes`.
     */
    topic: string,
    /**
     * What the event is about.
     */
    subject?: string,
    /**
     * The ordering key.
     */
    key?: string,
    /**
     * The payload, JSON text of at most 256 KiB.
     */
    data: string,
    /**
     * Not to be delivered before this time (milliseconds since 1970-01-01T00:00:00Z):
     * the way to let a hold expire.
     */
    notBefore?: bigint,
    /**
     * Publishing twice with one deduplication key publishes once.
     */
    deduplicationKey?: string,
  }
  /**
   * A note to a person, shown in their inbox on the portal.
   */
  export interface Notification {
    /**
     * The pairwise subject of the person, as this installation knows them.
     */
    recipient: string,
    /**
     * The title in Chinese and in English.
     */
    titleZh: string,
    /**
     * The title in English.
     */
    titleEn: string,
    /**
     * The text in Chinese.
     */
    bodyZh: string,
    /**
     * The text in English.
     */
    bodyEn: string,
    /**
     * A path of this app that the note leads to.
     */
    path?: string,
  }
  /**
   * Why publishing failed.
   */
  export type Error = ErrorUndeclared | ErrorInvalid | ErrorUnknownRecipient | ErrorClosed | ErrorOther;
  /**
   * `app.toml` declares no such topic, or no department granted it.
   */
  export interface ErrorUndeclared {
    tag: 'undeclared',
    val: string,
  }
  /**
   * The payload is not JSON, breaks the topic's schema, or something is too long.
   */
  export interface ErrorInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * The recipient is nobody whom this installation knows.
   */
  export interface ErrorUnknownRecipient {
    tag: 'unknown-recipient',
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
