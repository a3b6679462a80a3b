/**
 * Codes that people read out and type: base 32 in the alphabet of Douglas Crockford, which has no I, L, O and U.
 * `random.code` makes one that nobody guesses.
 */

/** Its digits, from 0 to 31. */
export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The first `n` characters of the base 32 of bytes, such as a keyed hash; zeros where the bytes end. Each character
 * carries five bits.
 */
export function encode(bytes: Uint8Array, n: number): string {
  const bit = (i: number): number => ((bytes[i >> 3] ?? 0) >> (7 - (i % 8))) & 1;
  let out = "";
  for (let c = 0; c < n; c += 1) {
    let value = 0;
    for (let i = 0; i < 5; i += 1) value = (value << 1) | bit(c * 5 + i);
    out += ALPHABET.charAt(value);
  }
  return out;
}

/**
 * The code that a person typed: in capitals, without blanks and hyphens, O as 0, I and L as 1. `undefined` when there
 * is another character.
 */
export function typed(text: string): string | undefined {
  const code = text.replace(/[\s-]/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
  return [...code].every((c) => ALPHABET.includes(c)) ? code : undefined;
}
