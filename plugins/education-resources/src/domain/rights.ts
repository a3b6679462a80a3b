/** Who may do what. Deny by default: a role of the department and, but for the bureau, a post that is held at that very place. */
import { within } from "./division.ts";
import { type Class, type Post, type PostKind, ROLE_OF, type Role, isHeld } from "./people.ts";
import { Refused } from "./refused.ts";
import type { Resource } from "./resource.ts";
import { type Text, t } from "./text.ts";

/** Who asks: what the platform says, and the posts that they hold. */
export interface Standing {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly posts: readonly Post[];
  readonly now: number;
}

const NEEDS: Readonly<Record<PostKind | "bureau" | "owner", Text>> = {
  bureau: t("需要市教育局的角色", "This needs the role of the city's bureau of education"),
  county: t("需要该县（市、区）审核员的角色和岗位", "This needs the role and a post of a reviewer of that county"),
  admin: t("需要该校管理员的角色和岗位", "This needs the role and a post of an administrator of that school"),
  reviewer: t("需要该校审核员的角色和岗位", "This needs the role and a post of a reviewer of that school"),
  teacher: t("需要该校教师的角色和岗位", "This needs the role and a post of a teacher of that school"),
  owner: t("只有本人可以这样做", "Only its owner may do this"),
};

/** Whether somebody holds such a post at a place. */
export function holds(who: Standing, kind: PostKind, at: string): boolean {
  return who.roles.includes(ROLE_OF[kind]) && who.posts.some((p) => p.kind === kind && p.at === at && p.subject === who.subject && isHeld(p, who.now));
}

/** Whether it is the bureau. */
export function isBureau(who: Standing): boolean {
  return who.roles.includes("bureau");
}

/** @throws {Refused} `not-permitted` */
export function mustBeBureau(who: Standing): void {
  must(isBureau(who), "bureau");
}

/** The bureau, or an administrator of the school. @throws {Refused} `not-permitted` */
export function mustRunSchool(who: Standing, school: string): void {
  must(isBureau(who) || holds(who, "admin", school), "admin");
}

/** @throws {Refused} `not-permitted` */
export function mustTeachAt(who: Standing, school: string): void {
  must(holds(who, "teacher", school), "teacher");
}

/** The school at which somebody teaches. @throws {Refused} `not-permitted` when there is none */
export function schoolOf(who: Standing): string {
  const post = who.posts.find((p) => p.kind === "teacher" && holds(who, "teacher", p.at));
  if (post === undefined) throw Refused.notPermitted(NEEDS.teacher);
  return post.at;
}

/** Whoever teaches the class today. @throws {Refused} `not-permitted` */
export function mustTeach(who: Standing, of: Class): void {
  must(of.teacher === who.subject && holds(who, "teacher", of.school), "teacher");
}

/** @throws {Refused} `not-permitted` */
export function mustReview(who: Standing, r: Resource, level: "school" | "county"): void {
  if (level === "school") must(holds(who, "reviewer", r.school), "reviewer");
  else must(reviewsCounty(who, r), "county");
}

function reviewsCounty(who: Standing, r: Resource): boolean {
  return who.posts.some((p) => p.kind === "county" && within(r.division, p.at) && holds(who, "county", p.at));
}

/** Publishing and withdrawing: the county's reviewers and the bureau. @throws {Refused} `not-permitted` */
export function mustPublish(who: Standing, r: Resource): void {
  must(isBureau(who) || reviewsCounty(who, r), "county");
}

/** Its author, who still teaches at the school. @throws {Refused} `not-permitted` */
export function mustWrite(who: Standing, r: Resource): void {
  must(r.author === who.subject && holds(who, "teacher", r.school), "owner");
}

/** Whether somebody may read what is not visible to all: its author, its school's and county's reviewers, the bureau. */
export function mayReadUnpublished(who: Standing, r: Resource): boolean {
  return r.author === who.subject || isBureau(who) || holds(who, "reviewer", r.school) || holds(who, "admin", r.school) || reviewsCounty(who, r);
}

function must(ok: boolean, needs: keyof typeof NEEDS): void {
  if (!ok) throw Refused.notPermitted(NEEDS[needs]);
}
