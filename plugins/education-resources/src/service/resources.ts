/** Resources on their way from a draft to the catalogue. What is read by everybody is in `catalogue.ts`. */
import { type Page, type Tx, MessagingError, notify, now, publish as send, transact } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";
import { QUALITIES, type Quality } from "../domain/bandwidth.ts";
import { withdrawalOf } from "../domain/caching.ts";
import { checkCaptions } from "../domain/file/captions.ts";
import { isPlayed } from "../domain/file/index.ts";
import { checkDraft, checkMetadata, type MetadataInput } from "../domain/metadata.ts";
import { Refused } from "../domain/refused.ts";
import * as domain from "../domain/resource.ts";
import { type Captions, type FileRef, type Rendition, type Resource, type Review } from "../domain/resource.ts";
import { type Standing, mayReadUnpublished, mustPublish, mustReview, mustTeachAt, mustWrite, schoolOf } from "../domain/rights.ts";
import { type Text, t } from "../domain/text.ts";
import { CAPTION_LANGUAGES, type CaptionLanguage, keys } from "../domain/vocabulary.ts";
import { RESOURCES, RESOURCES_BY_AUTHOR, RESOURCES_BY_DIVISION, RESOURCES_BY_HASH, RESOURCES_BY_SCHOOL, RESOURCES_BY_WORK, REVIEWS, REVIEWS_BY_RESOURCE, all } from "../store/index.ts";
import { type Asker, guarded, standingOf, subjectOf } from "./ask.ts";
import { nodeOf } from "./curriculum.ts";
import { brought, bytesOf, drop, heard, inspect, keep } from "./files.ts";
import { standsFor } from "./keys.ts";
import { spoil } from "./packs.ts";
import { school } from "./schools.ts";

const AREA = "resources";
const MOST_REVIEWS = 200;
const MOST_VERSIONS = 500;
const MOST_MINE = 500;

/** What a form for a draft holds: ids of uploaded files beside the metadata; an absent id leaves the file that is there. */
export interface DraftInput {
  readonly metadata: MetadataInput;
  readonly file?: string;
  readonly renditions?: Readonly<Partial<Record<Quality, string>>>;
  /** `null` takes away what is there. */
  readonly captions?: Readonly<Partial<Record<CaptionLanguage, string | null>>>;
}

/** Begins a resource, at the school where the asker teaches. `key` makes the same request twice one resource. @throws {Refusal} `not-permitted`, `fields`, `file`, `captions` */
export const createResource = guarded((asker: Asker, input: DraftInput, key: string = random.code(16)): Resource => {
  const who = standingOf(asker);
  const place = school(schoolOf(who));
  const work = standsFor("works", who.subject, key).slice(0, 16);
  checkDraft(input.metadata);
  const { file, renditions, captions } = filesOf(input, who.subject, work);
  return transact((tx) => {
    const again = tx.get(RESOURCES, `${work}.1`)?.value;
    if (again !== undefined) return again;
    mustTeachAt(standingOf(asker, tx), place.id);
    const first = domain.draft(work, { subject: who.subject, school: place.id, division: place.division }, input.metadata, now());
    const made: Resource = { ...first, file, renditions, captions };
    checkWords(first, made);
    tx.insert(RESOURCES, made);
    keep(tx, referred(made), work);
    return made;
  });
});

/** Changes a draft, or one that was rejected. Its author alone. @throws {Refusal} `not-permitted`, `wrong-state`, `fields`, `file`, `captions` */
export const saveResource = guarded((asker: Asker, id: string, input: DraftInput): Resource => {
  const { work } = resource(id);
  checkDraft(input.metadata);
  const { file, renditions, captions } = filesOf(input, subjectOf(asker), work);
  return transact((tx) => {
    const before = resource(id, tx);
    mustWrite(standingOf(asker, tx), before);
    const kept = [...renditions, ...before.renditions.filter((r) => !renditions.some((n) => n.quality === r.quality))];
    const words = keys(CAPTION_LANGUAGES).flatMap((language) => {
      const is = (c: Captions): boolean => c.language === language;
      return captions.find(is) ?? (input.captions?.[language] === null ? [] : (before.captions.find(is) ?? []));
    });
    const changed = domain.edit(before, input.metadata, { file, renditions: kept, captions: words }, now());
    checkWords(before, changed);
    tx.put(RESOURCES, changed);
    keep(tx, referred(changed), work);
    dropUnused(tx, before, changed);
    return changed;
  });
});

