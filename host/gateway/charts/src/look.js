// How the page looks at this moment, so that a chart looks like it: its size of type (elder mode, zoom), its colours (light or
// dark), and whether things may move.

/** Colours and sizes of the stylesheet, where `element` stands. */
export function look(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  const several = (name, many) => Array.from({ length: many }, (_, n) => colour(`--${name}-${n + 1}`));
  return {
    ink: colour('--ink'),
    soft: colour('--ink-soft'),
    line: colour('--line'),
    card: colour('--card'),
    series: several('chart', 6),
    shades: several('shade', 6),
    tones: { ok: colour('--tone-ok'), info: colour('--tone-info'), warn: colour('--tone-warn'), bad: colour('--tone-bad') },
    font: style.fontFamily,
    size: Number.parseFloat(style.fontSize),
    wide: element.clientWidth,
    moves: !matchMedia('(prefers-reduced-motion: reduce)').matches,
  };
}
