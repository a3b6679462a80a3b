/**
 * A resource: draft → submitted → school-reviewed → county-reviewed → published → revised | withdrawn; rejected → draft.
 *
 * One document is one version of a work. A revision is a new version, which goes the whole way; when it is published the one
 * before becomes `revised`. Functions answer what is to be stored; they change nothing.
 */
import { ancestor } from "./curriculum.ts";
import { type Metadata, type MetadataInput, asInput, isLicensed } from "./metadata.ts";
import { Refused } from "./refused.ts";
import type { Quality } from "./bandwidth.ts";
import { dayOf } from "./time.ts";
import type { CaptionLanguage } from "./vocabulary.ts";

/** States. */
export const RESOURCE_STATES = ["draft", "submitted", "school-reviewed", "county-reviewed", "published", "revised", "withdrawn", "rejected"] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];

/** What can happen to a resource. */
export const RESOURCE_STEPS = ["edit", "submit", "school-review", "county-review", "publish", "revise", "supersede", "withdraw"] as const;
export type ResourceStep = (typeof RESOURCE_STEPS)[number];

/** The steps that each state allows. */
export const ALLOWS: Readonly<Record<ResourceState, readonly ResourceStep[]>> = {
  draft: ["edit", "submit"],
  submitted: ["school-review"],
  "school-reviewed": ["county-review"],
  "county-reviewed": ["publish"],
  published: ["revise", "supersede", "withdraw"],
  revised: [],
  withdrawn: [],
  rejected: ["edit"],
};

