// Identity, messages, payments, jobs and configuration on the city in memory.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  type Consumer,
  type Event,
  Failure,
  type Jobs,
  type Lifecycle,
  type Outgoing,
  counter,
  notify,
  now,
  publish as stage,
  t,
  transact,
  z,
} from "../src/index.ts";
import * as context from "../src/context.ts";
import * as identity from "../src/identity.ts";
import * as payments from "../src/payments.ts";
import * as random from "../src/random.ts";
import type { TestCity } from "../src/testing/index.ts";
import { code, newCity } from "./lesson.ts";

const AUDIENCE = { min: 0, max: 1000 };

/** Counts what arrives; does as the payload says. */
const lesson: Consumer & Jobs & Lifecycle = {
  handle(event: Event, tx) {
    tx.adjust("audience", event.topic, 1, AUDIENCE);
    assert.equal(identity.current().kind, "service");
    if (event.payment() !== undefined) return;
    const { do: what } = event.json(z.object({ do: z.string().optional() }));
    if (what === "retry" && event.attempt < 3) throw Failure.retry("not yet");
    if (what === "reject") throw Failure.reject("never");
    if (what === "chain") stage(tx, { topic: "pupil.joined", data: {} });
  },
  run(_job, scheduled, tx) {
    assert.equal(scheduled, now());
    tx.adjust("audience", "job", 1, AUDIENCE);
  },
  install(tx) {
    tx.adjust("seats", "room", 5, { min: 0, max: 5 });
  },
};

let city: TestCity;
beforeEach(() => {
  city = newCity();
});

const publish = (data: unknown, more: Partial<Outgoing> = {}) =>
  transact((tx) => stage(tx, { topic: "pupil.joined", data, ...more }));
const heard = (topic: string) => counter("audience", topic);

test("an app is told for whom its visitor acts, and sends them to step up", () => {
  city.signIn("p-1");
  assert.equal(identity.actingFor(), undefined);
  const acting = {
    subject: "p-2",
    grantor: { kind: "company", code: "91320300MA000TX14G", name: "示范" },
    mandate: "m-1",
  } as const;
  city.actFor(acting);
  assert.deepEqual(identity.actingFor(), acting);
  assert.equal(identity.current().subject, "p-1", "who acts stays who it is");
  city.signIn("p-3");
  assert.equal(identity.actingFor(), undefined, "another visitor acts for nobody");
  assert.match(identity.stepUpUrl("/pledge"), /\/step-up\?installation=lesson&return=%2Fpledge$/);
});

test("attributes need a person, a scope and their consent", () => {
  const birth = () => identity.attribute("birth-date");
  city.setAttribute("p-1", "birth-date", "1950-01-02");
  assert.throws(birth, code("not-signed-in"));
  city.signIn("p-1");
  assert.throws(birth, code("consent-required"));
  city.consent("p-1", "age");
  assert.equal(birth(), "1950-01-02");
  assert.throws(() => identity.attribute("resident-id"), code("not-granted"));
  city.withdraw("p-1", "age");
  assert.throws(birth, code("consent-required"));
  city.signIn("p-2");
  city.consent("p-2", "age");
  assert.throws(birth, code("absent"));
  assert.throws(() => city.consent("p-2", "made-up"), /asks for no consent/);
});

test("an event exists if its transaction commits", () => {
  const failing = () =>
    transact((tx) => {
      stage(tx, { topic: "pupil.joined", data: {} });
      throw Failure.reject("no");
    });
  assert.throws(failing, Failure);
  assert.equal(city.published.length, 0);
  city.conflictNext(2);
  publish({}, { subject: "a", key: "k" });
  assert.equal(city.published.length, 1);
  assert.deepEqual(city.deliver(lesson), { handled: 1, retried: 0, dead: 0 });
  assert.deepEqual([heard("pupil.joined"), city.queued.length], [1, 0]);
});

