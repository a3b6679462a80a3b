// What a file may be: files that lie, burst or act are refused with the reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { strToU8, zipSync, zlibSync } from "fflate";
import { bytesOf } from "../src/domain/file/bytes.ts";
import { checkFile } from "../src/domain/file/index.ts";
import { chartPng, tuneWav, worksheetPdf } from "../src/domain/sample/content.ts";
import { Dice } from "../src/domain/sample/dice.ts";
import { type FileReason, Refused } from "../src/domain/refused.ts";

function reason(name: string, mediaType: string, content: Uint8Array): FileReason | "taken" {
  try {
    checkFile({ name, mediaType }, bytesOf(content));
    return "taken";
  } catch (e) {
    assert.ok(e instanceof Refused && e.why.kind === "file", String(e));
    return e.why.reason;
  }
}

const pdf = (body: string): Uint8Array => strToU8(`%PDF-1.5\n${body}\n%%EOF\n`, true);
const ofPdf = (body: string): FileReason | "taken" => reason("a.pdf", "application/pdf", pdf(body));

/** An object stream with this text in it. */
function packed(text: string, dictionary = "/Filter /FlateDecode"): string {
  const z = zlibSync(strToU8(text));
  return `1 0 obj\n<< /Type /ObjStm /N 1 /First 4 ${dictionary} /Length ${z.length} >>\nstream\n${String.fromCharCode(...z)}\nendstream\nendobj`;
}

test("what the sample makes is taken", () => {
  assert.equal(reason("a.png", "image/png", chartPng(new Dice(1))), "taken");
  assert.equal(reason("a.wav", "audio/x-wav", tuneWav(new Dice(1))), "taken");
  assert.equal(reason("a.pdf", "application/pdf", worksheetPdf("练习", "math", "分数", new Dice(1))), "taken");
});

test("a file whose name says something else than its bytes lies", () => {
  assert.equal(reason("a.pdf", "image/png", chartPng(new Dice(1))), "lies-about-type");
  assert.equal(reason("a", "text/plain", strToU8("a")), "lies-about-type");
  assert.equal(reason("a.html", "text/html", strToU8("<p>")), "type-not-taken");
  assert.equal(reason("a.svg", "image/svg+xml", strToU8("<svg>")), "type-not-taken");
  assert.equal(reason("a.txt", "text/plain", new Uint8Array()), "unreadable");
});

test("a picture that becomes too large when it is shown is a bomb, in every format", () => {
  const png = chartPng(new Dice(1)).slice();
  new DataView(png.buffer).setUint32(16, 60_000);
  new DataView(png.buffer).setUint32(20, 60_000);
  assert.equal(reason("a.png", "image/png", png), "picture-bomb");
  const gif = Uint8Array.from([...strToU8("GIF89a"), 0xff, 0xff, 0xff, 0xff, 0, 0, 0]);
  assert.equal(reason("a.gif", "image/gif", gif), "picture-bomb");
  const jpeg = (h: number, w: number): Uint8Array => Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8, h >> 8, h & 255, w >> 8, w & 255, 3, 0, 0, 0]);
  assert.equal(reason("a.jpg", "image/jpeg", jpeg(65_000, 65_000)), "picture-bomb");
  assert.equal(reason("a.jpg", "image/jpeg", jpeg(600, 800)), "taken");
  assert.equal(reason("a.jpg", "image/jpeg", jpeg(600, 800).subarray(0, 8)), "unreadable");
  const webp = new Uint8Array(30);
  webp.set(strToU8("RIFF....WEBPVP8X"));
  webp.fill(0xff, 24);
  assert.equal(reason("a.webp", "image/webp", webp), "picture-bomb");
});

test("a ZIP that bursts, climbs out or holds programs is refused; an honest one is taken", () => {
  const zip = (entries: Record<string, Uint8Array>): FileReason | "taken" => reason("a.zip", "application/zip", zipSync(entries));
  assert.equal(zip({ "a.txt": strToU8("a"), "b/c.txt": strToU8("c".repeat(1000)) }), "taken");
  assert.equal(zip({ "a.bin": new Uint8Array(17 << 20) }), "zip-bomb");
  assert.equal(zip({ "../a.txt": strToU8("a") }), "zip-path");
  assert.equal(zip({ "/a.txt": strToU8("a") }), "zip-path");
  assert.equal(zip({ "a.zip": strToU8("a") }), "zip-nested");
  assert.equal(zip({ "word/vbaProject.bin": strToU8("a") }), "macros");
  assert.equal(zip({ "setup.exe": strToU8("a") }), "macros");
  assert.equal(reason("a.zip", "application/zip", strToU8("PK no directory at all, but long enough to be looked at")), "unreadable");
  const many = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`${i}.txt`, new Uint8Array()]));
  assert.equal(zip(many), "zip-bomb");
});

