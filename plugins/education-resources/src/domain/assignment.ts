/** Assignments: hand out, hand in, mark. draft → handed-out → closed; what is handed in: handed-in → marked | returned → handed-in. */
import type { FileRef } from "./resource.ts";
import { Mistakes, Refused } from "./refused.ts";

/** States of an assignment and its steps. */
export type AssignmentState = "draft" | "handed-out" | "closed";
export type AssignmentStep = "edit" | "hand-out" | "hand-in" | "close";
const ALLOWS: Readonly<Record<AssignmentState, readonly AssignmentStep[]>> = {
  draft: ["edit", "hand-out"],
  "handed-out": ["hand-in", "close"],
  closed: [],
};

/** What is filled in. */
export interface AssignmentInput {
  readonly title: string;
  readonly text: string;
  /** Published resources that belong to it. */
  readonly resources: readonly string[];
  /** Until when it is to be handed in (ms); later is marked as late. */
  readonly due: number;
}

/** An assignment of a class. */
export interface Assignment extends AssignmentInput {
  readonly id: string;
  readonly class: string;
  readonly school: string;
  readonly state: AssignmentState;
  readonly handedOutAt?: number;
}

/** What a student handed in. Its id is `assignment/student`: one of each. */
export interface Submission {
  readonly id: string;
  readonly assignment: string;
  readonly class: string;
  readonly student: string;
  /** The accounts whose data it is. */
  /** Who held the rights in the student's documents when it was handed in. */
  readonly holder: string;
  readonly state: "handed-in" | "marked" | "returned";
  readonly text: string;
  readonly files: readonly FileRef[];
  readonly at: number;
  readonly late: boolean;
  /** How often it was handed in. */
  readonly times: number;
  /** 0 to 100. */
  readonly mark?: number;
  readonly comment: string;
}

/** Checks what is filled in. @throws {Refused} `fields` */
export function checkAssignment(input: AssignmentInput, now: number): void {
  const m = new Mistakes();
  m.text(input.title, "/title", 1, 60);
  m.text(input.text, "/text", 0, 4000);
  m.check(input.resources.length <= 20 && new Set(input.resources).size === input.resources.length, "/resources", "最多 20 个不同的资源", "At most 20 different resources");
  m.whole(input.due, "/due", 0, Number.MAX_SAFE_INTEGER);
  m.check(input.due > now, "/due", "截止时间应在现在之后", "The due time must be later than now");
  m.finish();
}

/** @throws {Refused} `wrong-state` */
export function allow(a: Assignment, step: AssignmentStep): void {
  const allowed = ALLOWS[a.state];
  if (!allowed.includes(step)) throw new Refused({ kind: "wrong-state", thing: "assignment", state: a.state, step, allowed });
}

/** Hands it out to the class. @throws {Refused} `wrong-state` */
export function handOut(a: Assignment, now: number): Assignment {
  allow(a, "hand-out");
  return { ...a, state: "handed-out", handedOutAt: now };
}

/** Nothing is handed in any more. @throws {Refused} `wrong-state` */
export function close(a: Assignment): Assignment {
  allow(a, "close");
  return { ...a, state: "closed" };
}

/** Who hands in, and what. */
export interface HandIn {
  readonly student: string;
  /** Who held the rights in the student's documents when it was handed in. */
  readonly holder: string;
  readonly text: string;
  readonly files: readonly FileRef[];
}

/**
 * Hands in, or once more as long as it was not marked. The same again changes nothing.
 *
 * @throws {Refused} `wrong-state`; `fields` when there is neither text nor file
 */
export function handIn(a: Assignment, before: Submission | undefined, given: HandIn, now: number): Submission {
  allow(a, "hand-in");
  const m = new Mistakes();
  m.text(given.text, "/text", 0, 4000);
  m.check(given.text.trim() !== "" || given.files.length > 0, "/text", "请填写答案或上传文件", "Write an answer or upload a file");
  m.check(given.files.length <= 5, "/files", "最多 5 个文件", "At most 5 files");
  m.finish();
  if (before !== undefined) {
    if (before.state === "marked") throw new Refused({ kind: "wrong-state", thing: "submission", state: "marked", step: "hand-in", allowed: ["return"] });
    const same = before.state === "handed-in" && before.text === given.text && before.files.map((f) => f.id).join() === given.files.map((f) => f.id).join();
    if (same) return before;
  }
  return {
    id: `${a.id}/${given.student}`,
    assignment: a.id,
    class: a.class,
    ...given,
    state: "handed-in",
    at: now,
    late: now > a.due,
    times: (before?.times ?? 0) + 1,
    comment: "",
  };
}

/** Marks what was handed in; marking again corrects the mark. @throws {Refused} `wrong-state`, `fields` */
export function mark(s: Submission, points: number, comment: string): Submission {
  if (s.state === "returned") throw new Refused({ kind: "wrong-state", thing: "submission", state: s.state, step: "mark", allowed: ["hand-in"] });
  const m = new Mistakes();
  m.whole(points, "/mark", 0, 100);
  m.text(comment, "/comment", 0, 1000);
  m.finish();
  return { ...s, state: "marked", mark: points, comment: comment.trim() };
}

/** Gives it back to be done again. @throws {Refused} `fields` without a comment */
export function giveBack(s: Submission, comment: string): Submission {
  const m = new Mistakes();
  m.text(comment, "/comment", 1, 1000);
  m.finish();
  const { mark: _mark, ...rest } = s;
  return { ...rest, state: "returned", comment: comment.trim() };
}
