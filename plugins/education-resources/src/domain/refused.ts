/** Why something is refused: one list for services, pages and API. */
import type { Text } from "./text.ts";
import type { CaptionLanguage } from "./vocabulary.ts";

/** A field that is refused. `at` is a JSON Pointer into what was sent, such as `/keywords/2`. */
export interface FieldError {
  readonly at: string;
  readonly why: Text;
}

/** What has states. */
export type Thing = "resource" | "link" | "assignment" | "submission" | "school" | "pack" | "node" | "consent";

/** What can be absent, or somebody else's, which is told the same way. */
export type Sought =
  | Thing
  | "class"
  | "teacher"
  | "student"
  | "space"
  | "invitation"
  | "file"
  | "captions";

/** What is wrong with a file. */
export type FileReason =
  | "lies-about-type"
  | "unreadable"
  | "picture-bomb"
  | "zip-bomb"
  | "zip-path"
  | "zip-nested"
  | "macros"
  | "pdf-script"
  | "pdf-encrypted"
  | "pdf-disguised"
  | "too-large"
  | "type-not-taken";

/** What is wrong with captions. */
export type CaptionReason =
  | "not-webvtt"
  | "too-large"
  | "not-utf8"
  | "control-character"
  | "no-header"
  | "no-blank-line"
  | "block-not-taken"
  | "not-a-cue"
  | "bad-timing"
  | "bad-setting"
  | "bad-tag"
  | "ends-before-start"
  | "out-of-order"
  | "beyond-the-end"
  | "no-cues"
  | "too-many-cues"
  | "nothing-to-hear";

/** Why. */
export type Why =
  | { readonly kind: "fields"; readonly fields: readonly FieldError[] }
  /** The thing's state does not allow the step. */
  | { readonly kind: "wrong-state"; readonly thing: Thing; readonly state: string; readonly step: string; readonly allowed: readonly string[] }
  /** The reviewer wrote a version of the work. */
  | { readonly kind: "own-work" }
  /** Both reviews by one person. */
  | { readonly kind: "same-reviewer" }
  | { readonly kind: "not-permitted"; readonly needs: Text }
  | { readonly kind: "not-found"; readonly what: Sought }
  /** The licence does not let it be shown. */
  | { readonly kind: "not-licensed"; readonly licence: string }
  /** The same bytes are published already, as another work. */
  | { readonly kind: "same-file"; readonly resource: string; readonly licence: string; readonly asked: string }
  | { readonly kind: "file"; readonly reason: FileReason; readonly found: string }
  /** Captions that cannot be shown as they stand. `line` is the one that is wrong, from 1 on; 0 when it is none of them. */
  | { readonly kind: "captions"; readonly language: CaptionLanguage; readonly line: number; readonly reason: CaptionReason; readonly found: string }
  /** The school's line carries no film, not even the smallest. */
  | { readonly kind: "narrow-line" }
  /** A child under 14, and no guardian's consent in force. */
  | { readonly kind: "guardian-needed" }
  /** An id or key that was used for something else. */
  | { readonly kind: "reused"; readonly id: string }
  /** A code that is unknown, used or too old; which of them is not told. */
  | { readonly kind: "code" }
  /** A signature or a time that does not fit. */
  | { readonly kind: "untrusted"; readonly why: "signature" | "clock" | "source" }
  /** Over a bound of the app. */
  | { readonly kind: "too-much"; readonly what: Text; readonly most: number }
  /** Somebody withdrew it: copies are to be deleted. */
  | { readonly kind: "withdrawn"; readonly at: number; readonly reason: string }
  | { readonly kind: "exists"; readonly what: Sought; readonly id: string };

/** A refusal. Nothing was changed. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(readonly why: Why) {
    super(JSON.stringify(why));
  }

  /** There is no such thing, or it is somebody else's. */
  static notFound(what: Sought): Refused {
    return new Refused({ kind: "not-found", what });
  }

  /** The asker has not the right, which `needs` names. */
  static notPermitted(needs: Text): Refused {
    return new Refused({ kind: "not-permitted", needs });
  }
}

/** Gathers what is wrong, so that a person sees every mistake at once. */
export class Mistakes {
  readonly #fields: FieldError[] = [];

  /** Notes a mistake when `ok` is false; answers `ok`. */
  check(ok: boolean, at: string, zh: string, en: string): boolean {
    if (!ok) this.#fields.push({ at, why: { zh, en } });
    return ok;
  }

  /** Text of `min` to `max` characters as people count them, without control characters. */
  text(value: string, at: string, min: number, max: number): void {
    const n = [...value.trim()].length;
    if (n === 0 && min > 0) this.check(false, at, "请填写此项", "Fill this in");
    else this.check(n >= min && n <= max, at, `应为 ${min} 至 ${max} 个字符，现在是 ${n} 个`, `${min} to ${max} characters; there are ${n}`);
    // Line feeds and tabs are text; the other control characters belong into no document.
    this.check(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value), at, "含有控制字符", "It has control characters");
  }

  /** One of the values that are offered. */
  oneOf(value: string, at: string, offered: readonly string[]): void {
    this.check(offered.includes(value), at, `请选择列出的一项：${offered.join("、")}`, `Choose one of: ${offered.join(", ")}`);
  }

  /** A whole number in a range. */
  whole(value: number, at: string, min: number, max: number): void {
    const ok = Number.isSafeInteger(value) && value >= min && value <= max;
    this.check(ok, at, `应为 ${min} 至 ${max} 的整数`, `A whole number from ${min} to ${max}`);
  }

  get fields(): readonly FieldError[] {
    return this.#fields;
  }

  /** @throws {Refused} `fields`, when something is wrong. */
  finish(): void {
    if (this.#fields.length > 0) throw new Refused({ kind: "fields", fields: this.#fields });
  }
}
