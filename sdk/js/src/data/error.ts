/** Why a data call failed. */
import type * as host from "city:data/collections@1.1.0";
import { whole } from "../contract.ts";
import { t } from "../text.ts";
import { Problem } from "../web/problem.ts";

/** An adjustment that a counter's bounds refuse; nothing was written. */
export interface OutOfBounds {
  readonly counter: string;
  readonly key: string;
  /** What the counter stands at. */
  readonly value: number;
  readonly delta: number;
  readonly min: number;
  readonly max: number;
}

/** A value of a unique index that another document has. */
export type UniqueViolation = host.UniqueViolation;

/** The case: those of the contract, and `mismatch` for a stored document that is not of the type asked for. */
export type DataErrorCode = host.Error["tag"] | "mismatch";

/**
 * Why a data call failed. A handler that does nothing about it answers 409, 400, 503 or 500, as
 * befits the case.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  constructor(
    readonly code: DataErrorCode,
    message: string,
    /** With `out-of-bounds`. */
    readonly outOfBounds?: OutOfBounds,
    /** With `unique-violation`. */
    readonly uniqueViolation?: UniqueViolation,
  ) {
    super(message);
  }

  /** The error of a case of the contract. */
  static of(e: host.Error): DataError {
    switch (e.tag) {
      case "conflict":
        return new DataError(e.tag, "another commit changed what this transaction read");
      case "already-exists":
        return new DataError(e.tag, `\`${e.val}\` exists already`);
      case "unique-violation": {
        const { collection, index, existing } = e.val;
        const message = `${collection}: the index \`${index}\` has this value for \`${existing}\` already`;
        return new DataError(e.tag, message, undefined, e.val);
      }
      case "out-of-bounds": {
        const { counter, key } = e.val;
        const [value, delta] = [whole(e.val.value), whole(e.val.delta)];
        const [min, max] = [clamp(e.val.min), clamp(e.val.max)];
        const message = `counter \`${counter}\` of \`${key}\` stands at ${value}: ${delta} more would leave ${min} to ${max}`;
        return new DataError(e.tag, message, { counter, key, value, delta, min, max });
      }
      case "closed":
        return new DataError(e.tag, "the transaction is closed");
      case "undeclared":
        return new DataError(e.tag, `not declared in app.toml: ${e.val}`);
      case "invalid":
        return new DataError(e.tag, `invalid: ${e.val}`);
      case "too-large":
        return new DataError(e.tag, `too large: ${e.val}`);
      case "unavailable":
        return new DataError(e.tag, `the store cannot be reached: ${e.val}`);
      case "other":
        return new DataError(e.tag, e.val);
    }
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem {
    switch (this.code) {
      case "conflict":
        return Problem.busy();
      case "unavailable":
        console.error(`error: ${this.message}`);
        return Problem.busy();
      case "already-exists":
      case "unique-violation":
        return Problem.conflict(t("已经存在", "It exists already")).kind("exists");
      case "out-of-bounds":
        return Problem.conflict(t("数量不足", "Not enough left")).kind("out-of-bounds");
      case "invalid":
        // A cursor or an id that somebody made up.
        return Problem.badRequest("invalid", this.message);
      default:
        return Problem.internal(this.message);
    }
  }
}

/** A bound may be that of the 64-bit counter itself; it is only told, not computed with. */
function clamp(n: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(n > most ? most : n < -most ? -most : n);
}
