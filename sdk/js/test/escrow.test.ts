// Escrow in the city in memory: what was captured is held, released, on its way back, or back, and nothing of it is in
// two places.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Consumer, DataError, type PaymentError, type Tx, now, t, transact } from "../src/index.ts";
import * as payments from "../src/payments.ts";
import type { TestCity } from "../src/testing/index.ts";
import { code, newCity } from "./lesson.ts";

const SELLER = "92320324MA000TX221";
const STATION = "91320300MA000TX14G";

const shop: Consumer = {
  handle(event, tx) {
    assert.notEqual(event.payment(), undefined);
    tx.adjust("audience", event.topic, 1, { min: 0, max: 1000 });
  },
};

let city: TestCity;
beforeEach(() => {
  city = newCity();
});

const line = (payee: string, amount: number) => ({ payee, amount, description: "货款" });
const wanted = (reference: string, amount: number): payments.NewEscrow => ({
  reference,
  description: t("实木床", "A wooden bed"),
  amount,
  expiresAt: now() + 60_000,
  returnPath: "/",
});
const plain = (reference: string, amount: number): payments.NewIntent => ({
  ...wanted(reference, amount),
  lines: [line(SELLER, amount)],
});
const give = (reference: string, ...lines: payments.Line[]) => ({ reference, lines, reason: "确认收货" });
const back = (reference: string, amount: number) => ({ reference, amount, reason: "少发" });

const create = (reference: string, amount: number) => transact((tx) => payments.createEscrow(tx, wanted(reference, amount)));
const release = (id: string, reference: string, ...lines: payments.Line[]) =>
  transact((tx) => payments.release(tx, id, give(reference, ...lines)));
const refundHeld = (id: string, reference: string, amount: number) =>
  transact((tx) => payments.refundHeld(tx, id, back(reference, amount)));

/** Captured, held, released, refunding, refunded. */
function state(id: string): number[] {
  const { captured, held, released, refunding, refunded } = payments.escrow(id);
  assert.equal(captured, held + released + refunding + refunded);
  return [captured, held, released, refunding, refunded];
}

function outcomes(): unknown[] {
  const told = city.queued.map((e) => e.payment()).map((p) => [p?.outcome, p?.amount, p?.refund]);
  city.deliver(shop);
  return told;
}

/** An escrow that is paid. */
function paid(reference: string, amount: number): string {
  const { id } = create(reference, amount);
  city.pay(id);
  return id;
}

const says = (tag: PaymentError["code"], word: string) => (e: unknown) =>
  code(tag)(e) && (e as PaymentError).message.includes(word);

test("a bed is paid, held, partly returned and settled with a commission", () => {
  const intent = create("o-1", 108_000);
  assert.deepEqual([intent.amount, intent.status], [108_000, "pending"]);
  assert.deepEqual(state(intent.id), [0, 0, 0, 0, 0]);
  assert.throws(() => release(intent.id, "s", line(SELLER, 1)), code("wrong-status"));
  city.pay(intent.id);
  city.pay(intent.id);
  assert.deepEqual(outcomes(), [["captured", 108_000, undefined]]);
  assert.deepEqual(state(intent.id), [108_000, 108_000, 0, 0, 0]);

  refundHeld(intent.id, "less", 20_000);
  refundHeld(intent.id, "less", 20_000);
  assert.deepEqual(state(intent.id), [108_000, 88_000, 0, 20_000, 0], "the same number is the same refund");
  city.payRefunds();
  assert.deepEqual(outcomes(), [["refunded", 20_000, "less"]]);

  const lines = [line(SELLER, 85_360), line(STATION, 2_640)];
  release(intent.id, "settle", ...lines);
  release(intent.id, "settle", ...lines);
  assert.deepEqual(state(intent.id), [108_000, 0, 88_000, 0, 20_000]);
  const { status, refunded } = payments.intent(intent.id);
  assert.deepEqual([status, refunded], ["captured", 20_000]);
  assert.deepEqual(outcomes(), [], "a release is no event: it is done with its commit");
});

test("nothing is moved that is not held, and the refusal says how much is", () => {
  const id = paid("o-1", 1_000);
  refundHeld(id, "r", 300);
  const over = () => release(id, "s", line(SELLER, 500), line(STATION, 201));
  for (const word of ["700 fen", "701", "300"]) assert.throws(over, says("invalid", word));
  assert.throws(() => refundHeld(id, "r-2", 701), code("invalid"));
  release(id, "s", line(SELLER, 700));
  assert.throws(() => release(id, "s", line(SELLER, 699)), says("invalid", "new reference"));
  assert.throws(() => refundHeld(id, "r", 299), says("invalid", "new reference"));
  assert.throws(() => release(id, "s-2"), code("invalid"));
  assert.throws(() => release(id, "s-2", line(SELLER, 0)), code("invalid"));
  assert.throws(() => release(id, "s-2", line("a farmer", 1)), code("invalid"));
  assert.throws(() => release(id, "", line(SELLER, 1)), code("invalid"));
  assert.throws(() => refundHeld(id, "r-2", 0), code("invalid"));
  assert.deepEqual(state(id), [1_000, 0, 700, 300, 0]);
});

