// What is drawn, from what a page says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { option, place } from '../src/option.js';
import { number } from '../src/table.js';

const look = { ink: '#000', soft: '#555', line: '#ccc', card: '#fff', series: ['#111'], shades: ['s1', 's2', 's3', 's4', 's5', 's6'], tones: { ok: 'good' }, font: 'x', size: 20, wide: 1000, moves: false };
const row = (name, more) => ({ name, code: '', shade: 0, tone: '', link: null, ...more });
const data = { kind: 'bar', title: 't', unit: '元', stacked: false, horizontal: false, shades: 2,
  rows: [row('丰县'), row('{a|b}')], series: [{ name: '本月', values: [1, null], shown: ['¥1.00', '—'] }] };

test('a number is one alone', () => {
  assert.deepEqual(['-1080.00', '0', '1e5', '', undefined, '1,000', 'Infinity'].map(number), [-1080, 0, null, null, null, null, null]);
});

test('bars begin at zero, say what the table says, and take its words for words', () => {
  const drawn = option(data, look);
  assert.equal(drawn.yAxis.scale, false);
  assert.equal(drawn.animation, false);
  assert.equal(drawn.textStyle.fontSize, 18);
  assert.equal(drawn.tooltip.renderMode, 'richText');
  assert.equal(drawn.tooltip.formatter([{ dataIndex: 1 }]), '｛a|b｝\n本月 —');
  assert.equal(drawn.aria.decal.show, false);
  const two = option({ ...data, series: [data.series[0], { ...data.series[0], name: '上月' }] }, look);
  assert.ok(two.aria.decal.show && two.legend.data.length === 2, 'colour is not the only cue');
});

test('a map shades classes and tones, with patterns', () => {
  const rows = [row('睢宁县', { code: '320324', shade: 2 }), row('丰县', { code: '320321', shade: 1, tone: 'ok' }), row('沛县', { code: '320322' })];
  const values = { name: '率', values: [1, 2, null], shown: ['1', '2', '—'] };
  const [drawn] = option({ ...data, kind: 'map', rows, series: [values] }, look).series;
  assert.deepEqual(drawn.data.map((d) => d.itemStyle.areaColor), ['s6', 'good', undefined]);
  assert.ok(drawn.data[0].itemStyle.decal && Number.isNaN(drawn.data[2].value));
  assert.deepEqual([1, 2, 3, 4, 5].map((n) => place(n, 5)), [1, 2, 4, 5, 6]);
});
