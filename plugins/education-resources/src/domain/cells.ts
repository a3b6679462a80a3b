/**
 * Cells under 5 are hidden, and with them as many others as it takes, so that nobody works a hidden one out from the sums.
 *
 * Leaves (schools) have counts; totals (the city, a county, a setting) are sums of leaves. A set of hidden cells is safe when
 * 1. every published total has no hidden leaf, or at least two whose sum is 5 or more (else all of them would be near nothing);
 *    the same holds for the difference of two totals of which one holds the other;
 * 2. no hidden leaf and no hidden total is a linear combination of what is published.
 */

/** The least count that is shown. */
export const LEAST = 5;

/** A count of one school. */
export interface Leaf {
  readonly id: string;
  readonly count: number;
}

/** A sum of leaves that is published, too. */
export interface Total {
  readonly id: string;
  readonly of: readonly string[];
}

/** The ids of the leaves and totals that must not be shown. Deterministic: the smallest counts go first, then by id. */
export function suppress(leaves: readonly Leaf[], totals: readonly Total[]): ReadonlySet<string> {
  const table = new Table(leaves, totals);
  while (table.fixSums() || table.fixCombinations());
  return table.hidden;
}

class Table {
  readonly hidden = new Set<string>();
  readonly #count: ReadonlyMap<string, number>;
  readonly #sum: ReadonlyMap<string, number>;

  constructor(
    private readonly leaves: readonly Leaf[],
    private readonly totals: readonly Total[],
  ) {
    this.#count = new Map(leaves.map((l) => [l.id, l.count]));
    this.#sum = new Map(totals.map((t) => [t.id, this.#added(t.of)]));
    for (const l of leaves) if (l.count < LEAST) this.hidden.add(l.id);
    for (const [id, sum] of this.#sum) if (sum < LEAST) this.hidden.add(id);
  }

  #added(ids: readonly string[]): number {
    return ids.reduce((sum, id) => sum + (this.#count.get(id) ?? 0), 0);
  }

  #open(): Total[] {
    return this.totals.filter((t) => !this.hidden.has(t.id));
  }

  /** The sums that anybody can make: the published totals, and differences of two of which one holds the other. */
  #sums(): { of: readonly string[]; from: readonly Total[] }[] {
    const open = this.#open();
    const out: { of: readonly string[]; from: readonly Total[] }[] = open.map((t) => ({ of: t.of, from: [t] }));
    for (const a of open) {
      const inA = new Set(a.of);
      for (const b of open) {
        if (b.of.length >= a.of.length || !b.of.every((id) => inA.has(id))) continue;
        const inB = new Set(b.of);
        out.push({ of: a.of.filter((id) => !inB.has(id)), from: [b, a] });
      }
    }
    return out;
  }

