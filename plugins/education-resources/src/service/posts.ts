/** Posts: who reviews for which county, who runs, reviews for and teaches at which school. Given by codes that are used once. */
import { type Page, type Tx, now, transact, z } from "@yunlong/sdk";
import * as base32 from "@yunlong/sdk/base32";
import * as context from "@yunlong/sdk/context";
import * as random from "@yunlong/sdk/random";
import { isCounty } from "../domain/division.ts";
import { POSTS as POST_KINDS, type Post, type PostKind, ROLE_OF, isHeld, takeUp } from "../domain/people.ts";
import { keyed } from "../domain/pseudonym.ts";
import { Refused } from "../domain/refused.ts";
import { type Standing, isBureau, mustBeBureau, mustRunSchool } from "../domain/rights.ts";
import { t } from "../domain/text.ts";
import { DAY_MS } from "../domain/time.ts";
import { CLASSES, CLASSES_BY_TEACHER, INVITATIONS, type Invitation, POSTS, POSTS_BY_PLACE, all } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";
import { asCode, standsFor } from "./keys.ts";
import { school } from "./schools.ts";

/** Characters of a code: 60 bits, that people can read out. */
const CODE = 12;
const MOST_CLASSES = 100;

/** A code for a post: the bureau's for a county or a school, a school administrator's for their own. Shown once, kept as a digest; the same `key` answers the same code. @throws {Refusal} `not-permitted`, `not-found`, `fields` */
export const invite = guarded((asker: Asker, kind: PostKind, at: string, key?: string): string =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    mustInvite(who, kind, at, tx);
    const { code, known } = codeOf(tx, who.subject, { kind, at }, key);
    if (!known) tx.audit("post.invite", at, { kind });
    return code;
  }),
);

function mustInvite(who: Standing, kind: PostKind, at: string, tx: Tx): void {
  if (kind === "county") {
    mustBeBureau(who);
    if (!isCounty(at)) throw new Refused({ kind: "fields", fields: [{ at: "/at", why: t("请填写本市县区的 6 位代码", "The six digits of a county of this city") }] });
    return;
  }
  if (kind === "admin") mustBeBureau(who);
  else mustRunSchool(who, at);
  school(at, tx);
}

/** Takes up a post by its code; whoever does it again with the same code gets the same answer. The role must be theirs already. @throws {Refusal} `code`, `not-permitted` */
export const takeUpPost = guarded((asker: Asker, code: string): Post =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    const found = byCode(tx, code, POST_KINDS);
    const kind = found.kind as PostKind;
    if (found.made !== undefined) {
      const made = tx.get(POSTS, found.made)?.value;
      if (made?.subject !== who.subject) throw new Refused({ kind: "code" });
      return made;
    }
    if (!who.roles.includes(ROLE_OF[kind])) {
      throw Refused.notPermitted(t(`请先由部门授予角色 ${ROLE_OF[kind]}`, `The department must give you the role ${ROLE_OF[kind]} first`));
    }
    const next: Post = { id: random.code(16), subject: who.subject, kind, at: found.at, from: now(), to: null };
    const changed = takeUp(who.posts, next);
    for (const p of changed) tx.put(POSTS, p);
    if (changed.some((p) => p.to !== null && p.kind === "teacher")) leaveClasses(tx, who.subject, found.at);
    const held = changed.length === 0 ? who.posts.find((p) => p.kind === kind && p.at === found.at && isHeld(p, now())) : next;
    tx.put(INVITATIONS, { ...found, made: (held ?? next).id });
    tx.audit("post.take-up", found.at, { kind });
    return held ?? next;
  }),
);

/** Ends a post: the bureau's, a school administrator's, or one's own. @throws {Refusal} `not-permitted`, `not-found` */
export const endPost = guarded((asker: Asker, id: string): Post =>
  transact((tx) => {
    const who = standingOf(asker, tx);
    const found = tx.get(POSTS, id)?.value;
    if (found === undefined) throw Refused.notFound("teacher");
    if (found.subject !== who.subject) {
      if (found.kind === "county" || found.kind === "admin") mustBeBureau(who);
      else mustRunSchool(who, found.at);
    }
    if (found.to !== null) return found;
    const ended = { ...found, to: now() };
    tx.put(POSTS, ended);
    if (found.kind === "teacher") leaveClasses(tx, found.subject, "");
    tx.audit("post.end", found.at, { kind: found.kind });
    return ended;
  }),
);

/** A teacher who moves leaves the classes of the school before; their own space and what they wrote stay theirs. */
function leaveClasses(tx: Tx, subject: string, except: string): void {
  for (const c of all(CLASSES_BY_TEACHER.equals(subject), MOST_CLASSES, tx)) {
    if (c.school === except) continue;
    const { teacher: _teacher, teacherSince: _since, ...rest } = c;
    tx.put(CLASSES, rest);
  }
}

/** The asker's posts that are held now. */
export const myPosts = guarded((asker: Asker): Post[] => {
  const who = standingOf(asker);
  return who.posts.filter((p) => isHeld(p, who.now));
});

/** A school's or county's posts, without anybody's subject. @throws {Refusal} `not-permitted` */
export const postsAt = guarded((asker: Asker, at: string, after?: string): Page<Post> => {
  const who = standingOf(asker);
  if (!isBureau(who)) mustRunSchool(who, at);
  return POSTS.find(POSTS_BY_PLACE.equals(at).limit(50).after(after));
});

/**
 * Makes a code and keeps its digest. With a key it is not drawn but follows from it, so that it can be told again though it is
 * kept nowhere: `known` then.
 *
 * @throws {Refused} `fields` for a key that is none
 */
export function codeOf(tx: Tx, subject: string, of: Pick<Invitation, "kind" | "at" | "seat">, key?: string): { code: string; known: boolean } {
  const code = key === undefined ? random.code(CODE) : asCode(standsFor(`codes/${of.kind}/${of.at}/${of.seat ?? ""}`, subject, key), CODE);
  const id = digestOf(code);
  if (key !== undefined && tx.get(INVITATIONS, id) !== undefined) return { code, known: true };
  const days = context.config("code_days", z.number()) ?? 14;
  // Looked for above: see `standsFor`.
  tx.insert(INVITATIONS, { id, ...of, expires: now() + days * DAY_MS });
  return { code, known: false };
}

/** What a code leads to. @throws {Refused} `code`, whatever is wrong with it */
export function byCode(tx: Tx, code: string, kinds: readonly Invitation["kind"][]): Invitation {
  const plain = base32.typed(code);
  const found = plain?.length === CODE ? tx.get(INVITATIONS, digestOf(plain))?.value : undefined;
  if (found === undefined || found.expires <= now() || !kinds.includes(found.kind)) throw new Refused({ kind: "code" });
  return found;
}

function digestOf(code: string): string {
  return keyed(context.deriveKey("codes", 32), code);
}
