/** What became of a payment: the payload of an event of the topic `city.payments`. */
import { z } from "zod";

/** What became of a payment. `amount` is what was taken or returned, in fen. */
export const PaymentOutcome = z.object({
  outcome: z.enum(["captured", "failed", "cancelled", "refunded", "refund-failed"]),
  /** The intent's id. */
  intent: z.string(),
  /** The app's own number for the intent. */
  reference: z.string(),
  amount: z.number().int().nonnegative(),
  /** The app's own number for the refund, when it is about one. */
  refund: z.string().nullish(),
  /** Why it failed, in words. */
  reason: z.string().nullish(),
});

/** What became of a payment. */
export type PaymentOutcome = z.infer<typeof PaymentOutcome>;
