/** Loads the sample a step a message, so that none meets the limits of a call. A step that comes again does nothing. */
import { type Event, type Tx, now, publish, transact, z } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { Refused } from "../domain/refused.ts";
import type { FileRef, Rendition } from "../domain/resource.ts";
import { mustBeBureau } from "../domain/rights.ts";
import { SAMPLE_MONTHS, sampleCell, sampleMonth } from "../domain/sample/figures.ts";
import { sampleNodes } from "../domain/sample/curriculum.ts";
import { SAMPLE_RESOURCES, sampleResource, sampleWork } from "../domain/sample/resources.ts";
import { sampleLink, sampleSchools } from "../domain/sample/schools.ts";
import { monthOf } from "../domain/time.ts";
import { cellKey } from "../domain/use.ts";
import { COUNTERS, IMPORTS, LINKS, NODES, PROGRESS, RESOURCES, REVIEWS, SCHOOLS } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { writeAnew } from "./figures.ts";

const Step = z.object({ step: z.number().int().min(0) });
/** Resources of one step: their files are written one by one. */
const AT_ONCE = 10;
const RESOURCE_STEPS = SAMPLE_RESOURCES / AT_ONCE;
/** Schools and links, the curriculum, the resources, the months. */
const TOTAL = 2 + RESOURCE_STEPS + SAMPLE_MONTHS;

/** How far the sample is; `undefined` when it was never begun. */
export const sampleProgress = guarded((): { done: number; total: number } | undefined => {
  const found = PROGRESS.get("sample")?.value;
  return found && { done: found.done, total: found.total };
});

/** Begins to load the sample into an installation that has no school. The bureau. @throws {Refusal} `not-permitted`, `exists` */
export const askForSample = guarded((asker: Asker): void =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const first = tx.find(SCHOOLS.byId().limit(1)).items[0];
    if (first !== undefined) throw new Refused({ kind: "exists", what: "school", id: first.id });
    beginSample(tx);
    tx.audit("sample.load", "sample");
  }),
);

/** Begins; when it was begun already, nothing happens. */
export function beginSample(tx: Tx): void {
  if (tx.get(PROGRESS, "sample") !== undefined) return;
  tx.insert(PROGRESS, { id: "sample", done: 0, total: TOTAL, at: now() });
  publish(tx, { topic: "sample.load", key: "sample", data: { step: 0 } });
}

/** One step. */
export function loadSampleStep(event: Event, tx: Tx): void {
  const { step } = event.json(Step);
  const progress = tx.get(PROGRESS, "sample")?.value;
  if (progress === undefined || progress.done !== step || step >= TOTAL) return;
  // All steps look from the moment at which it began, so that a month that ends meanwhile moves nothing.
  const began = progress.at;
  if (step === 0) loadSchools(tx, began);
  else if (step === 1) for (const n of sampleNodes()) tx.put(NODES, n);
  else if (step < 2 + RESOURCE_STEPS) loadResources(tx, (step - 2) * AT_ONCE, began);
  else loadMonth(tx, step - 2 - RESOURCE_STEPS, began);
  tx.put(PROGRESS, { ...progress, done: step + 1 });
  if (step + 1 < TOTAL) publish(tx, { topic: "sample.load", key: "sample", data: { step: step + 1 } });
}

function loadSchools(tx: Tx, began: number): void {
  sampleSchools().forEach((s, n) => {
    tx.put(SCHOOLS, s);
    const link = sampleLink(s, n, began);
    if (link !== undefined) tx.put(LINKS, link);
  });
}

function loadResources(tx: Tx, from: number, began: number): void {
  const schools = sampleSchools();
  const nodes = new Map(sampleNodes().map((n) => [n.id, n]));
  for (let n = from; n < from + AT_ONCE; n++) {
    const { input, name, content, renditions } = sampleResource(n);
    const [at, node] = [schools[(n * 7) % schools.length], nodes.get(input.node)];
    if (at === undefined || node === undefined) throw new Error(`the sample's resource ${n} stands nowhere`);
    const kept = { file: written(name, content), renditions: renditions.map((r): Rendition => ({ ...written(r.name, r.content), quality: r.quality })) };
    const { resource, reviews } = sampleWork(n, at, node, input, kept, began);
    for (const { id } of [kept.file, ...kept.renditions]) files.attach(tx, id, resource.work);
    tx.put(RESOURCES, resource);
    for (const r of reviews) tx.put(REVIEWS, r);
  }
}

function written(name: string, content: Uint8Array): FileRef {
  const { id, mediaType, size, sha256 } = files.write("resources", name, content);
  return { id, name, mediaType, size, sha256 };
}

function loadMonth(tx: Tx, n: number, began: number): void {
  const month = sampleMonth(monthOf(began), n);
  sampleSchools().forEach((s, index) => {
    const cell = sampleCell(s, index, month, n);
    const key = cellKey(s.id, month);
    tx.insert(IMPORTS, { id: key, ...cell });
    tx.adjust(COUNTERS.uses, key, cell.uses, { min: 0 });
    tx.adjust(COUNTERS.seconds, key, cell.seconds, { min: 0 });
    tx.adjust(COUNTERS.people, key, cell.people, { min: 0 });
  });
  writeAnew(tx, month);
}
