// The typed base databases on the city in memory.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as credit from "../src/base/credit.ts";
import * as economy from "../src/base/economy.ts";
import * as geospatial from "../src/base/geospatial.ts";
import * as legalEntities from "../src/base/legal-entities.ts";
import * as population from "../src/base/population.ts";
import type { TestCity } from "../src/testing/index.ts";
import { code, newCity } from "./lesson.ts";

const PURPOSE = "lesson";

let city: TestCity;
beforeEach(() => {
  city = newCity();
  for (const d of ["legal-entities.entity", "credit.event", "geospatial.place", "economy.observation"]) city.grant(d, PURPOSE);
});

test("an age and a date are told apart, and what is not granted is not released", () => {
  city.grant("population.person", "age-check", "birth_date");
  city.signIn("li");
  const put = (birth_date: number | string | boolean) =>
    city.putRecord("population.person", "A", { name: "李", birth_date }, "li");
  const me = () => population.me("age-check");
  put(66);
  assert.throws(me, code("consent-required"));
  city.consent("li", "age-check");
  const person = me();
  assert.deepEqual([person?.age, person?.birthDate, person?.name], [66, undefined, undefined]);
  assert.deepEqual(person?.standing.released, ["birth_date"]);
  put("1960-02-03");
  assert.equal(me()?.birthDate, "1960-02-03");
  put(true);
  assert.deepEqual(me()?.standing.present, ["birth_date"]);
});

test("entities are found by name and by where they sit", () => {
  const all = [["U1", "甲公司", "C", "320302001"], ["U2", "乙公司", "C", "320303001"], ["U3", "丙公司", "F", "320302002"]] as const;
  for (const [uscc, name, industry, division] of all) {
    city.putRecord("legal-entities.entity", uscc, { uscc, name, industry, division });
  }
  assert.equal(legalEntities.get(PURPOSE, "U2")?.name, "乙公司");
  assert.equal(legalEntities.get(PURPOSE, "U9"), undefined);
  const found = (which: legalEntities.Which) => legalEntities.find(PURPOSE, which).items.map((e) => e.uscc);
  assert.deepEqual(found({ named: "丙公司" }), ["U3"]);
  assert.deepEqual(found({ division: "320302" }), ["U1", "U3"]);
  assert.deepEqual(found({ division: "320300000000" }), ["U1", "U3", "U2"]);
  assert.deepEqual(found({ industry: { section: "C", division: "320302" } }), ["U1"]);
});

test("a summary counts what is in force today", () => {
  for (const [n, kind, until] of [[1, "penalty", "2026-04-30"], [2, "penalty", "2026-05-01"], [3, "honour"]] as const) {
    const body = { event: String(n), uscc: "U1", kind, date: `2025-01-0${n}` };
    city.putRecord("credit.event", String(n), until === undefined ? body : { ...body, until });
  }
  assert.deepEqual([...credit.summary(PURPOSE, "U1")], [["honour", 1], ["penalty", 1]]);
  assert.deepEqual(credit.events(PURPOSE, "U1", ["penalty"]).items.map((e) => e.number), ["1", "2"]);
  city.grant("credit.event", PURPOSE, "uscc", "date");
  assert.throws(() => credit.summary(PURPOSE, "U1"), code("fields-not-granted"));
});

test("places are found in areas, boxes and by distance", () => {
  for (const [place, at] of [["near", [117.18, 34.26]], ["far", [117.3, 34.26]], ["north", [117.18, 34.4]]] as const) {
    city.putRecord("geospatial.place", place, { place, geometry: { type: "Point", coordinates: [...at] } });
  }
  const found = (at: geospatial.Where) => geospatial.find(PURPOSE, at, 10).items.map((p) => p.code);
  const ring = [[117.0, 34.2], [117.4, 34.2], [117.4, 34.3], [117.0, 34.3], [117.0, 34.2]];
  const square = JSON.stringify({ type: "Polygon", coordinates: [ring] });
  assert.deepEqual(found({ within: square }), ["far", "near"]);
  assert.deepEqual(found({ inBox: { west: 117.1, south: 34.2, east: 117.2, north: 34.5 } }), ["near", "north"]);
  const nearest = { nearest: { longitude: 117.19, latitude: 34.26 }, maxDistance: 12_000 };
  assert.deepEqual(found(nearest), ["near", "far"]);
  const first = geospatial.find(PURPOSE, nearest, 1);
  const distance = first.items[0]?.distance ?? 0;
  assert.ok(distance > 900 && distance < 950 && first.next !== undefined, String(distance));
  assert.throws(() => found({ within: "no" }), code("invalid"));
});

test("a series is in order, with its growth", () => {
  const figures = [
    ["320302", "2024", 100],
    ["320302", "2025", 103.5],
    ["320303", "2025", 50],
    ["320300", "2025", 900],
    ["320302", "2025-Q1", 25],
  ] as const;
  for (const [division, period, value] of figures) {
    const observation = `gdp/${division}/${period}`;
    city.putRecord("economy.observation", observation, { observation, indicator: "gdp", division, period, value, unit: "亿元" });
  }
  const series = economy.series(PURPOSE, "gdp", { within: "320300", level: "county" }, "2020", "2025");
  assert.deepEqual(series.map((s) => s.division), ["320302", "320303"]);
  assert.deepEqual(series[0]?.points.map((p) => [p.period, p.value, p.growth]), [["2024", 100, undefined], ["2025", 103.5, 3.5]]);
  assert.equal(economy.series(PURPOSE, "gdp", { codes: ["320300"] }, "2025", "2025")[0]?.points[0]?.value, 900);
  assert.deepEqual(economy.indicators(PURPOSE)[0]?.code, "gdp");
  assert.equal(economy.get(PURPOSE, "gdp/320303/2025")?.unit, "亿元");
});
