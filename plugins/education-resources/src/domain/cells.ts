/**
 * Cells under 5 are hidden, and with them as many others as it takes, so that nobody works a hidden one out from the sums.
 *
 * The table: schools (leaves) stand in rows (settings) and columns (counties); published are the leaves, the sum of each row and
 * column, and the sum of all. A set of hidden cells is safe when
 * 1. what is hidden of every sum is nothing, or at least two leaves of 5 or more together: else each would be near nothing;
 * 2. for each hidden cell there is another table of whole numbers, none below zero, that looks the same from outside and has
 *    something else in that cell.
 *
 * The second is decided exactly. Another table is a way to move counts around: add one here, take one there, so that every
 * published sum stays. Rows and columns are the nodes of a graph; a hidden leaf is an arc from its row to its column (one more,
 * always possible) and one back (one less, if it has one). A sum that is hidden lets its node take or give through a hub.
 * A cell can be something else if and only if a cycle leads through its arc: transport tables are totally unimodular, so that
 * whole numbers lose nothing.
 */

/** The least count that is shown. */
export const LEAST = 5;
/** The id of the sum of all. */
export const ALL = "city";

/** A count of one school. Names of rows and columns are the ids of their sums, and differ from each other. */
export interface Leaf {
  readonly id: string;
  readonly count: number;
  readonly row: string;
  readonly column: string;
}

/** The ids of leaves, rows, columns and {@link ALL} that must not be shown. Deterministic: the smallest go first, then by id. */
export function suppress(leaves: readonly Leaf[]): ReadonlySet<string> {
  const table = new Table(leaves);
  while (table.fixSums() || table.fixExposed());
  return table.hidden;
}

/** A cell that can be worked out, and the leaves around it. */
interface Exposed {
  readonly near: readonly Leaf[];
}

class Table {
  readonly hidden = new Set<string>();
  /** The published sums, with their leaves. */
  readonly #of = new Map<string, Leaf[]>();

  constructor(private readonly leaves: readonly Leaf[]) {
    for (const l of leaves) for (const id of [ALL, l.row, l.column]) this.#of.set(id, [...(this.#of.get(id) ?? []), l]);
    for (const l of leaves) if (l.count < LEAST) this.hidden.add(l.id);
    for (const [id, of] of this.#of) if (added(of) < LEAST) this.hidden.add(id);
  }

  /** The leaves of sums that anybody can make: the published ones, and all without a row or column. */
  #sums(): { of: readonly Leaf[]; from: readonly string[] }[] {
    const open = [...this.#of].filter(([id]) => !this.hidden.has(id)).map(([id, of]) => ({ of, from: [id] }));
    if (this.hidden.has(ALL)) return open;
    const rest = open.filter((s) => !s.from.includes(ALL)).map((s) => ({ of: this.leaves.filter((l) => !s.of.includes(l)), from: [...s.from, ALL] }));
    return [...open, ...rest];
  }

  /** Hides one more cell where a sum leaves too little room; whether it did. */
  fixSums(): boolean {
    for (const { of, from } of this.#sums()) {
      const left = of.filter((l) => this.hidden.has(l.id));
      if (left.length === 0 || (left.length > 1 && added(left) >= LEAST)) continue;
      if (this.#hideLeaf(of) || this.#hideSum(from)) return true;
    }
    return false;
  }

  /** Hides one more cell where a hidden one can be worked out; whether it did. */
  fixExposed(): boolean {
    const graph = new Graph(this.leaves, this.hidden);
    for (const { near } of this.#exposed(graph)) {
      const beside = [...new Set(near.flatMap((l) => [l.column, l.row, ALL]))];
      const around = beside.filter((id) => !this.hidden.has(id)).flatMap((id) => this.#of.get(id) ?? []);
      if (this.#hideLeaf([...near, ...around]) || this.#hideSum(beside)) return true;
    }
    return false;
  }

  *#exposed(graph: Graph): Generator<Exposed> {
    for (const l of this.leaves) if (this.hidden.has(l.id) && !graph.leafMoves(l)) yield { near: [l] };
    for (const [id, of] of this.#of) if (this.hidden.has(id) && !graph.sumMoves(id, of)) yield { near: of };
  }

  #hideLeaf(of: readonly Leaf[]): boolean {
    const [smallest] = of.filter((l) => !this.hidden.has(l.id)).sort((a, b) => a.count - b.count || (a.id < b.id ? -1 : 1));
    if (smallest !== undefined) this.hidden.add(smallest.id);
    return smallest !== undefined;
  }

  #hideSum(ids: readonly string[]): boolean {
    const sum = (id: string): number => added(this.#of.get(id) ?? []);
    const [smallest] = ids.filter((id) => !this.hidden.has(id)).sort((a, b) => sum(a) - sum(b) || (a < b ? -1 : 1));
    if (smallest !== undefined) this.hidden.add(smallest);
    return smallest !== undefined;
  }
}

const added = (of: readonly Leaf[]): number => of.reduce((sum, l) => sum + l.count, 0);

const ROWS = "hub of rows";
const COLUMNS = "hub of columns";

/** The ways to move counts among hidden cells. */
class Graph {
  /** From a node to those that an arc leads to, with how many arcs do. */
  readonly #arcs = new Map<string, Map<string, number>>();

  constructor(leaves: readonly Leaf[], hidden: ReadonlySet<string>) {
    for (const l of leaves) {
      if (hidden.has(l.row)) this.#link(`row ${l.row}`, ROWS);
      if (hidden.has(l.column)) this.#link(`column ${l.column}`, COLUMNS);
      if (!hidden.has(l.id)) continue;
      this.#add(`row ${l.row}`, `column ${l.column}`);
      if (l.count > 0) this.#add(`column ${l.column}`, `row ${l.row}`);
    }
    // Without the sum of all, what hidden rows take need not be what others give.
    if (hidden.has(ALL)) this.#link(ROWS, COLUMNS);
  }

  /** Whether a hidden leaf can be one more, or one less. */
  leafMoves(l: Leaf): boolean {
    const [row, column] = [`row ${l.row}`, `column ${l.column}`];
    // The way back may not be the leaf's own: that would take away what was added.
    return this.#leads(column, row, l.count > 0) || (l.count > 0 && this.#leads(row, column, true));
  }

  /** Whether a hidden sum can be something else. */
  sumMoves(id: string, of: readonly Leaf[]): boolean {
    const [a, b] = id === ALL ? [ROWS, COLUMNS] : of.every((l) => l.row === id) ? [`row ${id}`, ROWS] : [`column ${id}`, COLUMNS];
    return this.#leads(a, b, true) || this.#leads(b, a, true);
  }

  #add(from: string, to: string): void {
    const out = this.#arcs.get(from) ?? new Map<string, number>();
    out.set(to, (out.get(to) ?? 0) + 1);
    this.#arcs.set(from, out);
  }

  /** An arc each way, once. */
  #link(a: string, b: string): void {
    if (this.#arcs.get(a)?.has(b) === true) return;
    this.#add(a, b);
    this.#add(b, a);
  }

  /** Whether a way leads from one node to another; without one of the arcs that lead there directly, if that is said. */
  #leads(from: string, to: string, withoutOne: boolean): boolean {
    const seen = new Set([from]);
    for (const at of seen) {
      for (const [next, arcs] of this.#arcs.get(at) ?? []) {
        if (at === from && next === to && withoutOne && arcs === 1) continue;
        if (next === to) return true;
        seen.add(next);
      }
    }
    return false;
  }
}
