/** Idempotency keys: what somebody sends again under the same key is the same thing, and not a second one. */
import * as base32 from "@yunlong/sdk/base32";
import * as context from "@yunlong/sdk/context";
import { hexToBytes } from "@noble/hashes/utils.js";
import { keyed } from "../domain/pseudonym.ts";
import { Refused } from "../domain/refused.ts";
import { t } from "../domain/text.ts";

/**
 * What a person's key stands for among things of a kind, in hexadecimal digits. It follows from the person and the key, so that
 * nobody meets the key of another. What is made under it is looked for first: of two at once one conflicts, looks again and
 * finds it.
 *
 * @throws {Refused} `fields`
 */
export function standsFor(kind: string, subject: string, key: string): string {
  if (!/^[A-Za-z0-9-]{8,64}$/.test(key)) {
    throw new Refused({ kind: "fields", fields: [{ at: "/key", why: t("幂等键为 8 至 64 个字母、数字或 -", "8 to 64 letters, digits or -") }] });
  }
  return keyed(context.deriveKey(kind, 32), `${subject}\n${key}`);
}

/** The same as so many characters that people can read out. */
export function asCode(digits: string, characters: number): string {
  return base32.encode(hexToBytes(digits), characters);
}
