/**
 * Tables as files: CSV (RFC 4180) and workbooks (XLSX, ECMA-376). An app that does not import it does not carry the writer of
 * workbooks.
 *
 * ```ts
 * import * as sheet from "@yunlong/sdk/sheet";
 *
 * app.get("/sales/file", ({ var: { request } }) => {
 *   const table = { name: "销售", headings: ["县区", "金额（元）"], rows: [["丰县", Quantity.fen(108_000)]] };
 *   return sheet.file(sheet.asked(request), "sales-2026-10", "2026-10-31", [table]);
 * });
 * ```
 */
import { Quantity } from "../page/quantity.ts";
import { Problem } from "../web/problem.ts";
import type { CityRequest } from "../web/request.ts";
import { download } from "../web/response.ts";
import { csv } from "./csv.ts";
import { xlsx } from "./xlsx.ts";

export { csv, xlsx };

/**
 * A cell: words, a whole number, a quantity, or nothing. Numbers and amounts are numbers in the file, text is text: nothing
 * that somebody typed becomes a formula. Of a quantity that is unknown its words stand there.
 */
export type Cell = string | number | Quantity | undefined;

/** A table of a file. */
export interface Sheet {
  readonly name: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** There is no file of these tables: the reason says why. */
export class SheetError extends Error {
  override readonly name = "SheetError";
}

/** A kind of file: of the first table, or of all. */
export type Format = "csv" | "xlsx";

/**
 * What `format` in the query asks for.
 *
 * @throws {Problem} 404 for another one.
 */
export function asked(request: CityRequest): Format {
  const format = request.queryValue("format");
  if (format === "csv" || format === "xlsx") return format;
  throw Problem.notFound();
}

/**
 * The tables as a file to save, `name` without its ending. `day` (`YYYY-MM-DD`) is the one that the workbook says it was made
 * on: with the day that its figures are of, the same figures make the same file.
 *
 * @throws {SheetError}
 */
export function file(format: Format, name: string, day: string, sheets: readonly Sheet[]): Response {
  const made =
    format === "csv"
      ? download("text/csv; charset=utf-8; header=present", `${name}.csv`, csv(first(sheets)))
      : download("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", `${name}.xlsx`, xlsx(sheets, day));
  made.headers.set("cache-control", "no-store");
  return made;
}

function first([sheet]: readonly Sheet[]): Sheet {
  if (sheet === undefined) throw new SheetError("a file needs a table");
  return sheet;
}
