/** Randomness fit for secrets, from the host. */
import { getRandomBytes } from "wasi:random/random@0.2.10";
import { ALPHABET } from "./base32.ts";

/** So many random bytes. */
export function bytes(n: number): Uint8Array {
  return getRandomBytes(BigInt(n));
}

/**
 * A text of so many characters that people can read out, fit for addresses. Each character carries
 * five bits.
 */
export function code(characters: number): string {
  let out = "";
  for (const byte of bytes(characters)) out += ALPHABET.charAt(byte % 32);
  return out;
}
