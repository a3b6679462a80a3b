/** What everybody sees: the published and licensed resources, their files, and what was withdrawn. */
import { type Page, counter, now } from "@yunlong/sdk";
import { type Delivery, choose } from "../domain/bandwidth.ts";
import { type Withdrawal, cacheControl, withdrawalOf } from "../domain/caching.ts";
import { LEAST } from "../domain/cells.ts";
import { ancestor, today, under } from "../domain/curriculum.ts";
import { type Preview, previewOf } from "../domain/file/index.ts";
import { Refused } from "../domain/refused.ts";
import { type Captions, type FileRef, type Listed, type Rendition, type Resource, isVisible } from "../domain/resource.ts";
import { mayReadUnpublished } from "../domain/rights.ts";
import { CATALOGUE, CATALOGUE_BY_SUBJECT, CATALOGUE_BY_TYPE, CATALOGUE_BY_UNIT, COUNTERS, LISTED, RESOURCES, WITHDRAWN } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { isSuccessor, nodeOf } from "./curriculum.ts";
import { heard } from "./files.ts";
import { resource } from "./resources.ts";

/** What is looked for; all that is given must fit. */
export interface Search {
  /** Stage and subject, such as `primary.math`. */
  readonly subject?: string;
  readonly type?: string;
  /** A curriculum's unit. */
  readonly unit?: string;
  /** Words in title, keywords or author. */
  readonly text?: string;
  /** The oldest first instead of the newest. */
  readonly oldestFirst?: boolean;
}

/** A resource as everybody sees it: no subject of any person. */
export interface Shown {
  readonly id: string;
  readonly work: string;
  readonly version: number;
  readonly school: string;
  readonly metadata: NonNullable<Resource["metadata"]>;
  /** LOM 4.1 to 4.3: format, size; and the hash. */
  readonly file: Omit<FileRef, "id">;
  readonly qualities: readonly string[];
  readonly captions: readonly Omit<Captions, "id">[];
  readonly preview: Preview;
  readonly at: number;
}

/** A page of the catalogue. Give `next` back as `after`. */
export interface Found {
  readonly items: Shown[];
  readonly next?: string;
}

/** A page of the catalogue, by when it was published. @throws {DataError} `invalid` for a cursor that somebody made up */
export const catalogue = guarded((search: Search, after?: string, limit: number = 20): Found => scan(search, (r) => fits(r, search), after, limit));

/**
 * As {@link catalogue}, of what stands at a node or below it; what stood in an edition before is found where it leads to today.
 *
 * @throws {DataError} `invalid` for a cursor that somebody made up
 */
export const catalogueAt = guarded((node: string, search: Search, after?: string, limit: number = 20): Found => {
  const [unit, subject] = [ancestor(node, "unit"), ancestor(node, "subject")];
  // An edition gives way within its subject.
  const inherits = ancestor(node, "grade") !== undefined && isSuccessor(node);
  // A unit's index has its own alone: what other editions lead here is looked for in the subject.
  const of: Search = unit !== undefined && !inherits ? { ...search, unit } : subject === undefined ? search : { ...search, subject };
  const places = new Map<string, string>();
  const place = (id: string): string => {
    const known = places.get(id) ?? today(id, (at) => nodeOf(at));
    places.set(id, known);
    return known;
  };
  const stands = (id: string): boolean => under(id, node) || (inherits && under(place(id), node));
  return scan(of, (r) => r.metadata !== undefined && stands(r.metadata.node) && fits(r, of), after, limit);
});

const SCANNED = 2000;
/** What does not all fit is read by so many at least. */
const AT_ONCE = 50;

function scan(search: Search, wanted: (r: Listed) => boolean, after: string | undefined, limit: number): Found {
  const items: Shown[] = [];
  let next = after;
  // The first read is a page: where everything fits it is the only one. After so many rows the page ends, and the next one goes on.
  for (let [scanned, size] = [0, limit]; scanned < SCANNED; size = Math.max(limit, AT_ONCE)) {
    const from = indexed(search).after(next);
    const page: Page<Listed> = LISTED.find(from.limit(size));
    let seen = 0;
    for (const { value } of page.items) {
      if (items.length >= limit) break;
      seen += 1;
      if (isVisible(value, now()) && wanted(value)) items.push(shownOf(value));
    }
    scanned += page.items.length;
    // Cursors stand at the end of a read: behind the last one that was taken ends a shorter one.
    next = seen === page.items.length ? page.next : LISTED.find(from.limit(seen)).next;
    if (next === undefined || items.length >= limit) break;
  }
  return next === undefined ? { items } : { items, next };
}

function indexed(search: Search): ReturnType<typeof CATALOGUE.all> {
  const narrowed = narrowest(search);
  return search.oldestFirst === true ? narrowed : narrowed.descending();
}

function narrowest({ unit, subject, type }: Search): ReturnType<typeof CATALOGUE.all> {
  if (unit !== undefined) return CATALOGUE_BY_UNIT.equals(unit);
  if (subject !== undefined) return CATALOGUE_BY_SUBJECT.equals(subject);
  return type === undefined ? CATALOGUE.all() : CATALOGUE_BY_TYPE.equals(type);
}

