/** Refusals as the component's bindings throw them: an error that carries the contract's case. */
import type { Case } from "../../contract.ts";

/** What a WIT function answers as its error. */
export class Refusal extends Error {
  constructor(readonly payload: Case) {
    super(JSON.stringify(payload, (_, v: unknown) => (typeof v === "bigint" ? Number(v) : v)));
  }
}

/** Refuses with a case of the contract: `refuse<data.Error>({ tag: "invalid", val: … })`. */
export function refuse<C extends Case>(payload: C): never {
  throw new Refusal(payload);
}
