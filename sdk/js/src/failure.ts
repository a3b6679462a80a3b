/** What a message, a job or a lifecycle call answers when it fails. */
import { DataError } from "./data/error.ts";
import { MessagingError } from "./messaging-error.ts";
import { PaymentError } from "./payment-error.ts";

/** Why it failed. Throw it. */
export class Failure extends Error {
  override readonly name = "Failure";
  private constructor(
    readonly code: "retry" | "reject",
    message: string,
  ) {
    super(message);
  }

  /** Try again later; after the last attempt it becomes a dead letter. */
  static retry(why: string): Failure {
    return new Failure("retry", why);
  }

  /** It will never succeed: a dead letter at once. */
  static reject(why: string): Failure {
    return new Failure("reject", why);
  }

  /**
   * What is to become of a call that threw `e`: what may have changed by the next attempt is tried
   * again, the rest is not. A mistake of the code is tried again, too: the next release may mend it.
   */
  static of(e: unknown): Failure {
    if (e instanceof Failure) return e;
    const message = e instanceof Error ? e.message : String(e);
    if (e instanceof DataError) {
      const passing = ["conflict", "unavailable", "other", "out-of-bounds"].includes(e.code);
      return passing ? Failure.retry(message) : Failure.reject(message);
    }
    if (e instanceof MessagingError || e instanceof PaymentError) {
      return e.code === "other" ? Failure.retry(message) : Failure.reject(message);
    }
    console.error(`error: ${e instanceof Error ? (e.stack ?? message) : message}`);
    return Failure.retry(message);
  }
}
