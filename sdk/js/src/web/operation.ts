/**
 * Operations of the API: a route with the schemas of what passes through it. The OpenAPI document is
 * made of the same schemas, so it cannot say anything else than what the app does.
 */
import type { Context } from "hono";
import type { ZodError, ZodType } from "zod";
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

function explain(error: ZodError): string {
  return error.issues.map((i) => `${i.path.length === 0 ? "" : `${i.path.join(".")}: `}${i.message}`).join("; ");
}

/** Reads and checks what goes into an operation. @throws {SignIn}, {@link Problem} 400, 404 or 415. */
export async function inputOf<P, Q, B, R>(
  of: Operation<P, Q, B, R>,
  c: Context,
  request: CityRequest,
): Promise<Input<P, Q, B>> {
  if (of.signedIn === true) void request.subject;
  const params = of.params?.safeParse(c.req.param());
  if (params?.success === false) throw Problem.notFound();
  const query = of.query?.safeParse(c.req.query());
  if (query?.success === false) throw Problem.badRequest("invalid-query", explain(query.error));
  const body = of.body?.safeParse(await request.json());
  if (body?.success === false) throw Problem.badRequest("invalid-body", explain(body.error));
  return { params: params?.data as P, query: query?.data as Q, body: body?.data as B };
}
