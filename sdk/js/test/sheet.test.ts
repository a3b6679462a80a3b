// Files of tables: what a spreadsheet reads, and that nothing becomes a formula.
import assert from "node:assert/strict";
import { test } from "node:test";
import { strFromU8, unzipSync } from "fflate";
import { App, Quantity } from "../src/index.ts";
import * as sheet from "../src/sheet/index.ts";
import { newCity } from "./lesson.ts";

const TABLE: sheet.Sheet = {
  name: "2026/10",
  headings: ["名称", "-a"],
  rows: [['=HYPERLINK("x")', Quantity.fen(-5)], ['a,"b"', 12], ["c\r\n\u0001\ud800<", undefined], [Quantity.unknown("—"), Quantity.decimal(9_797, 2)]],
};

test("CSV is quoted where it must be, and text is no formula", () => {
  assert.equal(
    sheet.csv(TABLE),
    '\ufeff名称,\'-a\r\n"\'=HYPERLINK(""x"")",-0.05\r\n"a,""b""",12\r\n"c\r\n\u0001\ud800<",\r\n—,97.97\r\n',
  );
});

test("a workbook has its parts, and the same tables are the same file", () => {
  const bytes = sheet.xlsx([TABLE, { name: "空", headings: ["x"], rows: [] }], "2026-10-31");
  assert.deepEqual(bytes, sheet.xlsx([TABLE, { name: "空", headings: ["x"], rows: [] }], "2026-10-31"));
  const parts = Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, part]) => [name, strFromU8(part)]));
  assert.ok(parts["xl/workbook.xml"]?.includes('<sheet name="2026_10" sheetId="1" r:id="rId1"/><sheet name="空" sheetId="2"'));
  assert.ok(parts["docProps/core.xml"]?.includes("2026-10-31T00:00:00Z"));
  const first = parts["xl/worksheets/sheet1.xml"] ?? "";
  assert.ok(first.includes('<c r="A2" t="inlineStr"><is><t xml:space="preserve">=HYPERLINK(&quot;x&quot;)</t></is></c><c r="B2" s="4"><v>-0.05</v></c>'), first);
  assert.ok(first.includes("c&#13;\n\ufffd\ufffd&lt;"), first);
  assert.ok(first.includes("<v>97.97</v>") && !first.includes("<f>"));
});

test("what makes no workbook is refused with its reason", () => {
  const of = (name: string, text = "x"): sheet.Sheet => ({ name, headings: [text], rows: [] });
  assert.throws(() => sheet.xlsx([of("a"), of("A")], "2026-10-31"), /two tables are called A/);
  assert.throws(() => sheet.xlsx([of("a", "x".repeat(40_000))], "2026-10-31"), /A1: a text of 40000/);
  assert.throws(() => sheet.xlsx([of("a")], "2026-02-30"), sheet.SheetError);
  assert.throws(() => sheet.xlsx([], "2026-10-31"), sheet.SheetError);
});

// ANCHOR: file
const app = new App();
app.get("/sales/file", ({ var: { request } }) => sheet.file(sheet.asked(request), "sales-2026-10", "2026-10-31", [TABLE]));
// ANCHOR_END: file

test("the query says which kind of file", async () => {
  const city = newCity();
  const csv = await city.get(app, "/sales/file?format=csv");
  assert.equal(csv.headers.get("content-disposition"), "attachment; filename*=UTF-8''sales-2026-10.csv");
  assert.equal(csv.headers.get("cache-control"), "no-store");
  assert.match((await city.get(app, "/sales/file?format=xlsx")).headers.get("content-type") ?? "", /spreadsheetml/);
  assert.equal((await city.get(app, "/sales/file?format=exe")).status, 404);
});