  /** Hides one more cell where a sum would tell too much; whether it did. */
  fixSums(): boolean {
    for (const { of, from } of this.#sums()) {
      const hidden = of.filter((id) => this.hidden.has(id));
      if (hidden.length === 0 || (hidden.length > 1 && this.#added(hidden) >= LEAST)) continue;
      if (this.#hideLeafOf(of) || this.#hideTotal(from)) return true;
    }
    return false;
  }

  /** Hides one more cell where a combination of totals would tell a hidden one; whether it did. */
  fixCombinations(): boolean {
    const { rows, column, size } = this.#equations();
    for (const l of this.leaves) {
      if (!this.hidden.has(l.id)) continue;
      const at = column.get(l.id) ?? 0;
      if (size[at] === 1 && spans(rows, unit(at, size.length)) && this.#disturb([l.id])) return true;
    }
    for (const t of this.totals) {
      if (this.hidden.has(t.id) && spans(rows, vectorOf(t.of, this.hidden, column, size.length)) && this.#disturb(t.of)) return true;
    }
    return false;
  }

  /** Leaves that stand in the same totals cannot be told apart: one column for each kind of them. */
  #equations(): { rows: number[][]; column: ReadonlyMap<string, number>; size: number[] } {
    const open = this.#open();
    const kinds = new Map<string, number>();
    const column = new Map<string, number>();
    const size: number[] = [];
    const members = open.map((t) => new Set(t.of));
    for (const l of this.leaves) {
      if (!this.hidden.has(l.id)) continue;
      // A hidden total is asked about as well: what stands in it is a kind of its own.
      const shut = this.totals.filter((t) => this.hidden.has(t.id) && t.of.includes(l.id)).map((t) => t.id);
      const kind = `${members.map((m) => (m.has(l.id) ? "1" : "0")).join("")} ${shut.join(" ")}`;
      const at = kinds.get(kind) ?? kinds.size;
      kinds.set(kind, at);
      column.set(l.id, at);
      size[at] = (size[at] ?? 0) + 1;
    }
    const rows = open.map((t) => vectorOf(t.of, this.hidden, column, size.length));
    return { rows: reduced(rows), column, size };
  }

  /** Hides something that stands beside these leaves. */
  #disturb(leaves: readonly string[]): boolean {
    const beside = this.#open().filter((t) => t.of.some((id) => leaves.includes(id)));
    const near = [...new Set([...leaves, ...beside.flatMap((t) => t.of)])];
    return this.#hideLeafOf(near) || this.#hideTotal(beside);
  }

  #hideLeafOf(ids: readonly string[]): boolean {
    const shown = ids.filter((id) => !this.hidden.has(id)).sort((a, b) => (this.#count.get(a) ?? 0) - (this.#count.get(b) ?? 0) || (a < b ? -1 : 1));
    const [smallest] = shown;
    if (smallest !== undefined) this.hidden.add(smallest);
    return smallest !== undefined;
  }

  #hideTotal(totals: readonly Total[]): boolean {
    const shown = totals.filter((t) => !this.hidden.has(t.id)).sort((a, b) => (this.#sum.get(a.id) ?? 0) - (this.#sum.get(b.id) ?? 0) || (a.id < b.id ? -1 : 1));
    const [smallest] = shown;
    if (smallest !== undefined) this.hidden.add(smallest.id);
    return smallest !== undefined;
  }
}

/** A prime, so that elimination is exact; entries are small, and products stay below 2^53. */
const PRIME = 1_000_003;

const unit = (at: number, n: number): number[] => Array.from({ length: n }, (_, i) => (i === at ? 1 : 0));

function vectorOf(of: readonly string[], hidden: ReadonlySet<string>, column: ReadonlyMap<string, number>, n: number): number[] {
  const v = new Array<number>(n).fill(0);
  // Leaves of one kind stand in the same sums all together.
  for (const id of of) {
    const at = hidden.has(id) ? column.get(id) : undefined;
    if (at !== undefined) v[at] = 1;
  }
  return v;
}

/** Rows in echelon form, without those that are zero. */
function reduced(rows: readonly number[][]): number[][] {
  const out: number[][] = [];
  for (const row of rows) {
    const rest = minus(out, row);
    if (rest.some((x) => x !== 0)) out.push(rest);
  }
  return out;
}

/** What is left of a vector when the rows are taken away from it. */
function minus(rows: readonly number[][], vector: readonly number[]): number[] {
  const v = [...vector];
  for (const row of rows) {
    const lead = row.findIndex((x) => x !== 0);
    const factor = ((v[lead] ?? 0) * inverse(row[lead] ?? 1)) % PRIME;
    if (factor === 0) continue;
    for (let i = lead; i < v.length; i++) v[i] = (((v[i] ?? 0) - factor * (row[i] ?? 0)) % PRIME + PRIME) % PRIME;
  }
  return v;
}

function spans(rows: readonly number[][], vector: readonly number[]): boolean {
  return minus(rows, vector).every((x) => x === 0);
}

/** By Fermat: a^(p−2). */
function inverse(a: number): number {
  let [result, base, e] = [1, a % PRIME, PRIME - 2];
  for (; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = (result * base) % PRIME;
    base = (base * base) % PRIME;
  }
  return result;
}
