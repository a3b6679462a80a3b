// Collections, queries and transactions on the city in memory, which follows `city:data`.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Collection, DataError, type Migrations, Problem, type Query, counter, progressAfter, resume, transact, z } from "../src/index.ts";
import type { TestCity } from "../src/testing/index.ts";
import { code, newCity } from "./lesson.ts";

const Pupil = z.object({
  name: z.string(),
  class: z.string().optional(),
  age: z.number(),
  card: z.object({ number: z.number() }).optional(),
});
type Pupil = z.infer<typeof Pupil>;
const PUPILS = new Collection("pupils", Pupil, (p) => p.name);
const BY_CLASS = PUPILS.index("by-class");

const pupil = (name: string, of: string, age: number): Pupil => ({ name, class: of, age });
const carded = (name: string, number: number): Pupil => ({ ...pupil(name, "1a", 7), card: { number } });
const names = (query: Query<Pupil>): string[] => PUPILS.find(query).items.map((p) => p.id);

let city: TestCity;
beforeEach(() => {
  city = newCity();
});

test("a document is inserted once, put and deleted", () => {
  PUPILS.insert(pupil("a", "1a", 7));
  assert.throws(() => PUPILS.insert(pupil("a", "1a", 8)), code("already-exists"));
  const first = PUPILS.get("a");
  PUPILS.put(pupil("a", "1b", 8));
  const second = PUPILS.get("a");
  assert.deepEqual([first?.value.age, second?.value.age], [7, 8]);
  assert.ok((second?.version ?? 0) > (first?.version ?? 0));
  PUPILS.delete("a");
  PUPILS.delete("a");
  assert.equal(PUPILS.get("a"), undefined);
});

test("queries walk an index in ranges and in both directions", () => {
  const all = [["a", "1a", 9], ["b", "1a", 7], ["c", "1b", 6], ["d", "1a", 8], ["e", "1a", 7]] as const;
  for (const [name, of, age] of all) PUPILS.put(pupil(name, of, age));
  PUPILS.put({ name: "no-class", age: 7 });
  const of1a = BY_CLASS.equals("1a");
  assert.deepEqual(names(BY_CLASS.all()), ["b", "e", "d", "a", "c"], "what lacks a field is not in the index");
  assert.deepEqual(names(of1a), ["b", "e", "d", "a"]);
  assert.deepEqual(names(of1a.descending()), ["a", "d", "e", "b"]);
  assert.deepEqual(names(of1a.equals(7)), ["b", "e"]);
  assert.deepEqual(names(of1a.atLeast(8)), ["d", "a"]);
  assert.deepEqual(names(of1a.above(8)), ["a"]);
  assert.deepEqual(names(of1a.atMost(8)), ["b", "e", "d"]);
  assert.deepEqual(names(of1a.below(8).above(7)), []);
  assert.deepEqual(names(PUPILS.byId().limit(2)), ["a", "b"]);
});

test("cursors go on and belong to their query", () => {
  for (let i = 0; i < 7; i++) PUPILS.put(pupil(`p${i}`, "1a", 7));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = PUPILS.find(BY_CLASS.equals("1a").limit(3).after(cursor));
    seen.push(...page.items.map((p) => p.id));
    cursor = page.next;
  } while (cursor !== undefined);
  assert.deepEqual(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
  const foreign = PUPILS.find(BY_CLASS.equals("1a").limit(3)).next;
  assert.throws(() => PUPILS.find(PUPILS.byId().after(foreign)), code("invalid"));
  assert.throws(() => PUPILS.find(PUPILS.byId().after("龟")), code("invalid"));
  assert.throws(() => PUPILS.find(PUPILS.byId().limit(0)), code("invalid"));
});

test("what app.toml does not declare is refused", () => {
  const teachers = new Collection("teachers", z.object({ id: z.string() }));
  assert.throws(() => teachers.get("x"), code("undeclared"));
  assert.throws(() => teachers.find(teachers.index("by-subject").all()), code("undeclared"));
  assert.throws(() => counter("chairs", "x"), code("undeclared"));
  assert.throws(() => PUPILS.find(PUPILS.index("by-shoe").all()), code("undeclared"));
});

test("a unique index refuses the second and frees with the first", () => {
  PUPILS.put(carded("a", 1));
  assert.throws(
    () => PUPILS.put(carded("b", 1)),
    (e) => {
      assert.ok(e instanceof DataError);
      assert.deepEqual(e.uniqueViolation, { collection: "pupils", index: "by-card", existing: "a" });
      return true;
    },
  );
  PUPILS.put(carded("a", 1));
  transact((tx) => {
    tx.delete(PUPILS, "a");
    tx.put(PUPILS, carded("b", 1));
  });
  PUPILS.put(pupil("c", "1a", 7));
  PUPILS.put(pupil("d", "1a", 7));
});

test("a transaction sees its own writes and leaves nothing when it fails", () => {
  const failing = () =>
    transact((tx) => {
      tx.put(PUPILS, pupil("a", "1a", 7));
      assert.equal(tx.get(PUPILS, "a")?.value.age, 7);
      assert.equal(tx.find(BY_CLASS.equals("1a")).items.length, 1);
      tx.adjust("seats", "room", 2, { min: 0, max: 10 });
      assert.equal(tx.counter("seats", "room"), 2);
      tx.audit("pupil.join", "a");
      throw Problem.notFound();
    });
  assert.throws(failing, Problem);
  assert.equal(PUPILS.get("a"), undefined);
  assert.equal(counter("seats", "room"), 0);
  assert.equal(city.audit.length, 0);
});

