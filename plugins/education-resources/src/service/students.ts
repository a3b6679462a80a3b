/**
 * Classes and students. A class has seats; a seat has a code. With the code a guardian consents and says who the child is; who is
 * 14 or older takes the seat alone. Before that nothing about anybody is kept.
 */
import { AttributeError, type Event, type Page, type Tx, now, publish, transact, z } from "@yunlong/sdk";
import * as identity from "@yunlong/sdk/identity";
import * as random from "@yunlong/sdk/random";
import { CONSENT_STATEMENT, type Class, type Consent, type Joining, type Student, type Taker, checkClass, enrol, isHeld, mayKeep, needsGuardian, transfer } from "../domain/people.ts";
import { secretOf } from "../domain/pseudonym.ts";
import { Mistakes, Refused } from "../domain/refused.ts";
import { type Standing, holds, isBureau, mustRunSchool } from "../domain/rights.ts";
import { type Day, dayOf } from "../domain/time.ts";
import { CLASSES, CLASSES_BY_SCHOOL, CLASSES_BY_TEACHER, CONSENTS, INVITATIONS, POSTS, STUDENTS, STUDENTS_BY_GUARDIAN, STUDENTS_BY_SEAT, STUDENTS_BY_SUBJECT, SUBMISSIONS, SUBMISSIONS_BY_STUDENT, all, walk } from "../store/index.ts";
import { type Asker, guarded, standingOf, subjectOf } from "./ask.ts";
import { drop } from "./files.ts";
import { standsFor } from "./keys.ts";
import { byCode, codeOf } from "./posts.ts";
import { school } from "./schools.ts";

/** The most seats of a class. */
export const SEATS = 80;

/** Makes a class. The school's administrator. `key` makes the same request twice one class. @throws {Refusal} `not-permitted`, `not-found`, `fields`, `reused` for another class under the same key */
export const addClass = guarded((asker: Asker, at: string, input: Pick<Class, "name" | "grade" | "year">, key?: string): Class =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    mustRunSchool(who, school(at, tx).id);
    checkClass(input);
    const id = key === undefined ? random.code(10) : standsFor("classes", who.subject, key).slice(0, 16);
    const made: Class = { id, school: at, name: input.name.trim(), grade: input.grade, year: input.year };
    const again = tx.get(CLASSES, id)?.value;
    if (again !== undefined) {
      const same = again.school === at && again.name === made.name && again.grade === made.grade && again.year === made.year;
      if (!same) throw new Refused({ kind: "reused", id: key ?? id });
      return again;
    }
    tx.insert(CLASSES, made);
    tx.audit("class.add", made.id, { school: at });
    return made;
  }),
);

/** Gives a class to a teacher of the school, by their post. @throws {Refusal} `not-permitted`, `not-found` */
export const giveClass = guarded((asker: Asker, id: string, post: string): Class =>
  transact((tx) => {
    const before = classOf(id, tx);
    mustRunSchool(standingOf(asker, tx), before.school);
    const found = tx.get(POSTS, post)?.value;
    if (found === undefined || found.kind !== "teacher" || found.at !== before.school || found.to !== null) throw Refused.notFound("teacher");
    const given: Class = { ...before, teacher: found.subject, teacherSince: now() };
    tx.put(CLASSES, given);
    tx.audit("class.give", id, { post });
    return given;
  }),
);

/** So many classes of a school are sorted at once: with sixty a year, those of eight years. */
const MOST_CLASSES = 500;

/** A school's classes, of one school year when it is given. Open to its staff and the bureau. @throws {Refusal} `not-permitted` */
export const classesOf = guarded((asker: Asker, at: string, after?: string, year?: number): Page<Class> => {
  mustSeeClasses(standingOf(asker), at);
  return CLASSES.find(classesAt(at, year).limit(100).after(after));
});

/** As {@link classesOf}, as many as a page can sort: the latest ones, or those of one school year. @throws {Refusal} `not-permitted` */
export const allClassesOf = guarded((asker: Asker, at: string, year?: number): Class[] => {
  mustSeeClasses(standingOf(asker), at);
  return all(classesAt(at, year).descending(), MOST_CLASSES);
});

function classesAt(at: string, year: number | undefined): ReturnType<typeof CLASSES_BY_SCHOOL.all> {
  return year === undefined ? CLASSES_BY_SCHOOL.equals(at) : CLASSES_BY_SCHOOL.equals(at, year);
}

