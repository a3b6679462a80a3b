/** Small real files, made by code: worksheets, tables, pictures, sounds. The same seed makes the same bytes. */
import { strToU8, zlibSync } from "fflate";
import type { Subject } from "../vocabulary.ts";
import { Dice } from "./dice.ts";

/** Exercises for a topic: sums with their answers for mathematics, questions for the others. */
export function exercises(subject: Subject, topic: string, dice: Dice, count: number): { readonly asks: string; readonly answer: string }[] {
  return Array.from({ length: count }, (_, i) => {
    if (subject === "math") return sum(dice);
    const ask = dice.of(ASKS).replace("〇", topic);
    return { asks: ask, answer: `见教材“${topic}”一节，第 ${i + 1} 题写出要点即可。` };
  });
}

const ASKS = [
  "用自己的话说明“〇”的含义。",
  "举出两个与“〇”有关的例子。",
  "围绕“〇”提出一个问题，并试着回答。",
  "画一张图，表示你对“〇”的理解。",
  "比较“〇”和上一单元的异同。",
  "为同学讲解“〇”时，你会先讲什么？",
  "在家乡找一个能说明“〇”的事物。",
  "用三句话总结“〇”。",
];

function sum(dice: Dice): { asks: string; answer: string } {
  const [a, b] = [dice.from(12, 98), dice.from(3, 9)];
  switch (dice.below(4)) {
    case 0:
      return { asks: `${a} × ${b} ＝`, answer: String(a * b) };
    case 1:
      return { asks: `${a * b} ÷ ${b} ＝`, answer: String(a) };
    case 2:
      return { asks: `${a * 10} ＋ ${b * 37} ＝`, answer: String(a * 10 + b * 37) };
    default:
      return { asks: `${a * 20} － ${b * 11} ＝`, answer: String(a * 20 - b * 11) };
  }
}

/** A worksheet as plain text. */
export function worksheetText(title: string, subject: Subject, topic: string, dice: Dice): Uint8Array {
  const all = exercises(subject, topic, dice, 12);
  const asked = all.map((e, i) => `${i + 1}. ${e.asks}`).join("\n");
  const answers = all.map((e, i) => `${i + 1}. ${e.answer}`).join("\n");
  return strToU8(`${title}\n\n${asked}\n\n参考答案\n${answers}\n`);
}

/** A table of exercises, CSV by RFC 4180. */
export function worksheetCsv(subject: Subject, topic: string, dice: Dice): Uint8Array {
  const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`;
  const rows = exercises(subject, topic, dice, 20).map((e, i) => [String(i + 1), quoted(e.asks), quoted(e.answer)].join(","));
  return strToU8(`序号,题目,参考答案\r\n${rows.join("\r\n")}\r\n`);
}

/** A worksheet as a PDF of one page, in a Chinese font that readers have by themselves (ISO 32000-1, 9.7.5.2). */
export function worksheetPdf(title: string, subject: Subject, topic: string, dice: Dice): Uint8Array {
  const lines = [title, "", ...exercises(subject, topic, dice, 12).map((e, i) => `${i + 1}. ${e.asks}`)];
  const drawn = lines.map((line, i) => `BT /F1 ${i === 0 ? 18 : 13} Tf 60 ${780 - i * 44} Td <${utf16(line)}> Tj ET`).join("\n");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`,
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /FontDescriptor 7 0 R /DW 1000 >>",
    "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
  ];
  let body = "%PDF-1.4\n";
  const at = objects.map((o, i) => {
    const begins = body.length;
    body += `${i + 1} 0 obj\n${o}\nendobj\n`;
    return begins;
  });
  const table = at.map((n) => `${String(n).padStart(10, "0")} 00000 n \n`).join("");
  return strToU8(`${body}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`, true);
}

function utf16(text: string): string {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, "0")).join("");
}

/** A bar chart on squared paper, PNG with three colours (PNG, 11.2.2: palette). */
export function chartPng(dice: Dice): Uint8Array {
  const [width, height, cell] = [240, 160, 10];
  const bars = Array.from({ length: 8 }, () => dice.from(1, 14) * cell);
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bar = bars[Math.floor(x / 30)] ?? 0;
      const inBar = x % 30 >= 5 && x % 30 < 25 && height - y <= bar;
      rows[y * (width + 1) + 1 + x] = inBar ? 2 : x % cell === 0 || y % cell === 0 ? 1 : 0;
    }
  }
  const header = [...be(width), ...be(height), 8, 3, 0, 0, 0];
  const palette = [255, 255, 255, 205, 215, 225, 20, 90, 150];
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([...signature, ...chunk("IHDR", header), ...chunk("PLTE", palette), ...chunk("IDAT", [...zlibSync(rows)]), ...chunk("IEND", [])]);
}

function be(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

function chunk(name: string, data: readonly number[]): number[] {
  const named = [...strToU8(name), ...data];
  return [...be(data.length), ...named, ...be(crc32(named))];
}

/** CRC-32 (ISO 3309), as PNG asks for it. */
function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const b of bytes) {
    crc ^= b;
    for (let i = 0; i < 8; i++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A short tune of five notes, WAV with one channel of eight bits at 8 kHz. */
export function tuneWav(dice: Dice): Uint8Array {
  const [rate, each, notes] = [8000, 1600, [262, 294, 330, 349, 392, 440, 494, 523]];
  const tune = Array.from({ length: 5 }, () => dice.of(notes));
  const samples = new Uint8Array(each * tune.length);
  tune.forEach((hertz, n) => {
    for (let i = 0; i < each; i++) {
      // Each note fades, so that they can be told apart.
      const loud = 100 * (1 - i / each);
      samples[n * each + i] = Math.round(128 + loud * Math.sin((2 * Math.PI * hertz * i) / rate));
    }
  });
  const le = (n: number, bytes: number): number[] => Array.from({ length: bytes }, (_, i) => (n >>> (8 * i)) & 255);
  const head = [...strToU8("RIFF"), ...le(36 + samples.length, 4), ...strToU8("WAVEfmt "), ...le(16, 4), ...le(1, 2), ...le(1, 2), ...le(rate, 4), ...le(rate, 4), ...le(1, 2), ...le(8, 2), ...strToU8("data"), ...le(samples.length, 4)];
  const out = new Uint8Array(head.length + samples.length);
  out.set(head);
  out.set(samples, head.length);
  return out;
}
