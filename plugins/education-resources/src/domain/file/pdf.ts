/**
 * PDF files: nothing in them may act by itself. Refused are scripts, actions when the file or a page is opened, programs to be
 * started, files within the file, and what hides such names (ISO 32000-1: 7.3.5, 7.5.7, 12.6).
 */
import { Unzlib } from "fflate";
import { type FileReason, Refused } from "../refused.ts";
import { type Bytes, latin1, whole } from "./bytes.ts";

/** A PDF is read whole, so it may not be larger. */
export const MOST_PDF = 20 * 1024 * 1024;
/** All object streams together may unpack to so much. */
export const MOST_OBJECTS = 32 * 1024 * 1024;
/** So many packed bytes at once: they become at most 1,032 times as many before the bound is looked at. */
const STEP = 4096;

/** A hidden name is looked for within so many characters before a `#`. */
const NAME = 40;
/** A dictionary is looked for within so many characters before `/ObjStm`. */
const DICTIONARY = 4096;
/** So many places may say what happens when the file is opened; one is what a file has, and one more with each change of it. */
const MOST_OPENINGS = 100;

/**
 * Names that act. They are long enough not to stand in packed bytes by chance; `/JS` is not, and no script runs without
 * `/JavaScript`, or `/Rendition`, beside it.
 */
const ACTING = ["/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition"];
/** An action that only goes to a page is common and harmless: what these lead to is looked at. */
const HOOKS = ["/OpenAction", "/AA"];

/** @throws {Refused} `pdf-script` with the name that was found, `pdf-encrypted`, `pdf-disguised`, `too-large`, `unreadable` */
export function checkPdf(bytes: Bytes): void {
  if (bytes.size > MOST_PDF) refuse("too-large", `${bytes.size}`);
  const content = whole(bytes, MOST_PDF);
  const text = latin1(content);
  if (!text.startsWith("%PDF-")) refuse("lies-about-type", "application/pdf");
  checkText(text);
  if (has(text, "/Encrypt")) refuse("pdf-encrypted", "/Encrypt");
  for (const objects of objectStreams(content, text)) checkText(objects);
}

/** Looks for names that act in the text of objects. */
function checkText(text: string): void {
  checkDisguise(text);
  for (const name of ACTING) if (has(text, name)) refuse("pdf-script", name);
  for (const name of HOOKS) if (hooks(text, name)) refuse("pdf-script", name);
}

/** Whether a name stands there as a whole: `/JS` and not `/JSomething`. */
function has(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) if (ends(text, at + name.length)) return true;
  return false;
}

function ends(text: string, at: number): boolean {
  return !/[A-Za-z0-9#_+.-]/.test(text.charAt(at));
}

/** An action at opening; a plain destination (an array, or a reference to one that goes to a page) is none. */
function hooks(text: string, name: string): boolean {
  let openings = 0;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!ends(text, at + name.length)) continue;
    const rest = text.slice(at + name.length, at + name.length + 400).trimStart();
    if (name === "/OpenAction" && (rest.startsWith("[") || /^<<[^>]*\/S\s*\/GoTo[^A-Za-z]/.test(rest))) continue;
    const named = /^(\d{1,10}) (\d{1,5}) R/.exec(rest);
    if (name === "/OpenAction" && named !== null && ++openings <= MOST_OPENINGS && goesToPage(text, `${named[1]} ${named[2]} obj`)) continue;
    // Three bytes stand in packed pictures by chance, but hardly with a dictionary behind them.
    if (name === "/AA" && named === null && !rest.startsWith("<<") && !rest.startsWith("%")) continue;
    return true;
  }
  return false;
}

function goesToPage(text: string, object: string): boolean {
  const at = text.search(new RegExp(`(^|[^0-9])${object}`));
  if (at < 0) return false;
  const body = text.slice(at, at + 500).replace(/^[^0-9]*\d+ \d+ obj\s*/, "");
  return body.startsWith("[") || /^<<[^>]*\/S\s*\/GoTo[^A-Za-z]/.test(body);
}

/** A letter of the alphabet that is written as `#4A` stands there to hide a name: no program that makes PDF files writes it so. */
function checkDisguise(text: string): void {
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at + 1)) {
    const code = /^#([0-9A-Fa-f]{2})/.exec(text.slice(at, at + 3))?.[1];
    if (code === undefined || !/[A-Za-z]/.test(String.fromCharCode(Number.parseInt(code, 16)))) continue;
    // A name runs from its slash without a space: in pictures and packed bytes such a row is chance, and short.
    const before = text.slice(Math.max(at - NAME, 0), at);
    const slash = before.lastIndexOf("/");
    const name = slash < 0 ? "" : before.slice(slash) + text.slice(at, at + NAME);
    const plain = /^\/[A-Za-z0-9#]+/.exec(name)?.[0].replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const hidden = plain !== undefined && [...ACTING, ...HOOKS, "/ObjStm", "/Encrypt"].some((n) => plain === n || (plain.startsWith(n) && !/[A-Za-z]/.test(plain.charAt(n.length))));
    if (hidden) refuse("pdf-disguised", name.slice(0, 40));
  }
}

/** The texts of the object streams. One that cannot be read is refused: what nobody can look into is shown to nobody. */
function* objectStreams(content: Uint8Array, text: string): Generator<string> {
  let [left, room] = [MOST_OBJECTS, content.length];
  let stream = -1;
  for (let at = text.indexOf("/ObjStm"); at >= 0; at = text.indexOf("/ObjStm", at + 1)) {
    // Another mention before the same stream.
    if (at < stream) continue;
    stream = text.indexOf("stream", at);
    if (stream < 0) refuse("unreadable", "/ObjStm");
    const before = text.slice(Math.max(at - DICTIONARY, 0), at);
    const dictionary = before.slice(Math.max(before.lastIndexOf(" obj"), 0)) + text.slice(at, stream);
    const begin = stream + 6 + (text.startsWith("\r\n", stream + 6) ? 2 : 1);
    const end = text.indexOf("endstream", begin);
    if (end < 0) refuse("unreadable", "/ObjStm");
    // Streams of an honest file lie beside each other: together they are no longer than it.
    room -= end - begin;
    if (room < 0) refuse("zip-bomb", "/ObjStm");
    if (!dictionary.includes("/Filter")) {
      yield text.slice(begin, end);
      continue;
    }
    const simple = /\/Filter\s*(\[\s*)?\/FlateDecode\s*(\]|\/|>|\r|\n| )/.test(dictionary) && !dictionary.includes("/DecodeParms");
    if (!simple) refuse("pdf-disguised", "/ObjStm");
    const unpacked = inflate(content.subarray(begin, end), left);
    left -= unpacked.length;
    yield unpacked;
  }
}

function inflate(packed: Uint8Array, most: number): string {
  let out = "";
  const stream = new Unzlib((piece) => {
    out += latin1(piece);
  });
  try {
    for (let at = 0; at < packed.length; at += STEP) {
      stream.push(packed.subarray(at, at + STEP), at + STEP >= packed.length);
      if (out.length > most) refuse("zip-bomb", "/ObjStm");
    }
  } catch (e) {
    if (e instanceof Refused) throw e;
    // Behind the packed bytes may stand the line's end, which is no error; before anything came out it is.
    if (out === "") refuse("unreadable", "/ObjStm");
  }
  return out;
}

function refuse(reason: FileReason, found: string): never {
  throw new Refused({ kind: "file", reason, found: found.slice(0, 80) });
}