function fits(r: Listed, { subject, type, text }: Search): boolean {
  if (subject !== undefined && r.live?.subject !== subject) return false;
  if (type !== undefined && r.live?.type !== type) return false;
  const words = (text ?? "").toLowerCase().split(/\s+/).filter((w) => w !== "");
  const m = r.metadata;
  const said = m === undefined ? "" : [m.title, m.author, m.description, ...m.keywords].join("\n").toLowerCase();
  return words.every((w) => said.includes(w));
}

function shownOf(r: Listed): Shown {
  if (r.metadata === undefined || r.file === undefined) throw Refused.notFound("resource");
  const { id: _id, ...file } = r.file;
  return {
    id: r.id,
    work: r.work,
    version: r.version,
    school: r.school,
    metadata: r.metadata,
    file,
    qualities: r.renditions.map((v) => v.quality),
    captions: r.captions.map(({ id: _captions, ...rest }) => rest),
    preview: previewOf(r.file.mediaType),
    at: r.live?.at ?? 0,
  };
}

/**
 * A published resource and how often it was used; fewer uses than {@link LEAST} are not told (`null`): in a small class
 * somebody would know whose they were.
 *
 * @throws {Refusal} `withdrawn` (410), `not-found`
 */
export const shownResource = guarded((id: string): { shown: Shown; uses: number | null } => {
  const found = resource(id);
  if (found.withdrawn !== undefined) throw new Refused({ kind: "withdrawn", ...found.withdrawn });
  if (!isVisible(found, now())) throw Refused.notFound("resource");
  const uses = counter(COUNTERS.resource, id);
  return { shown: shownOf(found), uses: uses < LEAST ? null : uses };
});

/** Which file answers, and what the answer's `Cache-Control` has to say. Pages answer with `files.serve(id, …)`. */
export interface Served {
  readonly file: FileRef;
  readonly preview: Preview;
  readonly cacheControl: string;
}

/**
 * A resource's file. With a `delivery`, of a film the size that the line carries.
 *
 * @throws {Refusal} `withdrawn` (410: copies are asked about before each use, and end here); `narrow-line` where the line
 *   carries no film at all; `not-found`
 */
export const fileOf = guarded((asker: Asker, id: string, delivery?: Delivery): Served => {
  const served = servedOn(asker, id, delivery);
  if (served === undefined) throw new Refused({ kind: "narrow-line" });
  return served;
});

/** As {@link fileOf}; `undefined` where the line carries no film at all. @throws {Refusal} `withdrawn` (410), `not-found` */
export const fileOn = guarded((asker: Asker, id: string, delivery: Delivery): Served | undefined => servedOn(asker, id, delivery));

function servedOn(asker: Asker, id: string, delivery: Delivery | undefined): Served | undefined {
  const found = readable(asker, id);
  if (found.file === undefined) throw Refused.notFound("file");
  const isChosen = delivery !== undefined && previewOf(found.file.mediaType) === "film";
  const file = isChosen ? choose<FileRef, Rendition>(found.file, found.renditions, delivery) : found.file;
  return file && { file, preview: previewOf(file.mediaType), cacheControl: cacheControl(found, now()) };
}

/** Captions, and what the answer's `Cache-Control` has to say. Pages answer with their bytes: as WebVTT, which the platform does not tell from other texts. */
export interface ServedCaptions {
  readonly file: Captions;
  readonly cacheControl: string;
}

/** A resource's captions in a language: for whoever may read its file. @throws {Refusal} `withdrawn` (410), `not-found` */
export const captionsOf = guarded((asker: Asker, id: string, language: string): ServedCaptions => {
  const found = readable(asker, id);
  const file = found.captions.find((c) => c.language === language);
  if (file === undefined) throw Refused.notFound("captions");
  return { file, cacheControl: cacheControl(found, now()) };
});

/** Whether there is sound in a resource's file; `undefined` where a film does not tell. @throws {Refusal} `withdrawn` (410), `not-found` */
export const soundOf = guarded((asker: Asker, id: string): boolean | undefined => {
  const { file } = readable(asker, id);
  return file === undefined ? false : heard(file).sound;
});

/** What everybody may read, or those who work on it. @throws {Refused} `withdrawn`, `not-found` */
function readable(asker: Asker, id: string): Resource {
  const found = resource(id);
  if (isVisible(found, now())) return found;
  if (asker.kind !== "anonymous" && asker.subject !== undefined && mayReadUnpublished(standingOf(asker), found)) return found;
  if (found.withdrawn !== undefined) throw new Refused({ kind: "withdrawn", ...found.withdrawn });
  throw Refused.notFound("resource");
}

/** What was withdrawn since a moment, the oldest first: offline classes ask, and delete their copies. */
export const withdrawals = guarded((since: number, after?: string, limit: number = 100): { items: Withdrawal[]; next?: string } => {
  const page = RESOURCES.find(WITHDRAWN.all().atLeast(since).limit(limit).after(after));
  return { items: page.items.flatMap((r) => withdrawalOf(r.value) ?? []), next: page.next };
});
