/** Money: whole fen, and never a binary fraction. */

/** The weights cannot divide an amount. */
export class SplitError extends Error {
  override name = "SplitError";
  constructor() {
    super("the weights are empty or all zero");
  }
}

/**
 * Divides an amount in fen in the proportion of weights, by the largest remainder; of equal remainders the earlier
 * weight has the fen. The parts sum to the amount exactly, and a weight of zero has nothing. Amount and weights are
 * whole numbers that JavaScript holds exactly, and none is negative.
 *
 * @throws {SplitError} when no weight is positive
 */
export function split(amount: number, weights: readonly number[]): number[] {
  for (const n of [amount, ...weights]) {
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no whole number of fen or weight`);
  }
  const total = weights.reduce((sum, w) => sum + BigInt(w), 0n);
  if (total === 0n) throw new SplitError();
  const products = weights.map((w) => BigInt(amount) * BigInt(w));
  const parts = products.map((p) => Number(p / total));
  const left = amount - parts.reduce((sum, p) => sum + p, 0);
  // A stable sort: among equal remainders the earlier weight stays first.
  const order = products.map((p, i) => ({ rest: p % total, i })).sort((a, b) => (a.rest < b.rest ? 1 : a.rest > b.rest ? -1 : 0));
  for (const { i } of order.slice(0, left)) parts[i] = (parts[i] ?? 0) + 1;
  return parts;
}

/** Fen in yuan, as a statement or a field has it: `1080.00` for 108,000. On pages `Amount` has the sign and commas as well. */
export function yuan(fen: number): string {
  return `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
}
