/// <reference path="./city-data-collections.d.ts" />
declare module 'city:app/migrations@1.0.0' {
  /**
   * Brings a batch of data from the schema `from` to the schema `to`, which is this version's.
   * `cursor` is `next` of the batch before, `none` at the first one.
   * 
   * What is written in `transaction` commits together with the progress, so that each batch has
   * its effect exactly once, also when the server is killed in between; the host commits, the
   * guest must not. A batch may be run again after a conflict. Keep it small (some hundred
   * documents): it has the limits of one invocation. A document that has the new shape already
   * was written since and must be left as it is.
   * 
   * After an error the host tries the batch again, and then stops and shows the text to the
   * department. Runs as the installation's own service principal.
   */
  export function migrate(from: number, to: number, cursor: string | undefined, transaction: Transaction): Progress;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  /**
   * How far the migration is after a batch.
   */
  export interface Progress {
    /**
     * Where the next batch goes on, in the app's own words; `none` when all is done.
     */
    next?: string,
    /**
     * Done so far, all batches counted; what is counted is the app's choice.
     */
    done: bigint,
    /**
     * All that there is to do, if the app knows: shown to the department beside `done`.
     */
    total?: bigint,
  }
}
