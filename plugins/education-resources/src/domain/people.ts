/**
 * Who belongs where: posts of staff, classes, students and the consent of guardians.
 *
 * Architecture invariant: nothing is known of a child under 14 before a guardian consents. Until then there is a seat of a class
 * and a code; name and birth come with the consent, from the guardian.
 */
import { Mistakes, Refused } from "./refused.ts";
import { type Day, ageOn, dayOf, isDay } from "./time.ts";

/** A child below this age needs a guardian's consent (PIPL, article 31). */
export const CONSENT_AGE = 14;

/** Posts. A county's reviewer has a county, the others a school. */
export const POSTS = ["county", "admin", "reviewer", "teacher"] as const;
export type PostKind = (typeof POSTS)[number];

/** The role that the department assigned to whoever may hold a post. */
export const ROLE_OF: Readonly<Record<PostKind, Role>> = { county: "county", admin: "school", reviewer: "school", teacher: "teacher" };

/** Roles, as `app.toml` declares them. */
export type Role = "bureau" | "county" | "school" | "teacher";

/** A post that somebody holds or held. */
export interface Post {
  readonly id: string;
  readonly subject: string;
  readonly kind: PostKind;
  /** The school's code; for a county's reviewer the county's. */
  readonly at: string;
  /** Milliseconds. */
  readonly from: number;
  readonly to: number | null;
}

/** Whether a post is held at a moment. */
export function isHeld(post: Post, now: number): boolean {
  return post.from <= now && (post.to === null || now < post.to);
}

/**
 * Takes up a post. A teacher teaches at one school: whoever takes up such a post elsewhere leaves the one before, and so do
 * reviewers and administrators. Answers the posts to store.
 */
export function takeUp(held: readonly Post[], next: Post): Post[] {
  const same = held.find((p) => p.kind === next.kind && p.at === next.at && isHeld(p, next.from));
  if (same !== undefined) return [];
  const left = next.kind === "county" ? [] : held.filter((p) => p.kind !== "county" && p.at !== next.at && isHeld(p, next.from));
  return [...left.map((p) => ({ ...p, to: next.from })), next];
}

/** A class. */
export interface Class {
  readonly id: string;
  readonly school: string;
  readonly name: string;
  /** 1 to 12. */
  readonly grade: number;
  /** The year in which its school year began. */
  readonly year: number;
  /** Who teaches it now; absent after a teacher left, until the school names another. */
  readonly teacher?: string;
  readonly teacherSince?: number;
}

/** What is filled in for a class. @throws {Refused} `fields` */
export function checkClass(input: Pick<Class, "name" | "grade" | "year">): void {
  const m = new Mistakes();
  m.text(input.name, "/name", 1, 20);
  m.whole(input.grade, "/grade", 1, 12);
  m.whole(input.year, "/year", 2000, 2100);
  m.finish();
}

/** Where a student sat, from when to when. */
export interface Enrolment {
  readonly school: string;
  readonly class: string;
  readonly seat: number;
  readonly from: number;
  readonly to: number | null;
}

/** A student who is known: with a guardian's consent, or 14 or older. */
export interface Student {
  readonly id: string;
  /** 64 hexadecimal digits; pseudonyms come from it, and lead nowhere once it is gone. */
  readonly secret: string;
  /** The student's own account, when there is one. */
  readonly subject?: string;
  /** The guardian who consented. */
  readonly guardian?: string;
  /** Who is shown the document, and may have it removed: the student once there is an own account, before that the guardian. */
  readonly holder: string;
  readonly consent?: string;
  readonly name: string;
  readonly birth: Day;
  /** The school and class today, for lists; `seat` is unique in the class. */
  readonly school: string;
  readonly class: string;
  readonly seat: number;
  readonly enrolments: readonly Enrolment[];
}

/** A guardian's consent. It ends when it is withdrawn; the proof that it was given stays. */
export interface Consent {
  readonly id: string;
  readonly student: string;
  readonly guardian: string;
  readonly at: number;
  /** Which text was agreed to. */
  readonly statement: string;
  readonly withdrawn?: number;
}

/** The text of the consent that is in use; a new text has a new name, and is asked for anew. */
export const CONSENT_STATEMENT = "2026-1";

/** What joins a class. */
export interface Joining {
  readonly name: string;
  readonly birth: Day;
}

/** Checks name and birth. @throws {Refused} `fields` */
export function checkJoining(input: Joining, today: Day): void {
  const m = new Mistakes();
  m.text(input.name, "/name", 1, 40);
  m.check(isDay(input.birth) && input.birth <= today && ageOn(input.birth, today) <= 80, "/birth", "请填写出生日期，如 2015-09-01", "A date of birth such as 2015-09-01");
  m.finish();
}

/** Whether a guardian must consent. */
export function needsGuardian(birth: Day, today: Day): boolean {
  return ageOn(birth, today) < CONSENT_AGE;
}

/** Whether data of a student may be kept and used today. The one place that decides. */
export function mayKeep(student: Pick<Student, "birth">, consent: Consent | undefined, today: Day): boolean {
  if (!needsGuardian(student.birth, today)) return true;
  return consent !== undefined && consent.withdrawn === undefined && consent.statement === CONSENT_STATEMENT;
}

/** @throws {Refused} `guardian-needed` */
export function mustKeep(student: Pick<Student, "birth">, consent: Consent | undefined, today: Day): void {
  if (!mayKeep(student, consent, today)) throw new Refused({ kind: "guardian-needed" });
}

/** Whose a seat becomes: an account of their own, or a guardian's with the consent. */
export interface Taker {
  readonly id: string;
  readonly secret: string;
  readonly subject?: string;
  readonly guardian?: string;
}

/**
 * Somebody takes a seat: the only way in which a student comes to be known.
 *
 * @throws {Refused} `fields`; `guardian-needed` for a child without a consent in force that this guardian gave for this child
 */
export function enrol(who: Taker, input: Joining, seat: Pick<Enrolment, "school" | "class" | "seat">, consent: Consent | undefined, now: number): Student {
  const today = dayOf(now);
  checkJoining(input, today);
  const theirs = consent !== undefined && consent.student === who.id && consent.guardian === who.guardian;
  const student: Student = { ...who, holder: who.subject ?? who.guardian ?? who.id, ...(theirs ? { consent: consent.id } : {}), name: input.name.trim(), birth: input.birth, ...seat, enrolments: [{ ...seat, from: now, to: null }] };
  mustKeep(student, theirs ? consent : undefined, today);
  return student;
}

/** Where a student sat at a moment: an event that comes late counts for the school of that moment. */
export function enrolmentAt(student: Pick<Student, "enrolments">, at: number): Enrolment | undefined {
  return student.enrolments.find((e) => e.from <= at && (e.to === null || at < e.to));
}

/** The student sits somewhere else from `now` on. */
export function transfer(student: Student, to: Pick<Enrolment, "school" | "class" | "seat">, now: number): Student {
  if (student.school === to.school && student.class === to.class && student.seat === to.seat) return student;
  const before = student.enrolments.map((e) => (e.to === null ? { ...e, to: now } : e));
  return { ...student, ...to, enrolments: [...before, { ...to, from: now, to: null }] };
}
