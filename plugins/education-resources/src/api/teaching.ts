/** Spaces, assignments and uses, as JSON. */
import { type AnswerOf, type CityRequest, type InputOf, operation, z } from "@yunlong/sdk";
import type { Assignment as DomainAssignment, Submission as DomainSubmission } from "../domain/assignment.ts";
import {
  type OpenSpace, type UseResult, assignmentById, assignmentsOf, classSpace, closeAssignment, giveBackSubmission, handInAssignment, handOutAssignment, markSubmission, mySpace, mySubmission, recordClassUses,
  recordUses, saveAssignment, shelveResource, submissionsOf, unshelveResource, writeNote,
} from "../service/index.ts";
import * as s from "./types.ts";

const After = z.object({ after: s.Cursor.optional() });
const NoteBody = z.object({ text: z.string().default(""), key: z.string().regex(/^[A-Za-z0-9-]{8,64}$/).describe("The same key is the same note.") });
const Shelved = z.object({ resource: z.string().max(64) });

function space({ space: of, shelf }: OpenSpace): z.infer<typeof s.Space> {
  return { id: of.id, kind: of.kind, title: of.title, shelf: shelf.map(({ id, title }) => ({ id, title })), notes: of.notes.map(({ id, text, at }) => ({ id, text, at })) };
}

/** `GET /api/space` */
export const getMySpace = operation({ method: "GET", path: "/api/space", id: "getMySpace", tag: "spaces", summary: "The asker's own space as a teacher", answer: s.Space, signedIn: true, problems: { 403: s.FORBIDDEN } });

export function mine(request: CityRequest): AnswerOf<typeof getMySpace> {
  return space(mySpace(request.principal));
}

/** `POST /api/space/shelf` */
export const addToShelf = operation({ method: "POST", path: "/api/space/shelf", id: "addToShelf", tag: "spaces", summary: "Puts a published resource on the own shelf", body: Shelved, answer: s.Space, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS } });

export function shelve(request: CityRequest, { body }: InputOf<typeof addToShelf>): AnswerOf<typeof addToShelf> {
  shelveResource(request.principal, undefined, body.resource);
  return space(mySpace(request.principal));
}

/** `DELETE /api/space/shelf/{id}` */
export const removeFromShelf = operation({ method: "DELETE", path: "/api/space/shelf/:id", id: "removeFromShelf", tag: "spaces", summary: "Takes a resource off the own shelf", params: s.OfId, answer: s.Space, signedIn: true, problems: { 403: s.FORBIDDEN } });

export function unshelve(request: CityRequest, { params }: InputOf<typeof removeFromShelf>): AnswerOf<typeof removeFromShelf> {
  unshelveResource(request.principal, undefined, params.id);
  return space(mySpace(request.principal));
}

/** `GET /api/classes/{id}/space` */
export const getClassSpace = operation({ method: "GET", path: "/api/classes/:id/space", id: "getClassSpace", tag: "spaces", summary: "A class's space: for its teacher, its students and their guardians", params: s.OfId, answer: s.Space, signedIn: true, problems: { 404: s.ABSENT } });

export function ofClass(request: CityRequest, { params }: InputOf<typeof getClassSpace>): AnswerOf<typeof getClassSpace> {
  return space(classSpace(request.principal, params.id));
}

/** `POST /api/classes/{id}/shelf` */
export const addToClassShelf = operation({ method: "POST", path: "/api/classes/:id/shelf", id: "addToClassShelf", tag: "spaces", summary: "Puts a published resource on a class's shelf (its teacher)", params: s.OfId, body: Shelved, answer: s.Space, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS } });

export function shelveForClass(request: CityRequest, { params, body }: InputOf<typeof addToClassShelf>): AnswerOf<typeof addToClassShelf> {
  shelveResource(request.principal, params.id, body.resource);
  return space(classSpace(request.principal, params.id));
}

/** `POST /api/classes/{id}/notes` */
export const addClassNote = operation({ method: "POST", path: "/api/classes/:id/notes", id: "addClassNote", tag: "spaces", summary: "Writes a note for a class (its teacher)", params: s.OfId, body: NoteBody, answer: s.Space, status: 201, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS } });

export function note(request: CityRequest, { params, body }: InputOf<typeof addClassNote>): AnswerOf<typeof addClassNote> {
  writeNote(request.principal, params.id, body.text, body.key);
  return space(classSpace(request.principal, params.id));
}

