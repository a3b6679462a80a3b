// Captions: what a file of them may be, line by line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { strToU8 } from "fflate";
import { bytesOf } from "../src/domain/file/bytes.ts";
import { CAPTION_BYTES, MOST_CUES, checkCaptions } from "../src/domain/file/captions.ts";
import { Refused } from "../src/domain/refused.ts";

/** What is said of a file: `taken`, or the reason with its line. */
function said(content: string | Uint8Array, { ms, name = "a.vtt", mediaType = "text/plain" }: { ms?: number; name?: string; mediaType?: string } = {}): string {
  try {
    checkCaptions("zh-CN", { name, mediaType }, bytesOf(typeof content === "string" ? strToU8(content) : content), ms);
    return "taken";
  } catch (e) {
    assert.ok(e instanceof Refused && e.why.kind === "captions", String(e));
    assert.equal(e.why.language, "zh-CN");
    return `${e.why.reason} ${e.why.line}${e.why.found === "" ? "" : ` ${e.why.found}`}`;
  }
}

/** A file of one cue, whose text begins in line 4. */
const cue = (text: string, timing = "00:01.000 --> 00:02.000"): string => `WEBVTT\n\n${timing}\n${text}\n`;

const GOOD = `WEBVTT 分数的初步认识

NOTE 校对：三年级备课组
共两句。

1
00:00:01.000 --> 00:00:03.500
把一张纸平均分成两份，

第二句
00:03.500 --> 00:06.000 line:85% position:50%,center align:center size:80%
<v 老师>每一份是它的<b>二分之一</b>。
<i>（翻纸声）</i>
`;

test("captions as editors write them are taken, whatever ends their lines", () => {
  assert.equal(said(GOOD), "taken");
  assert.equal(said(GOOD, { ms: 6000 }), "taken");
  assert.equal(said(GOOD.replaceAll("\n", "\r\n")), "taken");
  assert.equal(said(GOOD.replaceAll("\n", "\r")), "taken");
  assert.equal(said(`\uFEFF${GOOD}`), "taken", "a byte order mark may stand before it");
  assert.equal(said(GOOD.trimEnd()), "taken", "the last line need not end");
  assert.equal(said(GOOD, { name: "分数.VTT" }), "taken");
  assert.equal(said(cue("长", "01:00:00.000 --> 100:00:00.000")), "taken", "hours have two digits or more");
});

test("what is no WebVTT is refused, and says so", () => {
  assert.equal(said(GOOD, { name: "a.srt" }), "not-webvtt 0 a.srt");
  assert.equal(said(GOOD, { mediaType: "application/pdf" }), "not-webvtt 0 a.vtt");
  assert.equal(said(""), "no-header 1");
  assert.equal(said("1\n00:00:01,000 --> 00:00:02,000\n一\n"), "no-header 1");
  assert.equal(said("webvtt\n\n00:01.000 --> 00:02.000\n一\n"), "no-header 1");
  assert.equal(said("WEBVTTX\n\n00:01.000 --> 00:02.000\n一\n"), "no-header 1");
  assert.equal(said("WEBVTT --> \n\n00:01.000 --> 00:02.000\n一\n"), "no-header 1");
  assert.equal(said("WEBVTT\n00:01.000 --> 00:02.000\n一\n"), "no-blank-line 2");
  assert.equal(said("WEBVTT\n"), "no-cues 0");
  assert.equal(said("WEBVTT\n\nNOTE 还没有写\n"), "no-cues 0");
});

test("too much is refused: bytes, and cues", () => {
  assert.equal(said(new Uint8Array(CAPTION_BYTES + 1).fill(0x20)), `too-large 0 ${CAPTION_BYTES + 1}`);
  const cues = (n: number): string => `WEBVTT\n${"\n00:01.000 --> 00:02.000\n一\n".repeat(n)}`;
  assert.equal(said(cues(MOST_CUES)), "taken");
  assert.equal(said(cues(MOST_CUES + 1)), `too-many-cues ${3 + MOST_CUES * 3} ${MOST_CUES}`);
});

test("what is not text in UTF-8 is refused with its line", () => {
  const gbk = Uint8Array.from([...strToU8("WEBVTT\n\n00:01.000 --> 00:02.000\n"), 0xb7, 0xd6, 0xca, 0xfd]);
  assert.equal(said(gbk), "not-utf8 4");
  assert.equal(said(cue("分\uFFFD")), "not-utf8 4", "a character that was lost before it came here");
  const utf16 = Uint8Array.from([0xff, 0xfe, ...[...GOOD].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8])]);
  assert.equal(said(utf16), "not-utf8 1");
  assert.equal(said(cue("一\u0000二")), "control-character 4 U+0000");
  assert.equal(said(cue("一\u001b[31m")), "control-character 4 U+001B");
  assert.equal(said(cue("一\u0085二")), "control-character 4 U+0085");
  assert.equal(said(cue("一\u000b二")), "control-character 4 U+000B");
  assert.equal(said(cue("一\t二")), "taken", "a tab is text");
});

test("a timing that no player reads is refused with its line", () => {
  for (const timing of ["00:01,000 --> 00:02,000", "1.000 --> 2.000", "0:01.000 --> 0:02.000", "00:60.000 --> 01:02.000", "00:01.00 --> 00:02.00", "00:01.000-->00:02.000", "00:01.000 --> ", "-00:01.000 --> 00:02.000", "00:00:01.000.5 --> 00:02.000"]) {
    assert.equal(said(cue("一", timing)), `bad-timing 3 ${timing}`);
  }
  assert.equal(said("WEBVTT\n\n一\n二\n\n00:01.000 --> 00:02.000\n三\n"), "not-a-cue 3 一", "words that belong to no cue");
  assert.equal(said("WEBVTT\n\n00:01.000 --> 00:02.000\n\n一\n"), "not-a-cue 5 一", "a blank line between the timing and its words");
  assert.equal(said(cue("一\n00:02.000 --> 00:03.000\n二")), "no-blank-line 5");
  assert.equal(said("WEBVTT\n\nNOTE\n00:01.000 --> 00:02.000\n一\n"), "no-blank-line 4", "a note cannot hide a cue");
});

