/** Why publishing failed. */
import type * as host from "city:messaging/publisher@1.0.0";
import { Problem } from "./web/problem.ts";

const WORDS = {
  undeclared: "topic not declared or not granted: ",
  invalid: "invalid event: ",
  "unknown-recipient": "unknown recipient",
  closed: "the transaction is closed",
  other: "",
} as const satisfies Record<host.Error["tag"], string>;

/** Why publishing failed: the case of the contract. */
export class MessagingError extends Error {
  override readonly name = "MessagingError";
  constructor(
    readonly code: host.Error["tag"],
    message: string,
  ) {
    super(message);
  }

  /** The error of a case of the contract. */
  static of(e: host.Error): MessagingError {
    return new MessagingError(e.tag, `${WORDS[e.tag]}${"val" in e ? e.val : ""}`);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem {
    return Problem.internal(this.message);
  }
}
