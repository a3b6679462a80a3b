// src/look.js
function look(element2) {
  const style = getComputedStyle(element2);
  const colour2 = (name) => style.getPropertyValue(name).trim();
  const several = (name, many) => Array.from({ length: many }, (_, n) => colour2(`--${name}-${n + 1}`));
  return {
    ink: colour2("--ink"),
    soft: colour2("--ink-soft"),
    line: colour2("--line"),
    card: colour2("--card"),
    series: several("chart", 6),
    shades: several("shade", 6),
    tones: { ok: colour2("--tone-ok"), info: colour2("--tone-info"), warn: colour2("--tone-warn"), bad: colour2("--tone-bad") },
    font: style.fontFamily,
    size: Number.parseFloat(style.fontSize),
    wide: element2.clientWidth,
    moves: !matchMedia("(prefers-reduced-motion: reduce)").matches
  };
}

// src/option.js
var SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin", "arrow"];
var LINES = ["solid", "dashed", "dotted", [8, 3, 2, 3], [14, 4], [2, 2]];
function option(data, look2) {
  const text = { color: look2.ink, fontFamily: look2.font, fontSize: Math.round(look2.size * 0.875) };
  const common = {
    animation: look2.moves,
    animationDuration: 400,
    color: look2.series,
    textStyle: text,
    // The table stands beside the chart: a sentence about each figure would be the same again.
    aria: { enabled: true, label: { enabled: false }, decal: { show: patterned(data) } },
    tooltip: tooltip(data, look2, text)
  };
  if (data.kind === "pie") return { ...common, ...pie(data, look2, text) };
  if (data.kind === "map") return { ...common, ...map(data, look2, text) };
  return { ...common, ...grid(data, look2, text) };
}
function patterned({ kind, series }) {
  return kind === "pie" || kind === "bar" && series.length > 1;
}
function tooltip(data, look2, text) {
  return {
    trigger: data.kind === "bar" || data.kind === "line" ? "axis" : "item",
    // Drawn within the picture: no markup is made of what the page says, and no style attribute is needed.
    renderMode: "richText",
    confine: true,
    backgroundColor: look2.card,
    borderColor: look2.soft,
    textStyle: text,
    formatter: (given) => {
      const points = Array.isArray(given) ? given : [given];
      const row = data.kind === "map" ? data.rows.findIndex((r) => r.code === points[0]?.name) : points[0]?.dataIndex;
      const name = data.rows[row]?.name;
      return name === void 0 ? "" : plain([name, ...said(data, row)].join("\n"));
    }
  };
}
function said({ series }, row) {
  return series.map(({ name, shown }) => `${name} ${shown[row]}`);
}
function plain(text) {
  return text.replaceAll("{", "｛").replaceAll("}", "｝");
}
function legend(names, look2, text) {
  return { type: "plain", top: 0, data: names, textStyle: text, itemHeight: text.fontSize, itemWidth: text.fontSize * 1.8, inactiveColor: look2.soft };
}
function grid(data, look2, text) {
  const { kind, rows, series, stacked, horizontal, unit } = data;
  const bars = kind === "bar";
  const several = series.length > 1;
  const axis = { axisLabel: text, axisLine: { lineStyle: { color: look2.soft } }, nameTextStyle: text };
  const names = { ...axis, type: "category", data: rows.map((r) => r.name), inverse: bars && horizontal, axisTick: { alignWithLabel: true } };
  const values = { ...axis, type: "value", name: unit, scale: !bars, splitLine: { lineStyle: { color: look2.line } } };
  const label = { show: bars && !several && rows.length <= 12 && look2.wide >= 480, position: horizontal ? "right" : "top", ...text };
  return {
    legend: several ? legend(series.map((s) => s.name), look2, text) : void 0,
    // Room for the legend and the unit above, which grow with the type.
    grid: { top: text.fontSize * (several ? 4.5 : 3), left: text.fontSize, right: text.fontSize * (horizontal ? 5 : 2), bottom: text.fontSize / 2 },
    xAxis: bars && horizontal ? values : names,
    yAxis: bars && horizontal ? names : values,
    series: series.map((s, n) => ({
      type: kind,
      name: s.name,
      data: s.values,
      stack: stacked ? "all" : void 0,
      label: { ...label, formatter: ({ dataIndex }) => plain(s.shown[dataIndex]) },
      ...bars ? { barMaxWidth: look2.size * 4 } : line(n, rows)
    }))
  };
}
function line(n, rows) {
  return {
    symbol: SYMBOLS[n % SYMBOLS.length],
    symbolSize: 9,
    showSymbol: rows.length <= 60,
    lineStyle: { width: 2.5, type: LINES[n % LINES.length] },
    connectNulls: false
  };
}
function pie(data, look2, text) {
  const { rows, series: [first] } = data;
  const narrow = look2.wide < 480;
  const slices = rows.map((r, n) => ({ name: r.name, value: first.values[n] })).filter((s) => s.value !== null && s.value > 0);
  return {
    legend: narrow ? legend(slices.map((s) => s.name), look2, text) : void 0,
    series: [{
      type: "pie",
      name: first.name,
      radius: narrow ? "55%" : "68%",
      center: ["50%", narrow ? "60%" : "52%"],
      // The place of a slice is not the place of its row where a row has nothing to draw: names are looked up.
      data: slices.map((s) => ({ ...s, itemStyle: { borderColor: look2.card, borderWidth: 2 } })),
      label: { ...text, show: !narrow, formatter: ({ name, percent }) => plain(`${name} ${percent} %`) }
    }],
    tooltip: {
      ...tooltip(data, look2, text),
      formatter: ({ name, percent }) => plain(`${name}
${said(data, rows.findIndex((r) => r.name === name)).join("\n")}
${percent} %`)
    }
  };
}
function pattern(shade, ink) {
  const lines = { color: ink, dashArrayX: [1, 0], symbol: "rect" };
  const patterns = [
    void 0,
    { color: ink, symbol: "circle", symbolSize: 0.4, dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0] },
    { ...lines, dashArrayY: [1.5, 7], rotation: 0 },
    { ...lines, dashArrayY: [1.5, 6], rotation: -Math.PI / 4 },
    { ...lines, dashArrayY: [1.5, 6], rotation: Math.PI / 2 },
    { ...lines, dashArrayY: [2.5, 4], rotation: Math.PI / 4 }
  ];
  return patterns[(shade - 1) % patterns.length];
}
function map(data, look2, text) {
  const [first] = data.series;
  const regions = data.rows.flatMap((row, n) => row.code === "" || first === void 0 ? [] : [region(row, n, first, data, look2, text)]);
  return {
    series: [{
      type: "map",
      map: "districts",
      nameProperty: "code",
      name: first?.name ?? "",
      roam: false,
      selectedMode: false,
      // A degree of longitude at 34° north, in degrees of latitude.
      aspectScale: 0.83,
      layoutCenter: ["50%", "50%"],
      layoutSize: "95%",
      itemStyle: { areaColor: look2.card, borderColor: look2.ink, borderWidth: 1 },
      label: { show: false },
      emphasis: { label: { show: false }, itemStyle: { areaColor: look2.card, borderWidth: 3, borderColor: look2.ink } },
      labelLayout: { hideOverlap: true },
      data: regions
    }]
  };
}
function region(row, n, first, data, look2, text) {
  const areaColor = colour(row, data, look2);
  const itemStyle = areaColor === void 0 ? {} : { areaColor, decal: pattern(row.shade, over(row, data, look2)) };
  const ground = { ...text, color: look2.ink, backgroundColor: look2.card, padding: [1, 3], borderRadius: 3 };
  const label = { ...ground, show: true, formatter: plain(look2.wide < 480 ? row.name : `${row.name}
${first.shown[n]}`), lineHeight: text.fontSize * 1.25, align: "center" };
  return {
    name: row.code,
    value: first.values[n] ?? Number.NaN,
    itemStyle,
    label,
    emphasis: { label, itemStyle: { ...itemStyle, borderWidth: 3, borderColor: look2.ink } },
    cursor: row.link === null ? "default" : "pointer"
  };
}
function colour({ shade, tone }, { shades }, look2) {
  if (shade === 0) return void 0;
  return look2.tones[tone] ?? look2.shades[place(shade, shades) - 1];
}
function over({ shade, tone }, { shades }, look2) {
  return look2.tones[tone] === void 0 && place(shade, shades) <= 3 ? look2.soft : look2.card;
}
function place(shade, shades) {
  return shades <= 1 ? 6 : Math.round(1 + (shade - 1) * 5 / (shades - 1));
}