function mustSeeClasses(who: Standing, at: string): void {
  if (!isBureau(who) && !["admin", "reviewer", "teacher"].some((k) => holds(who, k as "admin", at))) mustRunSchool(who, at);
}

/** The classes that the asker teaches. */
export const myClasses = guarded((asker: Asker): Class[] => {
  const who = standingOf(asker);
  return all(CLASSES_BY_TEACHER.equals(who.subject), 100).filter((c) => holds(who, "teacher", c.school));
});

/** @throws {Refused} `not-found` */
export function classOf(id: string, tx?: Tx): Class {
  const found = id === "" || id.length > 64 ? undefined : tx === undefined ? CLASSES.get(id) : tx.get(CLASSES, id);
  if (found === undefined) throw Refused.notFound("class");
  return found.value;
}

/** Codes for the free seats of a class: its teacher or the school's administrator hands them out on paper. The same `key` answers the same codes for those that are free still. @throws {Refusal} `not-permitted`, `fields` */
export const seatCodes = guarded((asker: Asker, id: string, from: number, to: number, key?: string): { seat: number; code: string }[] =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    const of = mustRunClass(who, id, tx);
    const m = new Mistakes();
    m.whole(from, "/from", 1, SEATS);
    m.whole(to, "/to", from, SEATS);
    m.finish();
    const taken = new Set(all(STUDENTS_BY_SEAT.equals(of.id), SEATS, tx).map((s) => s.seat));
    const seats = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((s) => !taken.has(s));
    const codes = seats.map((seat) => ({ seat, ...codeOf(tx, who.subject, { kind: "seat", at: id, seat }, key) }));
    if (codes.some((c) => !c.known)) tx.audit("seat.invite", id, { from, to });
    return codes.map(({ seat, code }) => ({ seat, code }));
  }),
);

/** Whoever teaches the class, or runs its school. */
function mustRunClass(who: Standing, id: string, tx: Tx): Class {
  const of = classOf(id, tx);
  const teaches = of.teacher === who.subject && holds(who, "teacher", of.school);
  if (!teaches) mustRunSchool(who, of.school);
  return of;
}

/** What a student fills in. */
export type OwnSeat = Omit<Joining, "birth"> & { readonly code: string };

/** What a guardian fills in. */
export interface GuardianInput extends Joining {
  readonly code: string;
  /** That they are the guardian, and agree to the statement that the page shows. */
  readonly agrees: boolean;
}

/** A guardian consents, and the seat is their child's. The same code again by the same guardian answers the same child. @throws {Refusal} `code`, `fields`, `exists` when the seat was taken meanwhile */
export const consentForChild = guarded((asker: Asker, input: GuardianInput): Student =>
  transact((tx) => {
    const guardian = subjectOf(asker);
    const m = new Mistakes();
    m.check(input.agrees, "/agrees", "请阅读并勾选同意", "Read it, and tick that you agree");
    m.finish();
    // A pupil here speaks for no child, least of all for themselves.
    if (studentOf(guardian, tx) !== undefined) throw new Refused({ kind: "guardian-needed" });
    const id = random.code(16);
    const consent: Consent = { id: random.code(16), student: id, guardian, at: now(), statement: CONSENT_STATEMENT };
    return takeSeat(tx, input, { id, guardian }, (s) => s.guardian === guardian, consent);
  }),
);

/**
 * The asker's own date of birth, as the city knows it: whoever is 14 takes a seat alone. What somebody types would let a child be
 * as old as they like.
 *
 * @throws {AttributeError} `consent-required` until they let the app read it
 * @throws {Refusal} `guardian-needed` for a child, and for who has none on record
 */
export const ownBirth = guarded((asker: Asker): Day => {
  subjectOf(asker);
  const birth = birthOnRecord();
  if (birth === undefined || needsGuardian(birth, dayOf(now()))) throw new Refused({ kind: "guardian-needed" });
  return birth;
});

function birthOnRecord(): Day | undefined {
  try {
    return identity.attribute("birth-date");
  } catch (e) {
    if (e instanceof AttributeError && e.code === "absent") return undefined;
    throw e;
  }
}

/** Somebody of 14 or older takes their seat, by {@link ownBirth}. Of a child nothing is kept. @throws {AttributeError} @throws {Refusal} `guardian-needed`, `code`, `fields`, `exists` */
export const takeOwnSeat = guarded((asker: Asker, input: OwnSeat): Student =>
  transact((tx) => {
    const subject = subjectOf(asker);
    const me = studentOf(subject, tx);
    const again = me !== undefined && byCode(tx, input.code, ["seat"]).made === me.id;
    if (me !== undefined && !again) throw new Refused({ kind: "exists", what: "student", id: "" });
    if (me !== undefined) return me;
    const joining = { code: input.code, name: input.name, birth: ownBirth(asker) };
    return takeSeat(tx, joining, { id: random.code(16), subject }, (s) => s.subject === subject, undefined);
  }),
);

