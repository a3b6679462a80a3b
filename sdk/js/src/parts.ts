/** What an app exports beside its routes; each part is optional, and `yunlong-build` finds it by its name. */
import type { Tx } from "./data/transact.ts";
import type { Event } from "./messaging.ts";

/** An app that consumes events: those of `[[consumes]]` in `app.toml`, and `city.payments`. */
export interface Consumer {
  /**
   * Handles one event. What is written in `tx` commits together with the acknowledgment, so the event
   * has its effect exactly once; the host commits. After a conflict the host delivers again.
   *
   * @throws {Failure} to say whether the host should try again. Nothing is written then.
   */
  handle(event: Event, tx: Tx): void;
}

/** An app that runs the jobs of `app.toml`. */
export interface Jobs {
  /**
   * Runs `job`, which fell due at `scheduled` (ms since 1970). What is written in `tx` commits
   * together with the run's record.
   *
   * @throws {Failure} to say whether the host should try again. Nothing is written then.
   */
  run(job: string, scheduled: number, tx: Tx): void;
}

/** An app that is called around its installation. */
export interface Lifecycle {
  /**
   * Called once, before the installation serves its first request: the place for first data.
   *
   * @throws an error whose message is for the operator: the installation is refused.
   */
  install(tx: Tx): void;

  /**
   * Called before a release serves its first request, every few seconds while a new release is
   * watched, and when an official asks for it. It must not write.
   *
   * @throws an error whose message is for the operator: the release does not serve, or is rolled back.
   */
  health?(): void;
}

/** An app that brings its data from an older schema to that of this version: `[data]` in `app.toml`. */
export interface Migrations {
  /**
   * Brings a batch of data from the schema `from` to `to`; `cursor` is {@link Progress.next} of the
   * batch before. What is written in `tx` commits together with the progress, so that a batch has its
   * effect exactly once.
   *
   * @throws an error whose message is for the department: the host tries the batch again, and then stops.
   */
  migrate(from: number, to: number, cursor: string | undefined, tx: Tx): Progress;
}

/** How far a migration is after a batch. */
export interface Progress {
  /** Where the next batch goes on; absent when all is done. */
  readonly next?: string;
  /** Done so far, all batches counted. */
  readonly done: number;
  /** All that there is to do, if it is known. */
  readonly total?: number;
}

/** Done so far, and the cursor of the page that comes next, as a progress whose cursor carries both. */
export function progressAfter(done: number, next: string | undefined): Progress {
  return { done, next: next === undefined ? undefined : `${done}:${next}` };
}

/** What {@link progressAfter} put into a cursor. @throws {RangeError} when it is another cursor. */
export function resume(cursor: string | undefined): { done: number; next?: string } {
  if (cursor === undefined) return { done: 0 };
  const at = cursor.indexOf(":");
  const done = cursor.slice(0, Math.max(at, 0));
  if (!/^\d+$/.test(done)) throw new RangeError(`\`${cursor}\` is no cursor of this migration`);
  return { done: Number(done), next: cursor.slice(at + 1) };
}