/** Submits to the school's reviewers. @throws {Refusal} `fields` with every element that is wrong, `not-permitted`, `wrong-state`, `same-file` */
export const submitResource = guarded((asker: Asker, id: string): Resource =>
  transact((tx) => {
    const before = resource(id, tx);
    mustWrite(standingOf(asker, tx), before);
    const metadata = checkMetadata(before.input, nodeOf(before.input.node, tx), now());
    const submitted = domain.submit(before, metadata, now());
    mustBeOnlyFile(tx, submitted);
    tx.put(RESOURCES, submitted);
    tx.audit("resource.submit", id, { round: submitted.round });
    return submitted;
  }),
);

/** A review by the school or the county. @throws {Refusal} `not-permitted`, `own-work`, `same-reviewer`, `wrong-state`, `fields` */
export const reviewResource = guarded((asker: Asker, id: string, level: Review["level"], passed: boolean, note: string): Resource =>
  transact((tx) => {
    const before = resource(id, tx);
    const who = standingOf(asker, tx);
    // Who wrote it is told that before anything about rights: it is the more useful answer.
    if (before.authors.includes(who.subject)) throw new Refused({ kind: "own-work" });
    mustReview(who, before, level);
    const given = { id: `${id}/${before.round}/${level}`, level, reviewer: who.subject, passed, note, at: now() };
    const { resource: reviewed, review } = domain.review(before, reviewsOf(tx, id), given, now());
    tx.put(RESOURCES, reviewed);
    tx.put(REVIEWS, review);
    tx.audit("resource.review", id, { level, passed, round: before.round });
    if (!passed) tellAuthor(tx, reviewed, t("资源被退回", "A resource was rejected"));
    return reviewed;
  }),
);

/** Publishes what both reviewers passed; the version before becomes `revised`. @throws {Refusal} `not-permitted`, `wrong-state`, `same-reviewer`, `not-licensed`, `same-file` */
export const publishResource = guarded((asker: Asker, id: string): Resource =>
  transact((tx) => {
    const before = resource(id, tx);
    mustPublish(standingOf(asker, tx), before);
    const last = all(RESOURCES_BY_WORK.equals(before.work), MOST_VERSIONS, tx).find((r) => r.state === "published");
    const { resource: published, previous } = domain.publish(before, reviewsOf(tx, id), last, now());
    mustBeOnlyFile(tx, published);
    if (previous !== undefined) {
      tx.put(RESOURCES, previous);
      spoil(tx, last?.live?.unit);
    }
    tx.put(RESOURCES, published);
    spoil(tx, published.live?.unit);
    tx.audit("resource.publish", id);
    tellPublished(tx, published);
    tellAuthor(tx, published, t("资源已发布", "A resource was published"));
    return published;
  }),
);

/** Begins the next version. A teacher of the school that has the work. @throws {Refusal} `not-permitted`, `wrong-state`, `exists` while one is under way */
export const reviseResource = guarded((asker: Asker, id: string): Resource =>
  transact((tx) => {
    const before = resource(id, tx);
    const who = standingOf(asker, tx);
    mustTeachAt(who, before.school);
    const next = domain.revise(before, { subject: who.subject, school: before.school, division: before.division }, now());
    const there = tx.get(RESOURCES, next.id)?.value;
    if (there !== undefined) throw new Refused({ kind: "exists", what: "resource", id: next.id });
    tx.insert(RESOURCES, next);
    tx.audit("resource.revise", id, { version: next.version });
    return next;
  }),
);

