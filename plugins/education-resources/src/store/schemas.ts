/** What the documents are: the domain's types as schemas, so that nothing else is ever written or read. */
import { z } from "@yunlong/sdk";
import { QUALITIES } from "../domain/bandwidth.ts";
import { LEVELS, type Node } from "../domain/curriculum.ts";
import type { Figure, SchoolFigure } from "../domain/equity.ts";
import { LINK_STATES, type Link, type Probe } from "../domain/link.ts";
import type { Metadata, MetadataInput } from "../domain/metadata.ts";
import type { Pack, PackItem } from "../domain/pack.ts";
import { POSTS, type Class, type Consent, type Post, type Student } from "../domain/people.ts";
import { RESOURCE_STATES, type Captions, type FileRef, type Listed, type Rendition, type Resource, type Review } from "../domain/resource.ts";
import { SCHOOL_KINDS, SETTINGS, type School } from "../domain/school.ts";
import type { Assignment, Submission } from "../domain/assignment.ts";
import type { Space } from "../domain/space.ts";
import { RULES, type Use, type UseDay } from "../domain/use.ts";
import { AUDIENCES, CAPTION_LANGUAGES, LANGUAGES, LICENCES, STAGES, SUBJECTS, TYPES, keys } from "../domain/vocabulary.ts";

const int = z.number().int();
const text = z.string();

/** A school. */
export const SchoolDoc: z.ZodType<School> = z.object({
  id: text,
  name: text,
  division: text,
  setting: z.enum(SETTINGS as ["urban", "rural"]),
  kind: z.enum(SCHOOL_KINDS),
  bandwidth: int,
  pupils: int,
  from: text,
  to: text.nullable(),
  ending: z.object({ how: z.enum(["merged", "closed"]), into: text.nullable() }).nullable(),
});

/** A school's name alone, for lists of what is not a school. */
export const SchoolNameDoc = z.object({ id: text, name: text });

/** A link; its id is the school's. */
export const LinkDoc: z.ZodType<Link> = z.object({
  school: text,
  state: z.enum(LINK_STATES),
  appliedAt: int,
  heard: int,
  days: z.array(text),
  mbps: z.number(),
  history: z.array(z.object({ state: z.enum(LINK_STATES), at: int })),
  renewals: int.optional(),
});

/** A probe. */
export const ProbeDoc: z.ZodType<Probe> = z.object({ id: text, school: text, at: int, ok: z.boolean(), mbps: z.number(), latency: int });

/** A node of the curriculum. */
export const NodeDoc: z.ZodType<Node> = z.object({
  id: text,
  parent: text,
  level: z.enum(LEVELS),
  zh: text,
  en: text,
  order: int,
  active: z.boolean(),
  replacedBy: text.nullable(),
});

const InputDoc: z.ZodType<MetadataInput> = z.object({
  title: text,
  description: text,
  keywords: z.array(text),
  stage: text,
  subject: text,
  type: text,
  audience: z.array(text),
  author: text,
  copyright: text,
  licence: text,
  licensedUntil: text,
  language: text,
  node: text,
});

const MetadataDoc: z.ZodType<Metadata> = z.object({
  title: text,
  description: text,
  keywords: z.array(text),
  stage: z.enum(keys(STAGES)),
  subject: z.enum(keys(SUBJECTS)),
  type: z.enum(keys(TYPES)),
  audience: z.array(z.enum(keys(AUDIENCES))),
  author: text,
  copyright: text,
  licence: z.enum(keys(LICENCES)),
  licensedUntil: text.nullable(),
  language: z.enum(keys(LANGUAGES)),
  node: text,
});

const file = { id: text, name: text, mediaType: text, size: int, sha256: text };
const FileDoc: z.ZodType<FileRef> = z.object(file);
const RenditionDoc: z.ZodType<Rendition> = z.object({ ...file, quality: z.enum(QUALITIES) });
const CaptionsDoc: z.ZodType<Captions> = z.object({ ...file, language: z.enum(keys(CAPTION_LANGUAGES)) });

const listed = {
  id: text,
  work: text,
  version: int,
  school: text,
  state: z.enum(RESOURCE_STATES),
  metadata: MetadataDoc.optional(),
  file: FileDoc.optional(),
  renditions: z.array(RenditionDoc),
  // What was kept before there were captions has none.
  captions: z.array(CaptionsDoc).default([]),
  live: z.object({ sha256: text, unit: text, subject: text, type: text, at: int }).optional(),
};

/** What lists read of a resource: nothing about who wrote it, and half of what there is to check. */
export const ListedDoc: z.ZodType<Listed> = z.object(listed);

/** A version of a work. */
export const ResourceDoc: z.ZodType<Resource> = z.object({
  ...listed,
  division: text,
  author: text,
  authors: z.array(text),
  input: InputDoc,
  round: int,
  history: z.array(z.object({ state: z.enum(RESOURCE_STATES), at: int })),
  note: text,
  withdrawn: z.object({ at: int, reason: text }).optional(),
});

/** A review. */
export const ReviewDoc: z.ZodType<Review> = z.object({
  id: text,
  resource: text,
  round: int,
  level: z.enum(["school", "county"]),
  reviewer: text,
  passed: z.boolean(),
  // Cleared when the reviewer asks for erasure.
  note: text.optional(),
  at: int,
});

