/** Spaces: a teacher's own, and one of each class. A shelf of published resources, and notes that the teacher writes. */
import { Mistakes } from "./refused.ts";

/** Most resources of a shelf. */
export const SHELF = 200;
/** Most notes of a space; the oldest give way. */
export const NOTES = 50;

/** A note of a space. */
export interface Note {
  readonly id: string;
  readonly text: string;
  readonly at: number;
}

/** A space. A teacher's moves along with them; a class's stays with the class. */
export interface Space {
  /** `teacher/<number>` or `class/<class>`. */
  readonly id: string;
  readonly kind: "teacher" | "class";
  /** The teacher, of a teacher's space. */
  readonly owner?: string;
  readonly class?: string;
  readonly title: string;
  readonly shelf: readonly string[];
  readonly notes: readonly Note[];
}

/** Puts a resource on the shelf, first; again moves it there. @throws {Refused} `fields` when the shelf is full */
export function shelve(space: Space, resource: string): Space {
  const shelf = [resource, ...space.shelf.filter((r) => r !== resource)];
  const m = new Mistakes();
  m.check(shelf.length <= SHELF, "/resource", `空间最多收藏 ${SHELF} 个资源`, `A shelf holds at most ${SHELF} resources`);
  m.finish();
  return { ...space, shelf };
}

/** Takes a resource off the shelf. */
export function unshelve(space: Space, resource: string): Space {
  return { ...space, shelf: space.shelf.filter((r) => r !== resource) };
}

/** Writes a note. @throws {Refused} `fields` */
export function write(space: Space, note: Note): Space {
  const m = new Mistakes();
  m.text(note.text, "/text", 1, 1000);
  m.finish();
  return { ...space, notes: [{ ...note, text: note.text.trim() }, ...space.notes.filter((n) => n.id !== note.id)].slice(0, NOTES) };
}
