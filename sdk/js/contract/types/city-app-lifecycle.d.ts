/// <reference path="./city-data-collections.d.ts" />
declare module 'city:app/lifecycle@1.0.0' {
  /**
   * Called once, before the installation serves its first request, with a transaction that
   * the host commits: the place for first data. An error refuses the installation.
   */
  export function install(transaction: Transaction): void;
  /**
   * Called before a release serves its first request, every few seconds while a new release is
   * watched, and when an official asks for it at the console: an error keeps a release from
   * serving, or has it rolled back. Must not write, and must answer soon.
   */
  export function health(): void;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
}