test("a refund that the provider refused is held again", () => {
  const id = paid("o-1", 1_000);
  outcomes();
  refundHeld(id, "r", 1_000);
  assert.throws(() => release(id, "s", line(SELLER, 1)), code("invalid"));
  city.refuseRefunds("closed account");
  assert.deepEqual(outcomes(), [["refund-failed", 1_000, "r"]]);
  assert.deepEqual(state(id), [1_000, 1_000, 0, 0, 0]);
  refundHeld(id, "r", 1_000);
  assert.deepEqual(state(id), [1_000, 1_000, 0, 0, 0], "a number is used once, whatever became of it");
  refundHeld(id, "r-2", 1_000);
  city.payRefunds();
  assert.deepEqual(outcomes(), [["refunded", 1_000, "r-2"]]);
  assert.deepEqual(state(id), [1_000, 0, 0, 0, 1_000]);
  assert.equal(payments.intent(id).status, "refunded");
  assert.throws(() => refundHeld(id, "r-3", 1), code("wrong-status"));
});

test("each kind of intent says which words it has", () => {
  const held = paid("o-1", 1_000);
  const { id } = transact((tx) => payments.createIntent(tx, plain("o-2", 1_000)));
  city.pay(id);
  const refund = () => transact((tx) => payments.refund(tx, held, give("r", line(SELLER, 1))));
  assert.throws(refund, says("wrong-status", "refund-held"));
  assert.throws(() => release(id, "s", line(SELLER, 1)), says("wrong-status", "no escrow"));
  assert.throws(() => refundHeld(id, "r", 1), says("wrong-status", "`refund`"));
  assert.throws(() => payments.escrow(id), says("wrong-status", "get"));
  assert.throws(() => payments.escrow("nobody's"), code("unknown-intent"));
  assert.throws(() => release("nobody's", "s", line(SELLER, 1)), code("unknown-intent"));
});

test("one reference has one intent of one kind", () => {
  const first = create("o-1", 700);
  assert.equal(create("o-1", 700).id, first.id);
  assert.throws(() => create("o-1", 701), code("invalid"));
  assert.throws(() => create("o-2", 0), code("invalid"));
  assert.throws(() => transact((tx) => payments.createIntent(tx, plain("o-1", 700))), code("invalid"));
  const both = (tx: Tx) => {
    payments.createEscrow(tx, wanted("o-3", 700));
    payments.createIntent(tx, plain("o-3", 700));
  };
  assert.throws(() => transact(both), code("invalid"), "within one transaction too");
});

test("what a transaction staged counts within it and goes with it", () => {
  const id = paid("o-1", 1_000);
  const givenUp = (tx: Tx) => {
    payments.release(tx, id, give("s", line(SELLER, 600)));
    assert.throws(() => payments.refundHeld(tx, id, back("r", 401)), says("invalid", "400 fen"));
    throw new DataError("invalid", "thought better of it");
  };
  assert.throws(() => transact(givenUp), code("invalid"));
  assert.deepEqual(state(id), [1_000, 1_000, 0, 0, 0], "nothing was written");
  const early = (tx: Tx) => {
    const { id } = payments.createEscrow(tx, wanted("o-2", 5));
    payments.release(tx, id, give("s", line(SELLER, 5)));
  };
  assert.throws(() => transact(early), code("wrong-status"));
});

test("of two releases at once one commits, and the other meets what is left", () => {
  const id = paid("o-1", 1_000);
  let tries = 0;
  const late = (tx: Tx) => {
    tries += 1;
    payments.release(tx, id, give("late", line(STATION, 600)));
    if (tries === 1) release(id, "first", line(SELLER, 600));
  };
  assert.throws(() => transact(late), code("invalid"));
  assert.equal(tries, 2);
  assert.deepEqual(state(id), [1_000, 400, 600, 0, 0]);
});

test("money that comes late is held and can be returned", () => {
  const { id } = create("o-1", 700);
  transact((tx) => payments.cancelIntent(tx, id));
  city.pay(id);
  assert.deepEqual(outcomes(), [["cancelled", 0, undefined], ["captured", 700, undefined]]);
  refundHeld(id, "late", 700);
  city.payRefunds();
  assert.deepEqual(state(id), [700, 0, 0, 0, 700]);
});
