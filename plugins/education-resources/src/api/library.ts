/** Resources, the curriculum and packs, as JSON. */
import { type AnswerOf, type CityRequest, type InputOf, Problem, operation, z } from "@yunlong/sdk";
import { LEAST } from "../domain/cells.ts";
import { SUBJECTS, STAGES, TYPES, keys } from "../domain/vocabulary.ts";
import { type Shown, addNode, askForPack, catalogue, catalogueAt, changeEdition, deliveryOf, fileOn, nodeById, nodePath, nodesBelow, packOf, shownResource, withdrawals } from "../service/index.ts";
import type { Pack } from "../domain/pack.ts";
import * as s from "./types.ts";

const Search = s.Paged.extend({
  q: z.string().max(80).optional().describe("Words in title, keywords, author or description; all of them must be there."),
  node: s.NodeId.optional().describe("A node of the curriculum: what stands there or below, and what stood in an edition before at the same place."),
  stage: z.enum(keys(STAGES)).optional(),
  subject: z.enum(keys(SUBJECTS)).optional().describe("Together with `stage`."),
  type: z.enum(keys(TYPES)).optional(),
});

/** `GET /api/resources` */
export const searchResources = operation({
  method: "GET",
  path: "/api/resources",
  id: "searchResources",
  tag: "library",
  summary: "Published and licensed resources, the newest first",
  query: Search,
  answer: z.object({ items: z.array(s.Resource), next: s.next }),
});

export function search(_: CityRequest, { query }: InputOf<typeof searchResources>): AnswerOf<typeof searchResources> {
  const node = query.node ?? (query.stage === undefined ? undefined : query.subject === undefined ? query.stage : `${query.stage}.${query.subject}`);
  const of = { ...(query.type === undefined ? {} : { type: query.type }), ...(query.q === undefined ? {} : { text: query.q }) };
  const page = node === undefined ? catalogue(of, query.after, query.limit) : catalogueAt(node, of, query.after, query.limit);
  return { items: page.items.map(shown), next: page.next ?? null };
}

function shown(r: Shown): z.infer<typeof s.Resource> {
  const { name, mediaType, size, sha256 } = r.file;
  const m = { ...r.metadata, keywords: [...r.metadata.keywords], audience: [...r.metadata.audience] };
  return { id: r.id, work: r.work, version: r.version, school: r.school, metadata: m, file: { name, mediaType, size, sha256 }, qualities: [...r.qualities], captions: s.captionsOf(`/resources/${encodeURIComponent(r.id)}`, r.captions), preview: r.preview, at: r.at };
}

/** `GET /api/resources/{id}` */
export const getResource = operation({
  method: "GET",
  path: "/api/resources/:id",
  id: "getResource",
  tag: "library",
  summary: "A published resource, and how often it was used",
  params: s.OfId,
  answer: s.Resource.extend({ uses: z.number().int().nullable().describe(`How often it was used; null: fewer than ${LEAST} times, which is not told.`) }),
  problems: { 404: s.ABSENT, 410: "It was withdrawn: delete copies" },
});

export function get(_: CityRequest, { params }: InputOf<typeof getResource>): AnswerOf<typeof getResource> {
  const found = shownResource(params.id);
  return { ...shown(found.shown), uses: found.uses };
}

/** `GET /api/resources/{id}/delivery` */
export const getDelivery = operation({
  method: "GET",
  path: "/api/resources/:id/delivery",
  id: "getDelivery",
  tag: "library",
  summary: "Which file a school's line carries, and where it is",
  params: s.OfId,
  query: z.object({ school: s.SchoolId }),
  answer: s.Delivery.extend({ file: s.Delivered.nullable().describe("The file; null for a film where the line carries none."), pack: z.string().nullable().describe("The unit's offline pack, where one is offered.") }),
  problems: { 404: s.ABSENT, 410: "It was withdrawn: delete copies" },
});

export function delivery(request: CityRequest, { params, query }: InputOf<typeof getDelivery>): AnswerOf<typeof getDelivery> {
  const line = deliveryOf(query.school);
  const { shown: of } = shownResource(params.id);
  const served = fileOn(request.principal, params.id, line);
  const unit = of.metadata.node.split(".").slice(0, 6).join(".");
  const path = `/resources/${encodeURIComponent(params.id)}/file?school=${query.school}`;
  const file = served === undefined ? null : { path, mediaType: served.file.mediaType, size: served.file.size, sha256: served.file.sha256 };
  return { ...line, file, pack: line.offline ? `/packs/${unit}` : null };
}

/** `GET /api/withdrawals` */
export const listWithdrawals = operation({
  method: "GET",
  path: "/api/withdrawals",
  id: "listWithdrawals",
  tag: "library",
  summary: "What was withdrawn since a moment: whoever keeps copies deletes them",
  query: s.Paged.extend({ since: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0) }),
  answer: z.object({ items: z.array(z.object({ resource: z.string(), sha256: z.string(), at: s.Moment })), next: s.next }),
});

