// Never: a cell under 5 is shown, or can be worked out from what is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LEAST, type Leaf, suppress } from "../src/domain/cells.ts";

/** A published sum, as the test knows it by itself. */
interface Total {
  readonly id: string;
  readonly of: readonly string[];
}

/** A city of a few schools in two counties and two settings, as the figures have it. */
const tables = fc.array(fc.record({ count: fc.oneof(fc.nat(6), fc.nat(40)), county: fc.nat(2), setting: fc.nat(1) }), { minLength: 1, maxLength: 9 }).map((schools) => {
  const leaves: Leaf[] = schools.map(({ count, county, setting }, i) => ({ id: `s${i}`, count, row: `setting${setting}`, column: `county${county}` }));
  const of = (is: (s: (typeof schools)[0]) => boolean): string[] => schools.flatMap((s, i) => (is(s) ? [`s${i}`] : []));
  const totals: Total[] = [
    { id: "city", of: of(() => true) },
    ...[0, 1].map((n) => ({ id: `setting${n}`, of: of((s) => s.setting === n) })),
    ...[0, 1, 2].map((n) => ({ id: `county${n}`, of: of((s) => s.county === n) })),
  ].filter((t) => t.of.length > 0);
  return { leaves, totals };
});

const count = (leaves: readonly Leaf[], of: readonly string[]): number => leaves.filter((l) => of.includes(l.id)).reduce((a, l) => a + l.count, 0);

/**
 * Another table that looks the same from outside and has another count at the hidden place, when there is one: found by adding
 * −1, 0 or 1 to the hidden leaves, without any of the algebra that the code uses. That is enough: the totals are two families
 * of which one never cuts the other in half, and such equations have a second solution in whole numbers only if they have one
 * that differs by at most one everywhere.
 */
function couldBeOtherwise(leaves: readonly Leaf[], totals: readonly Total[], hidden: ReadonlySet<string>, of: readonly string[]): boolean {
  const wanted = (l: Leaf): number => (of.includes(l.id) ? 1 : 0);
  const free = leaves.filter((l) => hidden.has(l.id)).sort((a, b) => wanted(b) - wanted(a));
  const open = totals.filter((t) => !hidden.has(t.id));
  const inTotals = free.map((l) => open.flatMap((t, i) => (t.of.includes(l.id) ? [i] : [])));
  // Behind this leaf no other one can put a total right again.
  const lastOf = open.map((_, i) => inTotals.reduce((last, at, n) => (at.includes(i) ? n : last), -1));
  const sums = open.map(() => 0);
  const go = (n: number, changed: number): boolean => {
    const leaf = free[n];
    if (leaf === undefined) return changed !== 0;
    for (const d of leaf.count > 0 ? [1, -1, 0] : [1, 0]) {
      const at = inTotals[n] ?? [];
      for (const i of at) sums[i] = (sums[i] ?? 0) + d;
      const fits = at.every((i) => sums[i] === 0 || (lastOf[i] ?? 0) > n);
      const found = fits && go(n + 1, changed + d * wanted(leaf));
      for (const i of at) sums[i] = (sums[i] ?? 0) - d;
      if (found) return true;
    }
    return false;
  };
  return go(0, 0);
}

test("no small cell is shown, and none that is hidden can be worked out", () => {
  fc.assert(
    fc.property(tables, ({ leaves, totals }) => {
      const hidden = suppress(leaves);
      for (const l of leaves) if (l.count < LEAST) assert.ok(hidden.has(l.id), `${l.id} has ${l.count} and is shown`);
      for (const t of totals) {
        if (hidden.has(t.id)) continue;
        assert.ok(count(leaves, t.of) >= LEAST, `${t.id} is small and shown`);
        const h = t.of.filter((id) => hidden.has(id));
        assert.ok(h.length === 0 || (h.length >= 2 && count(leaves, h) >= LEAST), `${t.id} leaves too little room`);
      }
      for (const l of leaves) if (hidden.has(l.id)) assert.ok(couldBeOtherwise(leaves, totals, hidden, [l.id]), `${l.id} can be worked out`);
      for (const t of totals) if (hidden.has(t.id)) assert.ok(couldBeOtherwise(leaves, totals, hidden, t.of), `${t.id} can be worked out`);
    }),
    { numRuns: 2000 },
  );
});

const leaf = (id: string, count: number, column = "c1", row = "r1"): Leaf => ({ id, count, row, column });

test("nothing is hidden where nothing is small, and one small cell takes another one with it", () => {
  const leaves = [leaf("s0", 12), leaf("s1", 9), leaf("s2", 30)];
  assert.deepEqual([...suppress(leaves)], []);
  assert.deepEqual([...suppress([...leaves, leaf("s3", 2)])].sort(), ["s1", "s3"]);
});

test("a county of one small school does not show its total, and the city less the others does not tell it", () => {
  const hidden = suppress([leaf("a", 3, "c1"), leaf("b", 50, "c2"), leaf("c", 40, "c2")]);
  assert.ok(hidden.has("a") && hidden.has("c1"));
  assert.ok(hidden.has("c2") || (hidden.has("city") && hidden.has("r1")));
});

test("zeros that two counties leave no other place for are hidden with one of the sums", () => {
  // Found by the property above: 5 and 5 of one setting in two counties, beside nothing.
  const leaves = [leaf("s0", 0, "c2", "r1"), leaf("s1", 0, "c0", "r1"), leaf("s2", 5, "c0", "r0"), leaf("s3", 0, "c1", "r1"), leaf("s4", 5, "c1", "r0")];
  const hidden = suppress(leaves);
  assert.ok(["c0", "c1", "r0"].some((id) => hidden.has(id)), [...hidden].join());
});
