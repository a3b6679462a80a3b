/** Bytes of a file, read in pieces: nothing here holds a large file whole unless its check needs that. */

/** What a check reads from. */
export interface Bytes {
  readonly size: number;
  /** At most `length` bytes from `offset` on; fewer at the end. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes that are in memory. */
export function bytesOf(content: Uint8Array): Bytes {
  return { size: content.length, read: (offset, length) => content.subarray(offset, offset + length) };
}

/** Bytes as text of one character a byte, which can be searched quickly. */
export function latin1(content: Uint8Array): string {
  let out = "";
  // A call takes so many arguments and no more.
  for (let at = 0; at < content.length; at += 8192) out += String.fromCharCode(...content.subarray(at, at + 8192));
  return out;
}

/** The whole file, of at most `most` bytes, in pieces of 1 MiB. */
export function whole(bytes: Bytes, most: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.min(bytes.size, most));
  for (let at = 0; at < out.length; ) {
    const piece = bytes.read(at, Math.min(1 << 20, out.length - at));
    if (piece.length === 0) return out.subarray(0, at);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A number of two or four bytes, the least first. */
export function little(b: Uint8Array, at: number, n: 2 | 4): number {
  let out = 0;
  for (let i = n - 1; i >= 0; i--) out = out * 256 + (b[at + i] ?? 0);
  return out;
}

/** A number of two or four bytes, the greatest first. */
export function big(b: Uint8Array, at: number, n: 2 | 4): number {
  let out = 0;
  for (let i = 0; i < n; i++) out = out * 256 + (b[at + i] ?? 0);
  return out;
}
