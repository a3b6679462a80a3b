/** Posts, classes, students and consent, as JSON. */
import { type AnswerOf, type CityRequest, type InputOf, operation, z } from "@yunlong/sdk";
import { type Class as DomainClass, POSTS, type Post as DomainPost, type Student as DomainStudent } from "../domain/people.ts";
import {
  accountCode, addClass, bindAccount, classesOf, consentForChild, endPost, eraseStudent, giveClass, invite, meAsStudent, moveStudent, myChildren, myClasses, myPosts, postsAt, seatCodes,
  studentsOf, takeOwnSeat, takeUpPost, withdrawConsent,
} from "../service/index.ts";
import * as s from "./types.ts";

const Code = z.string().max(64).describe("As it was handed over; capitals, spaces and dashes do not matter.");
const After = z.object({ after: s.Cursor.optional() });
const BAD_CODE = "The code does not exist, was used, or has run out";

function post({ id, kind, at, from, to }: DomainPost): z.infer<typeof s.Post> {
  return { id, kind, at, from, to };
}

function klass({ id, school, name, grade, year, teacher }: DomainClass): z.infer<typeof s.Class> {
  return { id, school, name, grade, year, hasTeacher: teacher !== undefined };
}

function student({ id, name, school, class: of, seat }: DomainStudent): z.infer<typeof s.Student> {
  return { id, name, school, class: of, seat };
}

/** `GET /api/posts` */
export const listPosts = operation({
  method: "GET", path: "/api/posts", id: "listPosts", tag: "posts", summary: "The asker's posts", answer: z.object({ items: z.array(s.Post) }), signedIn: true,
});

export function posts(request: CityRequest): AnswerOf<typeof listPosts> {
  return { items: myPosts(request.principal).map(post) };
}

/** `POST /api/posts` */
export const acceptPost = operation({
  method: "POST", path: "/api/posts", id: "takeUpPost", tag: "posts", summary: "Takes up a post by its code; the same code again answers the same post",
  body: z.object({ code: Code }), answer: s.Post, signedIn: true, problems: { 403: "The role is missing", 409: BAD_CODE },
});

export function takeUp(request: CityRequest, { body }: InputOf<typeof acceptPost>): AnswerOf<typeof acceptPost> {
  return post(takeUpPost(request.principal, body.code));
}

/** `DELETE /api/posts/{id}` */
export const leavePost = operation({
  method: "DELETE", path: "/api/posts/:id", id: "endPost", tag: "posts", summary: "Ends a post", params: s.OfId, answer: s.Post, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function leave(request: CityRequest, { params }: InputOf<typeof leavePost>): AnswerOf<typeof leavePost> {
  return post(endPost(request.principal, params.id));
}

/** `GET /api/places/{id}/posts` */
export const listPostsAt = operation({
  method: "GET", path: "/api/places/:id/posts", id: "listPostsAt", tag: "posts", summary: "Posts at a school or county, without whose they are (its administrator, the bureau)",
  params: s.OfId, query: After, answer: z.object({ items: z.array(s.Post), next: s.next }), signedIn: true, problems: { 403: s.FORBIDDEN },
});

export function at(request: CityRequest, { params, query }: InputOf<typeof listPostsAt>): AnswerOf<typeof listPostsAt> {
  return s.paged(postsAt(request.principal, params.id, query.after), post);
}

/** `POST /api/places/{id}/invitations` */
export const createInvitation = operation({
  method: "POST", path: "/api/places/:id/invitations", id: "createInvitation", tag: "posts", summary: "A code for a post, told this once",
  params: s.OfId, body: z.object({ kind: z.enum(POSTS), key: s.Key }), answer: z.object({ code: z.string() }), status: 201, signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS },
});

export function createCode(request: CityRequest, { params, body }: InputOf<typeof createInvitation>): AnswerOf<typeof createInvitation> {
  return { code: invite(request.principal, body.kind, params.id, body.key) };
}

/** `GET /api/classes` */
export const listClasses = operation({
  method: "GET", path: "/api/classes", id: "listClasses", tag: "classes", summary: "Classes that the asker teaches", answer: z.object({ items: z.array(s.Class) }), signedIn: true,
});

export function classes(request: CityRequest): AnswerOf<typeof listClasses> {
  return { items: myClasses(request.principal).map(klass) };
}

/** `GET /api/schools/{id}/classes` */
export const listSchoolClasses = operation({
  method: "GET", path: "/api/schools/:id/classes", id: "listSchoolClasses", tag: "classes", summary: "A school's classes (its staff, the bureau)",
  params: s.OfSchool, query: After.extend({ year: z.coerce.number().int().min(2000).max(2100).optional().describe("Those of the school year that began in this year.") }), answer: z.object({ items: z.array(s.Class), next: s.next }), signedIn: true, problems: { 403: s.FORBIDDEN },
});

export function classesAt(request: CityRequest, { params, query }: InputOf<typeof listSchoolClasses>): AnswerOf<typeof listSchoolClasses> {
  return s.paged(classesOf(request.principal, params.id, query.after, query.year), klass);
}

/** `POST /api/schools/{id}/classes` */
export const createClass = operation({
  method: "POST", path: "/api/schools/:id/classes", id: "createClass", tag: "classes", summary: "Makes a class (the school's administrator)",
  params: s.OfSchool, body: z.object({ name: z.string().default(""), grade: z.number(), year: z.number(), key: s.Key }), answer: s.Class, status: 201, signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: "The key stands for another class", 422: s.FIELDS },
});

