/// <reference path="../contract/index.d.ts" />
/**
 * What the contract's functions throw where the WIT has a `result`: an error that carries the case
 * as `payload`.
 */

/** A case of a WIT variant. */
export interface Case {
  readonly tag: string;
  readonly val?: unknown;
}

function isCase(value: unknown): value is Case {
  return typeof value === "object" && value !== null && typeof (value as Case).tag === "string";
}

/**
 * Calls the host, and makes an error of the SDK of what the WIT function answers as its error.
 * Anything else that is thrown is a mistake of the code and passes.
 */
export function call<T, C extends Case>(f: () => T, refused: (payload: C) => Error): T {
  try {
    return f();
  } catch (e) {
    const payload = typeof e === "object" && e !== null && "payload" in e ? e.payload : undefined;
    if (isCase(payload)) throw refused(payload as C);
    throw e;
  }
}

/** A whole number of the contract (u64 or s64) as JavaScript's; what does not fit is an error, never rounded. */
export function whole(n: bigint): number {
  const out = Number(n);
  if (!Number.isSafeInteger(out)) throw new RangeError(`${n} is over what a number holds exactly (2^53 - 1)`);
  return out;
}

/** A whole number as the contract's. */
export function big(n: number): bigint {
  if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is not a whole number up to 2^53 - 1`);
  return BigInt(n);
}

/**
 * Makes a call of `of`, whose arguments may be negative 64-bit numbers. The glue that componentize-js 0.23 makes traps
 * on them (ComponentizeJS issue 343): it takes each through `BigInt.asIntN`, and its engine then accepts none below
 * zero. Their two's complement, which it does accept, is the same on the wire; so for this one call, in which no code
 * of the app runs, that function gives it. The glue has a realm of its own, and so a `BigInt` of its own, which only
 * the constructor of its functions leads to.
 */
export function signed<T>(of: object, call: () => T): T {
  const { BigInt: glues } = of.constructor.constructor("return globalThis")() as typeof globalThis;
  const asIntN = glues.asIntN;
  glues.asIntN = glues.asUintN;
  try {
    return call();
  } finally {
    glues.asIntN = asIntN;
  }
}