/** A file as the platform recognized it. */
export interface FileRef {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The film in another size. */
export interface Rendition extends FileRef {
  readonly quality: Quality;
}

/** What is said and heard in the film or the recording, in one language, to be read while it plays: WebVTT. */
export interface Captions extends FileRef {
  readonly language: CaptionLanguage;
}

/** One version of a work. */
export interface Resource {
  /** Its identifier (LOM 1.1): `work.version`. */
  readonly id: string;
  readonly work: string;
  /** 1 for the first. */
  readonly version: number;
  readonly school: string;
  /** The school's division, for the county's reviewers. */
  readonly division: string;
  /** The subject of whoever wrote this version. */
  readonly author: string;
  /** Everybody who wrote a version of the work: none of them reviews it. */
  readonly authors: readonly string[];
  readonly state: ResourceState;
  /** As typed while it is a draft; checked when it is submitted. */
  readonly input: MetadataInput;
  /** The checked metadata; absent until the first submission. */
  readonly metadata?: Metadata;
  readonly file?: FileRef;
  readonly renditions: readonly Rendition[];
  /** One for a language, in the order of the languages. */
  readonly captions: readonly Captions[];
  /** Counts submissions: reviews of an earlier one do not count. */
  readonly round: number;
  /** Each change of state. */
  readonly history: readonly { readonly state: ResourceState; readonly at: number }[];
  /** What the last review said, for the author. */
  readonly note: string;
  /** What the catalogue is sorted by; there while it is published, and gone afterwards. */
  readonly live?: Live;
  readonly withdrawn?: { readonly at: number; readonly reason: string };
}

/** What a list of the catalogue shows, and what it takes to say whether it may. */
export type Listed = Pick<Resource, "id" | "work" | "version" | "school" | "state" | "metadata" | "file" | "renditions" | "captions" | "live">;

/** What a draft is changed to: with no file, the one that is there stays. */
export type Files = Pick<Resource, "file" | "renditions" | "captions">;

/** A published resource's place in the catalogue. */
export interface Live {
  /** The file's hash: unique, so that no file is published twice, under one licence or two. */
  readonly sha256: string;
  /** The curriculum's unit: what a pack is made of. */
  readonly unit: string;
  /** Stage and subject, such as `primary.math`. */
  readonly subject: string;
  readonly type: string;
  readonly at: number;
}

/** A review. */
export interface Review {
  readonly id: string;
  readonly resource: string;
  readonly round: number;
  readonly level: "school" | "county";
  readonly reviewer: string;
  readonly passed: boolean;
  readonly note?: string;
  readonly at: number;
}

/** Who writes, from where. */
export interface Author {
  readonly subject: string;
  readonly school: string;
  readonly division: string;
}

/** A first draft. */
export function draft(work: string, by: Author, input: MetadataInput, now: number): Resource {
  return {
    id: `${work}.1`,
    work,
    version: 1,
    school: by.school,
    division: by.division,
    author: by.subject,
    authors: [by.subject],
    state: "draft",
    input,
    renditions: [],
    captions: [],
    round: 0,
    history: [{ state: "draft", at: now }],
    note: "",
  };
}

/** Changes a draft; one that was rejected is a draft again. @throws {Refused} `wrong-state` */
export function edit(r: Resource, input: MetadataInput, files: Files, now: number): Resource {
  allow(r, "edit");
  const next = { ...r, ...files, input, file: files.file ?? r.file };
  return r.state === "draft" ? next : to(next, "draft", now);
}

/** Submits with metadata that {@link checkMetadata} found well. @throws {Refused} `wrong-state`, `fields` without a file */
export function submit(r: Resource, metadata: Metadata, now: number): Resource {
  allow(r, "submit");
  if (r.file === undefined) {
    throw new Refused({ kind: "fields", fields: [{ at: "/file", why: { zh: "请上传文件", en: "Upload a file" } }] });
  }
  return to({ ...r, metadata, round: r.round + 1, note: "" }, "submitted", now);
}

/**
 * A review by the school or, after it, the county. `before` are the reviews of the resource so far.
 *
 * @throws {Refused} `wrong-state`; `own-work` for everybody who wrote a version; `same-reviewer`; `fields` when it is rejected without a reason
 */
export function review(r: Resource, before: readonly Review[], given: Omit<Review, "resource" | "round">, now: number): { resource: Resource; review: Review } {
  allow(r, given.level === "school" ? "school-review" : "county-review");
  if (r.author === given.reviewer || r.authors.includes(given.reviewer)) throw new Refused({ kind: "own-work" });
  const counted = before.filter((b) => b.resource === r.id && b.round === r.round);
  if (counted.some((b) => b.reviewer === given.reviewer)) throw new Refused({ kind: "same-reviewer" });
  const note = (given.note ?? "").trim();
  if (!given.passed && note === "") {
    throw new Refused({ kind: "fields", fields: [{ at: "/note", why: { zh: "退回时请写明理由", en: "Say why it is rejected" } }] });
  }
  const passed = given.level === "school" ? "school-reviewed" : "county-reviewed";
  const resource = to({ ...r, note }, given.passed ? passed : "rejected", now);
  return { resource, review: { ...given, note, resource: r.id, round: r.round } };
}

/**
 * Publishes what two distinct reviewers passed. Answers the new version, and the one before when there is one.
 *
 * @throws {Refused} `wrong-state`, `same-reviewer`, `not-licensed`
 */
export function publish(r: Resource, reviews: readonly Review[], previous: Resource | undefined, now: number): { resource: Resource; previous?: Resource } {
  allow(r, "publish");
  const counted = reviews.filter((b) => b.resource === r.id && b.round === r.round && b.passed && !r.authors.includes(b.reviewer));
  const school = counted.find((b) => b.level === "school");
  const county = counted.find((b) => b.level === "county");
  if (school === undefined || county === undefined || school.reviewer === county.reviewer) throw new Refused({ kind: "same-reviewer" });
  if (r.metadata === undefined || r.file === undefined || !isLicensed(r.metadata, dayOf(now))) {
    throw new Refused({ kind: "not-licensed", licence: r.metadata?.licence ?? "unclear" });
  }
  const { node, type } = r.metadata;
  const live = { sha256: r.file.sha256, unit: ancestor(node, "unit") ?? node, subject: ancestor(node, "subject") ?? node, type, at: now };
  const resource = to({ ...r, live }, "published", now);
  if (previous === undefined || previous.state !== "published") return { resource };
  allow(previous, "supersede");
  return { resource, previous: to(hidden(previous), "revised", now) };
}

/** The draft of the next version, with what the last one said. @throws {Refused} `wrong-state` */
export function revise(r: Resource, by: Author, now: number): Resource {
  allow(r, "revise");
  const version = r.version + 1;
  const first = draft(r.work, by, r.metadata === undefined ? r.input : asInput(r.metadata), now);
  return { ...first, id: `${r.work}.${version}`, version, authors: [...new Set([...r.authors, by.subject])], file: r.file, renditions: r.renditions, captions: r.captions };
}

/** Takes it back: nobody sees it any more, copies included. @throws {Refused} `wrong-state`, `fields` without a reason */
export function withdraw(r: Resource, reason: string, now: number): Resource {
  allow(r, "withdraw");
  if (reason.trim() === "") {
    throw new Refused({ kind: "fields", fields: [{ at: "/reason", why: { zh: "请写明撤回的理由", en: "Say why it is withdrawn" } }] });
  }
  return to({ ...hidden(r), withdrawn: { at: now, reason: reason.trim() } }, "withdrawn", now);
}

/** Whether anybody but its school and its reviewers may see it: published, and licensed today. The one place that decides. */
export function isVisible(r: Pick<Resource, "state" | "metadata" | "file">, now: number): boolean {
  return r.state === "published" && r.metadata !== undefined && r.file !== undefined && isLicensed(r.metadata, dayOf(now));
}

function hidden(r: Resource): Resource {
  const { live: _live, ...rest } = r;
  return rest;
}

function to(r: Resource, state: ResourceState, at: number): Resource {
  return { ...r, state, history: [...r.history, { state, at }].slice(-100) };
}

function allow(r: Resource, step: ResourceStep): void {
  const allowed = ALLOWS[r.state];
  if (!allowed.includes(step)) throw new Refused({ kind: "wrong-state", thing: "resource", state: r.state, step, allowed });
}