export function create(request: CityRequest, { params, body: { key, ...input } }: InputOf<typeof createClass>): AnswerOf<typeof createClass> {
  return klass(addClass(request.principal, params.id, input, key));
}

/** `PUT /api/classes/{id}/teacher` */
export const setTeacher = operation({
  method: "PUT", path: "/api/classes/:id/teacher", id: "setTeacher", tag: "classes", summary: "Gives a class to a teacher of the school, by their post",
  params: s.OfId, body: z.object({ post: z.string().max(64) }), answer: s.Class, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function give(request: CityRequest, { params, body }: InputOf<typeof setTeacher>): AnswerOf<typeof setTeacher> {
  return klass(giveClass(request.principal, params.id, body.post));
}

/** `POST /api/classes/{id}/seat-codes` */
export const createSeatCodes = operation({
  method: "POST", path: "/api/classes/:id/seat-codes", id: "createSeatCodes", tag: "classes", summary: "Codes for the seats that are free, told this once (its teacher, the school's administrator)",
  params: s.OfId, body: z.object({ from: z.number(), to: z.number(), key: s.Key }), answer: z.object({ items: z.array(z.object({ seat: z.number().int(), code: z.string() })) }), status: 201, signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS },
});

export function codes(request: CityRequest, { params, body }: InputOf<typeof createSeatCodes>): AnswerOf<typeof createSeatCodes> {
  return { items: seatCodes(request.principal, params.id, body.from, body.to, body.key) };
}

/** `GET /api/classes/{id}/students` */
export const listStudents = operation({
  method: "GET", path: "/api/classes/:id/students", id: "listStudents", tag: "classes", summary: "A class's students whose data may be kept (its teacher, the school's administrator)",
  params: s.OfId, answer: z.object({ items: z.array(z.object({ id: z.string(), seat: z.number().int(), name: z.string() })) }), signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function students(request: CityRequest, { params }: InputOf<typeof listStudents>): AnswerOf<typeof listStudents> {
  return { items: studentsOf(request.principal, params.id) };
}

/** `POST /api/classes/{id}/students` */
export const admitStudent = operation({
  method: "POST", path: "/api/classes/:id/students", id: "moveStudent", tag: "classes", summary: "A student moves to this class (the administrator of its school)",
  params: s.OfId, body: z.object({ student: z.string().max(64), seat: z.number() }), signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: "The seat is taken", 422: s.FIELDS },
});

export function move(request: CityRequest, { params, body }: InputOf<typeof admitStudent>): undefined {
  moveStudent(request.principal, body.student, params.id, body.seat);
  return undefined;
}

/** `GET /api/me` */
export const getMe = operation({
  method: "GET", path: "/api/me", id: "getMe", tag: "students", summary: "The asker as a student, and their children",
  answer: z.object({ student: s.Student.nullable(), children: z.array(s.Student) }), signedIn: true,
});

export function me(request: CityRequest): AnswerOf<typeof getMe> {
  const found = meAsStudent(request.principal);
  return { student: found === undefined ? null : student(found), children: myChildren(request.principal).map(student) };
}

const Joining = z.object({ code: Code, name: z.string().default(""), birth: z.string().default("").describe("Such as `2015-09-01`.") });

/** `POST /api/children` */
export const giveConsent = operation({
  method: "POST", path: "/api/children", id: "giveConsent", tag: "students", summary: "A guardian consents for a child, by the seat's code",
  body: Joining.extend({ agrees: z.boolean().default(false).describe("That the asker is the guardian and agrees to the statement of `/family/consent`.") }), answer: s.Student, status: 201, signedIn: true,
  problems: { 409: `${BAD_CODE}, or the seat is taken`, 403: "A guardian's consent of today's text is missing", 404: s.ABSENT, 422: s.FIELDS },
});

export function consent(request: CityRequest, { body }: InputOf<typeof giveConsent>): AnswerOf<typeof giveConsent> {
  return student(consentForChild(request.principal, body));
}

/** `DELETE /api/children/{id}` */
export const takeConsentBack = operation({
  method: "DELETE", path: "/api/children/:id", id: "withdrawConsent", tag: "students", summary: "A guardian withdraws: the child's identity is deleted, sums stay",
  params: s.OfId, signedIn: true, problems: { 404: s.ABSENT },
});

export function withdraw(request: CityRequest, { params }: InputOf<typeof takeConsentBack>): undefined {
  withdrawConsent(request.principal, params.id);
  return undefined;
}

/** `POST /api/children/{id}/account-code` */
export const createAccountCode = operation({
  method: "POST", path: "/api/children/:id/account-code", id: "createAccountCode", tag: "students", summary: "A code by which the child's own account is bound, told this once",
  params: s.OfId, body: z.object({ key: s.Key }), optionalBody: true, answer: z.object({ code: z.string() }), status: 201, signedIn: true, problems: { 404: s.ABSENT, 422: s.FIELDS },
});

export function account(request: CityRequest, { params, body }: InputOf<typeof createAccountCode>): AnswerOf<typeof createAccountCode> {
  return { code: accountCode(request.principal, params.id, body.key) };
}

/** `POST /api/me/account` */
export const bindMyAccount = operation({
  method: "POST", path: "/api/me/account", id: "bindAccount", tag: "students", summary: "A child binds their own account by the guardian's code",
  body: z.object({ code: Code }), answer: s.Student, signedIn: true, problems: { 409: `${BAD_CODE}, or the account is bound to another student` },
});

export function bind(request: CityRequest, { body }: InputOf<typeof bindMyAccount>): AnswerOf<typeof bindMyAccount> {
  return student(bindAccount(request.principal, body.code));
}

/** `POST /api/me/seat` */
export const takeSeat = operation({
  method: "POST", path: "/api/me/seat", id: "takeOwnSeat", tag: "students", summary: "Somebody of 14 or older takes their own seat; of a child nothing is kept",
  description: "The date of birth is the one on record with the city. Without the asker's consent to `student-birth` the answer is 403 with the address of the page that asks for it.",
  body: Joining.omit({ birth: true }), answer: s.Student, status: 201, signedIn: true, problems: { 403: "Consent to the date of birth is missing; or under 14, or none on record: a guardian must consent", 404: s.ABSENT, 409: `${BAD_CODE}, or the seat is taken`, 422: s.FIELDS },
});

export function seat(request: CityRequest, { body }: InputOf<typeof takeSeat>): AnswerOf<typeof takeSeat> {
  return student(takeOwnSeat(request.principal, body));
}

/** `DELETE /api/students/{id}` */
export const deleteStudent = operation({
  method: "DELETE", path: "/api/students/:id", id: "eraseStudent", tag: "students", summary: "Erases a student, at their own wish or the bureau's order; sums stay",
  params: s.OfId, signedIn: true, problems: { 404: s.ABSENT },
});

export function erase(request: CityRequest, { params }: InputOf<typeof deleteStudent>): undefined {
  eraseStudent(request.principal, params.id);
  return undefined;
}