test("topics must be declared, and payloads have a JSON form of a bounded size", () => {
  assert.throws(() => transact((tx) => stage(tx, { topic: "pupil.left", data: {} })), code("undeclared"));
  assert.throws(() => publish(undefined), code("invalid"));
  assert.throws(() => publish("x".repeat(256 * 1024)), code("invalid"));
});

test("events wait for their time", () => {
  publish({}, { notBefore: now() + 1000 });
  assert.equal(city.deliver(lesson).handled, 0);
  city.advance(999);
  assert.equal(city.deliver(lesson).handled, 0);
  city.advance(1);
  assert.equal(city.deliver(lesson).handled, 1);
});

test("a deduplication key publishes once", () => {
  for (const once of ["a", "a", "a", "b"]) publish({}, { once });
  assert.equal(city.published.length, 2);
});

test("retries wait, and rejections become dead letters without effects", () => {
  publish({ do: "retry" });
  publish({ do: "reject" });
  assert.deepEqual(city.deliver(lesson), { handled: 0, retried: 1, dead: 1 });
  assert.equal(heard("pupil.joined"), 0, "what the consumer wrote went with its failure");
  assert.equal(city.deadLetters[0]?.why, "never");
  city.deliver(lesson);
  assert.equal(city.deliver(lesson).handled, 1);
  publish({ do: 7 });
  assert.equal(city.deliver(lesson).dead, 1, "a payload of another shape never fits");
});

test("what a consumer publishes is delivered too, and other apps are heard", () => {
  city.signIn("p-1");
  city.arrive("clock-tower", "bell.rang", { do: "chain" }, "k");
  assert.equal(city.deliver(lesson).handled, 2);
  assert.deepEqual([heard("bell.rang"), heard("pupil.joined")], [1, 1]);
  assert.equal(city.published[0]?.source, "/installations/lesson");
  assert.equal(identity.current().subject, "p-1", "whoever was signed in still is");
  assert.throws(() => city.arrive("elsewhere", "bell.rang", {}), /does not subscribe/);
});

test("notes reach people whom the installation knows", () => {
  const note = () =>
    transact((tx) => notify(tx, { recipient: "p-9", title: t("好", "Good"), body: t("好", "Good"), path: "/x" }));
  assert.throws(note, code("unknown-recipient"));
  city.signIn("p-9");
  city.signOut();
  note();
  assert.deepEqual(city.inbox("p-9"), [{ recipient: "p-9", title: t("好", "Good"), body: t("好", "Good"), path: "/x" }]);
});

test("jobs and installation run in transactions", () => {
  city.install(lesson);
  city.runJob(lesson, "roll-call");
  assert.deepEqual([counter("seats", "room"), heard("job")], [5, 1]);
  assert.throws(() => city.install(lesson), code("out-of-bounds"), "the bound refuses the second");
  assert.throws(() => city.runJob(lesson, "other"), /declares no job/);
});

test("configuration is typed and has its defaults", () => {
  assert.equal(context.config("limit", z.number()), 30);
  assert.equal(context.config("other", z.number()), undefined);
  city.configure("limit", "many");
  assert.throws(() => context.config("limit", z.number()), context.ConfigError);
});

test("derived keys are stable and differ by purpose, and random codes differ", () => {
  assert.deepEqual(context.deriveKey("ticket", 64), context.deriveKey("ticket", 64));
  assert.notDeepEqual(context.deriveKey("ticket", 32), context.deriveKey("gate", 32));
  assert.throws(() => context.deriveKey("ticket", 65), RangeError);
  assert.notEqual(random.code(16), random.code(16));
  assert.match(random.code(13), /^[0-9A-HJKMNP-TV-Z]{13}$/);
  assert.equal(random.bytes(21).length, 21);
});

const PAYEE = "91320300MA000TX14G";
const OTHER = "11320300MB000TX42P";
const line = (payee: string, amount: number) => ({ payee, amount, description: "学费" });

