/// <reference path="./city-app-outcome.d.ts" />
/// <reference path="./city-data-collections.d.ts" />
declare module 'city:app/jobs@1.0.0' {
  /**
   * Runs a job that fell due at `scheduled` (milliseconds since 1970-01-01T00:00:00Z). What
   * is written in `transaction` commits together with the run's record.
   */
  export function run(job: string, scheduled: bigint, transaction: Transaction): void;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  export type Failure = import('city:app/outcome@1.0.0').Failure;
}
