// What a mandate means to an app, as a specification, against a city in memory.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import type { ActingFor } from "@yunlong/sdk/identity";
import { TestCity } from "@yunlong/sdk/testing";
import app from "../src/app.tsx";

const MANIFEST = readFileSync(new URL("../app.toml", import.meta.url), "utf8");
const OF_HOLDER: ActingFor = { subject: "holder", mandate: "m-1", grantor: { kind: "person" } };

let city: TestCity;
beforeEach(() => {
  city = new TestCity(MANIFEST);
  // Everybody has been here once, so that notes reach them.
  for (const subject of ["holder", "delegate"]) city.signIn(subject);
  city.signOut();
});

/** The delegate comes, and has chosen at the portal to act for the holder. */
function delegateComes(): void {
  city.signIn("delegate");
  city.actFor(OF_HOLDER);
}

const page = async () => (await city.get(app, "/")).text();
const make = async (mandate = "") => (await city.post(app, "/checks", { mandate })).status;
const listed = async () => (await city.get(app, "/api/checks")).json();

test("who is not signed in is sent to sign in", async () => {
  assert.equal((await city.get(app, "/")).status, 303);
  assert.equal(await make(), 303);
  assert.equal((await city.get(app, "/api/checks")).status, 401);
});

test("a holder makes their own check, once a year", async () => {
  city.signIn("holder");
  assert.match(await page(), /还没有年审/);
  assert.equal(await make(), 303);
  assert.match(await page(), /2026 年度已经年审[^]*本人/);
  assert.equal(await make(), 409);
  city.advance(366 * 24 * 3_600_000);
  assert.equal(await make(), 303, "and again the next year");
  assert.deepEqual((await listed()).map((c: { year: number }) => c.year), [2027, 2026]);
  assert.deepEqual(city.inbox("holder"), [], "nobody is told what they did themself");
});

test("what a delegate makes is the holder's, and says so on every page", async () => {
  delegateComes();
  assert.match(await page(), /正在为他人代办[^]*name="mandate" value="m-1"[^]*代为办理年审/);
  assert.equal(await make("m-1"), 303);
  assert.deepEqual((await listed()).map((c: { by: string }) => c.by), ["delegate"]);
  city.signIn("holder");
  assert.match(await page(), /受托人/, "the holder finds it when they come themself");
  assert.equal(await make(), 409, "whoever made it, it is made");
  city.signIn("delegate");
  assert.deepEqual(await listed(), [], "it is not the delegate's own");
  assert.equal(await make(), 303, "who has a card of their own");
});

test("both are on record, and the holder is told", async () => {
  delegateComes();
  await make("m-1");
  const [row] = city.audit;
  assert.deepEqual([row?.actor, row?.action, row?.detail], ["delegate", "check.make", { mandate: "m-1" }]);
  assert.deepEqual(city.inbox("holder").map((n) => [n.title.en, n.path]), [["Somebody made the yearly check of your card", "/"]]);
  assert.doesNotMatch(await page(), /holder/, "no subject leaves the app");
});

test("a mandate that has ended is none at the next call, and what was not seen is not done", async () => {
  delegateComes();
  await page();
  city.actFor(undefined);
  assert.equal(await make("m-1"), 409);
  delegateComes();
  assert.equal(await make(), 409, "nor is it done for others what was confirmed for oneself");
  city.actFor({ ...OF_HOLDER, mandate: "m-9" });
  assert.equal((await city.postJson(app, "/api/checks", { mandate: "m-1" })).status, 409);
  assert.equal((await city.postJson(app, "/api/checks", { mandate: "m-9" })).status, 201);
  assert.equal(city.audit.length, 1);
});

test("a holder who was never here is served all the same", async () => {
  city.signIn("delegate");
  city.actFor({ ...OF_HOLDER, subject: "stranger" });
  assert.equal(await make("m-1"), 303);
  assert.equal(city.audit.length, 1);
});

test("a company holds no card", async () => {
  city.signIn("delegate");
  city.actFor({ subject: "c-1", mandate: "m-2", grantor: { kind: "company", code: "91320300MA000TX14G", name: "示范公司" } });
  assert.equal(await make("m-2"), 403);
  const refused = await city.get(app, "/");
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /爱心卡只发给个人/);
});

test("when a conflict does not end nothing is made and nobody is told", async () => {
  delegateComes();
  city.conflictNext(3);
  assert.equal(await make("m-1"), 303);
  assert.equal(city.inbox("holder").length, 1, "tried four times, told once");
  city.signIn("delegate");
  city.conflictNext(1000);
  assert.equal(await make(), 503);
  assert.equal(city.audit.length, 1);
});

test("a clerk sees how many, and not whose", async () => {
  city.signIn("holder");
  await make();
  assert.doesNotMatch(await page(), /本年度已办理/);
  city.signInOfficial("o-1", "clerk");
  const html = await page();
  assert.match(html, /本年度已办理<\/h2><p>1<\/p>/);
  assert.match(html, /没有以往的年审记录/, "the clerk's own card has none");
});

test("the description names what there is", async () => {
  const doc = await (await city.get(app, "/openapi.json")).json();
  assert.deepEqual(Object.keys(doc.paths["/api/checks"]), ["get", "post"]);
  assert.ok(doc.paths["/api/checks"].post.responses[409]);
});
