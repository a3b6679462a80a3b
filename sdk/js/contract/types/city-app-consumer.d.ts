/// <reference path="./city-app-outcome.d.ts" />
/// <reference path="./city-data-collections.d.ts" />
/// <reference path="./city-messaging-types.d.ts" />
declare module 'city:app/consumer@1.0.0' {
  /**
   * Handles one event. What is written in `transaction` commits together with the
   * acknowledgment, so the event has its effect exactly once; the host commits, the guest
   * must not. After a conflict the host delivers again in a new instance. Runs as the
   * installation's own service principal.
   */
  export function handle(event: Event, transaction: Transaction): void;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  export type Event = import('city:messaging/types@1.0.0').Event;
  export type Failure = import('city:app/outcome@1.0.0').Failure;
}
