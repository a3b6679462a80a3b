/** The OpenAPI 3.1 document of an app, made of the schemas of its operations. */
import { type ZodType, z } from "zod";
import { installation } from "../context.ts";
import type { Text } from "../text.ts";
import type { Operation } from "./operation.ts";

type AnyOperation = Operation<unknown, unknown, unknown, unknown>;
type Json = Record<string, unknown>;

/** The JSON Schema of what goes in (`input`) or comes out (`output`). */
function schemaOf(schema: ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io, unrepresentable: "any" }) as Json;
  return rest;
}

/** The document of the operations. */
export function openapi(title: Text, description: string, operations: readonly AnyOperation[]): Json {
  const here = installation();
  const paths: Record<string, Json> = {};
  for (const of of operations) {
    const path = of.path.replaceAll(/:([A-Za-z_]\w*)(\{[^}]*\})?/g, "{$1}");
    (paths[path] ??= {})[of.method.toLowerCase()] = operation(of);
  }
  return {
    openapi: "3.1.0",
    info: { title: title.zh, description, version: here.version },
    servers: [{ url: here.origin }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A token of POST /api/v1/sessions on the portal." },
      },
    },
  };
}

function operation(of: AnyOperation): Json {
  const headers = Object.entries(of.headers ?? {}).map(([name, description]) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  }));
  const parameters = [...parametersOf("path", of.params), ...parametersOf("query", of.query), ...headers];
  const out: Json = { operationId: of.id, summary: of.summary, responses: responses(of) };
  if (of.description !== undefined) out.description = of.description;
  if (of.tag !== undefined) out.tags = [of.tag];
  if (parameters.length > 0) out.parameters = parameters;
  if (of.body) {
    const content = { "application/json": { schema: schemaOf(of.body, "input") } };
    out.requestBody = { required: of.optionalBody !== true, content };
  }
  if (of.signedIn === true) out.security = [{ bearer: [] }];
  return out;
}

/** One parameter for each property of an object's schema. */
function parametersOf(place: "path" | "query", schema: ZodType | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: rest,
    ...(description === undefined ? {} : { description }),
  }));
}

function responses(of: AnyOperation): Json {
  const status = of.status ?? (of.answer ? 200 : 204);
  const success: Json = { description: status === 201 ? "Created" : status === 202 ? "Accepted" : "Success" };
  if (of.answer) success.content = { "application/json": { schema: schemaOf(of.answer, "output") } };
  if (of.location !== undefined) {
    const schema = { type: "string", format: "uri-reference" };
    success.headers = { Location: { description: `\`${of.location}\``, schema } };
  }
  // What the SDK itself answers before the handler runs.
  const implied: Record<number, string> = {};
  if (of.query || of.body) implied[400] = "The query or the body is not what is described here";
  if (of.body) implied[415] = "The body is not application/json";
  if (of.params) implied[404] = "The path leads to nothing";
  if (of.signedIn === true) implied[401] = "Not signed in";
  if (of.method !== "GET") implied[503] = "Too many conflicts: try again after Retry-After seconds";
  const problems = Object.entries({ ...implied, ...of.problems }).map(([code, description]) => [
    code,
    { description, content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } },
  ]);
  return { ...Object.fromEntries(problems), [status]: success };
}

const PROBLEM: Json = {
  type: "object",
  description: "A problem document (RFC 9457).",
  required: ["title", "status"],
  properties: {
    type: { type: "string", description: "A stable name of the kind of problem, about:blank when absent." },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    request_id: { type: "string", description: "The id under which the host's logs speak of it." },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "detail"],
        properties: {
          pointer: { type: "string", description: "A JSON Pointer (RFC 6901) into the body, or `/name` for a parameter." },
          detail: { type: "string", description: "What is wrong and what to do." },
        },
      },
    },
  },
};