function takeSeat(tx: Tx, input: Joining & { readonly code: string }, who: Omit<Taker, "secret">, isTheirs: (s: Student) => boolean, consent: Consent | undefined): Student {
  const found = byCode(tx, input.code, ["seat"]);
  if (found.made !== undefined) {
    const made = tx.get(STUDENTS, found.made)?.value;
    if (made === undefined || !isTheirs(made)) throw new Refused({ kind: "code" });
    return made;
  }
  const of = classOf(found.at, tx);
  const seat = { school: of.school, class: of.id, seat: found.seat ?? 0 };
  mustBeFree(tx, of.id, seat.seat);
  const student = enrol({ ...who, secret: secretOf(random.bytes(32)) }, input, seat, consent, now());
  if (consent !== undefined) tx.insert(CONSENTS, consent);
  tx.insert(STUDENTS, student);
  tx.put(INVITATIONS, { ...found, made: student.id });
  tx.audit(consent === undefined ? "student.join" : "consent.give", student.id, { class: of.id });
  return student;
}

function mustBeFree(tx: Tx, of: string, seat: number): void {
  if (tx.find(STUDENTS_BY_SEAT.equals(of, seat).limit(1)).items.length > 0) throw new Refused({ kind: "exists", what: "student", id: String(seat) });
}

/** A code by which a child's own account is bound to them: the guardian's. The same `key` answers the same code. @throws {Refusal} `not-found`, `fields` */
export const accountCode = guarded((asker: Asker, student: string, key?: string): string =>
  transact((tx) => {
    const guardian = subjectOf(asker);
    const child = childOf(tx, guardian, student);
    return codeOf(tx, guardian, { kind: "account", at: child.id }, key).code;
  }),
);

/** A child binds their own account by the guardian's code. @throws {Refusal} `code`, `exists` */
export const bindAccount = guarded((asker: Asker, code: string): Student =>
  transact((tx) => {
    const subject = subjectOf(asker);
    const found = byCode(tx, code, ["account"]);
    const child = tx.get(STUDENTS, found.at)?.value;
    if (child === undefined) throw new Refused({ kind: "code" });
    if (child.subject === subject) return child;
    // The guardian's own account is not the child's.
    if (found.made !== undefined || subject === child.guardian) throw new Refused({ kind: "code" });
    if (studentOf(subject, tx) !== undefined) throw new Refused({ kind: "exists", what: "student", id: "" });
    const bound: Student = { ...child, subject, holder: subject };
    tx.put(STUDENTS, bound);
    // What was handed in for the child is the child's own from now on: to read, and to have erased.
    publish(tx, { topic: "student.bound", key: child.id, data: { student: child.id } });
    tx.put(INVITATIONS, { ...found, made: child.id });
    return bound;
  }),
);

/** The asker as a student; `undefined` when they are none. */
export const meAsStudent = guarded((asker: Asker): Student | undefined => studentOf(subjectOf(asker)));

/** The school that somebody learns or works at; `undefined` for everybody else. */
export const mySchool = guarded((asker: Asker): string | undefined => {
  if (asker.subject === undefined || asker.kind === "anonymous") return undefined;
  const student = studentOf(asker.subject);
  if (student !== undefined) return student.school;
  const who = standingOf(asker);
  return who.posts.find((p) => p.kind !== "county" && isHeld(p, who.now))?.at;
});

/** The student whose account it is. */
export function studentOf(subject: string, tx?: Tx): Student | undefined {
  const query = STUDENTS_BY_SUBJECT.equals(subject).limit(1);
  return (tx === undefined ? STUDENTS.find(query) : tx.find(query)).items[0]?.value;
}

/** A guardian's children. */
export const myChildren = guarded((asker: Asker): Student[] => all(STUDENTS_BY_GUARDIAN.equals(subjectOf(asker)), 20));

/** A class's students, by seat: for its teacher and the school's administrator. Those without a consent in force are left out. @throws {Refusal} `not-permitted`, `not-found` */
export const studentsOf = guarded((asker: Asker, id: string): Pick<Student, "id" | "seat" | "name">[] =>
  transact((tx) => {
    mustRunClass(standingOf(asker, tx), id, tx);
    return all(STUDENTS_BY_SEAT.equals(id), SEATS, tx).filter((s) => isKept(s, tx)).map(({ id: student, seat, name }) => ({ id: student, seat, name }));
  }),
);

