/** Uses: taken from pupils' devices and from classes without a network, judged, and counted once. */
import { type Tx, now, transact } from "@yunlong/sdk";
import { type Student, enrolmentAt } from "../domain/people.ts";
import { pseudonym } from "../domain/pseudonym.ts";
import { Refused } from "../domain/refused.ts";
import { mustTeach } from "../domain/rights.ts";
import { t } from "../domain/text.ts";
import { monthOf } from "../domain/time.ts";
import { type Use, type UseInput, cellKey, checkUse, judge, mustBeSame, useDayId } from "../domain/use.ts";
import { COUNTERS, RESOURCES, STUDENTS_BY_SEAT, USES, USE_DAYS, USE_PEOPLE } from "../store/index.ts";
import { type Asker, guarded, standingOf, subjectOf } from "./ask.ts";
import { classOf, isKept, studentOf } from "./students.ts";

/** The most uses of one request. */
export const MOST_USES = 500;
/** So many are one commit: one that conflicts loses little. */
const CHUNK = 25;

/** What became of a use: counted or kept under a rule; `again` when it was known; refused with the kind of the refusal. */
export type UseResult =
  | { readonly id: string; readonly result: Use["verdict"] | "again" }
  | { readonly id: string; readonly result: "refused"; readonly why: string };

/** Takes a pupil's own uses. The same again changes nothing. @throws {Refusal} `not-found` when the asker is no student, `too-much` */
export const recordUses = guarded((asker: Asker, uses: readonly UseInput[], agent: string): UseResult[] => {
  const subject = subjectOf(asker);
  return inChunks(uses, (tx, use) => {
    const me = studentOf(subject, tx);
    if (me === undefined) throw Refused.notFound("student");
    return record(tx, me, use, agent);
  });
});

/** A use of a class without a network: whose seat it was. */
export interface ClassUse extends UseInput {
  readonly seat: number;
}

/** Takes what a class queued: from its teacher. A seat that nobody consented for is refused, and nothing of it is kept. @throws {Refusal} `not-permitted`, `not-found`, `too-much` */
export const recordClassUses = guarded((asker: Asker, of: string, uses: readonly ClassUse[], agent: string): UseResult[] => {
  mustTeach(standingOf(asker), classOf(of));
  return inChunks(uses, (tx, { seat, ...use }) => {
    mustTeach(standingOf(asker, tx), classOf(of, tx));
    const sits = Number.isSafeInteger(seat) ? tx.find(STUDENTS_BY_SEAT.equals(of, seat).limit(1)).items[0]?.value : undefined;
    if (sits === undefined) throw new Refused({ kind: "guardian-needed" });
    return record(tx, sits, use, agent);
  });
});

function inChunks<U extends UseInput>(uses: readonly U[], f: (tx: Tx, use: U) => UseResult): UseResult[] {
  if (uses.length > MOST_USES) throw new Refused({ kind: "too-much", what: t("条使用记录", "uses at once"), most: MOST_USES });
  const out: UseResult[] = [];
  for (let at = 0; at < uses.length; at += CHUNK) {
    out.push(...transact((tx) => uses.slice(at, at + CHUNK).map((use) => orRefused(use.id, () => f(tx, use)))));
  }
  return out;
}

/** One that is refused does not hold up the others of a queue. */
function orRefused(id: string, f: () => UseResult): UseResult {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof Refused) || e.why.kind === "not-permitted") throw e;
    return { id, result: "refused", why: e.why.kind };
  }
}

function record(tx: Tx, student: Student, input: UseInput, agent: string): UseResult {
  const { id, resource, at, seconds } = input;
  checkUse(input, now());
  if (!isKept(student, tx)) throw new Refused({ kind: "guardian-needed" });
  const who = pseudonym(student.secret, monthOf(at));
  const kept = tx.get(USES, id)?.value;
  if (kept !== undefined) {
    mustBeSame(kept, input, who);
    return { id, result: "again" };
  }
  // A class without a network may have used what was withdrawn since; what was never published it cannot have used.
  const found = tx.get(RESOURCES, resource)?.value;
  if (found === undefined || !found.history.some((h) => h.state === "published")) throw Refused.notFound("resource");
  const seat = enrolmentAt(student, at);
  if (seat === undefined) throw Refused.notFound("class");
  const day = tx.get(USE_DAYS, useDayId(who, at))?.value;
  const judged = judge({ id, resource, at, seconds }, who, seat.school, day, agent);
  tx.insert(USES, judged.use);
  if (judged.use.verdict === "counted") {
    tx.put(USE_DAYS, judged.day);
    count(tx, judged.use);
  }
  return { id, result: judged.use.verdict };
}

function count(tx: Tx, use: Use): void {
  const key = cellKey(use.school, use.month);
  tx.adjust(COUNTERS.uses, key, 1, { min: 0 });
  tx.adjust(COUNTERS.seconds, key, use.seconds, { min: 0 });
  tx.adjust(COUNTERS.resource, use.resource, 1, { min: 0 });
  const person = { id: `${key}/${use.who}` };
  if (tx.get(USE_PEOPLE, person.id) !== undefined) return;
  tx.insert(USE_PEOPLE, person);
  tx.adjust(COUNTERS.people, key, 1, { min: 0 });
}
