// What ECharts is told to draw: plain data in (table.js, look.js), an option out.

const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow'];
const LINES = ['solid', 'dashed', 'dotted', [8, 3, 2, 3], [14, 4], [2, 2]];

/** The option of ECharts for the data of a figure. */
export function option(data, look) {
  const text = { color: look.ink, fontFamily: look.font, fontSize: Math.round(look.size * 0.875) };
  const common = {
    animation: look.moves,
    animationDuration: 400,
    color: look.series,
    textStyle: text,
    // The table stands beside the chart: a sentence about each figure would be the same again.
    aria: { enabled: true, label: { enabled: false }, decal: { show: patterned(data) } },
    tooltip: tooltip(data, look, text),
  };
  if (data.kind === 'pie') return { ...common, ...pie(data, look, text) };
  if (data.kind === 'map') return { ...common, ...map(data, look, text) };
  return { ...common, ...grid(data, look, text) };
}

/** Colour is not the only cue: areas that stand beside each other have patterns. A map has its own, by class. */
function patterned({ kind, series }) {
  return kind === 'pie' || (kind === 'bar' && series.length > 1);
}

function tooltip(data, look, text) {
  return {
    trigger: data.kind === 'bar' || data.kind === 'line' ? 'axis' : 'item',
    // Drawn within the picture: no markup is made of what the page says, and no style attribute is needed.
    renderMode: 'richText',
    confine: true,
    backgroundColor: look.card,
    borderColor: look.soft,
    textStyle: text,
    formatter: (given) => {
      const points = Array.isArray(given) ? given : [given];
      // A map's districts are named by their code: the row is looked up.
      const row = data.kind === 'map' ? data.rows.findIndex((r) => r.code === points[0]?.name) : points[0]?.dataIndex;
      const name = data.rows[row]?.name;
      return name === undefined ? '' : plain([name, ...said(data, row)].join('\n'));
    },
  };
}

/** Each series' figure of a row, as the table says it. */
function said({ series }, row) {
  return series.map(({ name, shown }) => `${name} ${shown[row]}`);
}

/** Braces are markup to the text of ECharts; people mean braces. */
function plain(text) {
  return text.replaceAll('{', '｛').replaceAll('}', '｝');
}

function legend(names, look, text) {
  return { type: 'plain', top: 0, data: names, textStyle: text, itemHeight: text.fontSize, itemWidth: text.fontSize * 1.8, inactiveColor: look.soft };
}

function grid(data, look, text) {
  const { kind, rows, series, stacked, horizontal, unit } = data;
  const bars = kind === 'bar';
  const several = series.length > 1;
  const axis = { axisLabel: text, axisLine: { lineStyle: { color: look.soft } }, nameTextStyle: text };
  const names = { ...axis, type: 'category', data: rows.map((r) => r.name), inverse: bars && horizontal, axisTick: { alignWithLabel: true } };
  // A bar's length says its value only when it begins at zero; a line may begin where its figures are.
  const values = { ...axis, type: 'value', name: unit, scale: !bars, splitLine: { lineStyle: { color: look.line } } };
  const label = { show: bars && !several && rows.length <= 12 && look.wide >= 480, position: horizontal ? 'right' : 'top', ...text };
  return {
    legend: several ? legend(series.map((s) => s.name), look, text) : undefined,
    // Room for the legend and the unit above, which grow with the type.
    grid: { top: text.fontSize * (several ? 4.5 : 3), left: text.fontSize, right: text.fontSize * (horizontal ? 5 : 2), bottom: text.fontSize / 2 },
    xAxis: bars && horizontal ? values : names,
    yAxis: bars && horizontal ? names : values,
    series: series.map((s, n) => ({
      type: kind,
      name: s.name,
      data: s.values,
      stack: stacked ? 'all' : undefined,
      label: { ...label, formatter: ({ dataIndex }) => plain(s.shown[dataIndex]) },
      ...(bars ? { barMaxWidth: look.size * 4 } : line(n, rows)),
    })),
  };
}

/** A line of its own form and symbol. A year of days has no room for symbols. */
function line(n, rows) {
  return {
    symbol: SYMBOLS[n % SYMBOLS.length],
    symbolSize: 9,
    showSymbol: rows.length <= 60,
    lineStyle: { width: 2.5, type: LINES[n % LINES.length] },
    connectNulls: false,
  };
}

