/**
 * Which type is which collection of `app.toml`, and the indexes by which they are walked.
 *
 * Architecture invariant: no rule stands here. What may be written is decided in `domain`, who may in `service`.
 */
import { Collection, type Page, type Query, type Tx } from "@yunlong/sdk";
import * as s from "./schemas.ts";

export type { Invitation, MonthDoc } from "./schemas.ts";

export const SCHOOLS = new Collection("schools", s.SchoolDoc);
/** The same documents, as far as other lists read them. */
export const SCHOOL_NAMES = new Collection("schools", s.SchoolNameDoc);
export const SCHOOLS_BY_DIVISION = SCHOOLS.index("by-division");

export const LINKS = new Collection("links", s.LinkDoc, (l) => l.school);
export const LINKS_BY_STATE = LINKS.index("by-state");

export const PROBES = new Collection("probes", s.ProbeDoc);
export const PROBES_BY_SCHOOL = PROBES.index("by-school");
export const PROBES_BY_TIME = PROBES.index("by-time");

export const NODES = new Collection("nodes", s.NodeDoc);
export const NODES_BY_PARENT = NODES.index("by-parent");
export const NODES_BY_SUCCESSOR = NODES.index("by-successor");

export const RESOURCES = new Collection("resources", s.ResourceDoc);
export const RESOURCES_BY_AUTHOR = RESOURCES.index("by-author");
/** State and school: what a school's reviewers look at. */
export const RESOURCES_BY_SCHOOL = RESOURCES.index("by-school");
/** State and division: what a county's reviewers look at, by the range of their county. */
export const RESOURCES_BY_DIVISION = RESOURCES.index("by-division");
export const RESOURCES_BY_WORK = RESOURCES.index("by-work");
/** The same documents, as far as lists read them. */
export const LISTED = new Collection("resources", s.ListedDoc);
/** The published ones, by time. */
export const CATALOGUE = LISTED.index("catalogue");
export const CATALOGUE_BY_SUBJECT = LISTED.index("catalogue-by-subject");
export const CATALOGUE_BY_TYPE = LISTED.index("catalogue-by-type");
export const CATALOGUE_BY_UNIT = LISTED.index("catalogue-by-unit");
/** The index that is unique over the hashes of what is published. */
export const ONE_FILE = "one-file";
export const RESOURCES_BY_HASH = RESOURCES.index(ONE_FILE);
export const WITHDRAWN = RESOURCES.index("withdrawn");

export const REVIEWS = new Collection("reviews", s.ReviewDoc);
export const REVIEWS_BY_RESOURCE = REVIEWS.index("by-resource");

export const POSTS = new Collection("posts", s.PostDoc);
export const POSTS_BY_SUBJECT = POSTS.index("by-subject");
export const POSTS_BY_PLACE = POSTS.index("by-place");

export const CLASSES = new Collection("classes", s.ClassDoc);
export const CLASSES_BY_SCHOOL = CLASSES.index("by-school");
export const CLASSES_BY_TEACHER = CLASSES.index("by-teacher");

export const STUDENTS = new Collection("students", s.StudentDoc);
/** Class and seat; unique. */
export const STUDENTS_BY_SEAT = STUDENTS.index("by-seat");
export const STUDENTS_BY_SUBJECT = STUDENTS.index("by-subject");
export const STUDENTS_BY_GUARDIAN = STUDENTS.index("by-guardian");

export const CONSENTS = new Collection("consents", s.ConsentDoc);

export const INVITATIONS = new Collection("invitations", s.InvitationDoc);
export const INVITATIONS_BY_EXPIRY = INVITATIONS.index("by-expiry");

export const USES = new Collection("uses", s.UseDoc);
export const USES_BY_MONTH = USES.index("by-month");

export const USE_DAYS = new Collection("use-days", s.UseDayDoc);
export const USE_DAYS_BY_DAY = USE_DAYS.index("by-day");
export const USE_PEOPLE = new Collection("use-people", s.UsePersonDoc);
export const IMPORTS = new Collection("use-imports", s.ImportDoc);
/** By month. */
export const MONTHS = new Collection("months", s.MonthDoc);
/** By `month/county`. */
export const MONTH_SCHOOLS = new Collection("month-schools", s.MonthSchoolsDoc);

export const SPACES = new Collection("spaces", s.SpaceDoc);
export const SPACES_BY_OWNER = SPACES.index("by-owner");
export const ASSIGNMENTS = new Collection("assignments", s.AssignmentDoc);
export const ASSIGNMENTS_BY_CLASS = ASSIGNMENTS.index("by-class");
export const SUBMISSIONS = new Collection("submissions", s.SubmissionDoc);
export const SUBMISSIONS_BY_ASSIGNMENT = SUBMISSIONS.index("by-assignment");
export const SUBMISSIONS_BY_STUDENT = SUBMISSIONS.index("by-student");

export const PACKS = new Collection("packs", s.PackDoc);
export const PROGRESS = new Collection("progress", s.ProgressDoc);

/** Counters of `app.toml`, with the key `school/month`; the last by the resource's id. */
export const COUNTERS = { uses: "uses", seconds: "use-seconds", people: "use-people", resource: "resource-uses" } as const;

/** Most documents of a page. */
const PAGE = 500;

/** All documents of a query, page by page; at most `most`. Reads as last committed, or through a transaction. */
export function all<T>(query: Query<T>, most: number, tx?: Tx): T[] {
  return [...walk(query, most, tx)];
}

/** As {@link all}, one after the other: a page of them is in memory at a time. */
export function* walk<T>(query: Query<T>, most: number = Number.POSITIVE_INFINITY, tx?: Tx): Generator<T> {
  let [after, left]: [string | undefined, number] = [undefined, most];
  do {
    const limited = query.limit(Math.min(PAGE, left)).after(after);
    const page: Page<T> = tx === undefined ? limited.collection.find(limited) : tx.find(limited);
    for (const { value } of page.items) yield value;
    left -= page.items.length;
    after = page.next;
  } while (after !== undefined && left > 0);
}
