/** Why a payment call failed. */
import type * as host from "city:payments/intents@1.1.0";
import { same, t } from "./text.ts";
import { Problem } from "./web/problem.ts";

const WORDS = {
  "unknown-intent": "unknown intent ",
  "wrong-status": "",
  invalid: "invalid payment: ",
  "not-granted": "payments are not granted: ",
  closed: "the transaction is closed",
  other: "",
} as const satisfies Record<host.Error["tag"], string>;

/** Why a payment call failed: the case of the contract. */
export class PaymentError extends Error {
  override readonly name = "PaymentError";
  constructor(
    readonly code: host.Error["tag"],
    message: string,
  ) {
    super(message);
  }

  /** The error of a case of the contract. */
  static of(e: host.Error): PaymentError {
    return new PaymentError(e.tag, `${WORDS[e.tag]}${"val" in e ? e.val : ""}`);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem {
    if (this.code !== "wrong-status") return Problem.internal(this.message);
    return Problem.conflict(t("支付状态不允许", "The payment's status does not allow it"))
      .kind("payment-status")
      .detail(same(this.message));
  }
}
