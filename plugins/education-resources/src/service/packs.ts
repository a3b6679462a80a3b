/** Offline packs: asked for by a school with a narrow line, built a volume a message, out of date when a resource changes. */
import { type Event, type Tx, now, publish, transact, z } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { strToU8, zipSync, type Zippable } from "fflate";
import { type Pack, type PackItem, PACK_RESOURCES, plan } from "../domain/pack.ts";
import { Refused } from "../domain/refused.ts";
import { type Resource, isVisible } from "../domain/resource.ts";
import { CATALOGUE_BY_UNIT, PACKS, RESOURCES, all } from "../store/index.ts";
import { type Asker, guarded, subjectOf } from "./ask.ts";
import { nodeOf } from "./curriculum.ts";

const Build = z.object({ unit: z.string(), build: z.number().int(), volume: z.number().int().min(0) });
/** The archive's entries bear one day, so that the same files make the same archive. */
const DAY = "2020-01-01T00:00:00";

/** A unit's pack; `undefined` when nobody asked for one yet. */
export const packOf = guarded((unit: string): Pack | undefined => (nodeOf(unit) === undefined ? undefined : PACKS.get(unit)?.value));

/** Asks for a unit's pack: one that is being made or ready is answered as it is. Whoever signed in. @throws {Refusal} `not-found` */
export const askForPack = guarded((asker: Asker, unit: string): Pack => {
  subjectOf(asker);
  return transact((tx) => {
    const node = nodeOf(unit, tx);
    if (node?.level !== "unit") throw Refused.notFound("node");
    const before = tx.get(PACKS, unit)?.value;
    if (before !== undefined && before.state !== "stale" && !isOutdated(before, (id) => tx.get(RESOURCES, id)?.value)) return before;
    for (const id of before?.files ?? []) files.deleteFile(tx, id);
    const resources = all(CATALOGUE_BY_UNIT.equals(unit), PACK_RESOURCES, tx);
    const planned = plan(resources, now());
    const build = (before?.build ?? 0) + 1;
    const state = planned.volumes.length === 0 ? "ready" : "building";
    const pack: Pack = { id: unit, state, build, plan: planned, files: [], at: now() };
    tx.put(PACKS, pack);
    if (state === "building") publish(tx, { topic: "pack.build", key: unit, data: { unit, build, volume: 0 } });
    return pack;
  });
});

/** Something of a unit changed: its pack is out of date, and its volumes go with the commit. */
export function spoil(tx: Tx, unit: string | undefined): void {
  if (unit === undefined) return;
  const pack = tx.get(PACKS, unit)?.value;
  if (pack === undefined || pack.state === "stale") return;
  for (const id of pack.files) files.deleteFile(tx, id);
  tx.put(PACKS, { ...pack, state: "stale", files: [] });
}

/** Builds one volume, and asks for the next. */
export function buildVolume(event: Event, tx: Tx): void {
  const { unit, build, volume } = event.json(Build);
  const pack = tx.get(PACKS, unit)?.value;
  // A pack that went out of date meanwhile, or a message that comes again.
  if (pack === undefined || pack.state !== "building" || pack.build !== build || pack.files.length !== volume) return;
  const items = pack.plan.volumes[volume] ?? [];
  const file = files.write("packs", `${unit}-${build}-${volume + 1}.zip`, archive(unit, items, pack));
  files.attach(tx, file.id, `packs/${unit}`);
  const done = pack.files.length + 1 >= pack.plan.volumes.length;
  tx.put(PACKS, { ...pack, files: [...pack.files, file.id], state: done ? "ready" : "building", at: now() });
  if (!done) publish(tx, { topic: "pack.build", key: unit, data: { unit, build, volume: volume + 1 } });
}

function archive(unit: string, items: readonly PackItem[], pack: Pack): Uint8Array {
  const entries: Zippable = {};
  for (const item of items) for (const kept of [item, ...item.captions]) entries[kept.name] = bytesOf(kept);
  const listed = items.map((i) => ({ resource: i.resource, title: i.title, author: i.author, copyright: i.copyright, licence: i.licence, sha256: i.sha256, name: i.name, captions: i.captions.map(({ language, sha256, name }) => ({ language, sha256, name })) }));
  const alone = pack.plan.alone.map((i) => ({ resource: i.resource, title: i.title, size: i.size, sha256: i.sha256, captions: i.captions.map(({ language, sha256 }) => ({ language, sha256 })) }));
  entries["index.json"] = strToU8(JSON.stringify({ unit, build: pack.build, made: pack.at, resources: listed, fetchedAlone: alone }, undefined, 2));
  // What is in a pack is packed already: pictures, sound, films, PDF.
  return zipSync(entries, { level: 0, mtime: DAY });
}

function bytesOf(item: Pick<PackItem, "file" | "size" | "name">): Uint8Array {
  const out = new Uint8Array(item.size);
  for (let at = 0; at < out.length; ) {
    const piece = files.read(item.file, at, Math.min(1 << 20, out.length - at));
    if (piece.length === 0) throw new Error(`${item.name}: the file ends at ${at} of ${out.length}`);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A volume of a ready pack. Everything in it is visible still, or it is not handed out. @throws {Refusal} `not-found`, `wrong-state` */
export const packVolume = guarded((unit: string, volume: number): string => {
  const pack = PACKS.get(unit)?.value;
  if (pack === undefined) throw Refused.notFound("pack");
  const gone = isOutdated(pack, (id) => RESOURCES.get(id)?.value);
  if (pack.state !== "ready" || gone) {
    throw new Refused({ kind: "wrong-state", thing: "pack", state: gone ? "stale" : pack.state, step: "hand-out", allowed: [] });
  }
  const id = pack.files[volume];
  if (id === undefined) throw Refused.notFound("pack");
  return id;
});

/** Whether something in a pack must not be shown any more. A licence that ran out changes no document: so it is looked at here. */
function isOutdated(pack: Pack, find: (id: string) => Resource | undefined): boolean {
  return pack.plan.volumes.flat().some((i) => {
    const found = find(i.resource);
    return found === undefined || !isVisible(found, now());
  });
}
