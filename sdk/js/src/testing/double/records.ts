/** Records of the base databases out of what the hub releases. */
import type * as shared from "city:data/shared@1.1.0";
import type { Standing } from "city:base/types@1.0.0";
import type { Json } from "./order.ts";
import { Dataset } from "./shared.ts";

/** Records of a page, as the host has it. */
const PAGE = 200;

/** Takes released fields apart. */
export class Fields {
  readonly #body: Record<string, Json>;
  readonly #present: string[] = [];

  constructor(private readonly released: shared.Released) {
    this.#body = JSON.parse(released.body) as Record<string, Json>;
  }

  /** The value of an item, when `take` finds it to be of the right type; otherwise it is noted as present. */
  value<T>(item: string, take: (value: Json) => T | undefined): T | undefined {
    if (!Object.hasOwn(this.#body, item)) return undefined;
    const taken = take(this.#body[item] ?? null);
    if (taken === undefined) this.#present.push(item);
    return taken;
  }

  text(item: string): string | undefined {
    return this.value(item, (v) => (typeof v === "string" ? v : undefined));
  }

  number(item: string): number | undefined {
    return this.value(item, (v) => (typeof v === "number" ? v : undefined));
  }

  whole(item: string): bigint | undefined {
    return this.value(item, (v) => (Number.isSafeInteger(v) ? BigInt(v as number) : undefined));
  }

  /** Last of all: what was noted as present is in it. */
  standing(): Standing {
    const { reference, version, validFrom, validTo, unrecorded } = this.released;
    const released = [...new Set([...Object.keys(this.#body), ...unrecorded])].sort();
    return { reference, version, validFrom, validTo, released, present: this.#present };
  }
}

/** A query of a page; `division` limits the item that follows to a division and what lies in it. */
export function over(index: string[], equals: string[], division?: string, cursor?: string): shared.Query {
  const query: shared.Query = { index, equals: equals.map((v) => JSON.stringify(v)), limit: PAGE, cursor };
  if (division === undefined) return query;
  // The digits that count; `:` is the character behind `9`.
  const digits = significant(division);
  const [lower, upper] = [JSON.stringify(digits), JSON.stringify(`${digits}:`)];
  return { ...query, lower: { value: lower, inclusive: true }, upper: { value: upper, inclusive: false } };
}

/** A division's code without the zeros that stand for all of it: two digits, four, six, nine or twelve. */
export function significant(code: string): string {
  const end = [2, 4, 6, 9, 12].find((n) => /^0*$/.test(code.slice(n)));
  return code.slice(0, end);
}

/** Every record that a query finds, page by page. */
export function* all(dataset: Dataset, query: shared.Query): Generator<shared.Released> {
  let cursor = query.cursor;
  do {
    const page = dataset.query({ ...query, cursor }, []);
    yield* page.records;
    cursor = page.next;
  } while (cursor !== undefined);
}
