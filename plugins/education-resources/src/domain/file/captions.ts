/**
 * Captions in WebVTT (<https://www.w3.org/TR/webvtt1/>), read strictly. Players pass over in silence what they cannot read: so that
 * no word of a film is missing, everything that one might pass over is refused with its line.
 */
import { type CaptionReason, Refused } from "../refused.ts";
import type { FileRef } from "../resource.ts";
import type { CaptionLanguage } from "../vocabulary.ts";
import { type Bytes, whole } from "./bytes.ts";

/** The most bytes. */
export const CAPTION_BYTES = 1 << 20;
/** The most cues: one a second, for close to three hours. */
export const MOST_CUES = 10_000;
/** So much later than the film the last cue may end: containers and the programs that write captions round differently. */
export const SLACK_MS = 1000;
/** Spans within spans. */
const DEEPEST = 8;

/** Makes a refusal of what stands at a line. */
type Wrong = (line: number, reason: CaptionReason, found?: string) => Refused;

/**
 * Looks into captions. They are kept and served as they came.
 *
 * @param ms how long the film is, where that is known.
 * @throws {Refused} `captions` with the first line that is wrong
 */
export function checkCaptions(language: CaptionLanguage, file: Pick<FileRef, "name" | "mediaType">, bytes: Bytes, ms: number | undefined): void {
  const wrong: Wrong = (line, reason, found = "") => new Refused({ kind: "captions", language, line, reason, found });
  // The platform knows texts by their bytes, and WebVTT as any other of them.
  if (!/\.vtt$/i.test(file.name) || !file.mediaType.startsWith("text/")) throw wrong(0, "not-webvtt", file.name);
  if (bytes.size > CAPTION_BYTES) throw wrong(0, "too-large", String(bytes.size));
  const lines = linesOf(whole(bytes, CAPTION_BYTES), wrong);
  if (!/^WEBVTT(?:[ \t]|$)/.test(lines[0] ?? "") || isArrow(lines[0])) throw wrong(1, "no-header");
  if ((lines[1] ?? "") !== "") throw wrong(2, "no-blank-line");
  checkBlocks(lines, ms, wrong);
}

