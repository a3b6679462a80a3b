// Draws the tables of a page's figures as charts, and lets its print buttons print. A figure is
//   <figure class="chart" data-chart="bar|line|pie|map"> <figcaption> … <table> … </figure>
// as the SDKs write it. Without this script, without ECharts or without its map the table stands there, which says the same.
import { look } from './look.js';
import { option } from './option.js';
import { read } from './table.js';

// The fingerprinted paths are put in where this is bundled (build.mjs).
const ECHARTS = __ECHARTS__;
const DISTRICTS = __DISTRICTS__;

const chinese = document.documentElement.lang.startsWith('zh');
const t = (zh, en) => (chinese ? zh : en);

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The map's outlines, asked for once. */
let outlines;
async function districts({ registerMap }) {
  outlines ??= fetch(DISTRICTS).then((answer) => {
    if (!answer.ok) throw new Error(`${DISTRICTS}: ${answer.status}`);
    return answer.json();
  });
  registerMap('districts', await outlines);
}

async function draw(figure) {
  const data = read(figure);
  if (!data.series.some((s) => s.values.some((v) => v !== null))) return;
  const echarts = await import(ECHARTS);
  if (data.kind === 'map') await districts(echarts);
  const canvas = element('div', { className: 'chart-canvas' });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', t(`${data.title}（数据见表格）`, `${data.title} (the figures are in the table)`));
  const table = figure.querySelector('.table-wrap');
  table.before(canvas);
  const chart = echarts.init(canvas, null, { renderer: 'svg' });
  const paint = () => chart.setOption(option(data, look(figure)), true);
  paint();
  switches(figure, canvas, table, data);
  follow(chart, canvas, paint);
  chart.on('click', ({ name }) => {
    const link = data.kind === 'map' ? data.rows.find((row) => row.code === name)?.link : null;
    if (link) location.assign(link);
  });
}

/** Two switches, for the chart and for the table. One of them is always on. */
function switches(figure, canvas, table, data) {
  const parts = [[canvas, t('图', 'Chart')], [table, t('表格', 'Table')]];
  const buttons = parts.map(([, name]) => element('button', { type: 'button', className: 'outline small', textContent: name }));
  const show = () => parts.forEach(([part], n) => buttons[n].setAttribute('aria-pressed', String(!part.hidden)));
  buttons.forEach((button, n) => button.addEventListener('click', () => {
    const [[part], [other]] = [parts[n], parts[1 - n]];
    part.hidden = !part.hidden;
    if (part.hidden) other.hidden = false;
    show();
  }));
  // The links to what lies behind a row stand in the table alone: it stays.
  table.hidden = data.rows.every((row) => row.link === null);
  show();
  const group = element('div', { className: 'actions chart-switches no-print' }, ...buttons);
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', t(`“${data.title}”的显示方式`, `How “${data.title}” is shown`));
  canvas.before(group);
}

/** The chart follows its place, the colours and the paper. */
function follow(chart, canvas, paint) {
  let { clientWidth, clientHeight } = canvas;
  new ResizeObserver(() => {
    const grown = canvas.clientWidth > 0 && (canvas.clientWidth !== clientWidth || canvas.clientHeight !== clientHeight);
    if (!grown) return;
    ({ clientWidth, clientHeight } = canvas);
    chart.resize();
    paint();
  }).observe(canvas);
  for (const wish of ['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)']) matchMedia(wish).addEventListener('change', paint);
}

for (const figure of document.querySelectorAll('figure[data-chart]')) {
  draw(figure).catch((reason) => {
    // The table is there and says everything; whoever looks for the cause finds it.
    console.warn('no chart:', reason);
  });
}

for (const button of document.querySelectorAll('button[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