// src/table.js
function number(text) {
  return /^-?\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : null;
}
function read(figure) {
  const table = figure.querySelector("table");
  const heads = [...table?.tHead?.rows[0]?.cells ?? []];
  const columns = heads.flatMap((cell, at) => "series" in cell.dataset ? [{ at, name: words(cell) }] : []);
  const rows = [...table?.tBodies[0]?.rows ?? []];
  return {
    kind: figure.dataset.chart,
    title: words(figure.querySelector("figcaption")),
    unit: figure.dataset.unit ?? "",
    stacked: "stacked" in figure.dataset,
    horizontal: "horizontal" in figure.dataset,
    rows: rows.map((row) => ({
      name: words(row.cells[0]),
      code: row.dataset.code ?? "",
      shade: Number(row.dataset.class ?? 0),
      tone: row.dataset.tone ?? "",
      link: row.querySelector("th a")?.href ?? null
    })),
    series: columns.map(({ at, name }) => ({
      name,
      values: rows.map((row) => number(row.cells[at]?.dataset.value)),
      shown: rows.map((row) => words(row.cells[at]))
    })),
    shades: figure.querySelectorAll(".chart-classes > li").length
  };
}
var words = (element2) => (element2?.textContent ?? "").replace(/\s+/g, " ").trim();