/** The lines, the first one at 0. A character that another program could not read has become U+FFFD, there or here. */
function linesOf(content: Uint8Array, wrong: Wrong): string[] {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content).replace(/^\uFEFF/, "");
  const lines = text.split(/\r\n|\n|\r/);
  lines.forEach((line, n) => {
    if (line.includes("\uFFFD")) throw wrong(n + 1, "not-utf8");
    const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.exec(line)?.[0];
    if (control !== undefined) throw wrong(n + 1, "control-character", `U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  });
  return lines;
}

function isArrow(line: string | undefined): boolean {
  return line?.includes("-->") === true;
}

/** What stands between blank lines, one after the other. */
function checkBlocks(lines: readonly string[], ms: number | undefined, wrong: Wrong): void {
  let [cues, before] = [0, 0];
  for (let from = 1; from < lines.length; ) {
    if (lines[from] === "") {
      from += 1;
      continue;
    }
    const end = lines.indexOf("", from);
    const to = end < 0 ? lines.length : end;
    const timing = timingOf(lines, from, to, wrong);
    if (timing !== undefined) {
      cues += 1;
      if (cues > MOST_CUES) throw wrong(timing + 1, "too-many-cues", String(MOST_CUES));
      before = checkTiming(lines[timing] ?? "", timing + 1, before, ms, wrong);
      checkText(lines, timing + 1, to, wrong);
    }
    from = to + 1;
  }
  if (cues === 0) throw wrong(0, "no-cues");
}

/** The line of a block that has a cue's timings: the first, or the second behind the cue's name. A note has none. */
function timingOf(lines: readonly string[], from: number, to: number, wrong: Wrong): number | undefined {
  const first = lines[from] ?? "";
  const timing = isArrow(first) ? from : from + 1;
  for (let n = isNote(first) ? from : timing + 1; n < to; n++) if (isArrow(lines[n])) throw wrong(n + 1, "no-blank-line");
  if (isNote(first)) return undefined;
  const block = /^(STYLE|REGION)[ \t]*$/.exec(first)?.[1];
  if (block !== undefined) throw wrong(from + 1, "block-not-taken", block);
  if (timing >= to || !isArrow(lines[timing])) throw wrong(from + 1, "not-a-cue", first.slice(0, 40));
  return timing;
}

function isNote(line: string): boolean {
  return /^NOTE(?:[ \t]|$)/.test(line) && !isArrow(line);
}

const TIME = String.raw`(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})`;
const TIMING = new RegExp(String.raw`^${TIME}[ \t]+-->[ \t]+${TIME}(?:[ \t]+(.*))?$`);
const PERCENT = String.raw`(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%`;
/** Where on the picture a cue stands. A region would have to be described by a block that is not taken. */
const SETTINGS: Readonly<Record<string, RegExp>> = {
  vertical: /^(?:rl|lr)$/,
  line: new RegExp(`^(?:-?\\d{1,4}|${PERCENT})(?:,(?:start|center|end))?$`),
  position: new RegExp(`^${PERCENT}(?:,(?:line-left|center|line-right))?$`),
  size: new RegExp(`^${PERCENT}$`),
  align: /^(?:start|center|end|left|right)$/,
};

/** Checks a cue's timings, and answers when it begins. */
function checkTiming(text: string, line: number, before: number, ms: number | undefined, wrong: Wrong): number {
  const found = TIMING.exec(text);
  if (found === null) throw wrong(line, "bad-timing", text.slice(0, 60));
  const [start, end] = [momentOf(found.slice(1, 5)), momentOf(found.slice(5, 9))];
  const names = new Set<string>();
  for (const setting of (found[9] ?? "").split(/[ \t]+/).filter((s) => s !== "")) {
    const [, name = "", value = ""] = /^([a-z]+):(.*)$/.exec(setting) ?? [];
    const known = Object.hasOwn(SETTINGS, name) && SETTINGS[name]?.test(value) === true;
    if (!known || names.has(name)) throw wrong(line, "bad-setting", setting.slice(0, 40));
    names.add(name);
  }
  if (start >= end) throw wrong(line, "ends-before-start");
  if (start < before) throw wrong(line, "out-of-order");
  if (ms !== undefined && end > ms + SLACK_MS) throw wrong(line, "beyond-the-end", momentText(ms));
  return start;
}

function momentOf([hours, minutes, seconds, thousandths]: readonly (string | undefined)[]): number {
  return ((Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(thousandths);
}

/** As captions write it: `00:01:30.500`. */
function momentText(ms: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

const CLASSES = String.raw`(?:\.[^\s.&<>]+)*`;
const OPENS = [
  new RegExp(`^(b|i|u|c|ruby|rt)${CLASSES}$`),
  // Who speaks, and which language: a word must follow.
  new RegExp(String.raw`^(v)${CLASSES}[ \t]+[^ \t].*$`),
  new RegExp(String.raw`^(lang)${CLASSES}[ \t]+[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*[ \t]*$`),
];
const CLOSES = /^\/(b|i|u|c|v|lang|ruby|rt)$/;

/** Checks the spans of a cue's text: those of WebVTT that only say how words look, sound or are read, each closed in its turn. */
function checkText(lines: readonly string[], from: number, to: number, wrong: Wrong): void {
  const open: string[] = [];
  for (let n = from; n < to; n++) {
    for (const [all, tag = "", end] of (lines[n] ?? "").matchAll(/<([^<>]*)(>?)/g)) {
      if (end === "" || !isSpan(tag, open)) throw wrong(n + 1, "bad-tag", all.slice(0, 40));
    }
  }
  // Who speaks may stand at the beginning for all of the cue.
  const left = open[0] === "v" ? open.slice(1) : open;
  if (left.length > 0) throw wrong(to, "bad-tag", `<${left[0]}>`);
}

/** Whether a tag is a span that may stand here; `open` are those around it, and changes with it. */
function isSpan(tag: string, open: string[]): boolean {
  const closes = CLOSES.exec(tag)?.[1];
  if (closes !== undefined) {
    // The end of the last reading may be left out.
    if (closes === "ruby" && open.at(-1) === "rt") open.pop();
    return open.pop() === closes;
  }
  const opens = OPENS.map((o) => o.exec(tag)?.[1]).find((name) => name !== undefined);
  if (opens === undefined || open.length >= DEEPEST || (opens === "rt" && open.at(-1) !== "ruby")) return false;
  open.push(opens);
  return true;
}