test("a read that somebody changed is a conflict and runs again", () => {
  PUPILS.put(pupil("a", "1a", 7));
  let runs = 0;
  const older = transact((tx) => {
    runs += 1;
    const read = tx.get(PUPILS, "a")?.value ?? assert.fail();
    if (runs === 1) PUPILS.put(pupil("a", "1a", 20));
    tx.put(PUPILS, { ...read, age: read.age + 1 });
    return read.age + 1;
  });
  assert.deepEqual([older, runs], [21, 2]);
});

test("who looked and was forestalled looks again instead of being refused", () => {
  let runs = 0;
  const found = transact((tx) => {
    runs += 1;
    const there = tx.get(PUPILS, "a");
    if (there) return there.value.age;
    if (runs === 1) PUPILS.insert(pupil("a", "1a", 20));
    tx.insert(PUPILS, pupil("a", "1a", 7));
    return undefined;
  });
  assert.deepEqual([found, runs], [20, 2]);
});

test("a phantom in a range that was read is a conflict", () => {
  let runs = 0;
  const count = transact((tx) => {
    runs += 1;
    const n = tx.find(BY_CLASS.equals("1a")).items.length;
    if (runs === 1) PUPILS.put(pupil("new", "1a", 7));
    tx.put(PUPILS, pupil("counted", "1b", n));
    return n;
  });
  assert.deepEqual([count, runs], [1, 2]);
});

test("counters do not conflict and keep their bounds", () => {
  let runs = 0;
  transact((tx) => {
    runs += 1;
    if (runs === 1) transact((other) => other.adjust("seats", "room", 3, { min: 0, max: 5 }));
    tx.adjust("seats", "room", 2, { min: 0, max: 5 });
  });
  assert.deepEqual([runs, counter("seats", "room")], [1, 5]);
  const over = () =>
    transact((tx) => {
      tx.put(PUPILS, pupil("late", "1a", 7));
      tx.adjust("seats", "room", 1, { min: 0, max: 5 });
    });
  assert.throws(over, (e) => {
    assert.ok(e instanceof DataError);
    assert.deepEqual(e.outOfBounds, { counter: "seats", key: "room", value: 5, delta: 1, min: 0, max: 5 });
    return true;
  });
  assert.equal(PUPILS.get("late"), undefined, "nothing was written");
  transact((tx) => tx.adjust("seats", "open-ended", 7, { min: 0 }));
  assert.equal(counter("seats", "open-ended"), 7);
});

test("conflicts end in an error after a bounded number of attempts", () => {
  city.conflictNext(1_000_000);
  let runs = 0;
  const never = () =>
    transact((tx) => {
      runs += 1;
      tx.put(PUPILS, pupil("a", "1a", 7));
    });
  assert.throws(never, code("conflict"));
  assert.equal(runs, 24);
});

test("a function that waits is refused, since it would be committed before it was done", () => {
  const waits = async () => PUPILS.put(pupil("a", "1a", 7));
  // What the types refuse is refused without them, too.
  assert.throws(() => transact(waits as unknown as () => void), /must not be async/);
});

test("limits are those of the contract", () => {
  assert.throws(() => PUPILS.get(""), code("invalid"));
  assert.throws(() => PUPILS.get("x".repeat(257)), code("invalid"));
  assert.throws(() => PUPILS.put(pupil("big", "x".repeat(1 << 20), 7)), code("too-large"));
});

test("what a schema does not describe is neither written nor read", () => {
  assert.throws(() => PUPILS.put({ name: "a", age: "seven" } as unknown as Pupil), code("invalid"));
  const loose = new Collection("pupils", z.object({ name: z.string(), age: z.unknown() }), (p) => p.name);
  loose.put({ name: "old", age: "seven" });
  assert.throws(() => PUPILS.get("old"), code("mismatch"));
});

test("a migration runs batch by batch, and each has its effect once", () => {
  const birthday: Migrations = {
    migrate(from, to, cursor, tx) {
      assert.deepEqual([from, to], [1, 2]);
      const { done, next } = resume(cursor);
      const page = tx.find(PUPILS.byId().limit(2).after(next));
      for (const { value } of page.items) tx.put(PUPILS, { ...value, age: value.age + 1 });
      return progressAfter(done + page.items.length, page.next);
    },
  };
  for (const name of ["a", "b", "c", "d", "e"]) PUPILS.insert(pupil(name, "1a", 7));
  city.conflictNext(1);
  assert.equal(city.migrate(birthday, 1, 2), 5);
  assert.deepEqual(PUPILS.find(PUPILS.byId()).items.map((p) => p.value.age), [8, 8, 8, 8, 8]);
  assert.throws(() => city.migrate({ migrate: () => progressAfter(0, "here") }, 1, 2), /does not move on/);
  assert.throws(() => resume("x"), RangeError);
  assert.deepEqual(resume("40:a:b"), { done: 40, next: "a:b" });
});

test("a schema is prepared where its collection is made, without its own code, and may hold itself", () => {
  const Branch = z.object({
    id: z.string(),
    at: z.number().default(() => assert.fail("the city is asked for nothing then")),
    get below() {
      return z.array(Branch).optional();
    },
  });
  const branches = new Collection("branches", Branch.refine(() => assert.fail("nor is a check run")));
  assert.equal(branches.name, "branches");
});