/** Whether a student's data may be used today. */
export function isKept(s: Student, tx: Tx): boolean {
  const consent = s.consent === undefined ? undefined : tx.get(CONSENTS, s.consent)?.value;
  return mayKeep(s, consent, dayOf(now()));
}

/** Moves a student to another class; of another school, as after a merger, by the bureau alone. @throws {Refusal} `not-permitted`, `not-found`, `fields`, `exists` */
export const moveStudent = guarded((asker: Asker, student: string, to: string, seat: number): void =>
  transact((tx) => {
    const found = tx.get(STUDENTS, student)?.value;
    const of = classOf(to, tx);
    const who = standingOf(asker, tx);
    mustRunSchool(who, of.school);
    // Whoever runs one school neither takes from another, nor learns whether such a student is there.
    if (found === undefined || (found.school !== of.school && !isBureau(who))) throw Refused.notFound("student");
    const m = new Mistakes();
    m.whole(seat, "/seat", 1, SEATS);
    m.finish();
    if (found.class !== to || found.seat !== seat) mustBeFree(tx, to, seat);
    tx.put(STUDENTS, transfer(found, { school: of.school, class: to, seat }, now()));
    tx.audit("student.move", student, { to, seat });
  }),
);

/** A guardian takes the consent back: the child is erased. @throws {Refusal} `not-found` */
export const withdrawConsent = guarded((asker: Asker, student: string): void =>
  transact((tx) => {
    const child = childOf(tx, subjectOf(asker), student);
    erase(tx, child);
    tx.audit("consent.withdraw", student);
  }),
);

/** Erases a student: at their own wish, or the bureau's order. What was counted stays. @throws {Refusal} `not-found`, `not-permitted` */
export const eraseStudent = guarded((asker: Asker, student: string): void =>
  transact((tx) => {
    const found = tx.get(STUDENTS, student)?.value;
    const who = standingOf(asker, tx);
    if (found === undefined || (found.subject !== who.subject && !isBureau(who))) throw Refused.notFound("student");
    erase(tx, found);
    tx.audit("student.erase", student);
  }),
);

function childOf(tx: Tx, guardian: string, student: string): Student {
  const found = student === "" || student.length > 64 ? undefined : tx.get(STUDENTS, student)?.value;
  if (found === undefined || found.guardian !== guardian) throw Refused.notFound("student");
  return found;
}

/** The identity goes with this commit, and the secret of the pseudonyms with it; what was handed in follows page by page. */
function erase(tx: Tx, s: Student): void {
  tx.delete(STUDENTS, s.id);
  const consent = s.consent === undefined ? undefined : tx.get(CONSENTS, s.consent)?.value;
  if (consent !== undefined && consent.withdrawn === undefined) tx.put(CONSENTS, { ...consent, withdrawn: now() });
  publish(tx, { topic: "student.erased", key: s.id, data: { student: s.id } });
}

const OfStudent = z.object({ student: z.string() });
const SUBMISSIONS_AT_ONCE = 50;

/** Gives a child whose account was bound what the guardian had handed in before, a page a message; deletes it where the child is erased since. */
export function handOver(event: Event, tx: Tx): void {
  const { student } = event.json(OfStudent);
  const holder = tx.get(STUDENTS, student)?.value.holder;
  if (holder === undefined) return eraseSubmissions(event, tx);
  let left = SUBMISSIONS_AT_ONCE;
  for (const submission of walk(SUBMISSIONS_BY_STUDENT.equals(student), Number.POSITIVE_INFINITY, tx)) {
    if (submission.holder === holder) continue;
    if (left === 0) break;
    tx.put(SUBMISSIONS, { ...submission, holder });
    left -= 1;
  }
  if (left === 0) publish(tx, { topic: "student.bound", key: student, data: { student } });
}

/** Deletes what an erased student handed in, a page a message. */
export function eraseSubmissions(event: Event, tx: Tx): void {
  const { student } = event.json(OfStudent);
  const page = tx.find(SUBMISSIONS_BY_STUDENT.equals(student).limit(SUBMISSIONS_AT_ONCE));
  for (const { id, value } of page.items) {
    drop(tx, value.files);
    tx.delete(SUBMISSIONS, id);
  }
  if (page.next !== undefined) publish(tx, { topic: "student.erased", key: student, data: { student } });
}
