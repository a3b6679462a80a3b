/** What an escrow of the double has done with its money. */
import type * as host from "city:payments/intents@1.1.0";
import { refuse } from "./refuse.ts";

type Standing = "under-way" | "done" | "refused";

const invalid = (why: string): never => refuse<host.Error>({ tag: "invalid", val: why });
const sum = (amounts: Iterable<{ readonly amount: bigint }>): bigint => [...amounts].reduce((n, a) => n + a.amount, 0n);

function checkReference(reference: string): void {
  const bytes = new TextEncoder().encode(reference).length;
  if (bytes < 1 || bytes > 128) invalid("the reference must have 1 to 128 bytes");
}

/** What a number that was used before means: the same again, or a mistake. */
function same(is: boolean, what: string, reference: string, of: string): void {
  if (!is) invalid(`the ${what} \`${reference}\` was staged before with another ${of}: use a new reference`);
}

function captured(intent: host.Intent, what: string): void {
  if (intent.status !== "captured") {
    const why = `the intent is ${intent.status} and nothing of it can be ${what}`;
    refuse<host.Error>({ tag: "wrong-status", val: why });
  }
}

/** Releases and refunds by the app's numbers. What is held is what is in neither. */
export class Book {
  readonly #releases = new Map<string, readonly host.Line[]>();
  readonly #refunds = new Map<string, { readonly amount: bigint; standing: Standing }>();

  /** The same, to try something on. */
  copy(): Book {
    const copy = new Book();
    for (const [reference, lines] of this.#releases) copy.#releases.set(reference, lines);
    for (const [reference, refund] of this.#refunds) copy.#refunds.set(reference, { ...refund });
    return copy;
  }

  state(intent: host.Intent): host.EscrowState {
    const by = (standing: Standing) => sum([...this.#refunds.values()].filter((r) => r.standing === standing));
    const [released, refunding, refunded] = [sum([...this.#releases.values()].flat()), by("under-way"), by("done")];
    const held = intent.captured - released - refunding - refunded;
    return { amount: intent.amount, captured: intent.captured, held, released, refunding, refunded };
  }

  /** Pays a part of what is held. */
  release(intent: host.Intent, release: host.HeldRelease): void {
    checkReference(release.reference);
    const before = this.#releases.get(release.reference);
    const words = (lines: readonly host.Line[]) => lines.map((l) => [l.payee, l.amount, l.description].join(" ")).join();
    if (before) return same(words(before) === words(release.lines), "release", release.reference, "lines");
    captured(intent, "released");
    if (release.lines.some((l) => l.payee.length !== 18)) {
      invalid("a payee is a unified social credit code of 18 characters");
    }
    this.#room(intent, sum(release.lines), "released");
    this.#releases.set(release.reference, [...release.lines]);
  }

  /** Begins to return a part of what is held. */
  refund(intent: host.Intent, refund: host.HeldRefund): void {
    checkReference(refund.reference);
    const before = this.#refunds.get(refund.reference);
    if (before) return same(before.amount === refund.amount, "refund", refund.reference, "amount");
    captured(intent, "refunded");
    this.#room(intent, refund.amount, "refunded");
    this.#refunds.set(refund.reference, { amount: refund.amount, standing: "under-way" });
  }

  #room(intent: host.Intent, amount: bigint, what: string): void {
    if (amount === 0n) invalid(`there is nothing to be ${what}: the amount is 0`);
    const { held, refunding } = this.state(intent);
    if (amount > held) {
      invalid(
        `${held} fen of this payment are held and ${amount} cannot be ${what}; ${refunding} are on their way back`,
      );
    }
  }

  /** The provider answers all that is under way: references and amounts. */
  settle(refused: boolean): [string, bigint][] {
    const open = [...this.#refunds].filter(([, r]) => r.standing === "under-way");
    for (const [, refund] of open) refund.standing = refused ? "refused" : "done";
    return open.map(([reference, { amount }]) => [reference, amount]);
  }
}
