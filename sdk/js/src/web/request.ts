/** A request as a handler sees it. */
import type { Context } from "hono";
import type { z } from "zod";
import * as identity from "../identity.ts";
import { type Lang, type Text, pick, t } from "../text.ts";
import { prefersJson } from "./accept.ts";
import { explain } from "./explain.ts";
import { Form } from "./form.ts";
import { SignIn } from "./outcome.ts";
import { Problem } from "./problem.ts";

/**
 * What the city adds to a request: who asks, in which language, and what they posted. Handlers find
 * it as `c.var.request`. The host has checked origin, size and session; who asks is in
 * {@link principal}, never in a header.
 */
export class CityRequest {
  readonly #url: URL;
  #principal: identity.Principal | undefined;
  #presentation: identity.Presentation | undefined;

  constructor(private readonly c: Context) {
    this.#url = new URL(c.req.url);
  }

  /** The path, still percent-encoded. */
  get path(): string {
    return this.#url.pathname;
  }

  /** The path and the query. */
  get target(): string {
    return `${this.#url.pathname}${this.#url.search}`;
  }

  /** The page to come back to: this one, or after a form was posted, the page at its path. */
  get back(): string {
    return this.c.req.method === "GET" || this.c.req.method === "HEAD" ? this.target : this.path;
  }

  /** Who asks. */
  get principal(): identity.Principal {
    this.#principal ??= identity.current();
    return this.#principal;
  }

  /** Whether nobody has signed in. */
  get isAnonymous(): boolean {
    return this.principal.kind === "anonymous";
  }

  /** How the person wants pages to be. */
  get presentation(): identity.Presentation {
    this.#presentation ??= identity.presentation();
    return this.#presentation;
  }

  /** The person's language. */
  get lang(): Lang {
    return this.presentation.lang;
  }

  /** One of two texts, in the person's language. */
  t(zh: string, en: string): string {
    return this.lang === "zh" ? zh : en;
  }

  /** A text in the person's language. */
  text(text: Text): string {
    return pick(this.lang, text);
  }

  /**
   * The subject of the person who asks.
   *
   * @throws {SignIn} for an anonymous visitor: pages lead to the sign-in page and back, the API
   * answers 401.
   */
  get subject(): string {
    const { subject } = this.principal;
    if (subject === undefined) throw new SignIn();
    return subject;
  }

  /** Whether the department assigned this role to whoever asks. */
  hasRole(role: string): boolean {
    return identity.hasRole(this.principal, role);
  }

  /**
   * The principal, who must have one of these roles.
   *
   * @throws {SignIn} for an anonymous visitor, {@link Problem} 403 with the roles for others.
   */
  requireRole(...anyOf: string[]): identity.Principal {
    if (this.isAnonymous) throw new SignIn();
    if (anyOf.some((role) => this.hasRole(role))) return this.principal;
    const roles = anyOf.join(", ");
    throw new Problem(403, t("没有权限", "Not permitted"))
      .kind("role-required")
      .detail(t(`需要角色：${roles}。`, `This needs one of the roles: ${roles}.`));
  }

  /** Whether the answer should be JSON rather than a page, from the path and `Accept`. */
  get wantsJson(): boolean {
    return prefersJson(this.path, this.c.req.header("accept"));
  }

  /** The first value of a name in the query. */
  queryValue(name: string): string | undefined {
    return this.#url.searchParams.get(name) ?? undefined;
  }

  /**
   * The query, as a schema describes it; of a name that stands there several times the first value. Numbers arrive as
   * text: `z.coerce.number()`.
   *
   * @throws {Problem} 400 with the reason when it does not fit.
   */
  query<T>(schema: z.ZodType<T>): T {
    const read = schema.safeParse(this.c.req.query());
    if (read.success) return read.data;
    throw Problem.badRequest("invalid-query", explain(read.error));
  }

  /** The query as a form, for search forms that keep what was typed. */
  queryForm(): Form {
    return new Form(this.#url.searchParams);
  }

  /**
   * The body of a form, to check field by field.
   *
   * @throws {Problem} 415 when it is not `application/x-www-form-urlencoded`, 400 when it is not UTF-8.
   */
  async form(): Promise<Form> {
    this.#expectMedia("application/x-www-form-urlencoded");
    return new Form(new URLSearchParams(await this.#bodyText("invalid-form")));
  }

  /**
   * The JSON body, as a schema describes it; without one of any shape, and hostile until it was checked.
   *
   * @throws {Problem} 415 when it is not `application/json`, 400 when it is no JSON or does not fit.
   */
  async json(): Promise<unknown>;
  async json<T>(schema: z.ZodType<T>): Promise<T>;
  async json(schema?: z.ZodType): Promise<unknown> {
    this.#expectMedia("application/json");
    const text = await this.#bodyText("invalid-json");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (e) {
      throw Problem.badRequest("invalid-json", String((e as Error).message));
    }
    const read = schema?.safeParse(value);
    if (read === undefined) return value;
    if (read.success) return read.data;
    throw Problem.badRequest("invalid-json", explain(read.error));
  }

  async #bodyText(kind: string): Promise<string> {
    const bytes = await this.c.req.arrayBuffer();
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw Problem.badRequest(kind, "the body is not UTF-8");
    }
  }

  #expectMedia(media: string): void {
    const given = this.c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (given === media) return;
    throw new Problem(415, t("不支持的内容类型", "Unsupported media type"))
      .kind("media-type")
      .detail(t(`请求体应为 ${media}。`, `The body must be ${media}.`));
  }
}
