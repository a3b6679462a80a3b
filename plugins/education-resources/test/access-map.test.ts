// Acceptance line 1, as people see it: the map of access names who is missing, and so does the table that it is drawn from.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import app from "../src/app.tsx";
import { DAY_MS } from "../src/domain/time.ts";
import * as service from "../src/service/index.ts";
import { checkPage } from "./markup.ts";
import { City, schoolInput } from "./support.ts";

let city: City;
beforeEach(() => {
  city = new City();
});

/** Probes on three days, so that the schools are verified. */
function verify(...schools: number[]): void {
  for (const n of schools) service.applyForLink(city.bureau.asks, schoolInput(n).id);
  for (let day = 0; day < 3; day++) {
    for (const n of schools) {
      const school = schoolInput(n).id;
      const probe = { id: `probe-${school}-${city.of.now}`, school, at: city.of.now, ok: true, mbps: 20, latency: 30 };
      service.takeProbe(probe, service.signProbe(service.probeKey(city.bureau.asks, school), probe));
    }
    if (day < 2) city.of.advance(DAY_MS);
  }
}

/** The map on the page of figures, for anybody. */
async function map(headers = {}): Promise<string> {
  city.of.signOut();
  const html = await (await city.of.get(app, "/figures", headers)).text();
  checkPage(html, "/figures");
  return /<figure class="chart" data-chart="map"[^]*?<\/figure>/.exec(html)?.[0] ?? "";
}

/** The cells of a county's row. */
function cells(of: string, county: string): string[] {
  const row = new RegExp(`<tr data-code="${county}"[^]*?</tr>`).exec(of)?.[0] ?? "";
  return [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map((m) => m[1] ?? "");
}

const words = (html: string | undefined): string => (html ?? "").replace(/<[^>]*>/g, "");

test("1. the map names the one of five schools that is missing, and nobody once it is verified", async () => {
  city.schools(5);
  verify(1, 2, 3, 4);
  const four = await map();
  assert.deepEqual(cells(four, "320312").map(words), ["铜山区", "100.00", "无", "全部核验"]);
  assert.deepEqual(cells(four, "320324").map(words), ["睢宁县", "50.00", "第 5 所小学", "低于 80 %"]);
  assert.match(cells(four, "320324")[2] ?? "", /<a href="\/schools\/2132000105">/);
  verify(5);
  assert.deepEqual(cells(await map(), "320324").map(words), ["睢宁县", "100.00", "无", "全部核验"]);
});

test("1. what is drawn is read from the headings that are series: the rate first, who is missing for the tip", async () => {
  city.schools(1);
  const series = (of: string) => [...of.matchAll(/<th[^>]* data-series="">([^<]*)</g)].map((m) => m[1]);
  assert.deepEqual(series(await map()), ["接入率（%）", "尚未核验的学校"]);
  const english = await map({ "accept-language": "en" });
  assert.deepEqual(series(english), ["Access rate (%)", "Schools not verified"]);
  assert.match(english, /below 80 %/);
});

test("1. three are named, the others counted, with a link to all of them; what is not compulsory is not missing", async () => {
  for (const n of [4, 5, 6, 7, 8]) service.addSchool(city.bureau.asks, schoolInput(n));
  service.addSchool(city.bureau.asks, schoolInput(9, { kind: "kindergarten" }));
  const [, , missing = ""] = cells(await map(), "320324");
  assert.equal(words(missing), "第 4 所小学、第 5 所小学、第 6 所小学，另有 2 所");
  assert.match(missing, /<a href="\/figures\?county=320324#missing">另有 2 所<\/a>/);
  assert.equal(words(cells(await map({ "accept-language": "en" }), "320324")[2]), "第 4 所小学, 第 5 所小学, 第 6 所小学 and 2 more");
  const listed = await (await city.of.get(app, "/figures?county=320324")).text();
  for (const n of [4, 5, 6, 7, 8]) assert.ok(listed.slice(listed.indexOf('id="missing"')).includes(`第 ${n} 所小学`), `school ${n}`);
});

test("1. a school's name is text, on the map as well", async () => {
  service.addSchool(city.bureau.asks, schoolInput(4, { name: "<b>一小</b> & \"二小\"" }));
  const [, , missing = ""] = cells(await map(), "320324");
  assert.match(missing, /&lt;b&gt;一小&lt;\/b&gt; &amp; &quot;二小&quot;/);
});
