import assert from "node:assert/strict";
import { test } from "node:test";
import * as base32 from "../src/base32.ts";
import * as money from "../src/money.ts";

test("a fen that is left goes to the largest remainder, and a tie to the first", () => {
  assert.deepEqual(money.split(100, [1, 1, 1]), [34, 33, 33]);
  assert.deepEqual(money.split(5, [1, 3]), [1, 4]);
  assert.deepEqual(money.split(1, [0, 1]), [0, 1]);
  assert.deepEqual(money.split(0, [2, 3]), [0, 0]);
  assert.throws(() => money.split(7, [0, 0]), money.SplitError);
  assert.throws(() => money.split(7, []), money.SplitError);
  assert.throws(() => money.split(0.5, [1]), RangeError);
  assert.throws(() => money.split(7, [-1, 2]), RangeError);
  assert.deepEqual(money.split(Number.MAX_SAFE_INTEGER, [Number.MAX_SAFE_INTEGER, 0]), [Number.MAX_SAFE_INTEGER, 0]);
});

test("parts sum to the amount and stay within a fen of their proportion", () => {
  // A fixed sequence of numbers (Lehmer's), so that what fails once fails again.
  let state = 7;
  const below = (n: number): number => (state = (state * 48_271) % 2_147_483_647) % n;
  for (let round = 0; round < 2_000; round += 1) {
    const amount = below(1_000_000_000);
    const weights = Array.from({ length: 1 + below(7) }, () => below(3) * below(1_000_000));
    const total = weights.reduce((a, b) => a + b, 0);
    if (total === 0) continue;
    const parts = money.split(amount, weights);
    assert.equal(parts.reduce((a, b) => a + b, 0), amount);
    parts.forEach((part, i) => {
      const floor = Number((BigInt(amount) * BigInt(weights[i] ?? 0)) / BigInt(total));
      assert.ok(part === floor || (part === floor + 1 && (weights[i] ?? 0) > 0), `${amount} by ${weights}: ${parts}`);
    });
  }
});

test("fen have two places", () => {
  assert.deepEqual([money.yuan(104_760), money.yuan(5), money.yuan(0)], ["1047.60", "0.05", "0.00"]);
});

test("codes are Crockford's, and are read however they are typed", () => {
  assert.equal(base32.encode(Uint8Array.of(0xff, 0x00, 0x0f), 4), "ZW00");
  assert.equal(base32.encode(Uint8Array.of(0xff), 3), "ZW0");
  assert.equal(base32.typed("zw-0o il"), "ZW0011");
  assert.equal(base32.typed("U2"), undefined);
  assert.equal(base32.typed("一"), undefined);
  assert.equal(base32.typed(""), "");
});
