/** QR codes (ISO/IEC 18004) as SVG. */
import { html, raw } from "hono/html";
import encodeQR from "qr";

/** The standard asks for four modules of quiet zone on each side. */
const QUIET = 4;

/** The text does not fit: a code holds about 2,300 bytes. */
export class TooLong extends Error {
  override readonly name = "TooLong";
  constructor(readonly bytes: number) {
    super(`too long for a QR code: ${bytes} bytes`);
  }
}

/**
 * A code that shows `text`, black on white, with `label` as its name for those who cannot see it. In
 * JSX: `{qr.svg(ticket.code, request.t("票码", "Ticket"))}`.
 *
 * @throws {TooLong}
 */
export function svg(text: string, label: string) {
  const rows = modules(text);
  const size = rows.length;
  // Runs of dark modules, each a rectangle one module high.
  const path = rows.map((row, y) => runs(row).map(([x, n]) => `M${x} ${y}h${n}v1h-${n}z`).join("")).join("");
  return html`<div class="qr"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"></rect><path fill="#000" d="${raw(path)}"></path></svg></div>`;
}

/** Rows of dark (`true`) and light modules, the quiet zone among them. */
function modules(text: string): boolean[][] {
  try {
    return encodeQR(text, "raw", { ecc: "medium", border: QUIET });
  } catch (e) {
    if (e instanceof Error && /capacity/i.test(e.message)) throw new TooLong(new TextEncoder().encode(text).length);
    throw e;
  }
}

/** Where runs of dark modules begin, and how long they are. */
function runs(row: readonly boolean[]): [number, number][] {
  const out: [number, number][] = [];
  for (let x = 0; x < row.length; x += 1) {
    if (row[x] !== true) continue;
    let end = x;
    while (row[end] === true) end += 1;
    out.push([x, end - x]);
    x = end;
  }
  return out;
}
