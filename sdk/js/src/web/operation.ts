/**
 * Operations of the API: a route with the schemas of what passes through it. The OpenAPI document is
 * made of the same schemas, so it cannot say anything else than what the app does.
 */
import type { Context } from "hono";
import type { ZodType } from "zod";
import { explain } from "./explain.ts";
import { Problem } from "./problem.ts";
import type { CityRequest } from "./request.ts";

/** The methods of operations. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An operation: what goes in, what comes out, and what the document says of it. */
export interface Operation<P, Q, B, R> {
  readonly method: Method;
  /** As hono writes it: `/api/orders/:number`. */
  readonly path: string;
  /** The `operationId`, unique in the app. */
  readonly id: string;
  readonly summary: string;
  /** More about it (CommonMark). */
  readonly description?: string;
  /** The group in which documentation lists it. */
  readonly tag?: string;
  /** The path's parameters, an object. What does not fit leads to nothing: 404. */
  readonly params?: ZodType<P>;
  /** The query's parameters, an object: 400 when they do not fit. Numbers arrive as text: `z.coerce.number()`. */
  readonly query?: ZodType<Q>;
  /** The JSON body: 400 when it does not fit, 415 when it is another type. */
  readonly body?: ZodType<B>;
  /** The answer; without one the operation answers an empty body. */
  readonly answer?: ZodType<R>;
  /** The status of the answer; 200 when not said, 204 without an answer. */
  readonly status?: 200 | 201 | 202 | 204;
  /** The body may be left out, and is then read as `{}`: every field must have a default. */
  readonly optionalBody?: boolean;
  /** Request headers that it reads, each with what it is for. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Where what was made is: a path whose parameters are members of the answer, such as
   * `/api/orders/{number}`. It becomes the header `Location` (RFC 9110, 15.3.2).
   */
  readonly location?: string;
  /** Only for those who signed in: everybody else gets a 401 before the handler runs. */
  readonly signedIn?: boolean;
  /** Problems that it may answer, and when. */
  readonly problems?: Readonly<Record<number, string>>;
}

/** An operation, with the types of its schemas; `undefined` where it has none. */
export function operation<P = undefined, Q = undefined, B = undefined, R = undefined>(
  of: Operation<P, Q, B, R>,
): Operation<P, Q, B, R> {
  return of;
}

/** What an operation takes in; `undefined` where it has no schema. */
export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

/** What an operation's handler is given: `InputOf<typeof listOrders>`. */
export type InputOf<O> = O extends Operation<infer P, infer Q, infer B, infer _> ? Input<P, Q, B> : never;

/** What an operation's handler answers: `AnswerOf<typeof listOrders>`. */
export type AnswerOf<O> = O extends Operation<infer _P, infer _Q, infer _B, infer R> ? R : never;

/** Reads and checks what goes into an operation. @throws {SignIn}, {@link Problem} 400, 404 or 415. */
export async function inputOf<P, Q, B, R>(
  of: Operation<P, Q, B, R>,
  c: Context,
  request: CityRequest,
): Promise<Input<P, Q, B>> {
  if (of.signedIn === true) void request.subject;
  const params = of.params?.safeParse(c.req.param());
  if (params?.success === false) throw Problem.notFound();
  const query = of.query && request.query(of.query);
  const body = of.body?.safeParse(await bodyOf(of.optionalBody === true, c, request));
  if (body?.success === false) throw Problem.badRequest("invalid-json", explain(body.error));
  return { params: params?.data as P, query: query as Q, body: body?.data as B };
}

async function bodyOf(optional: boolean, c: Context, request: CityRequest): Promise<unknown> {
  if (optional && (await c.req.arrayBuffer()).byteLength === 0) return {};
  return request.json();
}

/** The operation's `location`, filled in. @throws {Problem} 500 when the answer has no such member. */
export function locationOf(path: string, answer: unknown): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
    if (typeof value === "string" || typeof value === "number") return encodeURIComponent(value);
    throw Problem.internal(`location ${path}: the answer has no text or number \`${name}\``);
  });
}
