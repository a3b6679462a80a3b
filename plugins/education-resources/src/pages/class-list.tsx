/** Lists of classes, a school's or those that one teaches: narrowed by name, school year, grade and teacher, sorted by their headings, and as files. */
import { type CityRequest, type Column, Empty, Field, Listing, Select, t } from "@yunlong/sdk";
import type * as sheet from "@yunlong/sdk/sheet";
import type { Class } from "../domain/people.ts";

const PER_PAGE = 50;
const GRADES = Array.from({ length: 12 }, (_, n) => String(n + 1));
const GIVEN = "given";
const NOBODY = "nobody";

/** How a list of classes is to be shown: the newest school year comes first. A class's own fields, `year` and `grade`, stand in a form beside it. */
export function classListing(request: CityRequest): Listing {
  return new Listing(request, { sorts: ["-year", "name", "grade"], filters: ["q", "of-year", "of-grade", "teacher"] });
}

/** The school year that is asked for; a year that is none is not heard of. */
export function yearOf(list: Listing): number | undefined {
  return /^\d{4}$/.test(list.filter("of-year")) ? Number(list.filter("of-year")) : undefined;
}

/** The classes that the listing asks for, in its order; those of one key by grade and name. */
export function narrowedClasses(list: Listing, all: readonly Class[]): Class[] {
  const [q, year, grade, teacher] = [list.filter("q").toLowerCase(), yearOf(list), list.filter("of-grade"), list.filter("teacher")];
  const fits = (k: Class): boolean =>
    k.name.toLowerCase().includes(q) &&
    (year === undefined || k.year === year) &&
    (!GRADES.includes(grade) || k.grade === Number(grade)) &&
    (teacher !== GIVEN || k.teacher !== undefined) &&
    (teacher !== NOBODY || k.teacher === undefined);
  const ordered = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
  const key = (k: Class): string | number => (list.sort === "name" ? k.name : list.sort === "grade" ? k.grade : k.year);
  const turn = list.descending ? -1 : 1;
  return all.filter(fits).sort((a, b) => turn * ordered(key(a), key(b)) || ordered(a.grade, b.grade) || ordered(a.name, b.name) || ordered(a.id, b.id));
}

/** The form that narrows the list; `teachers` offers those that nobody teaches yet. */
function ClassesForm({ request, list, teachers }: { request: CityRequest; list: Listing; teachers: boolean }) {
  const everything = ["", request.t("全部", "All")] as const;
  return list.form(
    <div class="grid">
      <Field request={request} form={list.filters} name="q" kind="search" label={t("班级名称", "Class")} />
      <Field request={request} form={list.filters} name="of-year" kind="number" label={t("学年（开始的年份）", "School year (when it began)")} />
      <Select request={request} form={list.filters} name="of-grade" label={t("年级", "Grade")} options={[everything, ...GRADES.map((g) => [g, g] as const)]} />
      {teachers ? (
        <Select request={request} form={list.filters} name="teacher" label={t("教师", "Teacher")} options={[everything, [GIVEN, request.t("已安排", "given")], [NOBODY, request.t("未安排", "nobody yet")]]} />
      ) : null}
    </div>,
  );
}

/** The list with its form, its pages and its files at `path`. What there is without any filter is `all`. */
export function ClassList(props: { request: CityRequest; list: Listing; all: readonly Class[]; columns: readonly Column<Class>[]; caption: string; path: string; teachers: boolean }) {
  const { request, list, all, path } = props;
  const rows = narrowedClasses(list, all);
  if (all.length === 0 && !list.isFiltered) return <Empty><p>{request.t("还没有班级。", "There is no class yet.")}</p></Empty>;
  return (
    <>
      <ClassesForm request={request} list={list} teachers={props.teachers} />
      {rows.length === 0 ? <Empty><p>{request.t("没有符合条件的班级。", "No class fits.")}</p></Empty> : list.table(props.caption, props.columns, rows.slice(...list.range(rows.length, PER_PAGE)))}
      {list.pages(rows.length, PER_PAGE)}
      {rows.length === 0 ? null : list.files(path)}
    </>
  );
}

/** A school year in words. */
export function schoolYear({ year }: Pick<Class, "year">): string {
  return `${year}–${year + 1}`;
}

/** Whether somebody teaches it, in words: who, is told to nobody. */
export function givenText(request: CityRequest, { teacher }: Class): string {
  return teacher === undefined ? request.t("未安排", "nobody yet") : request.t("已安排", "given");
}

/** The table of a file of classes; `nameOf` is a school's name by its code. */
export function classTable(request: CityRequest, rows: readonly Class[], nameOf: (school: string) => string): sheet.Sheet {
  return {
    name: request.t("班级", "Classes"),
    headings: [request.t("标识", "Identifier"), request.t("班级", "Class"), request.t("年级", "Grade"), request.t("学年", "School year"), request.t("教师", "Teacher"), request.t("学校标识码", "Code of the school"), request.t("学校", "School")],
    rows: rows.map((k) => [k.id, k.name, k.grade, schoolYear(k), givenText(request, k), k.school, nameOf(k.school)]),
  };
}
