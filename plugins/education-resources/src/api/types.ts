/** What passes through the API. Names of members are those of the domain, so that a refusal's pointers fit what was sent. */
import { type Page, z } from "@yunlong/sdk";
import { QUALITIES } from "../domain/bandwidth.ts";
import { LEVELS } from "../domain/curriculum.ts";
import { LINK_STATES } from "../domain/link.ts";
import { type Captions as CaptionsRef, RESOURCE_STATES } from "../domain/resource.ts";
import { SCHOOL_KINDS } from "../domain/school.ts";
import { RULES } from "../domain/use.ts";
import { AUDIENCES, CAPTION_LANGUAGES, LANGUAGES, LICENCES, STAGES, SUBJECTS, TYPES, keys } from "../domain/vocabulary.ts";

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const Moment = z.number().int().describe("Milliseconds since 1970-01-01T00:00:00Z.");
const count = z.number().int().min(0);
/** A number of the app's own. */
export const Id = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
/** A place in a list: the host's own token, in base64url. */
export const Cursor = z.string().regex(/^[A-Za-z0-9_-]{1,1000}$/).describe("`next` of the page before.");
/** A node of the curriculum. */
export const NodeId = z.string().regex(/^[a-z0-9.-]{1,200}$/);
/** The code of a school. */
export const SchoolId = z.string().regex(/^\d{10}$/).describe("The ten-digit code of the national register.");
/** An idempotency key, for commands that make something. */
export const Key = z.string().optional().describe("8 to 64 letters, digits or `-`; the same key of the same person is the same thing.");
/** A month. */
export const MonthText = z.string().regex(/^\d{4}-\d{2}$/).describe("Such as `2026-11`.");
const DayText = z.string().describe("A day, `2026-11-27`.");

/** The path's parameter. */
export const OfId = z.object({ id: Id });
export const OfSchool = z.object({ id: SchoolId });
export const OfNode = z.object({ node: NodeId });
export const OfUnit = z.object({ unit: NodeId });