test("a ZIP that lies about a size, or whose entries share bytes, is refused", () => {
  const lying = zipSync({ "a.txt": strToU8("a".repeat(1000)) }).slice();
  const view = new DataView(lying.buffer);
  const entry = lying.findIndex((_, i) => i + 4 <= lying.length && view.getUint32(i, true) === 0x02014b50);
  view.setUint32(entry + 24, 10, true);
  assert.equal(reason("a.zip", "application/zip", lying), "zip-bomb");
  const twice = zipSync({ "a.txt": strToU8("a"), "b.txt": strToU8("b") }, { level: 0 }).slice();
  const v = new DataView(twice.buffer);
  const entries = [...twice.keys()].filter((i) => i + 4 <= twice.length && v.getUint32(i, true) === 0x02014b50);
  v.setUint32((entries[1] ?? 0) + 42, 0, true);
  assert.equal(reason("a.zip", "application/zip", twice), "zip-bomb");
});

test("a PDF that acts is refused, wherever the action stands", () => {
  assert.equal(ofPdf("1 0 obj\n<< /Type /Catalog /OpenAction [3 0 R /Fit] >>\nendobj"), "taken", "going to a page is no action");
  assert.equal(ofPdf("<< /OpenAction << /S /GoTo /D [3 0 R /Fit] >> >>"), "taken");
  assert.equal(ofPdf("<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /OpenAction << /S /URI /URI (http://example.org) >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /OpenAction 9 0 R >>\n9 0 obj\n<< /S /Named >>\nendobj"), "pdf-script");
  assert.equal(ofPdf("<< /OpenAction 9 0 R >>\n9 0 obj\n[3 0 R /Fit]\nendobj"), "taken");
  assert.equal(ofPdf("<< /Names << /JavaScript 5 0 R >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /A << /S /Launch /F (cmd.exe) >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /AA << /O 5 0 R >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /Names << /EmbeddedFiles 5 0 R >> >>"), "pdf-script");
  assert.equal(ofPdf("<< /LaunchPad (a name of its own) >>"), "taken");
  assert.equal(ofPdf("<< /Encrypt 5 0 R >>"), "pdf-encrypted");
  assert.equal(reason("a.pdf", "application/pdf", strToU8("no PDF")), "lies-about-type");
});

test("a PDF that hides an action in packed objects or behind #-signs is refused", () => {
  assert.equal(ofPdf(packed("5 0 << /Type /Page >>")), "taken");
  assert.equal(ofPdf(packed("5 0 << /S /JavaScript >>")), "pdf-script");
  assert.equal(ofPdf(packed("5 0 << /S /Launch >>", "/Filter [/FlateDecode]")), "pdf-script");
  assert.equal(ofPdf(packed("5 0 << /Type /Page >>", "/Filter [/ASCIIHexDecode /FlateDecode]")), "pdf-disguised");
  assert.equal(ofPdf("<< /S /J#61vaScript >>"), "pdf-disguised");
  assert.equal(ofPdf("<< /Type /Obj#53tm >>"), "pdf-disguised");
  assert.equal(ofPdf("<< /BaseFont /#CB#CE#CC#E5 >>"), "taken", "a Chinese font's name is written so");
  assert.equal(ofPdf(packed("0".repeat(33 << 20))), "zip-bomb");
});

// Each of these would take hours if what stands before a place were searched anew for each of many places.
test("a PDF that is made to be long in the looking is answered as soon as another", () => {
  assert.equal(ofPdf("#4A".repeat(1 << 20)), "taken");
  assert.equal(ofPdf(`${"/ObjStm ".repeat(1 << 19)}stream\n5 0 << /Type /Page >>\nendstream`), "taken");
  assert.equal(ofPdf("/ObjStm stream\nx\nendstream\n".repeat(1 << 17)), "taken");
  assert.equal(ofPdf("/ObjStm stream\n".repeat(1 << 19) + "endstream"), "zip-bomb");
  const tiny = `/ObjStm /Filter /FlateDecode stream\n${String.fromCharCode(...zlibSync(strToU8("5 0 << >>")))}`;
  assert.equal(ofPdf(`${tiny.repeat(1 << 15)}endstream`), "zip-bomb");
  assert.equal(ofPdf(`${"/OpenAction 9 0 R\n".repeat(1 << 18)}\n9 0 obj\n[1 0 R /Fit]\nendobj`), "pdf-script");
});

test("what is packed behind another mention of packed objects is looked into all the same", () => {
  const hidden = packed("5 0 << /S /JavaScript >>");
  assert.equal(ofPdf(`% /ObjStm\n${hidden}`), "pdf-script");
  assert.equal(ofPdf(`(/ObjStm stream )\n${hidden}`), "pdf-script");
});
