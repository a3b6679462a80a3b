/** CSV as spreadsheets read it. */
import { Quantity } from "../page/quantity.ts";
import type { Cell, Sheet } from "./index.ts";

/**
 * A table as CSV (RFC 4180), with the mark by which spreadsheets know UTF-8. Text that a spreadsheet would take for a formula
 * begins with an apostrophe.
 */
export function csv({ headings, rows }: Sheet): string {
  const records = [headings, ...rows].map((row) => row.map((cell) => quoted(text(cell))).join(","));
  return `\ufeff${records.map((record) => `${record}\r\n`).join("")}`;
}

function text(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return plain(cell);
  const quantity = Quantity.of(cell);
  return quantity.number ?? plain(quantity.text);
}

/** Text as a spreadsheet must not take it for a formula. */
function plain(words: string): string {
  return /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
