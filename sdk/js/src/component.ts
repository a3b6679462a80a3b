/**
 * The component's exports, over the parts that an app implements. `yunlong-build` writes the module
 * that calls these; an app does not.
 */
import type * as consumerExport from "city:app/consumer@1.0.0";
import type * as jobsExport from "city:app/jobs@1.0.0";
import type * as lifecycleExport from "city:app/lifecycle@1.0.0";
import type * as migrationsExport from "city:app/migrations@1.0.0";
import { big, whole } from "./contract.ts";
import { Tx } from "./data/transact.ts";
import { Failure } from "./failure.ts";
import { Event } from "./messaging.ts";
import type { Consumer, Jobs, Lifecycle, Migrations } from "./parts.ts";

/** What answers requests: an {@link App} or any other with hono's `fetch`. */
export interface Handler {
  fetch(request: Request): Response | Promise<Response>;
  /** The router of an app that is hono's. */
  readonly router?: { match(method: string, path: string): unknown };
}

/** The engine's fetch event: it calls `wasi:http/incoming-handler`'s place. */
interface FetchEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

/**
 * Serves requests. The router makes its table at the first match; made here, it is part of the component. An instance serves
 * one request, and would make it anew each time.
 */
export function serve(app: Handler): void {
  app.router?.match("GET", "/");
  const listen = addEventListener as (type: "fetch", listener: (event: FetchEvent) => void) => void;
  listen("fetch", (event) => event.respondWith(app.fetch(event.request)));
}

/** Runs a call whose WIT result has a `failure`: what is thrown becomes one. */
function orFailure<T>(f: () => T): T {
  try {
    return f();
  } catch (e) {
    const { code, message } = Failure.of(e);
    throw { payload: { tag: code, val: message } };
  }
}

/** Runs a call whose WIT result has a text. */
function orText<T>(f: () => T): T {
  try {
    return f();
  } catch (e) {
    throw { payload: e instanceof Error ? e.message : String(e) };
  }
}

/** `city:app/consumer` of a {@link Consumer}. */
export function exportConsumer(of: Consumer): typeof consumerExport {
  return { handle: (event, transaction) => orFailure(() => of.handle(new Event(event), new Tx(transaction))) };
}

/** `city:app/jobs` of {@link Jobs}. */
export function exportJobs(of: Jobs): typeof jobsExport {
  return {
    run: (job, scheduled, transaction) => orFailure(() => of.run(job, whole(scheduled), new Tx(transaction))),
  };
}

/** `city:app/lifecycle` of a {@link Lifecycle}. */
export function exportLifecycle(of: Lifecycle): typeof lifecycleExport {
  return {
    install: (transaction) => orText(() => of.install(new Tx(transaction))),
    health: () => orText(() => of.health?.()),
  };
}

/** `city:app/migrations` of {@link Migrations}. */
export function exportMigrations(of: Migrations): typeof migrationsExport {
  return {
    migrate: (from, to, cursor, transaction) =>
      orText(() => {
        const { next, done, total } = of.migrate(from, to, cursor, new Tx(transaction));
        return { next, done: big(done), total: total === undefined ? undefined : big(total) };
      }),
  };
}
