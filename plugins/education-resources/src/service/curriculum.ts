/** The curriculum tree. */
import { type Page, type Tx, transact } from "@yunlong/sdk";
import { type Node, type NodeInput, addNode as added, changeEdition as changed, pathOf, today } from "../domain/curriculum.ts";
import { Refused } from "../domain/refused.ts";
import { mustBeBureau } from "../domain/rights.ts";
import { t } from "../domain/text.ts";
import { NODES, NODES_BY_PARENT, NODES_BY_SUCCESSOR, all } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";

/** The most nodes of one edition. */
const MOST_NODES = 500;

/** A page of the nodes right below another one (`""`: the stages), in their order. */
export const nodesBelow = guarded((parent: string, after?: string, limit: number = 100): Page<Node> => NODES.find(NODES_BY_PARENT.equals(parent).limit(limit).after(after)));

/** A node. @throws {Refusal} `not-found` */
export const nodeById = guarded((id: string): Node => {
  const found = nodeOf(id);
  if (found === undefined) throw Refused.notFound("node");
  return found;
});

/** A node and those above it, from the stage down. @throws {Refusal} `not-found` */
export const nodePath = guarded((id: string): Node[] => {
  const path = pathOf(id).map((p) => nodeOf(p));
  if (path.some((n) => n === undefined)) throw Refused.notFound("node");
  return path.flatMap((n) => (n === undefined ? [] : [n]));
});

/** Where what stands at a node is found in the editions of today. */
export const nodeToday = guarded((id: string): Node | undefined => nodeOf(today(id, (at) => nodeOf(at))));

/** Whether an edition out of use leads to a node or below it. */
export function isSuccessor(id: string): boolean {
  return NODES.find(NODES_BY_SUCCESSOR.all().atLeast(id).below(`${id}/`).limit(1)).items.length > 0;
}

/** A node, through a transaction or as last committed. */
export function nodeOf(id: string, tx?: Tx): Node | undefined {
  if (id === "" || id.length > 200) return undefined;
  return (tx === undefined ? NODES.get(id) : tx.get(NODES, id))?.value;
}

/** Adds a node. The bureau alone. @throws {Refusal} `not-permitted`, `fields`, `exists` */
export const addNode = guarded((asker: Asker, input: NodeInput): Node =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const made = added(input, nodeOf(input.parent, tx));
    if (nodeOf(made.id, tx) !== undefined) throw new Refused({ kind: "exists", what: "node", id: made.id });
    tx.insert(NODES, made);
    tx.audit("node.add", made.id);
    return made;
  }),
);

/**
 * An edition gives way to another; `moves` names the successors of nodes whose codes differ. Resources stay where they are and
 * are found from the new edition, too. @throws {Refusal} `not-permitted`, `fields`, `too-much`
 */
export const changeEdition = guarded((asker: Asker, from: string, to: string, moves: Readonly<Record<string, string>> = {}): Node[] =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const ended = changed(edition(tx, from), from, edition(tx, to), to, new Map(Object.entries(moves)));
    for (const n of ended) tx.put(NODES, n);
    tx.audit("edition.change", from, { to, nodes: ended.length });
    return ended;
  }),
);

/** An edition with everything below it. */
function edition(tx: Tx, id: string): Node[] {
  const query = NODES.byId().atLeast(id).below(`${id}/`);
  const nodes = all(query, MOST_NODES + 1, tx).filter((n) => n.id === id || n.id.startsWith(`${id}.`));
  if (nodes.length > MOST_NODES) throw new Refused({ kind: "too-much", what: t("一个版本的节点", "nodes of an edition"), most: MOST_NODES });
  return nodes;
}