/** A page of a list. */
export const Paged = z.object({
  after: Cursor.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
/** Where the next page begins. */
export const next = z.string().nullable().describe("Give this as `after` for the next page; null when there is no more.");

/** A page of the store as an answer. */
export function paged<T, R>(page: Page<T>, f: (value: T) => R): { items: R[]; next: string | null } {
  return { items: page.items.map((i) => f(i.value)), next: page.next ?? null };
}

export const School = z.object({
  id: z.string(),
  name: z.string(),
  division: z.string().describe("A town's nine digits, or a village's twelve (GB/T 2260, GB/T 10114)."),
  setting: z.enum(["urban", "rural"]),
  kind: z.enum(SCHOOL_KINDS),
  bandwidth: count.describe("Mbit/s."),
  pupils: count,
  from: DayText,
  to: DayText.nullable(),
  ending: z.object({ how: z.enum(["merged", "closed"]), into: z.string().nullable() }).nullable(),
});
/** What is filled in for a school; more is checked by the domain, which says all that is wrong at once. */
export const SchoolInput = z.object({
  id: z.string().default(""),
  name: z.string().default(""),
  division: z.string().default(""),
  setting: z.enum(["urban", "rural"]),
  kind: z.enum(SCHOOL_KINDS),
  bandwidth: z.number(),
  pupils: z.number(),
  from: z.string().default(""),
});
export const Link = z.object({
  school: z.string(),
  state: z.enum(LINK_STATES),
  appliedAt: Moment,
  heard: Moment.describe("When a probe last went through; 0 when never."),
  mbps: z.number(),
  days: z.array(z.string()),
  history: z.array(z.object({ state: z.enum(LINK_STATES), at: Moment })),
});
export const Probe = z.object({
  id: z.string().describe("The probe's own number: the same number is the same probe."),
  school: z.string(),
  at: z.number().describe("When it looked, by its own clock (ms)."),
  ok: z.boolean(),
  mbps: z.number(),
  latency: z.number().describe("Milliseconds."),
});
export const Delivery = z.object({
  quality: z.enum(QUALITIES).nullable().describe("The largest film that plays at once; null: the offline pack alone."),
  offline: z.boolean().describe("Whether an offline pack is offered."),
});

export const Delivered = z.object({ path: z.string(), mediaType: z.string(), size: z.number().int(), sha256: z.string() });

export const Node = z.object({
  id: z.string(),
  parent: z.string(),
  level: z.enum(LEVELS),
  zh: z.string(),
  en: z.string(),
  order: z.number().int(),
  active: z.boolean(),
  replacedBy: z.string().nullable(),
});

const File = z.object({ name: z.string(), mediaType: z.string(), size: count, sha256: z.string() });
export const Metadata = z.object({
  title: z.string(),
  description: z.string(),
  keywords: z.array(z.string()),
  stage: z.enum(keys(STAGES)),
  subject: z.enum(keys(SUBJECTS)),
  type: z.enum(keys(TYPES)),
  audience: z.array(z.enum(keys(AUDIENCES))),
  author: z.string(),
  copyright: z.string(),
  licence: z.enum(keys(LICENCES)),
  licensedUntil: z.string().nullable(),
  language: z.enum(keys(LANGUAGES)),
  node: z.string(),
});
const CAPTIONS = "WebVTT of what is said and heard in a film or a recording.";
export const Captions = z
  .array(z.object({ language: z.enum(keys(CAPTION_LANGUAGES)), name: z.string(), size: count, sha256: z.string(), path: z.string().describe("Where it is, as `text/vtt`: for whoever may read the file.") }))
  .describe(CAPTIONS);
export const Resource = z.object({
  id: z.string(),
  work: z.string(),
  version: z.number().int(),
  school: z.string(),
  metadata: Metadata,
  file: File,
  qualities: z.array(z.string()),
  captions: Captions,
  preview: z.enum(["picture", "pdf", "sound", "film", "text", "none"]),
  at: Moment,
});
/** Captions as an answer has them; `base` is the address that they are below. */
export function captionsOf(base: string, captions: readonly Omit<CaptionsRef, "id">[]): z.infer<typeof Captions> {
  return captions.map(({ language, name, size, sha256 }) => ({ language, name, size, sha256, path: `${base}/captions/${language}` }));
}

/** What is filled in; a draft may wait for what is missing. */
export const MetadataInput = z.object({
  title: z.string().default(""),
  description: z.string().default(""),
  keywords: z.array(z.string()).default([]),
  stage: z.string().default(""),
  subject: z.string().default(""),
  type: z.string().default(""),
  audience: z.array(z.string()).default([]),
  author: z.string().default(""),
  copyright: z.string().default(""),
  licence: z.string().default(""),
  licensedUntil: z.string().default(""),
  language: z.string().default("zh-CN"),
  node: z.string().default(""),
});
const CaptionsId = z.string().max(64).nullable().optional();
export const WorkInput = MetadataInput.extend({
  file: z.string().max(64).optional().describe("The id of an uploaded file; the one that is there stays when absent."),
  captions: z
    .object({ "zh-CN": CaptionsId, en: CaptionsId })
    .optional()
    .describe(`${CAPTIONS} The id of an uploaded file (.vtt, UTF-8, at most 1 MiB) for a language; those that are there stay when absent, and go with null.`),
});
export const Work = z.object({
  id: z.string(),
  work: z.string(),
  version: z.number().int(),
  school: z.string(),
  state: z.enum(RESOURCE_STATES),
  input: MetadataInput,
  file: File.nullable(),
  captions: Captions,
  note: z.string(),
  round: z.number().int(),
  history: z.array(z.object({ state: z.enum(RESOURCE_STATES), at: Moment })),
  withdrawn: z.object({ at: Moment, reason: z.string() }).nullable(),
});
export const Review = z.object({ level: z.enum(["school", "county"]), round: z.number().int(), passed: z.boolean(), note: z.string(), at: Moment });

/** A figure that is shown, or hidden. */
export const Figure = z.object({
  hidden: z.boolean().describe("Whether the figure is under 5 users, or would tell such a one; then the others are null."),
  uses: count.nullable(),
  seconds: count.nullable(),
  people: count.nullable(),
  perPupil: count.nullable().describe("Hundredths, rounded down."),
});
export const SchoolFigure = z.object({ school: z.string(), name: z.string(), division: z.string(), setting: z.enum(["urban", "rural"]), pupils: count, figure: Figure });
export const AccessRate = z.object({
  verified: count,
  inService: count,
  basisPoints: count.nullable().describe("Hundredths of a percent, rounded down; null when no school is in service."),
  missing: z.array(z.object({ school: z.string(), name: z.string(), division: z.string(), state: z.enum(["none", "applied", "connected", "lost"]) })),
});

export const AccessPoint = z
  .object({ month: z.string(), verified: count, inService: count, basisPoints: count.nullable() })
  .describe("The rate at the end of a month; of the month under way, now.");

export const UseInput = z.object({
  id: z.string().describe("The session's number: 8 to 64 letters, digits or `-`. The same number is the same use."),
  resource: z.string(),
  at: z.number().describe("When it began, by the device's clock (ms)."),
  seconds: z.number(),
});
export const UseResult = z.object({
  id: z.string(),
  result: z.enum(["counted", ...RULES, "again", "refused"]).describe("`again`: known already. A rule: kept, and not counted."),
  why: z.string().nullable().describe("Of one that is refused: the kind of problem."),
});

export const Class = z.object({ id: z.string(), school: z.string(), name: z.string(), grade: z.number().int(), year: z.number().int(), hasTeacher: z.boolean() });
export const Student = z.object({ id: z.string(), name: z.string(), school: z.string(), class: z.string(), seat: z.number().int() });
export const Post = z.object({ id: z.string(), kind: z.enum(["county", "admin", "reviewer", "teacher"]), at: z.string(), from: Moment, to: Moment.nullable() });
export const Assignment = z.object({
  id: z.string(),
  class: z.string(),
  title: z.string(),
  text: z.string(),
  resources: z.array(z.string()),
  due: Moment,
  state: z.enum(["draft", "handed-out", "closed"]),
});
export const Submission = z.object({
  student: z.string(),
  state: z.enum(["handed-in", "marked", "returned"]),
  text: z.string(),
  files: z.array(File.extend({ id: z.string() })),
  at: Moment,
  late: z.boolean(),
  times: z.number().int(),
  mark: z.number().int().nullable(),
  comment: z.string(),
});
export const Space = z.object({
  id: z.string(),
  kind: z.enum(["teacher", "class"]),
  title: z.string(),
  shelf: z.array(z.object({ id: z.string(), title: z.string() })),
  notes: z.array(z.object({ id: z.string(), text: z.string(), at: Moment })),
});

/** Problems that come again and again, in words. */
export const FIELDS = "A field is refused; `errors` says why";
export const FORBIDDEN = "The role or the post is missing; `detail` says which";
export const ABSENT = "There is no such thing, or it is somebody else's";
export const STATE = "Its state does not allow this; `state` and `allowed` say what does";