export function withdrawn(_: CityRequest, { query }: InputOf<typeof listWithdrawals>): AnswerOf<typeof listWithdrawals> {
  const page = withdrawals(query.since, query.after, query.limit);
  return { items: page.items.map(({ resource, sha256, at }) => ({ resource, sha256, at })), next: page.next ?? null };
}

/** `GET /api/curriculum` */
export const listNodes = operation({
  method: "GET",
  path: "/api/curriculum",
  id: "listNodes",
  tag: "curriculum",
  summary: "Nodes right below another one, in their order; the stages without a parent",
  query: s.Paged.extend({ parent: s.NodeId.optional() }),
  answer: z.object({ items: z.array(s.Node), next: s.next }),
});

export function nodes(_: CityRequest, { query }: InputOf<typeof listNodes>): AnswerOf<typeof listNodes> {
  return s.paged(nodesBelow(query.parent ?? "", query.after, query.limit), (n) => n);
}

/** `GET /api/curriculum/{node}` */
export const getNode = operation({
  method: "GET",
  path: "/api/curriculum/:node",
  id: "getNode",
  tag: "curriculum",
  summary: "A node with its way from the stage down",
  params: s.OfNode,
  answer: s.Node.extend({ path: z.array(s.Node) }),
  problems: { 404: s.ABSENT },
});

export function node(_: CityRequest, { params }: InputOf<typeof getNode>): AnswerOf<typeof getNode> {
  return { ...nodeById(params.node), path: nodePath(params.node) };
}

/** `POST /api/curriculum` */
export const createNode = operation({
  method: "POST",
  path: "/api/curriculum",
  id: "createNode",
  tag: "curriculum",
  summary: "Adds a node (the bureau)",
  body: z.object({ parent: z.string().default("").describe("Empty for a stage."), code: z.string().default(""), zh: z.string().default(""), en: z.string().default(""), order: z.number().default(0) }),
  answer: s.Node,
  status: 201,
  location: "/api/curriculum/{id}",
  signedIn: true,
  problems: { 403: s.FORBIDDEN, 409: "There is such a node", 422: s.FIELDS },
});

export function add(request: CityRequest, { body }: InputOf<typeof createNode>): AnswerOf<typeof createNode> {
  return addNode(request.principal, body);
}

/** `POST /api/curriculum/{node}/change` */
export const replaceEdition = operation({
  method: "POST",
  path: "/api/curriculum/:node/change",
  id: "replaceEdition",
  tag: "curriculum",
  summary: "An edition gives way to another one (the bureau)",
  params: s.OfNode,
  body: z.object({ to: z.string().default(""), moves: z.record(z.string(), z.string()).default({}).describe("The successors of nodes whose codes differ.") }),
  answer: z.object({ items: z.array(s.Node) }),
  signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 422: s.FIELDS },
});

export function change(request: CityRequest, { params, body }: InputOf<typeof replaceEdition>): AnswerOf<typeof replaceEdition> {
  return { items: changeEdition(request.principal, params.node, body.to, body.moves) };
}

const PackAnswer = z.object({
  unit: z.string(),
  state: z.enum(["building", "ready", "stale"]),
  at: s.Moment,
  volumes: z.array(z.object({ path: z.string().nullable().describe("Null while it is being made."), resources: z.number().int() })),
  alone: z.array(z.object({ resource: z.string(), title: z.string(), size: z.number().int(), path: z.string() })).describe("Too large for a volume: fetched by themselves."),
});

/** `GET /api/packs/{unit}` */
export const getPack = operation({
  method: "GET",
  path: "/api/packs/:unit",
  id: "getPack",
  tag: "packs",
  summary: "A unit's offline pack",
  params: s.OfUnit,
  answer: PackAnswer,
  problems: { 404: "There is no such unit, or nobody asked for its pack yet" },
});

export function pack(_: CityRequest, { params }: InputOf<typeof getPack>): AnswerOf<typeof getPack> {
  const found = packOf(params.unit);
  if (found === undefined) throw Problem.notFound();
  return packShown(found);
}

function packShown(of: Pack): z.infer<typeof PackAnswer> {
  const volumes = of.plan.volumes.map((v, n) => ({ path: of.state === "ready" ? `/packs/${of.id}/${n + 1}` : null, resources: v.length }));
  const alone = of.plan.alone.map((i) => ({ resource: i.resource, title: i.title, size: i.size, path: `/resources/${i.resource}/file` }));
  return { unit: of.id, state: of.state, at: of.at, volumes, alone };
}

/** `POST /api/packs/{unit}` */
export const requestPack = operation({
  method: "POST",
  path: "/api/packs/:unit",
  id: "requestPack",
  tag: "packs",
  summary: "Asks for a unit's pack; one that is there is answered as it is",
  params: s.OfUnit,
  answer: PackAnswer,
  status: 202,
  signedIn: true,
  problems: { 404: s.ABSENT },
});

export function ask(request: CityRequest, { params }: InputOf<typeof requestPack>): AnswerOf<typeof requestPack> {
  return packShown(askForPack(request.principal, params.unit));
}
