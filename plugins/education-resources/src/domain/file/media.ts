/** Films and recordings: whether there is sound in one, and how long it is, as its container says. Nothing is decoded. */
import { type Bytes, big, little } from "./bytes.ts";

/** What is known of a film or a recording. */
export interface Media {
  /** Whether there is sound; `undefined` where the container does not tell. */
  readonly sound: boolean | undefined;
  /** How long it is, in milliseconds, where that is known. */
  readonly ms: number | undefined;
}

/** The parts of a container that are looked at: an honest one has a few dozen before it has said everything. */
const MOST_PARTS = 1000;
/** Bytes that are read at a time: the parts that matter are small, and stand close together. */
const WINDOW = 4096;

const UNKNOWN: Media = { sound: undefined, ms: undefined };

/** What a file says of itself. */
export function mediaOf(mediaType: string, bytes: Bytes): Media {
  const read = windowed(bytes);
  switch (mediaType) {
    case "video/mp4":
      return mp4(read);
    case "video/webm":
      return webm(read);
    case "audio/m4a":
      return { ...mp4(read), sound: true };
    case "audio/x-wav":
    case "audio/wav":
      return { sound: true, ms: wav(read) };
    default:
      return { sound: mediaType.startsWith("audio/") ? true : mediaType.startsWith("video/") ? undefined : false, ms: undefined };
  }
}

/** Each read of the platform's costs a call: what stands close to the last one is answered from it. */
function windowed(bytes: Bytes): Bytes {
  let [from, window]: [number, Uint8Array] = [0, new Uint8Array()];
  const read = (offset: number, length: number): Uint8Array => {
    if (offset < from || offset + length > from + window.length) [from, window] = [offset, bytes.read(offset, Math.max(length, WINDOW))];
    return window.subarray(offset - from, offset - from + length);
  };
  return { size: bytes.size, read };
}

/** A length that can be; a container that is written while it is recorded says 0. */
function length(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 1 ? Math.round(ms) : undefined;
}

/** A part of a container, and where its content stands. */
interface Part {
  readonly type: string | number;
  readonly from: number;
  readonly to: number;
}

/** Counts parts over the whole of a container. */
interface Left {
  parts: number;
}

/** The boxes of MP4 (ISO 14496-12, 4.2) between two places. */
function* boxes(bytes: Bytes, from: number, to: number, left: Left): Generator<Part> {
  for (let at = from; at + 8 <= to && left.parts > 0; left.parts -= 1) {
    const head = bytes.read(at, 16);
    if (head.length < 8) return;
    const [short, type] = [big(head, 0, 4), String.fromCharCode(...head.subarray(4, 8))];
    // 1: the size stands behind the type, in eight bytes. 0: all that is left.
    const size = short === 0 ? to - at : short === 1 ? big(head, 8, 4) * 2 ** 32 + big(head, 12, 4) : short;
    const header = short === 1 ? 16 : 8;
    if (size < header) return;
    yield { type, from: at + header, to: Math.min(at + size, to) };
    at += size;
  }
}

function mp4(bytes: Bytes): Media {
  const left: Left = { parts: MOST_PARTS };
  for (const moov of boxes(bytes, 0, bytes.size, left)) {
    if (moov.type !== "moov") continue;
    let ms: number | undefined;
    const kinds: string[] = [];
    for (const part of boxes(bytes, moov.from, moov.to, left)) {
      if (part.type === "mvhd") ms = movieLength(bytes.read(part.from, 32));
      if (part.type === "trak") kinds.push(trackKind(bytes, part, left));
    }
    // What was not looked at to its end may have sound.
    const sound = kinds.includes("soun") ? true : kinds.length === 0 || kinds.includes("") || left.parts === 0 ? undefined : false;
    return { sound, ms };
  }
  return UNKNOWN;
}

/** `mvhd` (8.2.2): ticks in a second, and how many there are, in four bytes or, in version 1, in eight; all ones are unknown. */
function movieLength(b: Uint8Array): number | undefined {
  const isLong = b[0] === 1;
  if (b.length < 32) return undefined;
  const [ticks, most] = isLong ? [big(b, 24, 4) * 2 ** 32 + big(b, 28, 4), 2 ** 53] : [big(b, 16, 4), 2 ** 32 - 1];
  return ticks >= most ? undefined : length((ticks * 1000) / big(b, isLong ? 20 : 12, 4));
}