/** A post. */
export const PostDoc: z.ZodType<Post> = z.object({ id: text, subject: text, kind: z.enum(POSTS), at: text, from: int, to: int.nullable() });

/** A class. */
export const ClassDoc: z.ZodType<Class> = z.object({ id: text, school: text, name: text, grade: int, year: int, teacher: text.optional(), teacherSince: int.optional() });

/** A student. */
export const StudentDoc: z.ZodType<Student> = z.object({
  id: text,
  secret: text,
  subject: text.optional(),
  guardian: text.optional(),
  holder: text,
  consent: text.optional(),
  name: text,
  birth: text,
  school: text,
  class: text,
  seat: int,
  enrolments: z.array(z.object({ school: text, class: text, seat: int, from: int, to: int.nullable() })),
});

/** A guardian's consent. */
export const ConsentDoc: z.ZodType<Consent> = z.object({ id: text, student: text, guardian: text, at: int, statement: text, withdrawn: int.optional() });

/** A code that lets somebody take up a post, take a seat, or bind an account to a student. Its id is the code's keyed digest. */
export const InvitationDoc = z.object({
  id: text,
  kind: z.enum([...POSTS, "seat", "account"]),
  /** The county, school, class or student. */
  at: text,
  seat: int.optional(),
  expires: int,
  /** What it made; then it makes nothing more. */
  made: text.optional(),
});
export type Invitation = z.infer<typeof InvitationDoc>;

/** A use. */
export const UseDoc: z.ZodType<Use> = z.object({
  id: text,
  who: text,
  school: text,
  resource: text,
  at: int,
  month: text,
  seconds: int,
  verdict: z.enum(["counted", ...RULES]),
});

/** A pupil's day, for the rules against bots. */
export const UseDayDoc: z.ZodType<UseDay> = z.object({ id: text, day: text.optional(), hours: z.record(text, int), seconds: int });

/** That a pupil was counted in a school's month. */
export const UsePersonDoc = z.object({ id: text });

/** Figures of a school's month that were taken over from the system before. */
export const ImportDoc = z.object({ id: text, school: text, month: text, uses: int, seconds: int, people: int });

const FigureDoc: z.ZodType<Figure> = z.discriminatedUnion("hidden", [
  z.object({ hidden: z.literal(true) }),
  z.object({ hidden: z.literal(false), uses: int, seconds: int, people: int, perPupil: int.nullable() }),
]);

/** A month's figures as they were computed, but for its schools: what a trend reads. */
export const MonthDoc = z.object({
  id: text,
  at: int,
  /** Whether nothing can change them any more. */
  final: z.boolean(),
  city: FigureDoc,
  rural: FigureDoc,
  urban: FigureDoc,
  ratio: int.nullable(),
  counties: z.array(z.object({ county: text, figure: FigureDoc })),
});
export type MonthDoc = z.infer<typeof MonthDoc>;

const SchoolFigureDoc: z.ZodType<SchoolFigure> = z.object({ school: text, name: text, division: text, setting: z.enum(SETTINGS as ["urban", "rural"]), pupils: int, figure: FigureDoc });

/** A month's schools of one county, with what they were divided by: a document of all would be too large for a province's. */
export const MonthSchoolsDoc = z.object({ id: text, schools: z.array(SchoolFigureDoc) });

/** A space. */
export const SpaceDoc: z.ZodType<Space> = z.object({
  id: text,
  kind: z.enum(["teacher", "class"]),
  owner: text.optional(),
  class: text.optional(),
  title: text,
  shelf: z.array(text),
  notes: z.array(z.object({ id: text, text, at: int })),
});

/** An assignment. */
export const AssignmentDoc: z.ZodType<Assignment> = z.object({
  id: text,
  class: text,
  school: text,
  title: text,
  text,
  resources: z.array(text),
  due: int,
  state: z.enum(["draft", "handed-out", "closed"]),
  handedOutAt: int.optional(),
});

/** What was handed in. */
export const SubmissionDoc: z.ZodType<Submission> = z.object({
  id: text,
  assignment: text,
  class: text,
  student: text,
  holder: text,
  state: z.enum(["handed-in", "marked", "returned"]),
  text,
  files: z.array(FileDoc),
  at: int,
  late: z.boolean(),
  times: int,
  mark: int.optional(),
  comment: text,
});

const PackItemDoc: z.ZodType<PackItem> = z.object({
  resource: text,
  title: text,
  licence: text,
  author: text,
  copyright: text,
  file: text,
  mediaType: text,
  size: int,
  sha256: text,
  name: text,
  captions: z.array(z.object({ language: z.enum(keys(CAPTION_LANGUAGES)), file: text, size: int, sha256: text, name: text })).default([]),
});

/** An offline pack. */
export const PackDoc: z.ZodType<Pack> = z.object({
  id: text,
  state: z.enum(["building", "ready", "stale"]),
  build: int,
  plan: z.object({ volumes: z.array(z.array(PackItemDoc)), alone: z.array(PackItemDoc) }),
  files: z.array(text),
  at: int,
});

/** How far something long is. */
export const ProgressDoc = z.object({ id: text, done: int, total: int, at: int });