function assignment({ id, class: of, title, text, resources, due, state }: DomainAssignment): z.infer<typeof s.Assignment> {
  return { id, class: of, title, text, resources: [...resources], due, state };
}

function submission(of: DomainSubmission): z.infer<typeof s.Submission> {
  const { student, state, text, at, late, times, comment } = of;
  return { student, state, text, files: of.files.map(({ id, name, mediaType, size, sha256 }) => ({ id, name, mediaType, size, sha256 })), at, late, times, mark: of.mark ?? null, comment };
}

/** `GET /api/classes/{id}/assignments` */
export const listAssignments = operation({
  method: "GET", path: "/api/classes/:id/assignments", id: "listAssignments", tag: "assignments", summary: "A class's assignments, the latest due first; drafts for its teacher alone",
  params: s.OfId, query: After, answer: z.object({ items: z.array(s.Assignment), next: s.next }), signedIn: true, problems: { 404: s.ABSENT },
});

export function list(request: CityRequest, { params, query }: InputOf<typeof listAssignments>): AnswerOf<typeof listAssignments> {
  return s.paged(assignmentsOf(request.principal, params.id, query.after), assignment);
}

const Draft = z.object({ title: z.string().default(""), text: z.string().default(""), resources: z.array(z.string()).default([]), due: z.number().describe("Milliseconds since 1970; later than now.") });

/** `PUT /api/classes/{id}/assignments/{assignment}` */
export const putAssignment = operation({
  method: "PUT", path: "/api/classes/:id/assignments/:assignment", id: "saveAssignment", tag: "assignments", summary: "Writes a draft for a class (its teacher); its number is the teacher's program's to choose",
  params: s.OfId.extend({ assignment: z.string().regex(/^[A-Za-z0-9]{8,32}$/) }), body: Draft, answer: s.Assignment, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function save(request: CityRequest, { params, body }: InputOf<typeof putAssignment>): AnswerOf<typeof putAssignment> {
  return assignment(saveAssignment(request.principal, params.id, body, params.assignment));
}

/** `GET /api/assignments/{id}` */
export const getAssignment = operation({ method: "GET", path: "/api/assignments/:id", id: "getAssignment", tag: "assignments", summary: "An assignment, for those of its class", params: s.OfId, answer: s.Assignment, signedIn: true, problems: { 404: s.ABSENT } });

export function get(request: CityRequest, { params }: InputOf<typeof getAssignment>): AnswerOf<typeof getAssignment> {
  return assignment(assignmentById(request.principal, params.id));
}

/** `POST /api/assignments/{id}/hand-out` */
export const publishAssignment = operation({ method: "POST", path: "/api/assignments/:id/hand-out", id: "handOut", tag: "assignments", summary: "Hands a draft out to the class", params: s.OfId, answer: s.Assignment, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE } });

export function handOut(request: CityRequest, { params }: InputOf<typeof publishAssignment>): AnswerOf<typeof publishAssignment> {
  return assignment(handOutAssignment(request.principal, params.id));
}

/** `POST /api/assignments/{id}/close` */
export const endAssignment = operation({ method: "POST", path: "/api/assignments/:id/close", id: "closeAssignment", tag: "assignments", summary: "Nothing more is handed in", params: s.OfId, answer: s.Assignment, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE } });

export function close(request: CityRequest, { params }: InputOf<typeof endAssignment>): AnswerOf<typeof endAssignment> {
  return assignment(closeAssignment(request.principal, params.id));
}

