/**
 * Requests to other hosts: those that `app.toml` lists under `outbound`; the host refuses all others.
 * The engine's `fetch` works as well; this adds a deadline, a cap, and an error that says what to do.
 */
import { t } from "./text.ts";
import { Problem } from "./web/problem.ts";

/** How long an answer may take when nothing is said, in milliseconds: well under what a person waits for. */
const TIMEOUT = 5_000;

/** The largest answer that is read, in bytes. */
const LARGEST = 4 * 1024 * 1024;

/** What to send. */
export interface Outbound {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Milliseconds; 5,000 when not said. */
  readonly timeout?: number;
}

/** An answer, read whole. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Why no answer came: `refused` by the host or the network, `late`, or `too-large`. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  constructor(
    readonly code: "refused" | "late" | "too-large",
    /** The host that was asked: an address may carry secrets. */
    readonly host: string,
    why: string,
  ) {
    super(`${host}: ${why}`);
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem {
    console.error(`error: ${this.message}`);
    return new Problem(502, t("所需的外部服务没有答复，请稍后再试", "A service that this needs does not answer; please try again later")).kind(
      "upstream",
    );
  }
}

/** Sends a request and reads the answer, whatever its status. Redirects are not followed. @throws {HttpError} */
export async function send(url: string, request: Outbound = {}): Promise<Answered> {
  const { host } = new URL(url);
  const headers = new Headers(request.headers);
  if (request.json !== undefined) headers.set("content-type", "application/json");
  const body = request.json === undefined ? undefined : JSON.stringify(request.json);
  const milliseconds = request.timeout ?? TIMEOUT;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `no answer within ${milliseconds} ms`;
    timer = setTimeout(() => reject(new HttpError("late", host, why)), milliseconds);
  });
  try {
    return await Promise.race([late, exchange(url, host, { method: request.method ?? "GET", headers, body })]);
  } finally {
    clearTimeout(timer);
  }
}

/** A `GET`. @throws {HttpError} */
export function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  return send(url, { headers });
}

/** A `POST` of JSON. @throws {HttpError} */
export function postJson(url: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  return send(url, { method: "POST", json: value, headers });
}

async function exchange(url: string, host: string, init: RequestInit): Promise<Answered> {
  try {
    const response = await fetch(url, { ...init, redirect: "manual" });
    const bytes = await readCapped(response, host);
    return { status: response.status, headers: response.headers, text: new TextDecoder().decode(bytes) };
  } catch (e) {
    if (e instanceof HttpError) throw e;
    const why = e instanceof Error ? e.message : String(e);
    throw new HttpError("refused", host, `${why}: is the host under \`outbound\` in app.toml, and does it answer?`);
  }
}

async function readCapped(response: Response, host: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LARGEST) {
      await reader.cancel();
      throw new HttpError("too-large", host, `the answer has more than ${LARGEST} bytes`);
    }
    chunks.push(value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
