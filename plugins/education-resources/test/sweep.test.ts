// What has outlived its purpose goes each night; what the app still decides by stays.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { transact } from "@yunlong/sdk";
import { DAY_MS, dayOf } from "../src/domain/time.ts";
import * as app from "../src/service/index.ts";
import { jobs } from "../src/service/parts.ts";
import { INVITATIONS, PROBES, USE_DAYS, all } from "../src/store/index.ts";
import { City, kindOf, schoolInput } from "./support.ts";

const A = schoolInput(1).id;
let city: City;
beforeEach(() => {
  city = new City();
  city.schools(1);
});

function night(): void {
  city.of.runJob(jobs, "nightly");
  city.deliver();
}

test("codes that ran out are gone the night after, however many there were", () => {
  transact((tx) => {
    for (let n = 0; n < 1200; n++) tx.insert(INVITATIONS, { id: `old-${n}`, kind: "seat", at: "class", seat: 1, expires: city.of.now - 2 * DAY_MS });
  });
  app.invite(city.bureau.asks, "teacher", A);
  night();
  assert.equal(all(INVITATIONS.byId(), 5000).length, 1, "one can be used still");
});

test("probes go after the days of the configuration; the link keeps its history, and none of them is taken again", () => {
  app.applyForLink(city.bureau.asks, A);
  const send = (n: number) => {
    const p = { id: `probe-00000${n}`, school: A, at: city.of.now, ok: true, mbps: 20, latency: 3 };
    const signature = app.signProbe(app.probeKey(city.bureau.asks, A), p);
    app.takeProbe(p, signature);
    return () => app.takeProbe(p, signature);
  };
  const again = send(0);
  for (let n = 1; n < 4; n++) {
    city.of.advance(DAY_MS);
    send(n);
  }
  const { history } = app.linkOf(A) ?? { history: [] };
  assert.equal(history.at(-1)?.state, "verified");
  city.of.configure("probe_days", 8);
  city.of.advance(6 * DAY_MS);
  night();
  assert.deepEqual(all(PROBES.byId(), 10).map((p) => p.id), ["probe-000001", "probe-000002", "probe-000003"], "the first looked nine days ago");
  assert.deepEqual(app.linkOf(A)?.history, history);
  assert.equal(kindOf(again), "untrusted");
  city.of.configure("probe_days", 90);
  city.of.advance(80 * DAY_MS);
  night();
  assert.equal(all(PROBES.byId(), 10).length, 3, "all of them within ninety days");
});

test("a pupil's days go when no use can come for them any more", () => {
  const teacher = city.posted("teacher-1", "teacher", A);
  city.curriculum();
  const resource = city.published(teacher, city.posted("reviewer-1", "reviewer", A), city.posted("county-1", "county", "320312"), "内容");
  const { id: of } = city.classOf(teacher, A, 1);
  city.of.advance(DAY_MS);
  const began = city.of.now;
  const use = (id: string, n: number) => app.recordClassUses(teacher.asks, of, [{ id: `event-${id}`, seat: 1, resource, at: began + n * 1000, seconds: 10 }], "")[0]?.result;
  for (let n = 0; n < 60; n++) assert.equal(use(`${n}-aaaa`, n), "counted");
  city.of.advance(59 * DAY_MS);
  night();
  assert.equal(use("late", 60), "too-many", "a late one is judged by its day still");
  city.of.advance(12 * DAY_MS);
  night();
  assert.deepEqual(all(USE_DAYS.byId(), 10), []);
  assert.equal(use("too-late", 61), "refused");
  assert.deepEqual(app.recount(city.bureau.asks, dayOf(began).slice(0, 7)).differences, [], "what was counted stands");
});
