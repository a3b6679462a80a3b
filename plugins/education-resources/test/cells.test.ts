// Never: a cell under 5 is shown, or can be worked out from what is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LEAST, type Leaf, type Total, suppress } from "../src/domain/cells.ts";

/** A city of a few schools in two counties and two settings, as the figures have it. */
const tables = fc.array(fc.record({ count: fc.oneof(fc.nat(6), fc.nat(40)), county: fc.nat(2), setting: fc.nat(1) }), { minLength: 1, maxLength: 9 }).map((schools) => {
  const leaves: Leaf[] = schools.map(({ count }, i) => ({ id: `s${i}`, count }));
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
 * Another table that looks the same from outside and has another count at one hidden place, when there is one: found by moving
 * counts among the hidden leaves by whole numbers, without any of the algebra that the code uses.
 */
function couldBeOtherwise(leaves: readonly Leaf[], totals: readonly Total[], hidden: ReadonlySet<string>, of: readonly string[]): boolean {
  const free = leaves.filter((l) => hidden.has(l.id));
  const open = totals.filter((t) => !hidden.has(t.id));
  const left = open.map((t) => t.of.filter((id) => hidden.has(id)));
  const sums = left.map((ids) => count(leaves, ids));
  const most = Math.max(...sums, 1);
  const real = count(leaves, of);
  let tries = 0;
  const go = (at: number, rest: number[], sum: number): boolean => {
    if (++tries > 200_000) return true;
    const leaf = free[at];
    if (leaf === undefined) return rest.every((r) => r === 0) && sum !== real;
    const bounds = open.flatMap((_, i) => (left[i]?.includes(leaf.id) ? [rest[i] ?? 0] : []));
    const upTo = Math.min(...bounds, bounds.length === 0 ? most : Infinity);
    for (let n = 0; n <= upTo; n++) {
      const next = rest.map((r, i) => (left[i]?.includes(leaf.id) ? r - n : r));
      if (go(at + 1, next, sum + (of.includes(leaf.id) ? n : 0))) return true;
    }
    return false;
  };
  return go(0, sums, of.filter((id) => !hidden.has(id)).reduce((a, id) => a + count(leaves, [id]), 0));
}

test("no small cell is shown, and none that is hidden can be worked out", () => {
  fc.assert(
    fc.property(tables, ({ leaves, totals }) => {
      const hidden = suppress(leaves, totals);
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
    { numRuns: 1500 },
  );
});

test("nothing is hidden where nothing is small, and one small cell takes another one with it", () => {
  const leaves = [12, 9, 30].map((n, i) => ({ id: `s${i}`, count: n }));
  const totals = [{ id: "city", of: ["s0", "s1", "s2"] }];
  assert.deepEqual([...suppress(leaves, totals)], []);
  const small = [...leaves, { id: "s3", count: 2 }];
  assert.deepEqual([...suppress(small, [{ id: "city", of: ["s0", "s1", "s2", "s3"] }])].sort(), ["s1", "s3"]);
});

test("a county of one small school does not show its total", () => {
  const leaves = [{ id: "a", count: 3 }, { id: "b", count: 50 }, { id: "c", count: 40 }];
  const totals = [{ id: "city", of: ["a", "b", "c"] }, { id: "c1", of: ["a"] }, { id: "c2", of: ["b", "c"] }];
  const hidden = suppress(leaves, totals);
  assert.ok(hidden.has("a") && hidden.has("c1"));
  assert.ok(hidden.has("c2") || hidden.has("city"), "city less the other county would tell it");
});
