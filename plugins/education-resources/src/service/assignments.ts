/** Assignments: a teacher hands out, a student or the guardian hands in, the teacher marks. */
import { type Page, type Tx, MessagingError, notify, now, transact } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";
import { type Assignment, type AssignmentInput, type Submission, allow, checkAssignment, close, giveBack, handIn, handOut, mark } from "../domain/assignment.ts";
import { Refused } from "../domain/refused.ts";
import { isVisible } from "../domain/resource.ts";
import { mustTeach } from "../domain/rights.ts";
import type { Student } from "../domain/people.ts";
import { t } from "../domain/text.ts";
import { ASSIGNMENTS, ASSIGNMENTS_BY_CLASS, RESOURCES, STUDENTS, SUBMISSIONS, SUBMISSIONS_BY_ASSIGNMENT } from "../store/index.ts";
import { type Asker, guarded, standingOf, subjectOf } from "./ask.ts";
import { drop, inspect, keep } from "./files.ts";
import { mustBelong } from "./spaces.ts";
import { classOf, isKept, studentOf } from "./students.ts";

/** Writes a draft for a class that the asker teaches; `id` changes the one that is there. @throws {Refusal} `not-permitted`, `not-found`, `fields`, `wrong-state` */
export const saveAssignment = guarded((asker: Asker, of: string, input: AssignmentInput, id: string = random.code(12)): Assignment =>
  transact((tx) => {
    const here = classOf(of, tx);
    mustTeach(standingOf(asker, tx), here);
    checkAssignment(input, now());
    for (const r of input.resources) {
      const found = tx.get(RESOURCES, r)?.value;
      if (found === undefined || !isVisible(found, now())) throw Refused.notFound("resource");
    }
    const before = tx.get(ASSIGNMENTS, id)?.value;
    if (before !== undefined) {
      if (before.class !== of) throw Refused.notFound("assignment");
      allow(before, "edit");
    }
    const { title, text, resources, due } = input;
    const saved: Assignment = { id, class: of, school: here.school, state: "draft", title: title.trim(), text, resources, due };
    tx.put(ASSIGNMENTS, saved);
    return saved;
  }),
);

/** Hands a draft out to the class. @throws {Refusal} `not-permitted`, `not-found`, `wrong-state` */
export const handOutAssignment = guarded((asker: Asker, id: string): Assignment => step(asker, id, (a) => handOut(a, now()), "assignment.hand-out"));

/** Nothing more is handed in. @throws {Refusal} `not-permitted`, `not-found`, `wrong-state` */
export const closeAssignment = guarded((asker: Asker, id: string): Assignment => step(asker, id, close, "assignment.close"));

function step(asker: Asker, id: string, f: (a: Assignment) => Assignment, verb: string): Assignment {
  return transact((tx) => {
    const before = assignment(id, tx);
    mustTeach(standingOf(asker, tx), classOf(before.class, tx));
    const after = f(before);
    tx.put(ASSIGNMENTS, after);
    tx.audit(verb, id);
    return after;
  });
}

/** A class's assignments, the latest due first; drafts are the teacher's alone. @throws {Refusal} `not-found` */
export const assignmentsOf = guarded((asker: Asker, of: string, after?: string): Page<Assignment> =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    mustBelong(tx, who, of);
    const page = tx.find(ASSIGNMENTS_BY_CLASS.equals(of).descending().limit(50).after(after));
    const teaches = classOf(of, tx).teacher === who.subject;
    return { ...page, items: page.items.filter((a) => teaches || a.value.state !== "draft") };
  }),
);

/** An assignment, for those of its class. @throws {Refusal} `not-found` */
export const assignmentById = guarded((asker: Asker, id: string): Assignment =>
  transact((tx) => {
    const found = assignment(id, tx);
    const who = standingOf(asker, tx);
    mustBelong(tx, who, found.class);
    if (found.state === "draft" && classOf(found.class, tx).teacher !== who.subject) throw Refused.notFound("assignment");
    return found;
  }),
);

function assignment(id: string, tx: Tx): Assignment {
  const found = id === "" || id.length > 64 ? undefined : tx.get(ASSIGNMENTS, id)?.value;
  if (found === undefined) throw Refused.notFound("assignment");
  return found;
}

/** What is handed in: a text, ids of uploaded files, and for which child when a guardian does it. */
export interface HandInInput {
  readonly text: string;
  readonly files: readonly string[];
  readonly child?: string;
}