function create(reference: string, ...lines: payments.Line[]): payments.Intent {
  const wanted = { reference, description: t("学费", "Fees"), lines, expiresAt: now() + 60_000, returnPath: "/" };
  return transact((tx) => payments.createIntent(tx, wanted));
}

const refund = (intent: string, reference: string, ...lines: payments.Line[]) =>
  transact((tx) => payments.refund(tx, intent, { reference, lines, reason: "退学" }));

function outcomes(): [string | undefined, number | undefined][] {
  const all = city.queued.map((e) => e.payment()).map((p): [string | undefined, number | undefined] => [p?.outcome, p?.amount]);
  city.deliver(lesson);
  return all;
}

test("the app is asked how it is as the service principal", () => {
  city.signIn("p-1");
  let asked = "";
  city.health({ install() {}, health: () => { asked = identity.current().kind; } });
  assert.deepEqual([asked, identity.current().kind], ["service", "citizen"]);
  city.health({ install() {} });
  assert.throws(() => city.health({ install() {}, health: () => { throw new Error("no price is set"); } }), /no price/);
});

test("a payment is captured and refunded within what each payee received", () => {
  const intent = create("o-1", line(PAYEE, 700), line(OTHER, 300));
  assert.deepEqual([intent.amount, intent.status], [1000, "pending"]);
  assert.throws(() => refund(intent.id, "r-0", line(PAYEE, 1)), code("wrong-status"));
  city.pay(intent.id);
  city.pay(intent.id);
  assert.deepEqual(outcomes(), [["captured", 1000]]);
  assert.throws(() => refund(intent.id, "r-1", line(PAYEE, 701)), code("invalid"));
  refund(intent.id, "r-2", line(PAYEE, 700));
  refund(intent.id, "r-2", line(PAYEE, 700));
  assert.equal(payments.intent(intent.id).refunded, 700, "the same number is the same refund");
  refund(intent.id, "r-3", line(OTHER, 300));
  city.payRefunds();
  assert.deepEqual(outcomes(), [["refunded", 700], ["refunded", 300]]);
  assert.equal(payments.intent(intent.id).status, "refunded");
});

test("one reference has one intent", () => {
  const first = create("o-1", line(PAYEE, 700));
  assert.equal(create("o-1", line(PAYEE, 700)).id, first.id);
  assert.throws(() => create("o-1", line(PAYEE, 701)), code("invalid"));
  assert.throws(() => create("o-2"), code("invalid"));
  assert.throws(() => payments.intent("nobody's"), code("unknown-intent"));
});

test("money that comes after a cancellation is reported", () => {
  const { id } = create("o-1", line(PAYEE, 700));
  const cancel = () => transact((tx) => payments.cancelIntent(tx, id));
  cancel();
  assert.throws(cancel, code("wrong-status"));
  city.pay(id);
  assert.deepEqual(outcomes(), [["cancelled", 0], ["captured", 700]]);
  refund(id, "r-1", line(PAYEE, 700));
  city.refuseRefunds("closed account");
  assert.deepEqual(outcomes(), [["refund-failed", 700]]);
  assert.equal(payments.intent(id).refunded, 0);
});

test("a payment is confirmed in its payer's call alone, and a refused one may be tried again", () => {
  const confirm = (id: string) => transact((tx) => payments.confirmIntent(tx, id));
  city.signIn("li-hua");
  const { id } = create("o-1", line(PAYEE, 700));
  city.signOut();
  assert.throws(() => confirm(id), code("other"), "nor in a call of nobody");
  city.signIn("wang-fang");
  assert.throws(() => confirm(id), code("other"));
  city.signIn("li-hua");
  city.refusePayment(id, "no funds");
  confirm(id);
  assert.equal(payments.intent(id).status, "processing");
  city.pay(id);
  assert.deepEqual(outcomes(), [["failed", 0], ["captured", 700]]);
});
