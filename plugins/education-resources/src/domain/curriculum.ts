/**
 * The curriculum tree: stage, subject, grade, volume, textbook edition, unit, standard item.
 *
 * A node's id is its path, the codes joined by dots: `primary.math.3.1.sujiao-2022.2.1`. So a node says its stage and its
 * subject, and no node can be its own ancestor.
 */
import { Mistakes, Refused } from "./refused.ts";
import { STAGES, SUBJECTS, isWord } from "./vocabulary.ts";

/** The levels, from the root. */
export const LEVELS = ["stage", "subject", "grade", "volume", "edition", "unit", "item"] as const;
export type Level = (typeof LEVELS)[number];

/** A node. */
export interface Node {
  /** The path of codes. */
  readonly id: string;
  /** The path of the parent; empty for a stage. */
  readonly parent: string;
  readonly level: Level;
  readonly zh: string;
  readonly en: string;
  /** Its place among its siblings. */
  readonly order: number;
  /** Whether new resources may stand there: an edition that went out of use is kept for those that do. */
  readonly active: boolean;
  /** Where what stands here is found in the edition that took its place. */
  readonly replacedBy: string | null;
}

/** What is filled in for a node. */
export interface NodeInput {
  readonly parent: string;
  /** The last part of the id: 1 to 24 small letters, digits or `-`. */
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly order: number;
}

/** The level of an id by the number of its parts; `undefined` when it can be none. */
export function levelOf(id: string): Level | undefined {
  const parts = id.split(".");
  return parts.every((p) => /^[a-z0-9-]{1,24}$/.test(p)) ? LEVELS[parts.length - 1] : undefined;
}

/** The ids from the stage down to the node itself. */
export function pathOf(id: string): readonly string[] {
  const parts = id.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

/** The id of the ancestor at a level (the node itself included); `undefined` when it stands higher. */
export function ancestor(id: string, level: Level): string | undefined {
  return pathOf(id)[LEVELS.indexOf(level)];
}

/** Whether something stands at a node or below it. */
export function under(id: string, node: string): boolean {
  return id === node || id.startsWith(`${node}.`);
}

/** A new node under `parent`. @throws {Refused} `fields` */
export function addNode(input: NodeInput, parent: Node | undefined): Node {
  const m = new Mistakes();
  m.check(/^[a-z0-9-]{1,24}$/.test(input.code), "/code", "代码为 1 至 24 个小写字母、数字或 -", "1 to 24 small letters, digits or -");
  m.text(input.zh, "/zh", 1, 60);
  m.text(input.en, "/en", 1, 120);
  m.whole(input.order, "/order", 0, 9999);
  const orphan = input.parent !== "" && parent === undefined;
  m.check(!orphan, "/parent", "没有这个上级节点", "There is no such node above");
  m.check(parent === undefined || parent.active, "/parent", "上级节点已停用", "The node above is out of use");
  const id = parent === undefined ? input.code : `${parent.id}.${input.code}`;
  const level = levelOf(id);
  m.check(orphan || level !== undefined || m.fields.length > 0, "/parent", "标准条目之下不能再有节点", "Nothing stands below a standard item");
  if (level === "stage") m.check(isWord(STAGES, input.code), "/code", "学段不在词表中", "Not a stage of the vocabulary");
  if (level === "subject") m.check(isWord(SUBJECTS, input.code), "/code", "学科不在词表中", "Not a subject of the vocabulary");
  m.finish();
  if (level === undefined) throw Refused.notFound("node");
  return { id, parent: parent?.id ?? "", level, zh: input.zh.trim(), en: input.en.trim(), order: input.order, active: true, replacedBy: null };
}

/** Whether a new resource may stand at a node: a unit or a standard item of an edition in use. */
export function takesResources(node: Node): boolean {
  return node.active && (node.level === "unit" || node.level === "item");
}

/**
 * An edition gives way to another one: every node of `old` (the edition and all below it) goes out of use and says where its
 * successor stands, which is the node of the same codes in `next` where `moves` names no other.
 * What has no successor there leads to the edition itself.
 *
 * @throws {Refused} `fields` when `to` is no edition, or a move leads elsewhere than into it
 */
export function changeEdition(old: readonly Node[], from: string, next: readonly Node[], to: string, moves: ReadonlyMap<string, string>): Node[] {
  const m = new Mistakes();
  const there = new Map(next.map((n) => [n.id, n]));
  m.check(levelOf(from) === "edition" && old.some((n) => n.id === from), "/from", "请选择一个教材版本", "Choose a textbook edition");
  m.check(levelOf(to) === "edition" && (there.get(to)?.active ?? false) && to !== from, "/to", "请选择另一个在用的教材版本", "Choose another edition that is in use");
  m.check(ancestor(from, "subject") === ancestor(to, "subject"), "/to", "学段和学科应相同", "Stage and subject must be the same");
  for (const [a, b] of moves) m.check(there.has(b) && a.startsWith(`${from}.`), "/moves", `${a} → ${b} 不在两个版本之内`, `${a} → ${b} is not within the two editions`);
  m.finish();
  return old
    .filter((n) => n.id === from || n.id.startsWith(`${from}.`))
    .map((n) => ({ ...n, active: false, replacedBy: moves.get(n.id) ?? nearest(`${to}${n.id.slice(from.length)}`, there) }));
}

function nearest(wanted: string, there: ReadonlyMap<string, Node>): string {
  let id = wanted;
  while (!there.has(id)) id = id.slice(0, id.lastIndexOf("."));
  return id;
}

/** Where what stands at `id` is found today: follows editions that changed, at most as often as there are nodes. */
export function today(id: string, find: (id: string) => Node | undefined): string {
  const seen = new Set<string>();
  let at = id;
  for (let n = find(at); n?.replacedBy != null && !seen.has(at); n = find(at)) {
    seen.add(at);
    at = n.replacedBy;
  }
  return at;
}
