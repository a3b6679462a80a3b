declare module 'city:app/outcome@1.0.0' {
  /**
   * Why it failed.
   */
  export type Failure = FailureRetry | FailureReject;
  /**
   * Try again later; after the last attempt it becomes a dead letter.
   */
  export interface FailureRetry {
    tag: 'retry',
    val: string,
  }
  /**
   * It will never succeed: a dead letter at once.
   */
  export interface FailureReject {
    tag: 'reject',
    val: string,
  }
}
