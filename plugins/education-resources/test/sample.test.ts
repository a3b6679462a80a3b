// The sample: 120 schools in real towns, 500 resources with real files, a year of figures; the same in every run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../src/domain/file/bytes.ts";
import { checkFile } from "../src/domain/file/index.ts";
import { digest } from "../src/domain/pseudonym.ts";
import { sampleNodes } from "../src/domain/sample/curriculum.ts";
import { SAMPLE_RESOURCES, sampleResource } from "../src/domain/sample/resources.ts";
import { sampleSchools } from "../src/domain/sample/schools.ts";
import { checkMetadata } from "../src/domain/metadata.ts";
import { monthOf, plusMonths } from "../src/domain/time.ts";
import * as app from "../src/service/index.ts";
import { City, kindOf } from "./support.ts";

const TYPES: Readonly<Record<string, string>> = { pdf: "application/pdf", png: "image/png", txt: "text/plain", csv: "text/csv", wav: "audio/x-wav", webm: "video/webm" };

test("each of the 500 resources is a file of its own that the checks take, with metadata that they take", () => {
  const nodes = new Map(sampleNodes().map((n) => [n.id, n]));
  const seen = new Set<string>();
  for (let n = 0; n < SAMPLE_RESOURCES; n++) {
    const { input, name, content } = sampleResource(n);
    checkFile({ name, mediaType: TYPES[name.split(".").at(-1) ?? ""] ?? "" }, bytesOf(content));
    checkMetadata(input, nodes.get(input.node), Date.parse("2026-05-01T00:00:00Z"));
    seen.add(digest(content));
  }
  assert.equal(seen.size, SAMPLE_RESOURCES, "no two are the same file");
  assert.deepEqual(sampleResource(7).content, sampleResource(7).content);
});

test("the film's sizes are what they say, smaller ones in smaller files", () => {
  const { content, renditions } = sampleResource(24);
  assert.deepEqual([...content.slice(0, 4)], [0x1a, 0x45, 0xdf, 0xa3], "WebM");
  assert.deepEqual(content, renditions[0]?.content, "the largest is the film itself");
  // Matroska's PixelWidth and PixelHeight, two bytes each.
  const size = (of: Uint8Array): number[] => [0xb0, 0xba].map((id) => {
    const at = of.findIndex((b, i) => b === id && of[i + 1] === 0x82);
    return (of[at + 2] ?? 0) * 256 + (of[at + 3] ?? 0);
  });
  assert.deepEqual(renditions.map((r) => [r.quality, size(r.content)]), [["1080p", [1920, 1080]], ["720p", [1280, 720]], ["480p", [852, 480]]]);
  assert.ok(renditions.every((r, i) => i === 0 || r.content.length < (renditions[i - 1]?.content.length ?? 0)));
});

test("120 schools with codes and places of their own", () => {
  const schools = sampleSchools();
  assert.deepEqual([schools.length, new Set(schools.map((s) => s.id)).size], [120, 120]);
  assert.ok(new Set(schools.map((s) => s.name)).size > 110, "few towns have two of a kind");
  assert.deepEqual(sampleSchools(), schools);
});

test("it loads step by step, once, and its figures are what was taken over", () => {
  const city = new City();
  app.askForSample(city.bureau.asks);
  city.deliver();
  const { done, total } = app.sampleProgress() ?? { done: 0, total: 1 };
  assert.deepEqual([done, total], [64, 64]);
  const last = plusMonths(monthOf(city.of.now), -1);
  assert.deepEqual(app.recount(city.bureau.asks, last).differences, []);
  const { ratio, schools } = app.equityOf(last);
  assert.ok(ratio !== null && ratio > 25 && ratio < 60, `${ratio}`);
  assert.ok(schools.some((s) => s.figure.hidden), "small cells are hidden");
  const rate = app.access().total;
  assert.ok((rate.basisPoints ?? 0) > 7000 && rate.missing.length > 3, JSON.stringify(rate.basisPoints));
  let [found, next]: [number, string | undefined] = [0, undefined];
  do {
    const page: ReturnType<typeof app.catalogue> = app.catalogue({}, next, 100);
    found += page.items.length;
    next = page.next;
  } while (next !== undefined);
  assert.equal(found, 440);
  assert.equal(kindOf(() => app.askForSample(city.bureau.asks)), "exists");
  const film = app.catalogue({ text: "动画" }).items[0];
  assert.deepEqual([film?.preview, film?.qualities], ["film", ["1080p", "720p", "480p"]]);
  const narrow = app.fileOf({ kind: "anonymous", roles: [] }, film?.id ?? "", { quality: "720p", offline: true });
  assert.deepEqual([narrow.file.name, narrow.file.mediaType], ["025-720p.webm", "video/webm"]);
});
