/** Resources on their way to the catalogue, as JSON. */
import { type AnswerOf, type CityRequest, type InputOf, operation, z } from "@yunlong/sdk";
import type { Resource } from "../domain/resource.ts";
import { createResource, myResources, publishResource, reviewResource, reviseResource, saveResource, submitResource, waitingForReview, withdrawResource, workResource } from "../service/index.ts";
import * as s from "./types.ts";

const tag = "works";
const COMMON = { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE } as const;

function work(r: Resource): z.infer<typeof s.Work> {
  const { id, version, school, state, note, round } = r;
  const file = r.file === undefined ? null : { name: r.file.name, mediaType: r.file.mediaType, size: r.file.size, sha256: r.file.sha256 };
  const input = { ...r.input, keywords: [...r.input.keywords], audience: [...r.input.audience] };
  const captions = s.captionsOf(`/works/${encodeURIComponent(id)}`, r.captions);
  return { id, work: r.work, version, school, state, input, file, captions, note, round, history: r.history.map(({ state: st, at }) => ({ state: st, at })), withdrawn: r.withdrawn ?? null };
}

function parts({ file, captions = {}, ...metadata }: z.infer<typeof s.WorkInput>) {
  return file === undefined ? { metadata, captions } : { metadata, file, captions };
}

/** `GET /api/works` */
export const listWorks = operation({
  method: "GET", path: "/api/works", id: "listWorks", tag, summary: "What the asker wrote", query: s.Paged, answer: z.object({ items: z.array(s.Work), next: s.next }), signedIn: true,
});

export function list(request: CityRequest, { query }: InputOf<typeof listWorks>): AnswerOf<typeof listWorks> {
  return s.paged(myResources(request.principal, query.after, query.limit), work);
}

/** `POST /api/works` */
export const createWork = operation({
  method: "POST",
  path: "/api/works",
  id: "createWork",
  tag,
  summary: "Begins a resource (a teacher)",
  description: "With the same `key` the same resource is answered.",
  body: s.WorkInput.extend({ key: z.string().describe("8 to 64 letters, digits or `-`; the same key is the same resource.") }),
  answer: s.Work,
  status: 201,
  location: "/api/works/{id}",
  signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: "There is no such file", 409: "The file is attached to something else", 422: s.FIELDS },
});

export function create(request: CityRequest, { body: { key, ...input } }: InputOf<typeof createWork>): AnswerOf<typeof createWork> {
  return work(createResource(request.principal, parts(input), key));
}

/** `GET /api/works/{id}` */
export const getWork = operation({
  method: "GET",
  path: "/api/works/:id",
  id: "getWork",
  tag,
  summary: "A resource on its way with its reviews: for its author, its reviewers and the bureau",
  params: s.OfId,
  answer: s.Work.extend({ reviews: z.array(s.Review) }),
  signedIn: true,
  problems: { 404: s.ABSENT },
});

export function get(request: CityRequest, { params }: InputOf<typeof getWork>): AnswerOf<typeof getWork> {
  const { resource, reviews } = workResource(request.principal, params.id);
  return { ...work(resource), reviews: reviews.map(({ level, round, passed, note, at }) => ({ level, round, passed, note: note ?? "", at })) };
}

/** `PUT /api/works/{id}` */
export const saveWork = operation({
  method: "PUT", path: "/api/works/:id", id: "saveWork", tag, summary: "Changes a draft, or one that was rejected (its author)",
  params: s.OfId, body: s.WorkInput, answer: s.Work, signedIn: true, problems: { ...COMMON, 422: s.FIELDS },
});

export function save(request: CityRequest, { params, body }: InputOf<typeof saveWork>): AnswerOf<typeof saveWork> {
  return work(saveResource(request.principal, params.id, parts(body)));
}

/** `POST /api/works/{id}/submit` */
export const submitWork = operation({
  method: "POST", path: "/api/works/:id/submit", id: "submitWork", tag, summary: "Submits it to the school's reviewers",
  params: s.OfId, answer: s.Work, signedIn: true, problems: { ...COMMON, 422: s.FIELDS },
});

export function submit(request: CityRequest, { params }: InputOf<typeof submitWork>): AnswerOf<typeof submitWork> {
  return work(submitResource(request.principal, params.id));
}

/** `POST /api/works/{id}/reviews` */
export const reviewWork = operation({
  method: "POST", path: "/api/works/:id/reviews", id: "reviewWork", tag, summary: "A review by the school or the county; never by who wrote a version",
  params: s.OfId,
  body: z.object({ level: z.enum(["school", "county"]), passed: z.boolean(), note: z.string().max(2000).default("") }),
  answer: s.Work, signedIn: true, problems: { ...COMMON, 422: s.FIELDS },
});

export function review(request: CityRequest, { params, body }: InputOf<typeof reviewWork>): AnswerOf<typeof reviewWork> {
  return work(reviewResource(request.principal, params.id, body.level, body.passed, body.note));
}

/** `POST /api/works/{id}/publish` */
export const publishWork = operation({
  method: "POST", path: "/api/works/:id/publish", id: "publishWork", tag, summary: "Publishes what two different reviewers passed (the county, the bureau)",
  params: s.OfId, answer: s.Work, signedIn: true, problems: COMMON,
});

export function publish(request: CityRequest, { params }: InputOf<typeof publishWork>): AnswerOf<typeof publishWork> {
  return work(publishResource(request.principal, params.id));
}

/** `POST /api/works/{id}/withdraw` */
export const withdrawWork = operation({
  method: "POST", path: "/api/works/:id/withdraw", id: "withdrawWork", tag, summary: "Takes a published resource back, copies included",
  params: s.OfId, body: z.object({ reason: z.string().max(1000).default("") }), answer: s.Work, signedIn: true, problems: { ...COMMON, 422: s.FIELDS },
});

export function withdraw(request: CityRequest, { params, body }: InputOf<typeof withdrawWork>): AnswerOf<typeof withdrawWork> {
  return work(withdrawResource(request.principal, params.id, body.reason));
}

/** `POST /api/works/{id}/revise` */
export const reviseWork = operation({
  method: "POST", path: "/api/works/:id/revise", id: "reviseWork", tag, summary: "Begins the next version (a teacher of the school)",
  params: s.OfId, answer: s.Work, status: 201, location: "/api/works/{id}", signedIn: true, problems: COMMON,
});

export function revise(request: CityRequest, { params }: InputOf<typeof reviseWork>): AnswerOf<typeof reviseWork> {
  return work(reviseResource(request.principal, params.id));
}

/** `GET /api/reviews` */
export const listWaiting = operation({
  method: "GET", path: "/api/reviews", id: "listWaiting", tag, summary: "What waits for the asker's review or for publication",
  answer: z.object({ items: z.array(z.object({ level: z.enum(["school", "county", "publish"]), work: s.Work })) }), signedIn: true,
});

export function waiting(request: CityRequest): AnswerOf<typeof listWaiting> {
  return { items: waitingForReview(request.principal).map(({ level, resource }) => ({ level, work: work(resource) })) };
}
