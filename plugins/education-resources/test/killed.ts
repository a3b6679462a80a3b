/** A process that dies while it does something: in front of any call that a transaction makes of the host, the first of the next transaction among them. */
import { Tx } from "@yunlong/sdk";
import { Refusal } from "../src/service/index.ts";

class Killed extends Error {}

let left = Number.POSITIVE_INFINITY;

for (const name of ["get", "find", "put", "insert", "delete", "adjust", "audit"] as const) {
  const of = Tx.prototype[name] as (...of: unknown[]) => unknown;
  Object.defineProperty(Tx.prototype, name, {
    value(this: Tx, ...given: unknown[]) {
      left -= 1;
      if (left < 0) throw new Killed();
      return of.apply(this, given);
    },
  });
}

/** What became of a call. */
export type End = "done" | "refused" | "killed";

/** Does something in a process that dies in front of its host call number `calls`, when it comes so far. */
export function dyingAfter(calls: number, f: () => unknown): End {
  left = calls;
  try {
    f();
    return "done";
  } catch (e) {
    if (e instanceof Killed) return "killed";
    if (e instanceof Refusal) return "refused";
    throw e;
  } finally {
    left = Number.POSITIVE_INFINITY;
  }
}
