/**
 * ZIP archives, and the office documents that are such: what they would become when they are opened.
 *
 * Nothing is unpacked: the directory at the end says the sizes (APPNOTE 4.3.12), each entry's own header says them again, and
 * packed bytes cannot become more than 1,032 times as many (RFC 1951). What differs is refused.
 */
import { Refused, type FileReason } from "../refused.ts";
import { type Bytes, latin1, little } from "./bytes.ts";

/** The most entries. */
export const MOST_ENTRIES = 2_000;
/** The most bytes of all entries together when they are unpacked. */
export const MOST_UNPACKED = 512 * 1024 * 1024;
/** What is packed by more than this, and is large, is made to burst. */
export const MOST_RATIO = 200;
const LARGE = 16 * 1024 * 1024;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end's record and the longest comment. */
const TAIL = 22 + 65_535;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly at: number;
}

/** @throws {Refused} `zip-bomb`, `zip-path`, `zip-nested`, `macros`, `unreadable` */
export function checkZip(bytes: Bytes): void {
  const entries = directory(bytes);
  let unpacked = 0;
  for (const e of entries) {
    checkName(e.name);
    if (e.unpacked > LARGE && e.unpacked > e.packed * MOST_RATIO) refuse("zip-bomb", e.name);
    unpacked += e.unpacked;
  }
  if (unpacked > MOST_UNPACKED) refuse("zip-bomb", `${unpacked}`);
  checkPlaces(bytes, entries);
}

function checkName(name: string): void {
  const parts = name.split(/[\\/]/);
  if (name === "" || name.includes("\0") || /^([A-Za-z]:|[\\/])/.test(name) || parts.includes("..")) refuse("zip-path", name);
  if (/\.(zip|jar|7z|rar|gz|tar|bz2|xz)$/i.test(name)) refuse("zip-nested", name);
  if (/(^|\/)vbaProject\.bin$/i.test(name) || /\.(exe|dll|bat|cmd|com|scr|js|vbs|ps1|sh|msi)$/i.test(name)) refuse("macros", name);
}

/** Entries lie one behind the other: bytes that several entries share make a small file burst without any ratio. */
function checkPlaces(bytes: Bytes, entries: readonly Entry[]): void {
  let free = 0;
  for (const e of [...entries].sort((a, b) => a.at - b.at)) {
    const local = bytes.read(e.at, 30);
    if (local.length < 30 || little(local, 0, 4) !== LOCAL) refuse("unreadable", e.name);
    const begins = e.at + 30 + little(local, 26, 2) + little(local, 28, 2);
    const streamed = (little(local, 6, 2) & 8) !== 0;
    const agrees = streamed || (little(local, 18, 4) === e.packed && little(local, 22, 4) === e.unpacked);
    if (e.at < free || !agrees || begins + e.packed > bytes.size) refuse("zip-bomb", e.name);
    // Stored is as large as it says; deflated is at most 1,032 times its packed bytes.
    if (e.method === 0 ? e.packed !== e.unpacked : e.method !== 8 || e.unpacked > e.packed * 1032) refuse("zip-bomb", e.name);
    free = begins + e.packed;
  }
}

function directory(bytes: Bytes): Entry[] {
  const from = Math.max(0, bytes.size - TAIL);
  const tail = readAll(bytes, from, bytes.size - from);
  let at = tail.length - 22;
  while (at >= 0 && little(tail, at, 4) !== END) at -= 1;
  if (at < 0) refuse("unreadable", "zip");
  const count = little(tail, at + 10, 2);
  const size = little(tail, at + 12, 4);
  const begins = little(tail, at + 16, 4);
  // 0xffff and 0xffffffff are ZIP64, which nothing of this size needs.
  if (count > MOST_ENTRIES || size > bytes.size || begins + size > from + at) refuse("zip-bomb", `${count}`);
  return entriesOf(readAll(bytes, begins, size), count);
}

function entriesOf(d: Uint8Array, count: number): Entry[] {
  const out: Entry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > d.length || little(d, at, 4) !== ENTRY) refuse("unreadable", "zip");
    const named = little(d, at + 28, 2);
    // Encrypted entries cannot be looked into by anybody.
    if ((little(d, at + 8, 2) & 1) !== 0) refuse("unreadable", "zip");
    out.push({
      name: latin1(d.subarray(at + 46, at + 46 + named)),
      method: little(d, at + 10, 2),
      packed: little(d, at + 20, 4),
      unpacked: little(d, at + 24, 4),
      at: little(d, at + 42, 4),
    });
    at += 46 + named + little(d, at + 30, 2) + little(d, at + 32, 2);
  }
  if (at !== d.length) refuse("unreadable", "zip");
  return out;
}

function readAll(bytes: Bytes, offset: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const piece = bytes.read(offset + at, Math.min(1 << 20, length - at));
    if (piece.length === 0) refuse("unreadable", "zip");
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function refuse(reason: FileReason, found: string): never {
  throw new Refused({ kind: "file", reason, found: found.slice(0, 80) });
}