/** Hands in, or once more before it is marked. The student, or the guardian for a child. @throws {Refusal} `not-found`, `guardian-needed`, `wrong-state`, `fields`, `file` */
export const handInAssignment = guarded((asker: Asker, id: string, input: HandInInput): Submission => {
  const subject = subjectOf(asker);
  const to = (student: string): string => `submissions/${id}/${student}`;
  const known = transact((tx) => studentFor(tx, subject, input.child));
  const files = input.files.slice(0, 6).map((f) => inspect(f, "answers", subject, to(known.id)));
  return transact((tx) => {
    const s = studentFor(tx, subject, input.child);
    const of = assignment(id, tx);
    if (of.class !== s.class || of.state === "draft") throw Refused.notFound("assignment");
    if (!isKept(s, tx)) throw new Refused({ kind: "guardian-needed" });
    const before = tx.get(SUBMISSIONS, `${id}/${s.id}`)?.value;
    const given = { student: s.id, holder: s.holder, text: input.text, files };
    const after = handIn(of, before, given, now());
    if (after === before) return after;
    tx.put(SUBMISSIONS, after);
    keep(tx, files, to(s.id));
    drop(tx, (before?.files ?? []).filter((f) => !files.some((n) => n.id === f.id)));
    return after;
  });
});

function studentFor(tx: Tx, subject: string, child: string | undefined): Student {
  if (child === undefined) {
    const me = studentOf(subject, tx);
    if (me === undefined) throw Refused.notFound("student");
    return me;
  }
  const found = child === "" || child.length > 64 ? undefined : tx.get(STUDENTS, child)?.value;
  if (found === undefined || found.guardian !== subject) throw Refused.notFound("student");
  return found;
}

/** What was handed in, for the class's teacher. @throws {Refusal} `not-permitted`, `not-found` */
export const submissionsOf = guarded((asker: Asker, id: string, after?: string): Page<Submission> =>
  transact((tx) => {
    mustTeach(standingOf(asker, tx), classOf(assignment(id, tx).class, tx));
    return tx.find(SUBMISSIONS_BY_ASSIGNMENT.equals(id).limit(100).after(after));
  }),
);

/** One's own answer, or one's child's; the teacher's by `submissionsOf`. `undefined` when nothing was handed in. @throws {Refusal} `not-found` */
export const mySubmission = guarded((asker: Asker, id: string, child?: string): Submission | undefined =>
  transact((tx) => tx.get(SUBMISSIONS, `${assignment(id, tx).id}/${studentFor(tx, subjectOf(asker), child).id}`)?.value),
);

/** Marks, 0 to 100. @throws {Refusal} `not-permitted`, `not-found`, `wrong-state`, `fields` */
export const markSubmission = guarded((asker: Asker, id: string, student: string, points: number, comment: string): Submission => judge(asker, id, student, (s) => mark(s, points, comment)));

/** Gives it back to be done again. @throws {Refusal} `not-permitted`, `not-found`, `fields` */
export const giveBackSubmission = guarded((asker: Asker, id: string, student: string, comment: string): Submission => judge(asker, id, student, (s) => giveBack(s, comment)));

function judge(asker: Asker, id: string, student: string, f: (s: Submission) => Submission): Submission {
  return transact((tx) => {
    const of = assignment(id, tx);
    mustTeach(standingOf(asker, tx), classOf(of.class, tx));
    const before = tx.get(SUBMISSIONS, `${id}/${student}`)?.value;
    if (before === undefined) throw Refused.notFound("submission");
    const after = f(before);
    tx.put(SUBMISSIONS, after);
    tx.audit("submission.judge", id, { state: after.state });
    const path = `/assignments/${id}`;
    const whose = tx.get(STUDENTS, student)?.value;
    for (const recipient of [whose?.subject, whose?.guardian]) if (recipient !== undefined) note(tx, recipient, of.title, path);
    return after;
  });
}

function note(tx: Tx, recipient: string, title: string, path: string): void {
  try {
    notify(tx, { recipient, title: t("作业已批改", "An assignment was marked"), body: { zh: `《${title}》`, en: `“${title}”` }, path });
  } catch (e) {
    if (!(e instanceof MessagingError && e.code === "unknown-recipient")) throw e;
  }
}

/** A file that was handed in: for the class's teacher, the student and the guardian. Answers its id. @throws {Refusal} `not-found` */
export const answerFile = guarded((asker: Asker, id: string, student: string, file: string): string =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    const found = tx.get(SUBMISSIONS, `${id}/${student}`)?.value;
    if (found === undefined || !found.files.some((f) => f.id === file)) throw Refused.notFound("file");
    const whose = tx.get(STUDENTS, student)?.value;
    const own = whose !== undefined && (whose.subject === who.subject || whose.guardian === who.subject);
    if (!own) mustTeach(who, classOf(found.class, tx));
    return file;
  }),
);
