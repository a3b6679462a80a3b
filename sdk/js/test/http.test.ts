// Requests to other hosts: declared ones only, with a deadline and a cap.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { App } from "../src/index.ts";
import * as http from "../src/http.ts";
import { TestCity } from "../src/testing/index.ts";
import { code } from "./lesson.ts";

let city: TestCity;
beforeEach(() => {
  city = new TestCity('name = "caller"\nversion = "1.0.0"\noutbound = ["api.example.org"]\n');
});

// ANCHOR: send
test("an answer is read whole, whatever its status", async () => {
  city.answer("https://api.example.org/", async (request) => Response.json({ asked: await request.json() }, { status: 418 }));
  const answer = await http.send("https://api.example.org/x", { method: "POST", json: { a: 1 } });
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [418, { asked: { a: 1 } }]);
});
// ANCHOR_END: send

test("the short forms send what they say", async () => {
  city.answer("https://api.example.org/", async (request) => Response.json([request.method, request.headers.get("x-key"), await request.text()]));
  const got = await http.get("https://api.example.org/x", { "x-key": "k" });
  assert.deepEqual(JSON.parse(got.text), ["GET", "k", ""]);
  assert.deepEqual(JSON.parse((await http.postJson("https://api.example.org/x", { a: 1 })).text), ["POST", null, '{"a":1}']);
});

test("what another host answers is said by the beginning of its address, and what was sent is kept", async () => {
  const prices = "https://api.example.org/prices";
  city.answer(prices, Response.json([1]));
  city.answer(`${prices}?day=2`, Response.json([2]));
  const asked = async (query: string) => JSON.parse((await http.get(prices + query)).text);
  assert.deepEqual([await asked("?day=1"), await asked("?day=2"), await asked("")], [[1], [2], [1]]);
  await http.postJson(prices, { a: 1 });
  assert.deepEqual(city.sent.map((r) => [r.method, new URL(r.url).search]), [["GET", "?day=1"], ["GET", "?day=2"], ["GET", ""], ["POST", ""]]);
  assert.deepEqual(await city.sent[3]?.json(), { a: 1 });
  await assert.rejects(http.get("https://api.example.org/else"), /nobody answers, until/);
});

test("a host that app.toml does not declare is refused", async () => {
  city.answer("https://elsewhere.example.org/", new Response(""));
  await assert.rejects(http.send("https://elsewhere.example.org/?token=secret"), (e) => {
    assert.ok(e instanceof http.HttpError && e.code === "refused" && e.host === "elsewhere.example.org");
    assert.ok(!e.message.includes("secret"), "an address may carry secrets");
    return true;
  });
});

test("who does not answer in time is not waited for", async () => {
  city.answer("https://api.example.org/", () => new Promise(() => undefined));
  await assert.rejects(http.send("https://api.example.org/", { timeout: 20 }), code("late"));
});

test("an answer that is too large is not read to its end", async () => {
  const endless = () => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1 << 20)) });
  city.answer("https://api.example.org/", () => new Response(endless()));
  await assert.rejects(http.send("https://api.example.org/"), code("too-large"));
});

test("people are told that a service does not answer, and no more", async () => {
  const app = new App();
  app.get("/", async (c) => c.text((await http.send("https://api.example.org/")).text));
  const page = await city.get(app, "/");
  assert.equal(page.status, 502);
  assert.doesNotMatch(await page.text(), /example\.org/);
});