/** Takes a published resource back, everywhere. The county, the bureau, or its author. @throws {Refusal} `not-permitted`, `wrong-state`, `fields` */
export const withdrawResource = guarded((asker: Asker, id: string, reason: string): Resource =>
  transact((tx) => {
    const before = resource(id, tx);
    const who = standingOf(asker, tx);
    if (before.author === who.subject) mustWrite(who, before);
    else mustPublish(who, before);
    const withdrawn = domain.withdraw(before, reason, now());
    tx.put(RESOURCES, withdrawn);
    spoil(tx, before.live?.unit);
    tx.audit("resource.withdraw", id, { reason: withdrawn.withdrawn?.reason });
    const told = withdrawalOf(withdrawn);
    if (told !== undefined) send(tx, { topic: "resource.withdrawn", key: withdrawn.work, data: told });
    tellAuthor(tx, withdrawn, t("资源已撤回", "A resource was withdrawn"));
    return withdrawn;
  }),
);

/** A resource for whoever works on it: its author, its reviewers, the bureau. @throws {Refusal} `not-found` for everybody else */
export const workResource = guarded((asker: Asker, id: string): { resource: Resource; reviews: Omit<Review, "reviewer">[] } => {
  const found = resource(id);
  if (!mayReadUnpublished(standingOf(asker), found)) throw Refused.notFound("resource");
  // Who reviewed is nobody's business but the bureau's, which has the audit trail.
  const reviews = all(REVIEWS_BY_RESOURCE.equals(id), MOST_REVIEWS).map(({ reviewer: _reviewer, ...rest }) => rest);
  return { resource: found, reviews };
});

/** All that somebody wrote, at most so many as a page can sort. */
export const allMyResources = guarded((asker: Asker): Resource[] => all(RESOURCES_BY_AUTHOR.equals(subjectOf(asker)), MOST_MINE));

/** What somebody wrote, in the order of its ids. */
export const myResources = guarded((asker: Asker, after?: string, limit: number = 20): Page<Resource> => RESOURCES.find(RESOURCES_BY_AUTHOR.equals(subjectOf(asker)).descending().limit(limit).after(after)));

/** What waits for a review, or to be published. */
export interface Waiting {
  readonly level: Review["level"] | "publish";
  readonly resource: Resource;
}

/** What waits for a review: of the school where the asker reviews, of their county. At most 100 of each, the asker's own left out. */
export const waitingForReview = guarded((asker: Asker): Waiting[] => {
  const who = standingOf(asker);
  const out: Waiting[] = [];
  for (const p of who.posts) {
    if (p.kind === "reviewer") out.push(...waiting(who, "school", RESOURCES_BY_SCHOOL.equals("submitted", p.at)));
    if (p.kind !== "county") continue;
    const inCounty = (state: string) => RESOURCES_BY_DIVISION.equals(state).atLeast(p.at).below(`${p.at}:`);
    out.push(...waiting(who, "county", inCounty("school-reviewed")), ...waiting(who, "publish", inCounty("county-reviewed")));
  }
  return out;
});

function waiting(who: Standing, level: Waiting["level"], query: ReturnType<typeof RESOURCES_BY_SCHOOL.all>): Waiting[] {
  const may = (r: Resource): boolean => {
    try {
      if (level === "publish") mustPublish(who, r);
      else mustReview(who, r, level);
      return level === "publish" || !r.authors.includes(who.subject);
    } catch {
      return false;
    }
  };
  return all(query, 100).filter(may).map((r) => ({ level, resource: r }));
}

/** @throws {Refused} `not-found` */
export function resource(id: string, tx?: Tx): Resource {
  const found = id === "" || id.length > 64 ? undefined : tx === undefined ? RESOURCES.get(id) : tx.get(RESOURCES, id);
  if (found === undefined) throw Refused.notFound("resource");
  return found.value;
}

