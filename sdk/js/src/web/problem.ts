/** Problem documents (RFC 9457) for programs; the app shows the same to people as a page. */
import { requestId } from "../context.ts";
import { type Lang, type Text, pick, t, tag } from "../text.ts";

/** The statuses that a problem may have. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

/** A problem: a status, a title and what to do about it, in both languages. Throw it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly #extra: Record<string, unknown> = {};
  readonly #fields: { pointer: string; detail: Text }[] = [];
  #kind: string | undefined;
  #detail: Text | undefined;

  constructor(
    readonly status: ProblemStatus,
    readonly title: Text,
  ) {
    super(`${status} ${title.en}`);
  }

  /** 404. */
  static notFound(): Problem {
    return new Problem(404, t("没有找到", "Not found")).kind("not-found");
  }

  /** 409 with a title, such as a slot that is sold out. */
  static conflict(title: Text): Problem {
    return new Problem(409, title);
  }

  /** 403 with a title. */
  static forbidden(title: Text): Problem {
    return new Problem(403, title);
  }

  /** 422 with a title: understood, and refused. */
  static invalid(title: Text): Problem {
    return new Problem(422, title);
  }

  /** 400: what was sent cannot be read. */
  static badRequest(kind: string, why: string): Problem {
    return new Problem(400, t("请求无效", "Bad request")).kind(kind).detail({ zh: why, en: why });
  }

  /** 503: another attempt in a moment may do. */
  static busy(): Problem {
    return new Problem(503, t("人太多，请稍后再试", "Very busy, please try again")).kind("busy");
  }

  /** 500. `why` goes to the installation's log, not to the person. */
  static internal(why: string): Problem {
    console.error(`error: ${why}`);
    return new Problem(500, t("出了点问题", "Something went wrong")).kind("internal");
  }

  /** A stable word for programs, such as `sold-out`: the document's `type` is `urn:yunlong:problem:sold-out`. */
  kind(kind: string): this {
    this.#kind = kind;
    return this;
  }

  /** What happened in this case and what to do. */
  detail(detail: Text): this {
    this.#detail = detail;
    return this;
  }

  /** A member of the document beyond those of the standard; never in place of one that the problem has itself, such as `status`. */
  with(name: string, value: unknown): this {
    this.#extra[name] = value;
    return this;
  }

  /**
   * A field that was refused, with its reason. `at` is a JSON Pointer (RFC 6901) into the body, such
   * as `/visitors/0/name`; the bare name of a field is written as the pointer `/name`.
   */
  field(at: string, reason: Text): this {
    const bare = at !== "" && !at.startsWith("/");
    const pointer = bare ? `/${at.replaceAll("~", "~0").replaceAll("/", "~1")}` : at;
    this.#fields.push({ pointer, detail: reason });
    return this;
  }

  /** The detail in a language, if there is one. */
  detailIn(lang: Lang): string | undefined {
    return this.#detail && pick(lang, this.#detail);
  }

  /** What is wrong with each field that was refused, in a language. */
  fieldsIn(lang: Lang): string[] {
    return this.#fields.map((f) => pick(lang, f.detail));
  }

  /** The document, `application/problem+json`. */
  toResponse(lang: Lang): Response {
    const doc: Record<string, unknown> = {};
    if (this.#kind !== undefined) doc.type = `urn:yunlong:problem:${this.#kind}`;
    doc.title = pick(lang, this.title);
    doc.status = this.status;
    const detail = this.detailIn(lang);
    if (detail !== undefined) doc.detail = detail;
    if (this.#fields.length > 0) {
      doc.errors = this.#fields.map((f) => ({ pointer: f.pointer, detail: pick(lang, f.detail) }));
    }
    doc.request_id = requestId();
    const headers = { "content-type": "application/problem+json", "content-language": tag(lang) };
    return new Response(JSON.stringify({ ...this.#extra, ...doc }), { status: this.status, headers });
  }
}
