/**
 * Workbooks: the parts of ECMA-376 that tables need, and no others. Text stands inline, so that there is no table of shared
 * strings; styles are bold for headings and a number format for each count of places.
 */
import { strToU8, zipSync } from "fflate";
import { startOf } from "../clock.ts";
import { Quantity } from "../page/quantity.ts";
import { type Cell, type Sheet, SheetError } from "./index.ts";

/** The limits of a workbook (ECMA-376, and what spreadsheets read). */
const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 16_384;
const LONGEST_TEXT = 32_767;
const LONGEST_NAME = 31;

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/** The place of a style: headings, then numbers by how many places they have. */
const BOLD = 1;
const style = (places: number) => 2 + places;
const PLACES = Array.from({ length: 19 }, (_, n) => n);

/**
 * Tables as a workbook, each a sheet with its headings in bold and in sight. `day` (`YYYY-MM-DD`) is when the workbook says
 * that it was made: the clock is not asked, and the same tables are the same bytes.
 *
 * @throws {SheetError} for a day that is none, no table, more rows than a sheet has, or a text that is too long for a cell.
 */
export function xlsx(sheets: readonly Sheet[], day: string): Uint8Array<ArrayBuffer> {
  if (startOf(day) === undefined) throw new SheetError(`${day} is no day: write it as 2026-10-31`);
  if (sheets.length === 0) throw new SheetError("a workbook needs a table");
  const names = namesOf(sheets);
  const part = (n: number) => `worksheets/sheet${n + 1}.xml`;
  const files: Record<string, string> = {
    "[Content_Types].xml": contentTypes(sheets.map((_, n) => `/xl/${part(n)}`)),
    "_rels/.rels": relations([
      [`${RELATIONS}/officeDocument`, "xl/workbook.xml"],
      [`${PACKAGE}/relationships/metadata/core-properties`, "docProps/core.xml"],
    ]),
    "docProps/core.xml": core(day),
    "xl/workbook.xml": workbook(names),
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map((_, n): [string, string] => [`${RELATIONS}/worksheet`, part(n)]),
      [`${RELATIONS}/styles`, "styles.xml"],
    ]),
    "xl/styles.xml": styles(),
  };
  sheets.forEach((sheet, n) => {
    files[`xl/${part(n)}`] = worksheet(sheet);
  });
  const bytes = Object.fromEntries(Object.entries(files).map(([name, xml]) => [name, strToU8(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${xml}`)]));
  // The first day that a ZIP archive can say: when its parts were made is nothing to anybody.
  return zipSync(bytes, { mtime: new Date(1980, 0, 1) }) as Uint8Array<ArrayBuffer>;
}

function worksheet({ name, headings, rows }: Sheet): string {
  if (rows.length >= MOST_ROWS) throw new SheetError(`${name}: ${rows.length} rows and a heading; a sheet has ${MOST_ROWS}`);
  const widest = Math.max(1, headings.length, ...rows.map((row) => row.length));
  if (widest > MOST_COLUMNS) throw new SheetError(`${name}: ${widest} columns; a sheet has ${MOST_COLUMNS}`);
  const line = (cells: string, n: number) => `<row r="${n + 1}">${cells}</row>`;
  const head = headings.map((heading, c) => words(heading, place(0, c), BOLD)).join("");
  const body = rows.map((row, r) => line(row.map((value, c) => cell(value, place(r + 1, c))).join(""), r + 1)).join("");
  return `<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${widest}" width="16" customWidth="1"/></cols><sheetData>${line(head, 0)}${body}</sheetData></worksheet>`;
}

function cell(value: Cell, at: string): string {
  if (value === undefined) return "";
  if (typeof value === "string") return words(value, at);
  const { number, scale, text } = Quantity.of(value);
  return number === undefined ? words(text, at) : `<c r="${at}" s="${style(scale)}"><v>${number}</v></c>`;
}

function words(text: string, at: string, bold?: number): string {
  if (text.length > LONGEST_TEXT) throw new SheetError(`${at}: a text of ${text.length} characters; a cell holds ${LONGEST_TEXT}`);
  return `<c r="${at}" t="inlineStr"${bold === undefined ? "" : ` s="${bold}"`}><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
}

/** `A1`, from row and column counted from 0. */
function place(row: number, column: number): string {
  let letters = "";
  for (let n = column + 1; n > 0; n = Math.floor((n - 1) / 26)) letters = String.fromCharCode(65 + ((n - 1) % 26)) + letters;
  return `${letters}${row + 1}`;
}

/** Text in XML 1.0, which has no way to say most control characters and no halves of a pair. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    // Otherwise a reader of XML makes a line break of it.
    .replaceAll("\r", "&#13;");
}

/** Names as a workbook takes them: without its own signs, not too long, each once. */
function namesOf(sheets: readonly Sheet[]): string[] {
  const taken = new Set<string>();
  return sheets.map(({ name }) => {
    const clean = cut(name.replace(/[[\]:*?/\\]/g, "_"), LONGEST_NAME).replace(/^'+|'+$/g, "") || "Sheet";
    if (taken.has(clean.toLowerCase())) throw new SheetError(`two tables are called ${clean}`);
    taken.add(clean.toLowerCase());
    return clean;
  });
}

/** The beginning of a text, whole characters of it. */
function cut(text: string, units: number): string {
  let kept = "";
  for (const c of text) {
    if (kept.length + c.length > units) break;
    kept += c;
  }
  return kept;
}

function contentTypes(sheets: readonly string[]): string {
  const parts = [
    ["/xl/workbook.xml", `${TYPE}.sheet.main+xml`],
    ["/xl/styles.xml", `${TYPE}.styles+xml`],
    ["/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"],
    ...sheets.map((sheet) => [sheet, `${TYPE}.worksheet+xml`]),
  ];
  const overrides = parts.map(([part, type]) => `<Override PartName="${part}" ContentType="${type}"/>`).join("");
  return `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides}</Types>`;
}

function relations(parts: readonly [string, string][]): string {
  const all = parts.map(([type, target], n) => `<Relationship Id="rId${n + 1}" Type="${type}" Target="${target}"/>`).join("");
  return `<Relationships xmlns="${PACKAGE}/relationships">${all}</Relationships>`;
}

function core(day: string): string {
  return `<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dcterms:created xsi:type="dcterms:W3CDTF">${day}T00:00:00Z</dcterms:created></cp:coreProperties>`;
}

function workbook(names: readonly string[]): string {
  const all = names.map((name, n) => `<sheet name="${escaped(name)}" sheetId="${n + 1}" r:id="rId${n + 1}"/>`).join("");
  return `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${all}</sheets></workbook>`;
}

function styles(): string {
  const format = (places: number) => (places === 0 ? "0" : `0.${"0".repeat(places)}`);
  const formats = PLACES.map((n) => `<numFmt numFmtId="${164 + n}" formatCode="${format(n)}"/>`).join("");
  const numbers = PLACES.map((n) => `<xf numFmtId="${164 + n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`).join("");
  return `<styleSheet xmlns="${MAIN}"><numFmts count="${PLACES.length}">${formats}</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="${PLACES.length + 2}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>${numbers}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
}