function reviewsOf(tx: Tx, id: string): Review[] {
  return all(REVIEWS_BY_RESOURCE.equals(id), MOST_REVIEWS, tx);
}

function filesOf(input: DraftInput, subject: string, work: string): { file: FileRef | undefined; renditions: Rendition[]; captions: Captions[] } {
  const file = input.file === undefined || input.file === "" ? undefined : inspect(input.file, AREA, subject, work);
  const renditions = QUALITIES.flatMap((quality): Rendition[] => {
    const id = input.renditions?.[quality];
    return id === undefined || id === "" ? [] : [{ ...inspect(id, AREA, subject, work), quality }];
  });
  const other = renditions.find((r) => !r.mediaType.startsWith("video/"));
  if (other !== undefined) throw new Refused({ kind: "file", reason: "type-not-taken", found: other.mediaType });
  const captions = keys(CAPTION_LANGUAGES).flatMap((language): Captions[] => {
    const id = input.captions?.[language] ?? "";
    return id === "" ? [] : [{ ...brought(id, AREA, subject, work), language }];
  });
  return { file, renditions, captions };
}

/** Captions are looked into when they come, and once more when another film comes under them: they must end with it. */
function checkWords(before: Resource, after: Resource): void {
  const { file, captions } = after;
  const isSame = file?.id === before.file?.id;
  const unseen = captions.filter((c) => !isSame || !before.captions.some((b) => b.id === c.id));
  if (unseen.length === 0) return;
  const ms = file === undefined ? undefined : heard(file).ms;
  for (const c of unseen) {
    if (file !== undefined && !isPlayed(file.mediaType)) throw new Refused({ kind: "captions", language: c.language, line: 0, reason: "nothing-to-hear", found: file.name });
    checkCaptions(c.language, c, bytesOf(c), ms);
  }
}

function referred(r: Resource): FileRef[] {
  return [...(r.file === undefined ? [] : [r.file]), ...r.renditions, ...r.captions];
}

/** What no version of the work refers to any more goes. */
function dropUnused(tx: Tx, before: Resource, after: Resource): void {
  const others = all(RESOURCES_BY_WORK.equals(before.work), MOST_VERSIONS, tx).filter((r) => r.id !== before.id);
  const used = new Set([...others, after].flatMap(referred).map((f) => f.id));
  drop(tx, referred(before).filter((f) => !used.has(f.id)));
}

/** The unique index holds it at the commit; here the first one is named. */
function mustBeOnlyFile(tx: Tx, r: Resource): void {
  const sha256 = r.file?.sha256;
  if (sha256 === undefined) return;
  const first = tx.find(RESOURCES_BY_HASH.equals(sha256).limit(1)).items[0]?.value;
  if (first === undefined || first.work === r.work) return;
  throw new Refused({ kind: "same-file", resource: first.id, licence: first.metadata?.licence ?? "unclear", asked: r.metadata?.licence ?? "unclear" });
}

/** Tells the city. */
function tellPublished(tx: Tx, r: Resource): void {
  if (r.metadata === undefined || r.live === undefined) return;
  const { title, licence } = r.metadata;
  const { sha256, subject, at } = r.live;
  send(tx, { topic: "resource.published", key: r.work, data: { resource: r.id, version: r.version, title, subject, licence, sha256, at } });
}

function tellAuthor(tx: Tx, r: Resource, title: Text): void {
  const what = r.metadata?.title ?? r.input.title;
  try {
    notify(tx, { recipient: r.author, title, body: { zh: `《${what}》${r.note}`, en: `“${what}” ${r.note}` }, path: `/works/${r.id}` });
  } catch (e) {
    // An author who left the city has no inbox; what was done stands all the same.
    if (!(e instanceof MessagingError && e.code === "unknown-recipient")) throw e;
  }
}
