/** Schools: what they are, from when to when they are in service, merger and closure. */
import { isPlace } from "./division.ts";
import { Mistakes, Refused } from "./refused.ts";
import { type Day, isDay } from "./time.ts";

/** What a school teaches. A nine-year school is one school of two stages. */
export const SCHOOL_KINDS = ["kindergarten", "primary", "junior", "nine-year", "senior", "twelve-year", "vocational", "special"] as const;
export type SchoolKind = (typeof SCHOOL_KINDS)[number];

/** Urban or rural, as the statistics of education divide schools. */
export type Setting = "urban" | "rural";
export const SETTINGS: readonly Setting[] = ["urban", "rural"];

/** How a school ended. */
export interface Ending {
  readonly how: "merged" | "closed";
  /** The school that it became part of. */
  readonly into: string | null;
}

/** A school. */
export interface School {
  /** The ten-digit code of the national register of schools. */
  readonly id: string;
  readonly name: string;
  /** A town's nine digits, or a village's twelve. */
  readonly division: string;
  readonly setting: Setting;
  readonly kind: SchoolKind;
  /** Bandwidth of its line, Mbit/s; 0 when it has none. */
  readonly bandwidth: number;
  /** Pupils on the roll: a public figure of the register, not counted from the app's own people. */
  readonly pupils: number;
  /** The first day in service. */
  readonly from: Day;
  /** The first day no longer in service; `null` while none is known. */
  readonly to: Day | null;
  readonly ending: Ending | null;
}

/** What is filled in for a school. */
export type SchoolInput = Omit<School, "to" | "ending">;

const COMPULSORY: readonly SchoolKind[] = ["primary", "junior", "nine-year", "twelve-year"];

/** Whether compulsory education is given there: primary and junior secondary, under whatever roof. */
export function isCompulsory(school: Pick<School, "kind">): boolean {
  return COMPULSORY.includes(school.kind);
}

/** Whether it is in service on a day. */
export function inService(school: Pick<School, "from" | "to">, day: Day): boolean {
  return school.from <= day && (school.to === null || day < school.to);
}

/** Checks what is filled in. @throws {Refused} `fields` */
export function checkSchool(input: SchoolInput): void {
  const m = new Mistakes();
  m.check(/^\d{10}$/.test(input.id), "/id", "学校标识码为 10 位数字", "A school's code has ten digits");
  m.text(input.name, "/name", 2, 40);
  m.check(isPlace(input.division), "/division", "请填写本市的乡镇（9 位）或村（12 位）代码", "The code of a town (nine digits) or village (twelve) of this city");
  m.oneOf(input.setting, "/setting", SETTINGS);
  m.oneOf(input.kind, "/kind", SCHOOL_KINDS);
  m.whole(input.bandwidth, "/bandwidth", 0, 100_000);
  m.whole(input.pupils, "/pupils", 0, 20_000);
  m.check(isDay(input.from), "/from", "请填写日期，如 2026-09-01", "A day such as 2026-09-01");
  m.finish();
}

/** A new school. @throws {Refused} `fields` */
export function register(input: SchoolInput): School {
  checkSchool(input);
  return { ...input, name: input.name.trim(), to: null, ending: null };
}

/** Changes what is filled in; the code stays. @throws {Refused} `fields`, `wrong-state` when it has ended */
export function edit(school: School, input: SchoolInput): School {
  if (school.ending !== null) throw ended(school, "edit");
  checkSchool({ ...input, id: school.id });
  return { ...school, ...input, id: school.id };
}

/**
 * Ends a school from a day on. Pupils of a merged school go on in the other one; uses before that day stay with this one.
 *
 * @throws {Refused} `wrong-state` when it has ended already, `fields` when the day or the other school cannot be
 */
export function end(school: School, how: Ending["how"], into: School | null, day: Day): School {
  if (school.ending !== null) throw ended(school, how === "merged" ? "merge" : "close");
  const m = new Mistakes();
  m.check(isDay(day) && day > school.from, "/day", `请填写 ${school.from} 之后的日期`, `A day after ${school.from}`);
  if (how === "merged") {
    const ok = into !== null && into.id !== school.id && isDay(day) && inService(into, day);
    m.check(ok, "/into", "请选择当日仍在办学的另一所学校", "Another school that is in service on that day");
  }
  m.finish();
  return { ...school, to: day, ending: { how, into: how === "merged" ? (into?.id ?? null) : null } };
}

function ended(school: School, step: string): Refused {
  return new Refused({ kind: "wrong-state", thing: "school", state: school.ending?.how ?? "in-service", step, allowed: [] });
}
