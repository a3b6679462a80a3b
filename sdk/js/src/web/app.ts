/** An app: hono's router with what the city adds. */
import { type Context, Hono } from "hono";
import { problemPage } from "../page/frame.tsx";
import { signInUrl } from "../identity.ts";
import { type Text, same, t } from "../text.ts";
import { openapi } from "./openapi.ts";
import { type Input, type Operation, inputOf, locationOf } from "./operation.ts";
import { MissingConsent, SignIn, hasOutcome } from "./outcome.ts";
import { Problem } from "./problem.ts";
import { CityRequest } from "./request.ts";

/** What handlers find in `c.var`. */
export interface AppEnv {
  Variables: {
    /** Who asks, in which language, and what they posted. */
    request: CityRequest;
  };
}

/** A handler's context. */
export type AppContext = Context<AppEnv>;

/** What is told about an app in its OpenAPI document. */
export interface AppOptions {
  readonly title?: Text;
  readonly description?: string;
}

/**
 * The routes of an app: a `Hono` whose handlers find the city's request in `c.var.request`, and whose
 * errors become problem documents for programs and pages for people.
 *
 * `HEAD` is answered by the `GET` route. A path without a route is a 404, a path with routes for
 * other methods a 405. `/openapi.json` is answered from the {@link operation}s.
 *
 * Routes are made once, when the component is built: what stands at the top of a module runs then,
 * and must ask nothing of the city.
 */
export class App extends Hono<AppEnv> {
  readonly #operations: Operation<unknown, unknown, unknown, unknown>[] = [];

  constructor(options: AppOptions = {}) {
    super();
    this.use("*", async (c, next) => {
      c.set("request", new CityRequest(c));
      await next();
    });
    this.get("/openapi.json", (c) =>
      c.json(openapi(options.title ?? same("API"), options.description ?? "", this.#operations)),
    );
    this.notFound((c) => this.#nothing(c));
    this.onError((e, c) => answer(e, c));
  }

  /** An operation of the API, described in `/openapi.json`. What the handler answers is sent as JSON. */
  operation<P, Q, B, R>(
    of: Operation<P, Q, B, R>,
    handler: (request: CityRequest, input: Input<P, Q, B>, c: AppContext) => R | Promise<R>,
  ): this {
    if (this.#operations.some((o) => o.id === of.id)) throw new Error(`operation ${of.id} stands there twice`);
    this.#operations.push(of as Operation<unknown, unknown, unknown, unknown>);
    this.on(of.method, of.path, async (c: AppContext) => {
      const { request } = c.var;
      const value = await handler(request, await inputOf(of, c, request), c);
      if (of.answer === undefined) return c.body(null, of.status ?? 204);
      if (of.location !== undefined) c.header("location", locationOf(of.location, value));
      return c.json(value as object, of.status === 204 ? 200 : of.status);
    });
    return this;
  }

  /** 405 where other methods have a route (RFC 9110 15.5.6), otherwise 404. */
  async #nothing(c: AppContext): Promise<Response> {
    const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((m) => this.#serves(m, c.req.path));
    if (methods.length === 0) return respond(Problem.notFound(), c);
    if (methods.includes("GET")) methods.push("HEAD");
    const problem = new Problem(405, t("不支持的方法", "Method not allowed")).kind("method");
    const response = await respond(problem, c);
    response.headers.set("allow", methods.join(", "));
    return response;
  }

  #serves(method: string, path: string): boolean {
    const [handlers] = this.router.match(method, path);
    // Middleware stands under every method, and answers nothing by itself.
    return handlers.some(([[, route]]) => route.method === method);
  }
}

/** What an error that a handler throws is answered with. */
async function answer(error: Error, c: AppContext): Promise<Response> {
  const e = hasOutcome(error) ? error.outcome : error;
  const request = c.var.request;
  if (e instanceof SignIn) {
    if (!request.wantsJson) return c.redirect(signInUrl(request.back), 303);
    const problem = new Problem(401, t("请先登录", "Sign in first")).kind("sign-in-required");
    return respond(problem.with("sign_in_url", signInUrl("/")), c);
  }
  if (e instanceof MissingConsent) {
    if (!request.wantsJson) return c.redirect(e.consentUrl(request.back), 303);
    const problem = new Problem(403, t("需要您的授权", "Your consent is needed")).kind("consent-required");
    return respond(problem.with("scope", e.scope).with("consent_url", e.consentUrl("/")), c);
  }
  if (e instanceof Problem) return respond(e, c);
  if ("getResponse" in e && typeof e.getResponse === "function") return e.getResponse();
  return respond(Problem.internal(e.stack ?? e.message), c);
}

async function respond(problem: Problem, c: AppContext): Promise<Response> {
  const { request } = c.var;
  const { lang } = request;
  const response = request.wantsJson
    ? problem.toResponse(lang)
    : await problemPage(request, problem.status, problem.title[lang], problem.detailIn(lang), problem.fieldsIn(lang));
  if (problem.status === 503) response.headers.set("retry-after", "2");
  return response;
}
