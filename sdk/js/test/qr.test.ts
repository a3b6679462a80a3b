// QR codes: the same words and the same markup as in the other SDKs.
import assert from "node:assert/strict";
import { test } from "node:test";
import decodeQR from "qr/decode.js";
import * as qr from "../src/qr.ts";

// ANCHOR: qr
const svg = (text: string) => String(qr.svg(text, "票码 <1>"));
// ANCHOR_END: qr

/** What a reader sees: the rectangles of the path, four pixels a module. */
function read(markup: string): string {
  const size = Number(/viewBox="0 0 (\d+) /.exec(markup)?.[1]) * 4;
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (const [, x, y, n] of markup.matchAll(/M(\d+) (\d+)h(\d+)v1/g)) {
    for (let row = Number(y) * 4; row < Number(y) * 4 + 4; row += 1) {
      for (let at = Number(x) * 4; at < (Number(x) + Number(n)) * 4; at += 1) data.fill(0, (row * size + at) * 4, (row * size + at) * 4 + 3);
    }
  }
  return decodeQR({ width: size, height: size, data });
}

test("a code has a name and a quiet zone", () => {
  const markup = svg("https://example.org/t/1");
  assert.ok(markup.includes('aria-label="票码 &lt;1&gt;"'));
  assert.ok(markup.includes('viewBox="0 0 33 33"'), markup);
  assert.ok(markup.includes("M4 4h7v1h-7z"), "the finder pattern starts behind the quiet zone");
});

test("a reader reads what was written", () => {
  for (const text of ["https://example.org/t/1", "0123456789ABCDEFGH", "龟山汉墓 <1>"]) assert.equal(read(svg(text)), text);
});

test("what does not fit is refused", () => {
  assert.throws(() => svg("x".repeat(4000)), { name: "TooLong", bytes: 4000 });
  assert.throws(() => svg("1".repeat(9000)), { name: "TooLong", bytes: 9000 });
  assert.ok(svg("1".repeat(5000)).includes("<path"), "digits take less room");
});
