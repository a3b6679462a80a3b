// What a figure says: its table, read into plain data. The table is the only source of a chart, so that both say the same.

/** A number as the page writes it for programs; what is unknown, withheld or no number is `null`. */
export function number(text) {
  return /^-?\d+(\.\d+)?$/.test(text ?? '') ? Number(text) : null;
}

/**
 * The data of a `<figure data-chart>`. Columns whose heading has `data-series` are series; a cell's number stands in
 * `data-value`, and what it says in its text. A row of a map has `data-code` and `data-class`, and may lead elsewhere by the
 * link in its heading.
 */
export function read(figure) {
  const table = figure.querySelector('table');
  const heads = [...(table?.tHead?.rows[0]?.cells ?? [])];
  const columns = heads.flatMap((cell, at) => ('series' in cell.dataset ? [{ at, name: words(cell) }] : []));
  const rows = [...(table?.tBodies[0]?.rows ?? [])];
  return {
    kind: figure.dataset.chart,
    title: words(figure.querySelector('figcaption')),
    unit: figure.dataset.unit ?? '',
    stacked: 'stacked' in figure.dataset,
    horizontal: 'horizontal' in figure.dataset,
    rows: rows.map((row) => ({
      name: words(row.cells[0]),
      code: row.dataset.code ?? '',
      shade: Number(row.dataset.class ?? 0),
      tone: row.dataset.tone ?? '',
      link: row.querySelector('th a')?.href ?? null,
    })),
    series: columns.map(({ at, name }) => ({
      name,
      values: rows.map((row) => number(row.cells[at]?.dataset.value)),
      shown: rows.map((row) => words(row.cells[at])),
    })),
    shades: figure.querySelectorAll('.chart-classes > li').length,
  };
}

const words = (element) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
