/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
// The parts of pages: the markup that the theme and screen readers know.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { App, Amount, Badge, Checkbox, type CityRequest, ErrorSummary, Field, Form, Notice, Pager, Select, Table, TextArea, t } from "../src/index.ts";
import { newCity } from "./lesson.ts";

let request: CityRequest;
before(async () => {
  const city = newCity();
  city.prefer("en");
  const app = new App();
  app.get("/x", (c) => {
    request = c.var.request;
    void request.lang;
    return c.text("");
  });
  await city.get(app, "/x");
});

test("fields keep what was typed and name their errors", () => {
  const form = new Form([["name", '"><i>'], ["kind", "b"], ["note", "\nx"], ["agree", "yes"]]);
  form.reject("name", t("不对", "Wrong"));
  const all = { request, form };
  const field = String(<Field {...all} name="name" label={t("姓名", "Name")} hint={t("真名", "As registered")} />);
  assert.match(field, /<label for="field-name">Name<\/label>/);
  assert.match(field, /aria-invalid="true" aria-describedby="hint-name error-name"/);
  assert.match(field, /value="&quot;&gt;&lt;i&gt;"/);
  assert.match(field, /<span class="field-error" id="error-name">Wrong<\/span>/);
  const select = String(<Select {...all} name="kind" label={t("类别", "Kind")} options={[["a", "甲"], ["b", "乙"]]} />);
  assert.match(select, /<option value="b" selected="">乙<\/option>/);
  assert.doesNotMatch(select, /aria-describedby|aria-invalid/);
  const area = String(<TextArea {...all} name="note" rows={3} label={t("备注", "Note")} />);
  assert.match(area, />\n\nx<\/textarea>/, "a leading line break survives");
  assert.match(String(<Checkbox {...all} name="agree" label={t("同意", "Agree")} />), / checked=""/);
  assert.match(String(<ErrorSummary {...all} />), /<a href="#field-name">Wrong<\/a>/);
  assert.equal(String(<ErrorSummary request={request} form={new Form()} />), "");
});

test("amounts are yuan with groups", () => {
  const cases = [[0, "¥0.00"], [5, "¥0.05"], [12_345, "¥123.45"], [108_000, "¥1,080.00"], [123_456_789_012, "¥1,234,567,890.12"]] as const;
  for (const [fen, want] of cases) assert.equal(String(<Amount fen={fen} />), `<span class="amount">${want}</span>`);
});

test("tables, pagers, badges and notices have their roles", () => {
  const columns = [
    { heading: "编号", cell: (n: number) => n },
    { heading: "金额", cell: (n: number) => <Amount fen={n} />, numeric: true },
  ];
  const table = String(<Table caption="订单" columns={columns} rows={[1, 2]} />);
  assert.match(table, /<div class="table-wrap" role="region" aria-label="订单" tabindex="0">/);
  assert.match(table, /<th scope="row">1<\/th><td class="amount">/);
  assert.equal(String(<Pager request={request} path="/x" next={undefined} />), "");
  const pager = String(<Pager request={request} path="/x" kept={{ day: "1 2" }} next="c&d" />);
  assert.match(pager, /href="\/x\?day=1%202&amp;after=c%26d" rel="next"/);
  assert.match(String(<Badge tone="warn">待付</Badge>), /badge badge-warn/);
  assert.match(String(<Notice tone="bad">x</Notice>), /role="alert"/);
  assert.match(String(<Notice tone="ok">x</Notice>), /role="status"/);
});
