/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
// Charts, maps, lists and what is printed: the same markup as in the other SDKs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { App, Chart, type CityRequest, DistrictMap, Field, Listing, PrintView, Quantity, t } from "../src/index.ts";
import { classOf, classesOf, shade } from "../src/page/district-map.tsx";
import { newCity } from "./lesson.ts";

/** What a handler sees of a request for this path. */
async function asked(target: string): Promise<CityRequest> {
  const seen: CityRequest[] = [];
  const app = new App();
  app.get("/list", (c) => {
    const { request } = c.var;
    void request.lang;
    seen.push(request);
    return c.text(String(<PrintView request={request} paper="receipt" title="收据">x</PrintView>));
  });
  const city = newCity();
  city.prefer("en");
  const answer = await city.get(app, target);
  assert.match(await answer.text(), /<article class="print-view print-receipt"><header><h2>收据<\/h2><\/header>x<footer>/);
  const [request] = seen;
  assert.ok(request);
  return request;
}

test("figures are exact and read as people write them", () => {
  const cases = [
    [Quantity.decimal(-1_234_567), "-1234567", "-1,234,567"],
    [Quantity.decimal(-5, 2), "-0.05", "-0.05"],
    [Quantity.decimal(9_797, 2), "97.97", "97.97"],
    [Quantity.fen(-108_000), "-1080.00", "-¥1,080.00"],
    [Quantity.unknown("—"), undefined, "—"],
  ] as const;
  for (const [quantity, number, text] of cases) assert.deepEqual([quantity.number, quantity.text], [number, text]);
  assert.throws(() => Quantity.decimal(0.1), RangeError);
});

test("a chart is a figure with its table, and what people typed is text", async () => {
  const request = await asked("/list");
  // ANCHOR: chart
  const chart = (
    <Chart
      request={request}
      kind="bar"
      title={request.t("各县区销售额", "Sales by district")}
      heading={request.t("县区", "District")}
      unit={request.t("元", "yuan")}
      series={[request.t("本月", "This month")]}
      rows={[
        { name: "丰县 <b>", values: [Quantity.fen(108_000)] },
        { name: "睢宁县", link: "/sales?division=320324", values: [Quantity.unknown("—")] },
      ]}
    />
  );
  // ANCHOR_END: chart
  const markup = String(chart);
  assert.match(markup, /^<figure class="chart" data-chart="bar" data-unit="yuan"><figcaption>Sales by district<\/figcaption>/);
  assert.ok(markup.includes('<th class="amount" scope="col" data-series="">This month (yuan)</th>'), markup);
  assert.ok(markup.includes('<th scope="row">丰县 &lt;b&gt;</th><td class="amount" data-value="1080.00">¥1,080.00</td>'), markup);
  assert.ok(markup.includes('<a href="/sales?division=320324">睢宁县</a></th><td class="amount">—</td>'), markup);
  assert.ok(markup.includes('<script type="module" src="/_city/page.js"></script></figure>'), markup);
  assert.match(String(<Chart request={request} kind="pie" title="x" heading="y" series={["z"]} rows={[]} />), /class="empty"/);
});

test("a class begins at its bound, and nothing is rounded up", async () => {
  const request = await asked("/list");
  const classes = [{ from: 98, label: "达标", tone: "ok" }, { from: 0, label: "未达标", tone: "bad" }] as const;
  const districts = [
    { code: "320324", name: "睢宁县", value: Quantity.decimal(9_800, 2), link: "/d" },
    { code: "320321", name: "丰县", value: Quantity.decimal(9_799, 2) },
    { code: "320371", name: "经济技术开发区", value: Quantity.unknown("—") },
  ];
  const markup = String(<DistrictMap request={request} title="x" measure="y" unit="%" classes={classes} districts={districts} />);
  assert.ok(markup.includes('<tr data-code="320324" data-class="2" data-tone="ok"><th scope="row"><a href="/d">'), markup);
  assert.ok(markup.includes('<tr data-code="320321" data-class="1" data-tone="bad">'), markup);
  assert.ok(markup.includes('<tr data-code="320371">'), markup);
  assert.ok(markup.includes('<span class="swatch tone-bad pattern-1" aria-hidden="true"></span>未达标'), markup);
  assert.match(markup, /no outline of them: 经济技术开发区\./);
});

