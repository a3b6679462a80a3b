/** Spaces of teachers and of classes. */
import { type Tx, now, transact } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";
import { Refused } from "../domain/refused.ts";
import { isVisible } from "../domain/resource.ts";
import { type Standing, holds, mustTeach, mustTeachAt, schoolOf } from "../domain/rights.ts";
import { type Space, shelve, unshelve, write } from "../domain/space.ts";
import { RESOURCES, SPACES, SPACES_BY_OWNER, STUDENTS_BY_GUARDIAN, all } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { classOf, studentOf } from "./students.ts";

/** A space with what of its shelf is visible today: a withdrawn resource is gone from every shelf at once. */
export interface OpenSpace {
  readonly space: Space;
  readonly shelf: readonly { readonly id: string; readonly title: string }[];
}

/** The asker's own space as a teacher; made at the first look. @throws {Refusal} `not-permitted` */
export const mySpace = guarded((asker: Asker): OpenSpace =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    mustTeachAt(who, schoolOf(who));
    return opened(tx, own(tx, who));
  }),
);

/** A class's space: for its teacher, its students and their guardians. @throws {Refusal} `not-found` for everybody else */
export const classSpace = guarded((asker: Asker, id: string): OpenSpace =>
  transact((tx) => {
    mustBelong(tx, standingOf(asker, tx), id);
    return opened(tx, spaceOf(tx, id));
  }),
);

/** Puts a published resource on a shelf: of the asker's own space (`undefined`), or of a class that they teach. @throws {Refusal} `not-permitted`, `not-found`, `fields` */
export const shelveResource = guarded((asker: Asker, of: string | undefined, resource: string): Space =>
  change(asker, of, (space, tx) => {
    const found = resource === "" || resource.length > 64 ? undefined : tx.get(RESOURCES, resource)?.value;
    if (found === undefined || !isVisible(found, now())) throw Refused.notFound("resource");
    return shelve(space, resource);
  }),
);

/** Takes a resource off a shelf. @throws {Refusal} `not-permitted`, `not-found` */
export const unshelveResource = guarded((asker: Asker, of: string | undefined, resource: string): Space => change(asker, of, (space) => unshelve(space, resource)));

/** Writes a note. @throws {Refusal} `not-permitted`, `not-found`, `fields` */
export const writeNote = guarded((asker: Asker, of: string | undefined, text: string, key: string = random.code(10)): Space =>
  change(asker, of, (space) => write(space, { id: key, text, at: now() })),
);

function change(asker: Asker, of: string | undefined, f: (space: Space, tx: Tx) => Space): Space {
  return transact((tx) => {
    const who = standingOf(asker, tx);
    if (of === undefined) mustTeachAt(who, schoolOf(who));
    else mustTeach(who, classOf(of, tx));
    const changed = f(of === undefined ? own(tx, who) : spaceOf(tx, of), tx);
    tx.put(SPACES, changed);
    return changed;
  });
}

function own(tx: Tx, who: Standing): Space {
  const found = tx.find(SPACES_BY_OWNER.equals(who.subject).limit(1)).items[0]?.value;
  if (found !== undefined) return found;
  const made: Space = { id: `teacher/${random.code(12)}`, kind: "teacher", owner: who.subject, title: "", shelf: [], notes: [] };
  tx.insert(SPACES, made);
  return made;
}

function spaceOf(tx: Tx, of: string): Space {
  const id = `class/${of}`;
  return tx.get(SPACES, id)?.value ?? { id, kind: "class", class: of, title: classOf(of, tx).name, shelf: [], notes: [] };
}

/** Its teacher, its students, their guardians. @throws {Refused} `not-found` */
export function mustBelong(tx: Tx, who: Standing, of: string): void {
  const found = classOf(of, tx);
  const teaches = found.teacher === who.subject && holds(who, "teacher", found.school);
  const sits = studentOf(who.subject, tx)?.class === of;
  const child = all(STUDENTS_BY_GUARDIAN.equals(who.subject), 20, tx).some((s) => s.class === of);
  if (!teaches && !sits && !child) throw Refused.notFound("class");
}

function opened(tx: Tx, space: Space): OpenSpace {
  const shelf = space.shelf.flatMap((id) => {
    const found = tx.get(RESOURCES, id)?.value;
    return found !== undefined && isVisible(found, now()) ? [{ id, title: found.metadata?.title ?? "" }] : [];
  });
  return { space, shelf };
}