function pie(data, look, text) {
  const { rows, series: [first] } = data;
  const narrow = look.wide < 480;
  const slices = rows.map((r, n) => ({ name: r.name, value: first.values[n] })).filter((s) => s.value !== null && s.value > 0);
  return {
    legend: narrow ? legend(slices.map((s) => s.name), look, text) : undefined,
    series: [{
      type: 'pie',
      name: first.name,
      radius: narrow ? '55%' : '68%',
      center: ['50%', narrow ? '60%' : '52%'],
      // The place of a slice is not the place of its row where a row has nothing to draw: names are looked up.
      data: slices.map((s) => ({ ...s, itemStyle: { borderColor: look.card, borderWidth: 2 } })),
      label: { ...text, show: !narrow, formatter: ({ name, percent }) => plain(`${name} ${percent} %`) },
    }],
    tooltip: {
      ...tooltip(data, look, text),
      formatter: ({ name, percent }) => plain(`${name}\n${said(data, rows.findIndex((r) => r.name === name)).join('\n')}\n${percent} %`),
    },
  };
}

/** A pattern for each class, so that neither print nor eyes need the colours. The stylesheet has them for the legend. */
function pattern(shade, ink) {
  const lines = { color: ink, dashArrayX: [1, 0], symbol: 'rect' };
  const patterns = [
    undefined,
    { color: ink, symbol: 'circle', symbolSize: 0.4, dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0] },
    { ...lines, dashArrayY: [1.5, 7], rotation: 0 },
    { ...lines, dashArrayY: [1.5, 6], rotation: -Math.PI / 4 },
    { ...lines, dashArrayY: [1.5, 6], rotation: Math.PI / 2 },
    { ...lines, dashArrayY: [2.5, 4], rotation: Math.PI / 4 },
  ];
  return patterns[(shade - 1) % patterns.length];
}

function map(data, look, text) {
  const [first] = data.series;
  const regions = data.rows.flatMap((row, n) => (row.code === '' || first === undefined ? [] : [region(row, n, first, data, look, text)]));
  return {
    series: [{
      type: 'map',
      map: 'districts',
      nameProperty: 'code',
      name: first?.name ?? '',
      roam: false,
      selectedMode: false,
      // A degree of longitude at 34° north, in degrees of latitude.
      aspectScale: 0.83,
      layoutCenter: ['50%', '50%'],
      layoutSize: '95%',
      itemStyle: { areaColor: look.card, borderColor: look.ink, borderWidth: 1 },
      label: { show: false },
      emphasis: { label: { show: false }, itemStyle: { areaColor: look.card, borderWidth: 3, borderColor: look.ink } },
      labelLayout: { hideOverlap: true },
      data: regions,
    }],
  };
}

function region(row, n, first, data, look, text) {
  const areaColor = colour(row, data, look);
  const itemStyle = areaColor === undefined ? {} : { areaColor, decal: pattern(row.shade, over(row, data, look)) };
  // The words stand on a ground of their own: a pattern below letters makes them hard to read.
  const ground = { ...text, color: look.ink, backgroundColor: look.card, padding: [1, 3], borderRadius: 3 };
  const label = { ...ground, show: true, formatter: plain(look.wide < 480 ? row.name : `${row.name}\n${first.shown[n]}`), lineHeight: text.fontSize * 1.25, align: 'center' };
  return {
    name: row.code,
    value: first.values[n] ?? Number.NaN,
    itemStyle,
    label,
    emphasis: { label, itemStyle: { ...itemStyle, borderWidth: 3, borderColor: look.ink } },
    cursor: row.link === null ? 'default' : 'pointer',
  };
}

/** The colour of a row's class: its tone where the app gave one, otherwise its place among the shades. */
function colour({ shade, tone }, { shades }, look) {
  if (shade === 0) return undefined;
  return look.tones[tone] ?? look.shades[place(shade, shades) - 1];
}

/** The lines of a pattern: dark on the pale shades, and the ground's colour on what is deep. */
function over({ shade, tone }, { shades }, look) {
  return look.tones[tone] === undefined && place(shade, shades) <= 3 ? look.soft : look.card;
}

/** The classes of a map spread over the six shades, so that the last one is the deepest however few there are. */
export function place(shade, shades) {
  return shades <= 1 ? 6 : Math.round(1 + ((shade - 1) * 5) / (shades - 1));
}
