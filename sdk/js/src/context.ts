/** Where this instance runs. */
import * as host from "city:app/context@1.0.0";
import type { z } from "zod";

/** The installation: its name, app, version, organization, origin and portal (without a slash at the end). */
export type Installation = host.Installation;

/** A value of the configuration that is not what was asked for: the schema in `app.toml` and the code disagree. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(
    readonly key: string,
    readonly problem: string,
  ) {
    super(`configuration \`${key}\`: ${problem}`);
  }
}

/** The installation. */
export function installation(): Installation {
  return host.current();
}

/** The id of the call that this instance serves; the same id stands in the host's logs and on error pages. */
export function requestId(): string {
  return host.requestId();
}

/**
 * A value of the installation's configuration, checked by the host against the schema in `app.toml`;
 * `undefined` where neither a value nor a default is set.
 *
 * @throws {ConfigError} when the value is not what `schema` describes.
 */
export function config<T>(key: string, schema: z.ZodType<T>): T | undefined {
  const text = host.config(key);
  if (text === undefined) return undefined;
  const read = schema.safeParse(JSON.parse(text));
  if (!read.success) throw new ConfigError(key, read.error.issues.map((i) => i.message).join("; "));
  return read.data;
}

/**
 * `n` bytes (1 to 64) derived from a secret of this installation that never leaves the host, the
 * same at every call: for signing codes that this app alone checks.
 */
export function deriveKey(purpose: string, n: number): Uint8Array {
  if (!Number.isInteger(n) || n < 1 || n > 64) throw new RangeError("deriveKey gives 1 to 64 bytes");
  const key = host.deriveKey(purpose, n);
  // The contract promises n bytes; a shorter answer would make a weak key.
  if (key.length !== n) throw new Error(`the host derived ${key.length} bytes instead of ${n}`);
  return key;
}