test("a cue ends after it begins, begins no earlier than the one before, and ends with the film", () => {
  assert.equal(said(cue("一", "00:02.000 --> 00:02.000")), "ends-before-start 3");
  assert.equal(said(cue("一", "00:02.000 --> 00:01.000")), "ends-before-start 3");
  const two = (second: string): string => `${cue("一", "00:05.000 --> 00:09.000")}\n${second}\n二\n`;
  assert.equal(said(two("00:05.000 --> 00:06.000")), "taken", "two people may speak at once");
  assert.equal(said(two("00:04.999 --> 00:06.000")), "out-of-order 6");
  assert.equal(said(two("00:08.000 --> 00:10.000"), { ms: 9_500 }), "taken", "half a second is rounding");
  assert.equal(said(two("00:08.000 --> 00:11.000"), { ms: 9_500 }), "beyond-the-end 6 00:00:09.500");
  assert.equal(said(two("00:08.000 --> 00:11.000")), "taken", "of a film whose length is not known");
});

test("where a cue stands may be said in the words of WebVTT, each once", () => {
  for (const settings of ["vertical:rl", "line:-1", "line:0,start", "line:90.5%", "position:10%,line-left", "size:100%", "align:left", "align:center\tline:1  ", " "]) {
    assert.equal(said(cue("一", `00:01.000 --> 00:02.000 ${settings}`)), "taken", settings);
  }
  for (const setting of ["size:101%", "size:80", "align:middle", "region:fred", "onclick:x", "line:", "constructor:1"]) {
    assert.equal(said(cue("一", `00:01.000 --> 00:02.000 ${setting}`)), `bad-setting 3 ${setting}`);
  }
  assert.equal(said(cue("一", "00:01.000 --> 00:02.000 align:left align:right")), "bad-setting 3 align:right");
});

test("styles and regions are refused: captions look as the player shows them", () => {
  assert.equal(said("WEBVTT\n\nSTYLE\n::cue { background: url(https://example.org/x) }\n\n00:01.000 --> 00:02.000\n一\n"), "block-not-taken 3 STYLE");
  assert.equal(said("WEBVTT\n\nREGION\nid:fred\n\n00:01.000 --> 00:02.000\n一\n"), "block-not-taken 3 REGION");
});

test("simple spans are kept; every other tag is refused with its line", () => {
  for (const text of ["<b>一</b><i>二</i><u>三</u>", "<c.yellow.big>一</c>", "<v 老师>一", "<v.loud 李 老师>一</v>二", "<lang en-GB>one</lang>", "<ruby>分<rt>fēn</rt>数<rt>shù</rt></ruby>", "<ruby>分<rt>fēn</ruby>", "<b>一\n二</b>", "3 > 2 &lt; 4 &amp; A & B", ""]) {
    assert.equal(said(cue(text)), "taken", text);
  }
  for (const [text, found] of [
    ["<script>alert(1)</script>", "<script>"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["<font color=red>一</font>", "<font color=red>"],
    ["<b onclick=x>一</b>", "<b onclick=x>"],
    ["<B>一</B>", "<B>"],
    ["一 <00:01.500>二", "<00:01.500>"],
    ["<v>一", "<v>"],
    ["<lang>一</lang>", "<lang>"],
    ["<lang en\" x>一</lang>", "<lang en\" x>"],
    ["<rt>一</rt>", "<rt>"],
    ["</b>", "</b>"],
    ["<b><i>一</b></i>", "</b>"],
    ["3 < 4", "< 4"],
    ["<b", "<b"],
    ["<<b>>一</b>", "<"],
    ["<>", "<>"],
    ["<b>一", "<b>"],
    ["<v 老师><b>一", "<b>"],
    ["<b>".repeat(9), "<b>"],
  ] as const) {
    assert.equal(said(cue(text)), `bad-tag 4 ${found}`);
  }
  assert.equal(said(cue("一\n<em>二</em>")), "bad-tag 5 <em>");
});

test("captions that are made to be long in the looking are answered as soon as others", () => {
  const fill = (head: string, piece: string): string => head + piece.repeat(Math.floor((CAPTION_BYTES - head.length) / piece.length));
  const head = "WEBVTT\n\n00:01.000 --> 00:02.000\n";
  assert.equal(said(fill(head, "<")), "bad-tag 4 <");
  assert.equal(said(fill(head, "<b></b>")), "taken");
  assert.equal(said(fill(`${head}<c`, ".a")).slice(0, 9), "bad-tag 4");
  assert.equal(said(fill(`${head}<v`, " ")).slice(0, 9), "bad-tag 4");
  assert.equal(said(fill("WEBVTT\n\n00:01.000", " ")).slice(0, 11), "not-a-cue 3");
  assert.equal(said(fill("WEBVTT\n\n00:01.000 --> 00:02.000", " ")), "taken");
  assert.equal(said(fill("WEBVTT\n", "\n")), "no-cues 0");
  assert.equal(said(fill("WEBVTT\n\n", "NOTE\n\n")), "no-cues 0");
  assert.equal(said(fill("WEBVTT\n\n", "NOTE\n")), "no-cues 0");
  assert.equal(said(fill(head, "a\n")), "taken");
});
