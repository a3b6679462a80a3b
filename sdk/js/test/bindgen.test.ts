// What `yunlong bindgen` makes is what the SDK reads events and records with. The schemas are made of
// sdk/cli/tests/bindgen/app.toml; a test of the command line compares them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event } from "../src/index.ts";
import { Released } from "../src/shared/index.ts";
import { NumbersDrawn, OrderPaid, PopulationPersonConcessionCheck } from "./bindgen/schemas.ts";
import { code } from "./lesson.ts";

const event = (data: unknown) =>
  new Event({ id: "1", source: "/installations/shop", topic: "order.paid", time: 0n, data: JSON.stringify(data), attempt: 1 });

const record = (body: unknown) =>
  new Released({ reference: "r", version: 1n, body: JSON.stringify(body), unrecorded: [], validFrom: "", sources: [] });

const PAID: OrderPaid = {
  number: "A1",
  type: "joint-ticket",
  total: 2000,
  "discount-rate": 0.5,
  gate: { id: "north" },
  names: { zh: "云龙湖" },
  extra: [1],
  visits: [{ date: "2026-05-01", gate: { id: "south" } }],
};

test("a payload is read as its type, and what is none is rejected for good", () => {
  const paid: OrderPaid = event(PAID).json(OrderPaid);
  assert.deepEqual(paid, PAID);
  assert.deepEqual(event({ ...PAID, gate: null, more: 1 }).json(OrderPaid), { ...PAID, gate: null }, "what is not known is passed over");
  const { total: _, ...without } = PAID;
  for (const wrong of [without, { ...PAID, type: "other" }, { ...PAID, total: 0.5 }, { ...PAID, gate: {} }, []]) {
    assert.throws(() => event(wrong).json(OrderPaid), code("reject"));
  }
  const numbers: number[] = event([3, 5]).json(NumbersDrawn);
  assert.deepEqual(numbers, [3, 5]);
});

test("a record is read whole, masked, and with what is missing", () => {
  const whole = { name: "张小龙", birth_date: "1961-05-01", division: "320303" };
  assert.deepEqual(record(whole).decode(PopulationPersonConcessionCheck), whole);
  const masked = { name: true, birth_date: 65 };
  const read = record(masked).decode(PopulationPersonConcessionCheck);
  // Each case of the mask has its type: this compiles after the others are ruled out alone.
  const { name, birth_date: born } = read;
  const told: string | undefined = name === true ? undefined : name;
  const age: number | undefined = born === true || typeof born === "string" ? undefined : born;
  assert.deepEqual([told, age], [undefined, 65]);
  assert.deepEqual(read, masked);
  assert.throws(() => record({ name: false }).decode(PopulationPersonConcessionCheck), code("invalid"));
});
