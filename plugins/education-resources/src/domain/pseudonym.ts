/** Keyed digests: pseudonyms, the digests of codes, and signatures of probes. SHA-256 (FIPS 180-4) and HMAC (RFC 2104). */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Month } from "./time.ts";

/** HMAC-SHA-256 of a text, 64 hexadecimal digits. */
export function keyed(key: Uint8Array, text: string): string {
  return bytesToHex(hmac(sha256, key, utf8ToBytes(text)));
}

/** SHA-256 of bytes, 64 hexadecimal digits. */
export function digest(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** A new secret, of random bytes. */
export function secretOf(random: Uint8Array): string {
  return bytesToHex(random);
}

/**
 * The pseudonym of a student in a month. It is another one each month, so that nobody's trail is longer than that, and it
 * cannot be made again once the secret is gone.
 */
export function pseudonym(secret: string, month: Month): string {
  return keyed(hexToBytes(secret), month).slice(0, 32);
}

/** Whether two texts of one length are the same, in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let differ = 0;
  for (let i = 0; i < a.length; i++) differ |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return differ === 0;
}
