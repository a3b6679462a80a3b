// What the component exports: calls and errors as the contract has them.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { exportConsumer, exportJobs, exportLifecycle, exportMigrations, serve } from "../src/component.ts";
import { App, DataError, Failure, counter, progressAfter } from "../src/index.ts";
import { Transaction } from "../src/testing/double/transaction.ts";
import { newCity } from "./lesson.ts";

const EVENT = { id: "e-1", source: "/installations/x", topic: "t", time: 7n, data: "{}", attempt: 2 };
const BOUNDS = { min: 0, max: 5 };

beforeEach(() => {
  newCity();
});

/** What is thrown out of an export: the bindings read `payload`. */
function payload(f: () => unknown): unknown {
  try {
    f();
  } catch (e) {
    return (e as { payload: unknown }).payload;
  }
  return assert.fail("nothing was thrown");
}

test("an event is handed over with the host's transaction, which the host commits", () => {
  const transaction = Transaction.begin();
  exportConsumer({
    handle(event, tx) {
      assert.deepEqual([event.time, event.attempt, event.key], [7, 2, undefined]);
      tx.adjust("seats", "room", 2, BOUNDS);
    },
  }).handle(EVENT, transaction);
  assert.equal(counter("seats", "room"), 0, "not yet");
  transaction.commit();
  assert.equal(counter("seats", "room"), 2);
});

test("what a consumer or a job throws is a failure of the contract", (t) => {
  t.mock.method(console, "error", () => undefined);
  const failing = (error: Error) => payload(() => exportConsumer({ handle: () => { throw error; } }).handle(EVENT, Transaction.begin()));
  assert.deepEqual(failing(Failure.reject("never")), { tag: "reject", val: "never" });
  assert.deepEqual(failing(Failure.retry("later")), { tag: "retry", val: "later" });
  assert.deepEqual(failing(DataError.of({ tag: "undeclared", val: "x" })), { tag: "reject", val: "not declared in app.toml: x" });
  assert.equal((failing(DataError.of({ tag: "conflict" })) as { tag: string }).tag, "retry");
  assert.deepEqual(failing(new TypeError("a mistake")), { tag: "retry", val: "a mistake" });
  const job = exportJobs({
    run: (name, scheduled) => {
      throw Failure.reject(`${name} ${scheduled}`);
    },
  });
  assert.deepEqual(payload(() => job.run("roll-call", 9n, Transaction.begin())), { tag: "reject", val: "roll-call 9" });
});

test("installation, health and migrations answer texts and numbers of the contract", () => {
  const refusing = exportLifecycle({
    install: () => {
      throw new Error("no room");
    },
  });
  assert.equal(payload(() => refusing.install(Transaction.begin())), "no room");
  assert.equal(refusing.health(), undefined, "an app that says nothing of its health is well");
  const migrations = exportMigrations({ migrate: (from, to, cursor) => ({ ...progressAfter(from + to, cursor), total: 9 }) });
  assert.deepEqual(migrations.migrate(1, 2, "x", Transaction.begin()), { next: "3:x", done: 3n, total: 9n });
  assert.deepEqual(migrations.migrate(1, 2, undefined, Transaction.begin()), { next: undefined, done: 3n, total: 9n });
});

test("requests come as the engine's fetch events", async (t) => {
  const app = new App();
  app.get("/", (c) => c.text("here"));
  let answer: Response | Promise<Response> | undefined;
  const events: Record<string, (event: unknown) => void> = {};
  Object.assign(globalThis, { addEventListener: (type: string, listener: (event: unknown) => void) => (events[type] = listener) });
  t.after(() => Reflect.deleteProperty(globalThis, "addEventListener"));
  serve(app);
  events.fetch?.({ request: new Request("http://x.localhost/"), respondWith: (r: Response) => (answer = r) });
  assert.equal(await (await answer)?.text(), "here");
});

test("the router is made with the component, and not for each request", (t) => {
  Object.assign(globalThis, { addEventListener: () => undefined });
  t.after(() => Reflect.deleteProperty(globalThis, "addEventListener"));
  const app = new App();
  app.get("/", (c) => c.text("ok"));
  serve(app);
  assert.throws(() => app.get("/later", (c) => c.text("late")), /already built/);
});
