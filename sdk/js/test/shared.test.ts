// Shared data on the city in memory: what a grant, a role and a consent let through.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { App } from "../src/index.ts";
import * as shared from "../src/shared/index.ts";
import type { TestCity } from "../src/testing/index.ts";
import { code, newCity } from "./lesson.ts";

const { Dataset, Query } = shared;
const RESIDENTS = "population.person";
const [CHECK, LIST] = ["age-check", "class-list"];

let city: TestCity;
beforeEach(() => {
  city = newCity();
  for (const [key, person, birth] of [["A", "li", "1960-02-03"], ["B", "wang", "2019-05-06"]] as const) {
    city.putRecord(RESIDENTS, key, { name: person, division: "320311", birth_date: birth }, person);
  }
  city.putRecord("school.room", "R-1", { seats: 40 });
});

const me = () => Dataset.open(RESIDENTS, CHECK).me(["birth_date"])?.text("birth_date");

test("a person is read with a grant and their consent, and no longer than both stand", () => {
  city.signIn("li");
  assert.throws(me, code("not-granted"));
  city.grant(RESIDENTS, CHECK);
  assert.throws(me, code("consent-required"));
  assert.deepEqual(city.sharedReads, [], "what is denied is not read");
  city.consent("li", CHECK);
  assert.equal(me(), "1960-02-03");
  assert.deepEqual(city.sharedReads, [{ dataset: RESIDENTS, purpose: CHECK, key: "A", fields: ["birth_date"] }]);
  city.withdraw("li", CHECK);
  assert.throws(me, code("consent-required"));
  city.consent("li", CHECK);
  city.expire(RESIDENTS, CHECK);
  assert.throws(me, code("expired"));
  city.revoke(RESIDENTS, CHECK);
  assert.throws(me, code("revoked"));
});

test("a field that is not granted is refused by name, and absent from what is read whole", () => {
  city.grant(RESIDENTS, CHECK, "birth_date");
  city.consent("li", CHECK);
  city.signIn("li");
  const residents = Dataset.open(RESIDENTS, CHECK);
  assert.deepEqual(residents.fields(), ["birth_date"]);
  assert.throws(() => residents.me(["name"]), code("fields-not-granted"));
  const whole = residents.me();
  assert.deepEqual(whole?.body, { birth_date: "1960-02-03" });
  assert.notEqual(whole?.reference, "A", "the key is a person's own");
});

test("records of others are closed to citizens, and open to whoever holds the role", () => {
  city.grant(RESIDENTS, CHECK);
  city.grant(RESIDENTS, LIST);
  city.consent("li", CHECK);
  const get = (purpose: string, key: string) => Dataset.open(RESIDENTS, purpose).get(key, ["name"]);
  assert.throws(() => get(CHECK, "A"), code("not-signed-in"));
  assert.throws(() => get(LIST, "A"), code("not-signed-in"));
  city.signIn("li");
  assert.equal(get(LIST, "A")?.text("name"), "li");
  assert.throws(() => get(LIST, "B"), code("row-not-granted"));
  city.signInOfficial("zhao");
  assert.throws(() => get(LIST, "B"), code("role-required"));
  city.signInOfficial("zhao", "teacher");
  assert.equal(get(LIST, "B")?.text("name"), "wang");
  assert.equal(get(LIST, "C"), undefined);
});

test("an undeclared use is unknown, and a grant for another purpose is named", () => {
  city.signIn("li");
  assert.throws(() => Dataset.open(RESIDENTS, "marketing"), code("unknown-dataset"));
  city.grant(RESIDENTS, LIST);
  assert.throws(me, (e) => e instanceof shared.SharedError && e.code === "other-purpose" && e.detail === LIST);
});

test("records are found page by page and in jobs", () => {
  city.grant(RESIDENTS, LIST);
  city.signInOfficial("zhao", "teacher");
  const list = Dataset.open(RESIDENTS, LIST);
  const all = Query.over("birth_date").limit(1);
  const first = list.query(all, ["name"]);
  assert.deepEqual(first.records[0]?.body, { name: "li" }, "what is not asked for is not told");
  city.grant(RESIDENTS, LIST, "name");
  assert.throws(() => list.query(all), code("fields-not-granted"), "what is found by would be told");
  city.grant(RESIDENTS, LIST);
  const second = list.query(all.after(first.next));
  assert.deepEqual([second.records[0]?.text("name"), second.next], ["wang", undefined]);
  const young = Query.over("birth_date").atLeast("2015-01-01").below("2020-01-01").only("division", "320311");
  assert.equal(list.query(young).records.length, 1);
  assert.throws(() => list.query(young.limit(501)), code("invalid"));
  const job = list.startJob(all);
  assert.deepEqual(list.job(job), { id: job, ready: true, records: 2, pages: 1 });
  assert.equal(list.jobPage(job, 0).length, 2);
  assert.throws(() => list.jobPage(job, 1), code("not-found"));
  assert.throws(() => list.job("job-9"), code("not-found"));
});

test("a write is based on the version that was read", () => {
  city.grant("school.room", "rooms");
  const rooms = Dataset.open("school.room", "rooms");
  const read = rooms.get("R-1") ?? assert.fail();
  assert.deepEqual([read.integer("seats"), read.reference], [40, "R-1"]);
  assert.equal(rooms.write("R-1", { seats: 42 }, read.version, "2026-05-01"), 2);
  assert.throws(() => rooms.write("R-1", { seats: 44 }, read.version, "2026-05-01"), code("conflict"));
  assert.equal(rooms.write("R-2", { seats: 10 }, 0, "2026-05-01"), 1);
  assert.throws(() => rooms.query(Query.over("seats")), code("access-not-granted"));
});

test("a visitor is led to sign in, then to consent, and told when the city does not share", async () => {
  const app = new App();
  app.get("/age", (c) => c.json({ known: me() !== undefined }));
  city.grant(RESIDENTS, CHECK);
  const location = async () => (await city.get(app, "/age")).headers.get("location") ?? "";
  assert.match(await location(), /\/sign-on\?/);
  city.signIn("li");
  assert.match(await location(), /\/consent\?installation=lesson&scope=age-check&return=%2Fage$/);
  city.consent("li", CHECK);
  assert.deepEqual(await (await city.get(app, "/age")).json(), { known: true });
  city.revoke(RESIDENTS, CHECK);
  const refused = await city.get(app, "/age");
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /授权已到期、已撤销/);
});
