/** Copies that browsers and offline packs keep, and what becomes of them after a withdrawal. */
import { type Resource, isVisible } from "./resource.ts";

/**
 * `Cache-Control` of a resource's page and file. A copy is asked about before each use (`no-cache`, with the file's hash as its
 * tag) and kept by no shared cache, so that the first use after a withdrawal is refused. What is not visible is kept nowhere.
 */
export function cacheControl(r: Resource, now: number): string {
  return isVisible(r, now) ? "private, no-cache" : "no-store";
}

/** What an offline class is told to delete. */
export interface Withdrawal {
  readonly resource: string;
  readonly sha256: string;
  readonly at: number;
}

/** The withdrawal of a resource; `undefined` when it was not withdrawn. The reason stays with the app. */
export function withdrawalOf(r: Resource): Withdrawal | undefined {
  if (r.withdrawn === undefined || r.file === undefined) return undefined;
  return { resource: r.id, sha256: r.file.sha256, at: r.withdrawn.at };
}
