/** Small films for tests: a container that says how long it is and what is in it, and no picture. */

const ascii = (s: string): number[] => [...s].map((c) => c.charCodeAt(0));
const be = (n: number, bytes: number): number[] => Array.from({ length: bytes }, (_, i) => Math.floor(n / 256 ** (bytes - 1 - i)) % 256);

/** A box of ISO 14496-12. */
export function box(type: string, ...parts: (readonly number[])[]): number[] {
  const content = parts.flat();
  return [...be(content.length + 8, 4), ...ascii(type), ...content];
}

const track = (kind: string): number[] => box("trak", box("tkhd", be(0, 20)), box("mdia", box("mdhd", be(0, 20)), box("hdlr", be(0, 4), be(0, 4), ascii(kind), be(0, 12))));

/** An MP4 of so many milliseconds with tracks of these kinds: `vide`, `soun`. */
export function mp4(ms: number, ...kinds: readonly string[]): Uint8Array {
  const header = box("mvhd", be(0, 12), be(1000, 4), be(ms, 4), be(0, 80));
  return Uint8Array.from([...box("ftyp", ascii("isom"), be(512, 4), ascii("isom")), ...box("mdat", be(0, 100)), ...box("moov", header, ...kinds.map(track))]);
}

/** A film with sound, of so many milliseconds. `n` makes it another file. */
export function talkingFilm(ms = 60_000, n = 0): Uint8Array {
  return Uint8Array.from([...mp4(ms, "vide", "soun"), ...box("free", be(n, 4))]);
}

/** An element of EBML (RFC 8794) with a size of eight bytes. */
export function element(id: readonly number[], ...parts: (readonly number[])[]): number[] {
  const content = parts.flat();
  return [...id, 0x01, ...be(content.length, 7), ...content];
}

/** A WebM of so many milliseconds with tracks of these types: 1 is a picture, 2 sound. */
export function webm(ms: number, ...types: readonly number[]): Uint8Array {
  const duration = new Uint8Array(8);
  new DataView(duration.buffer).setFloat64(0, ms);
  const info = element([0x15, 0x49, 0xa9, 0x66], element([0x2a, 0xd7, 0xb1], be(1_000_000, 3)), element([0x44, 0x89], [...duration]));
  const tracks = element([0x16, 0x54, 0xae, 0x6b], ...types.map((t) => element([0xae], element([0xd7], [1]), element([0x83], [t]))));
  // A size that is all ones is unknown: so live recordings begin.
  const segment = [0x18, 0x53, 0x80, 0x67, 0x01, ...Array<number>(7).fill(0xff)];
  return Uint8Array.from([...element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], ascii("webm"))), ...segment, ...info, ...tracks, ...element([0x1f, 0x43, 0xb6, 0x75], be(0, 50))]);
}
