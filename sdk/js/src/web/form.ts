/** Forms that say what is wrong beside each field and keep what was typed. */
import { type Text, t } from "../text.ts";
import { Problem } from "./problem.ts";

const MISSING = t("请填写此项", "Fill this in");

/**
 * What a form holds and what is wrong with it.
 *
 * Read the fields with the checking methods; each answers `undefined` after it noted why. Then show
 * the page again with the same form (422), or go on when nothing was noted:
 *
 * ```ts
 * const name = form.text("name", 1, 40);
 * const seats = form.number("seats", 1, 5);
 * if (name === undefined || seats === undefined) return page(form, 422);
 * ```
 */
export class Form {
  readonly #pairs: [string, string][];
  readonly #errors: [string, Text][] = [];

  constructor(pairs: Iterable<readonly [string, string]> = []) {
    this.#pairs = Array.from(pairs, ([name, value]) => [name, value]);
  }

  /** Sets what a field holds: for the first showing of a form that edits something. */
  with(name: string, value: string): this {
    this.#pairs.push([name, value]);
    return this;
  }

  /** What the field holds, as typed; empty when it is absent. */
  value(name: string): string {
    return this.#pairs.find(([n]) => n === name)?.[1] ?? "";
  }

  /** Every value of a field that may stand there several times, such as checkboxes. */
  values(name: string): string[] {
    return this.#pairs.filter(([n]) => n === name).map(([, v]) => v);
  }

  /** All names and values, in the order of the body. */
  pairs(): readonly (readonly [string, string])[] {
    return this.#pairs;
  }

  /** Whether a checkbox is ticked. */
  checked(name: string): boolean {
    return this.#pairs.some(([n]) => n === name);
  }

  /** What is wrong with a field; the first that was noted. */
  error(name: string): Text | undefined {
    return this.#errors.find(([n]) => n === name)?.[1];
  }

  /** Everything that is wrong, in the order in which it was noted. */
  errors(): readonly (readonly [string, Text])[] {
    return this.#errors;
  }

  /** Notes what is wrong with a field. */
  reject(name: string, why: Text): void {
    this.#errors.push([name, why]);
  }

  /** Whether nothing is wrong so far. */
  get isValid(): boolean {
    return this.#errors.length === 0;
  }

  /**
   * For an API that takes the same fields.
   *
   * @throws {Problem} 422 with the fields, when something is wrong.
   */
  finish(): void {
    if (this.isValid) return;
    const problem = Problem.invalid(t("请更正标出的各项", "Please correct the fields")).kind("invalid-fields");
    for (const [name, why] of this.#errors) problem.field(name, why);
    throw problem;
  }

  /** Text without the spaces around it, of so many characters. A lower bound of 1 or more makes it mandatory. */
  text(name: string, min: number, max: number): string | undefined {
    const value = this.value(name).trim();
    // Characters as people count them, not UTF-16 units.
    const n = [...value].length;
    if (n >= min && n <= max) return value;
    if (n === 0) this.reject(name, MISSING);
    else if (n < min) this.reject(name, t(`至少 ${min} 个字符`, `At least ${min} characters`));
    else this.reject(name, t(`最多 ${max} 个字符，现在是 ${n} 个`, `At most ${max} characters; there are ${n}`));
    return undefined;
  }

  /** A whole number in a range. */
  number(name: string, min: number, max: number): number | undefined {
    const value = this.#required(name);
    if (value === undefined) return undefined;
    const n = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(n) && n >= min && n <= max) return n;
    this.reject(name, t(`请填写 ${min} 至 ${max} 的整数`, `Fill in a whole number from ${min} to ${max}`));
    return undefined;
  }

  /** One of the values that were offered. */
  choice<T extends string>(name: string, offered: readonly T[]): T | undefined {
    const value = this.#required(name);
    if (value === undefined) return undefined;
    const found = offered.find((o) => o === value);
    if (found === undefined) this.reject(name, t("请选择列出的一项", "Choose one of those listed"));
    return found;
  }

  /** Anything that can be parsed; `why` is shown when `parse` answers `undefined`. */
  parse<T>(name: string, parse: (value: string) => T | undefined, why: Text): T | undefined {
    const value = this.#required(name);
    const parsed = value === undefined ? undefined : parse(value);
    if (value !== undefined && parsed === undefined) this.reject(name, why);
    return parsed;
  }

  /** Anything that a function accepts, such as a check digit; the `why` that it answers is shown. */
  check<T>(name: string, check: (value: string) => { value: T } | { why: Text }): T | undefined {
    const value = this.#required(name);
    if (value === undefined) return undefined;
    const checked = check(value);
    if ("value" in checked) return checked.value;
    this.reject(name, checked.why);
    return undefined;
  }

  #required(name: string): string | undefined {
    const value = this.value(name).trim();
    if (value !== "") return value;
    this.reject(name, MISSING);
    return undefined;
  }
}