test("what else is told of a district stands beside its figure, and is told by the map", async () => {
  const request = await asked("/list");
  const districts = [{ code: "320324", name: "睢宁县", value: 80 }, { code: "320321", name: "丰县", value: 100 }];
  const columns = [{ heading: "缺少", cells: { "320324": <a href="/s?a=1&b=2">{"<b>一小</b>"}</a> } }];
  const markup = String(<DistrictMap request={request} title="x" measure="y" districts={districts} columns={columns} />);
  assert.ok(markup.includes('data-series="">y</th><th scope="col" data-series="">缺少</th><th scope="col">Class</th>'), markup);
  assert.ok(markup.includes('data-value="80">80</td><td><a href="/s?a=1&amp;b=2">&lt;b&gt;一小&lt;/b&gt;</a></td><td>'), markup);
  assert.ok(markup.includes('data-value="100">100</td><td>—</td><td>'), markup);
});

test("classes of one width hold every figure", () => {
  for (const figures of [[0, 1, 2], [5, 5], [-7, 0, 93, 1_000], [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]]) {
    const classes = classesOf({ districts: figures.map((value) => ({ code: "320302", name: "鼓楼区", value })) });
    assert.ok(classes.length >= 1 && classes.length <= 5);
    assert.equal(classOf(Math.min(...figures), classes), 1);
    assert.equal(classOf(Math.max(...figures), classes), classes.length);
  }
  const of = classesOf({ districts: [10, 20, 59].map((value) => ({ code: "320302", name: "鼓楼区", value })) });
  assert.deepEqual(of.map((c) => c.label), ["10 – 19", "20 – 29", "30 – 39", "40 – 49", "50 – 59"]);
  assert.deepEqual([1, 2, 3, 4, 5].map((n) => shade(n, 5)), [1, 2, 4, 5, 6]);
});

test("a list is sorted, filtered and turned over as its address says, and by nothing that is not offered", async () => {
  const columns = [
    { heading: "名称", cell: (n: number) => n, sortedBy: "name" },
    { heading: "金额", cell: (n: number) => n, numeric: true, sortedBy: "amount" },
    { heading: "备注", cell: (n: number) => n, sortedBy: "secret" },
  ];
  const options = { sorts: ["name", "-amount"], filters: ["q"] };
  const list = new Listing(await asked("/list?sort=-amount&q=%20a%26b%20&page=3&x=1"), options);
  assert.deepEqual([list.sort, list.descending, list.filter("q"), list.isFiltered], ["amount", true, "a&b", true]);
  assert.deepEqual(list.range(45, 20), [40, 45]);
  assert.deepEqual(list.range(15, 20), [0, 15], "behind the last page");
  const table = String(list.table("x", columns, [1]));
  assert.ok(table.includes('<th scope="col" aria-sort="none"><a class="sort" href="/list?sort=name&amp;q=a%26b">名称</a></th>'), table);
  assert.ok(table.includes('aria-sort="descending"><a class="sort" href="/list?sort=amount&amp;q=a%26b">金额</a>'), table);
  assert.ok(table.includes('<th scope="col">备注</th>'), table);
  assert.ok(String(list.pages(45, 20)).includes('href="/list?sort=-amount&amp;q=a%26b&amp;page=2" rel="prev"'));
  assert.ok(String(list.files("/file")).includes('href="/file?sort=-amount&amp;q=a%26b&amp;format=csv"'));
  const form = String(list.form(<Field request={await asked("/list")} form={list.filters} name="q" kind="search" label={t("名称", "Name")} />));
  assert.ok(form.includes('value="a&amp;b"') && form.includes('name="sort" value="-amount"') && form.includes('href="/list?sort=-amount"'), form);

  const plain = new Listing(await asked("/list?sort=secret&page=-1"), options);
  assert.deepEqual([plain.sort, plain.descending, plain.kept, plain.range(45, 20)], ["name", false, {}, [0, 20]]);
});
