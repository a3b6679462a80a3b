/** The catalogue at a node of the curriculum: what stands there or below, by the nearest index and, where it is wider, by looking. */
import { ancestor } from "../domain/curriculum.ts";
import { type Search, type Shown, catalogue, nodeToday, nodesBelow } from "../service/index.ts";

/** So many pages of the catalogue are looked through for one page of a list; the next page goes on from there. */
const MOST_LOOKS = 25;

/** A page of what stands at `node` or below (everything without one) and fits the search. @throws {DataError} `invalid` for a cursor that somebody made up */
export function catalogueAt(node: string | undefined, search: Search, after: string | undefined, limit: number): { items: Shown[]; next?: string } {
  if (node === undefined) return catalogue(search, after, limit);
  const of = { ...search, ...indexOf(node) };
  const items: Shown[] = [];
  let next = after;
  for (let look = 0; look < MOST_LOOKS; look++) {
    // Never more than still has room, so that the cursor stands behind the last one that is shown.
    const page = catalogue(of, next, limit - items.length);
    items.push(...page.items.filter(({ metadata: m }) => m.node === node || m.node.startsWith(`${node}.`)));
    next = page.next;
    if (next === undefined || items.length >= limit) break;
  }
  return next === undefined ? { items } : { items, next };
}

function indexOf(node: string): Search {
  const [unit, subject] = [ancestor(node, "unit"), ancestor(node, "subject")];
  if (unit !== undefined) return { unit };
  return subject === undefined ? {} : { subject };
}

/** The units of editions out of use whose place today is this unit: what stands there is found from here, too. */
export function unitsBefore(unit: string): string[] {
  const [volume, edition] = [ancestor(unit, "volume"), ancestor(unit, "edition")];
  if (volume === undefined) return [];
  const old = nodesBelow(volume).items.map((n) => n.value).filter((n) => !n.active && n.id !== edition);
  const units = old.flatMap((e) => nodesBelow(e.id).items.map((n) => n.value.id));
  return units.filter((id) => nodeToday(id)?.id === unit);
}
