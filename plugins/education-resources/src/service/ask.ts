/** Who asks, as services take it, and how a refusal becomes an answer. */
import type { Principal, Tx } from "@yunlong/sdk";
import { now, SignIn } from "@yunlong/sdk";
import type { Role } from "../domain/people.ts";
import { Refused } from "../domain/refused.ts";
import type { Standing } from "../domain/rights.ts";
import { POSTS_BY_SUBJECT, all } from "../store/index.ts";
import { Refusal } from "./refusal.ts";

/** Who asks: the principal of the request. */
export type Asker = Pick<Principal, "subject" | "kind" | "roles">;

const ROLES: readonly Role[] = ["bureau", "county", "school", "teacher"];
const MOST_POSTS = 200;

/** The subject. @throws {SignIn} for an anonymous visitor */
export function subjectOf(asker: Asker): string {
  if (asker.subject === undefined || asker.kind === "anonymous") throw new SignIn();
  return asker.subject;
}

/** What an asker may, with the posts that they hold now. @throws {SignIn} */
export function standingOf(asker: Asker, tx?: Tx): Standing {
  const subject = subjectOf(asker);
  const roles = ROLES.filter((r) => asker.roles.includes(r));
  // Whoever has no role needs no posts read.
  const posts = roles.length === 0 ? [] : all(POSTS_BY_SUBJECT.equals(subject), MOST_POSTS, tx);
  return { subject, roles, posts, now: now() };
}

/** A service function for pages and API: what the domain refuses becomes a {@link Refusal}, which says what to answer. */
export function guarded<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    try {
      return f(...args);
    } catch (e) {
      throw e instanceof Refused ? new Refusal(e) : e;
    }
  };
}