/** What a track is of (`mdia`, `hdlr`, 8.4.3): `vide`, `soun` or another. */
function trackKind(bytes: Bytes, track: Part, left: Left): string {
  for (const mdia of boxes(bytes, track.from, track.to, left)) {
    if (mdia.type !== "mdia") continue;
    for (const hdlr of boxes(bytes, mdia.from, mdia.to, left)) {
      if (hdlr.type === "hdlr") return String.fromCharCode(...bytes.read(hdlr.from + 8, 4));
    }
  }
  return "";
}

/** Elements of Matroska (RFC 9559). */
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const TRACK_TYPE = 0x83;
const CLUSTER = 0x1f43b675;
const SOUND = 2;

/** The elements of EBML (RFC 8794) between two places. One of unknown size goes to the end of what it stands in. */
function* elements(bytes: Bytes, from: number, to: number, left: Left): Generator<Part> {
  for (let at = from; at < to && left.parts > 0; left.parts -= 1) {
    const head = bytes.read(at, 12);
    const id = variable(head, 0, true);
    const size = id === undefined ? undefined : variable(head, id.length, false);
    if (id === undefined || size === undefined) return;
    const begin = at + id.length + size.length;
    const end = size.value === undefined ? to : Math.min(begin + size.value, to);
    yield { type: id.value ?? 0, from: begin, to: end };
    at = end;
  }
}

/** A number of one to eight bytes, whose first one says how many; all ones are unknown. An id keeps what says so. */
function variable(b: Uint8Array, at: number, isId: boolean): { value: number | undefined; length: number } | undefined {
  const first = b[at] ?? 0;
  const n = Math.clz32(first) - 23;
  if (first === 0 || n > (isId ? 4 : 8) || at + n > b.length) return undefined;
  const rest = first - 2 ** (8 - n);
  let value = isId ? first : rest;
  let full = rest === 2 ** (8 - n) - 1;
  for (let i = 1; i < n; i++) {
    value = value * 256 + (b[at + i] ?? 0);
    full &&= b[at + i] === 0xff;
  }
  return { value: full && !isId ? undefined : value, length: n };
}

function webm(bytes: Bytes): Media {
  const left: Left = { parts: MOST_PARTS };
  for (const segment of elements(bytes, 0, bytes.size, left)) {
    if (segment.type !== SEGMENT) continue;
    let { sound, ms } = UNKNOWN;
    for (const part of elements(bytes, segment.from, segment.to, left)) {
      if (part.type === INFO) ms = segmentLength(bytes, part, left);
      if (part.type === TRACKS) sound = hasSound(bytes, part, left);
      // What describes a film stands before its pictures.
      if (part.type === CLUSTER || (sound !== undefined && ms !== undefined)) break;
    }
    return { sound, ms };
  }
  return UNKNOWN;
}

function segmentLength(bytes: Bytes, info: Part, left: Left): number | undefined {
  // Nanoseconds of a tick.
  let [scale, ticks] = [1_000_000, Number.NaN];
  for (const part of elements(bytes, info.from, info.to, left)) {
    const content = bytes.read(part.from, Math.min(part.to - part.from, 8));
    if (part.type === SCALE) scale = content.reduce((sum, b) => sum * 256 + b, 0);
    if (part.type === DURATION) ticks = float(content);
  }
  return length((ticks * scale) / 1_000_000);
}

function float(b: Uint8Array): number {
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  return b.length === 4 ? view.getFloat32(0) : b.length === 8 ? view.getFloat64(0) : Number.NaN;
}

function hasSound(bytes: Bytes, tracks: Part, left: Left): boolean | undefined {
  let seen = false;
  for (const track of elements(bytes, tracks.from, tracks.to, left)) {
    if (track.type !== TRACK) continue;
    for (const part of elements(bytes, track.from, track.to, left)) {
      if (part.type !== TRACK_TYPE) continue;
      seen = true;
      if (bytes.read(part.from, 1)[0] === SOUND) return true;
    }
  }
  return seen && left.parts > 0 ? false : undefined;
}

/** The chunks of RIFF: bytes of a second stand in `fmt `, and how many there are before `data`. */
function wav(bytes: Bytes): number | undefined {
  let rate = 0;
  for (let [at, n] = [12, 0]; at + 8 <= bytes.size && n < MOST_PARTS; n++) {
    const head = bytes.read(at, 20);
    const [type, size] = [String.fromCharCode(...head.subarray(0, 4)), little(head, 4, 4)];
    if (type === "fmt ") rate = little(head, 16, 4);
    if (type === "data") return length((size * 1000) / rate);
    at += 8 + size + (size % 2);
  }
  return undefined;
}