// src/main.js
var ECHARTS = "/_city/echarts.581085fe29328a29.js";
var DISTRICTS = "/_city/districts.393d816ce68da4c9.geojson";
var chinese = document.documentElement.lang.startsWith("zh");
var t = (zh, en) => chinese ? zh : en;
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
var outlines;
async function districts({ registerMap }) {
  outlines ?? (outlines = fetch(DISTRICTS).then((answer) => {
    if (!answer.ok) throw new Error(`${DISTRICTS}: ${answer.status}`);
    return answer.json();
  }));
  registerMap("districts", await outlines);
}
async function draw(figure) {
  const data = read(figure);
  if (!data.series.some((s) => s.values.some((v) => v !== null))) return;
  const echarts = await import(ECHARTS);
  if (data.kind === "map") await districts(echarts);
  const canvas = element("div", { className: "chart-canvas" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", t(`${data.title}（数据见表格）`, `${data.title} (the figures are in the table)`));
  const table = figure.querySelector(".table-wrap");
  table.before(canvas);
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  const paint = () => chart.setOption(option(data, look(figure)), true);
  paint();
  switches(figure, canvas, table, data);
  follow(chart, canvas, paint);
  chart.on("click", ({ name }) => {
    const link = data.kind === "map" ? data.rows.find((row) => row.code === name)?.link : null;
    if (link) location.assign(link);
  });
}
function switches(figure, canvas, table, data) {
  const parts = [[canvas, t("图", "Chart")], [table, t("表格", "Table")]];
  const buttons = parts.map(([, name]) => element("button", { type: "button", className: "outline small", textContent: name }));
  const show = () => parts.forEach(([part], n) => buttons[n].setAttribute("aria-pressed", String(!part.hidden)));
  buttons.forEach((button, n) => button.addEventListener("click", () => {
    const [[part], [other]] = [parts[n], parts[1 - n]];
    part.hidden = !part.hidden;
    if (part.hidden) other.hidden = false;
    show();
  }));
  table.hidden = data.rows.every((row) => row.link === null);
  show();
  const group = element("div", { className: "actions chart-switches no-print" }, ...buttons);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t(`“${data.title}”的显示方式`, `How “${data.title}” is shown`));
  canvas.before(group);
}
function follow(chart, canvas, paint) {
  let { clientWidth, clientHeight } = canvas;
  new ResizeObserver(() => {
    const grown = canvas.clientWidth > 0 && (canvas.clientWidth !== clientWidth || canvas.clientHeight !== clientHeight);
    if (!grown) return;
    ({ clientWidth, clientHeight } = canvas);
    chart.resize();
    paint();
  }).observe(canvas);
  for (const wish of ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"]) matchMedia(wish).addEventListener("change", paint);
}
for (const figure of document.querySelectorAll("figure[data-chart]")) {
  draw(figure).catch((reason) => {
    console.warn("no chart:", reason);
  });
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