/** `GET /api/assignments/{id}/submissions` */
export const listSubmissions = operation({
  method: "GET", path: "/api/assignments/:id/submissions", id: "listSubmissions", tag: "assignments", summary: "What was handed in (the class's teacher)",
  params: s.OfId, query: After, answer: z.object({ items: z.array(s.Submission), next: s.next }), signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function submissions(request: CityRequest, { params, query }: InputOf<typeof listSubmissions>): AnswerOf<typeof listSubmissions> {
  return s.paged(submissionsOf(request.principal, params.id, query.after), submission);
}

const Child = z.string().max(64).optional().describe("For which child, when a guardian asks.");

/** `GET /api/assignments/{id}/submission` */
export const getSubmission = operation({
  method: "GET", path: "/api/assignments/:id/submission", id: "getSubmission", tag: "assignments", summary: "The asker's own answer, or their child's; null when nothing was handed in",
  params: s.OfId, query: z.object({ child: Child }), answer: z.object({ submission: s.Submission.nullable() }), signedIn: true, problems: { 404: s.ABSENT },
});

export function submissionOf(request: CityRequest, { params, query }: InputOf<typeof getSubmission>): AnswerOf<typeof getSubmission> {
  const found = mySubmission(request.principal, params.id, query.child);
  return { submission: found === undefined ? null : submission(found) };
}

/** `PUT /api/assignments/{id}/submission` */
export const putSubmission = operation({
  method: "PUT", path: "/api/assignments/:id/submission", id: "handIn", tag: "assignments", summary: "Hands in, or once more before it is marked; the same again changes nothing",
  params: s.OfId, body: z.object({ text: z.string().default(""), files: z.array(z.string().max(64)).max(6).default([]), child: Child }), answer: s.Submission, signedIn: true,
  problems: { 403: "A guardian must consent", 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function handIn(request: CityRequest, { params, body: { text, files, child } }: InputOf<typeof putSubmission>): AnswerOf<typeof putSubmission> {
  return submission(handInAssignment(request.principal, params.id, child === undefined ? { text, files } : { text, files, child }));
}

const OfSubmission = s.OfId.extend({ student: s.Id });

/** `PUT /api/assignments/{id}/submissions/{student}/mark` */
export const putMark = operation({
  method: "PUT", path: "/api/assignments/:id/submissions/:student/mark", id: "markSubmission", tag: "assignments", summary: "Marks an answer, 0 to 100; again corrects it (the class's teacher)",
  params: OfSubmission, body: z.object({ mark: z.number(), comment: z.string().default("") }), answer: s.Submission, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function mark(request: CityRequest, { params, body }: InputOf<typeof putMark>): AnswerOf<typeof putMark> {
  return submission(markSubmission(request.principal, params.id, params.student, body.mark, body.comment));
}

/** `POST /api/assignments/{id}/submissions/{student}/return` */
export const returnSubmission = operation({
  method: "POST", path: "/api/assignments/:id/submissions/:student/return", id: "giveBack", tag: "assignments", summary: "Gives an answer back to be done again (the class's teacher)",
  params: OfSubmission, body: z.object({ comment: z.string().default("") }), answer: s.Submission, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function giveBack(request: CityRequest, { params, body }: InputOf<typeof returnSubmission>): AnswerOf<typeof returnSubmission> {
  return submission(giveBackSubmission(request.principal, params.id, params.student, body.comment));
}

const client = z.string().max(200).default("").describe("What program it is. One that says that it is a crawler or a script is kept and not counted.");
const MANY = "The batch is too large, or a field is refused";

/** `POST /api/uses` */
export const sendUses = operation({
  method: "POST", path: "/api/uses", id: "sendUses", tag: "uses", summary: "A student's own uses, queued ones among them; the same number again changes nothing",
  body: z.object({ client, uses: z.array(s.UseInput) }), answer: z.object({ items: z.array(s.UseResult) }), signedIn: true, problems: { 404: "The asker is no student", 422: MANY },
});

export function uses(request: CityRequest, { body }: InputOf<typeof sendUses>): AnswerOf<typeof sendUses> {
  return { items: recordUses(request.principal, body.uses, body.client).map(result) };
}

/** `POST /api/classes/{id}/uses` */
export const sendClassUses = operation({
  method: "POST", path: "/api/classes/:id/uses", id: "sendClassUses", tag: "uses", summary: "What a class without a network queued, by seat (its teacher)",
  params: s.OfId, body: z.object({ client, uses: z.array(s.UseInput.extend({ seat: z.number() })) }), answer: z.object({ items: z.array(s.UseResult) }), signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: MANY },
});

export function classUses(request: CityRequest, { params, body }: InputOf<typeof sendClassUses>): AnswerOf<typeof sendClassUses> {
  return { items: recordClassUses(request.principal, params.id, body.uses, body.client).map(result) };
}

function result(r: UseResult): z.infer<typeof s.UseResult> {
  return { id: r.id, result: r.result, why: r.result === "refused" ? r.why : null };
}
