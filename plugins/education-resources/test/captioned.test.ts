// Captions on their way: brought with a film, changed while it is a draft, read by whoever reads the film, and gone with it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { strToU8, unzipSync } from "fflate";
import * as files from "@yunlong/sdk/files";
import app from "../src/app.tsx";
import { stripFilm } from "../src/domain/sample/film.ts";
import * as service from "../src/service/index.ts";
import { ResourceDoc } from "../src/store/schemas.ts";
import { RESOURCES } from "../src/store/index.ts";
import { mp4, talkingFilm } from "./films.ts";
import { checkPage } from "./markup.ts";
import { City, METADATA, type Person, kindOf, refusal, schoolInput } from "./support.ts";

const NOBODY = { kind: "anonymous", roles: [] } as const;
const ZH = "WEBVTT\n\n00:01.000 --> 00:03.000\n把一张纸平均分成两份。\n";
const EN = "WEBVTT\n\n00:01.000 --> 00:03.000\nFold the paper in two equal parts.\n";

let city: City;
let [teacher, reviewer, county]: Person[] = [];
beforeEach(() => {
  city = new City();
  city.schools(2);
  city.curriculum();
  const at = schoolInput(1).id;
  teacher = city.posted("teacher-1", "teacher", at);
  reviewer = city.posted("reviewer-1", "reviewer", at);
  county = city.posted("county-1", "county", "320312");
});
const staff = (): [Person, Person, Person] => [teacher as Person, reviewer as Person, county as Person];

/** Uploads of whoever comes; the platform knows WebVTT as text. */
function film(who: Person, content: Uint8Array = talkingFilm()): string {
  void who.asks;
  return city.of.upload("resources", "a.mp4", "video/mp4", content);
}
function words(who: Person, text: string, name = "a.vtt"): string {
  void who.asks;
  return city.of.upload("resources", name, "text/plain", strToU8(text));
}

/** A published film with captions in Chinese. */
function published(zh = ZH): string {
  const [t, r, c] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { "zh-CN": words(t, zh) } });
  city.toPublished(t, r, c, id);
  return id;
}

const come = (who: Person | undefined): void => void (who === undefined ? city.of.signOut() : who.asks);
async function get(who: Person | undefined, target: string, headers = {}) {
  come(who);
  const answer = await city.of.get(app, target, headers);
  const text = await answer.text();
  if (/html/.test(answer.headers.get("content-type") ?? "")) checkPage(text, target);
  return { status: answer.status, text, headers: answer.headers };
}
async function post(who: Person, target: string, fields: Record<string, string>) {
  come(who);
  const answer = await city.of.post(app, target, fields);
  const text = await answer.text();
  if (text !== "") checkPage(text, `POST ${target}`);
  return { status: answer.status, text, location: answer.headers.get("location") ?? "" };
}

const { keywords: _keywords, audience: _audience, ...plain } = METADATA;
const TYPED = { ...plain, keywords: "分数，数学", audience: "learner" };

test("captions come with the film, in Chinese and in English, and are served as WebVTT beside it", async () => {
  const [t, r, c] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { en: words(t, EN), "zh-CN": words(t, ZH) } });
  assert.deepEqual(RESOURCES.get(id)?.value.captions.map((k) => k.language), ["zh-CN", "en"], "Chinese comes first");
  city.toPublished(t, r, c, id);
  const zh = await get(undefined, `/resources/${id}/captions/zh-CN`);
  assert.deepEqual([zh.status, zh.text, zh.headers.get("content-type")], [200, ZH, "text/vtt; charset=utf-8"]);
  const film1 = await get(undefined, `/resources/${id}/file`);
  assert.equal(zh.headers.get("cache-control"), film1.headers.get("cache-control"));
  const tag = zh.headers.get("etag") ?? "";
  assert.match(tag, /^"[0-9a-f]{64}"$/);
  const again = await get(undefined, `/resources/${id}/captions/zh-CN`, { "if-none-match": `W/"x", ${tag}` });
  assert.deepEqual([again.status, again.text], [304, ""], "a copy that is asked about is not sent again");
  assert.equal((await get(undefined, `/resources/${id}/captions/en`)).text, EN);
  assert.equal((await get(undefined, `/resources/${id}/captions/fr`)).status, 404);
});

test("the player has its tracks, and the page says in words which captions there are", async () => {
  const [t, r, c] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { "zh-CN": words(t, ZH), en: words(t, EN) } });
  city.toPublished(t, r, c, id);
  const { text } = await get(undefined, `/resources/${id}`);
  assert.match(text, new RegExp(`<video [^>]*><track kind="captions" src="/resources/${id}/captions/zh-CN" srclang="zh-CN" label="中文" default=""/?><track kind="captions" src="/resources/${id}/captions/en" srclang="en" label="英文"/?></video>`));
  assert.match(text, /<dt>字幕<\/dt><dd><a href="[^"]+">中文<\/a>、<a href="[^"]+">英文<\/a>/);
  assert.doesNotMatch(text, /没有字幕/);
  assert.match((await get(undefined, `/resources/${id}`, { "accept-language": "en" })).text, /srclang="en" label="English" default=""/, "captions in the page's language are on");
});

test("a film with sound and without captions says so, to everybody; a silent one needs none", async () => {
  const [t, r, c] = staff();
  const talks = service.createResource(t.asks, { metadata: METADATA, file: film(t) }).id;
  assert.match((await get(t, `/works/${talks}`)).text, /这段视频有声音，没有字幕。[^]*作者可以在修改时上传字幕/, "the author is told");
  service.submitResource(t.asks, talks);
  assert.match((await get(r, `/works/${talks}`)).text, /这段视频有声音，没有字幕。/, "and so is the reviewer; neither is held up");
  service.reviewResource(r.asks, talks, "school", true, "");
  service.reviewResource(c.asks, talks, "county", true, "");
  service.publishResource(c.asks, talks);
  assert.match((await get(undefined, `/resources/${talks}`)).text, /这段视频有声音，没有字幕。[^]*<dt>字幕<\/dt><dd>没有字幕/);
  come(t);
  const silent = city.of.upload("resources", "b.webm", "video/webm", stripFilm("480p"));
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: silent });
  city.toPublished(t, r, c, id);
  const { text } = await get(undefined, `/resources/${id}`);
  assert.match(text, /没有声音，不需要字幕/);
  assert.doesNotMatch(text, /没有字幕。/);
});

test("a reviewer plays the film with its captions before it is published, and nobody else does", async () => {
  const [t, r] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { "zh-CN": words(t, ZH) } });
  service.submitResource(t.asks, id);
  assert.match((await get(r, `/works/${id}`)).text, new RegExp(`<video [^>]*src="/works/${id}/file"[^>]*><track kind="captions" src="/works/${id}/captions/zh-CN"`));
  const seen = await get(r, `/works/${id}/captions/zh-CN`);
  assert.deepEqual([seen.status, seen.text, seen.headers.get("cache-control")], [200, ZH, "no-store"]);
  assert.equal((await get(undefined, `/resources/${id}/captions/zh-CN`)).status, 404);
  assert.equal((await get(undefined, `/works/${id}/captions/zh-CN`)).status, 303, "to sign in");
  assert.equal((await get(city.posted("teacher-2", "teacher", schoolInput(2).id), `/works/${id}/captions/zh-CN`)).status, 404, "another school's teacher");
  assert.equal((await get(city.posted("reviewer-2", "reviewer", schoolInput(2).id), `/works/${id}/captions/zh-CN`)).status, 404);
});

test("a recording with captions is played where its words can be read", async () => {
  const [t, r, c] = staff();
  void t.asks;
  const file = city.of.upload("resources", "a.m4a", "audio/m4a", mp4(60_000, "soun"));
  const { id } = service.createResource(t.asks, { metadata: METADATA, file, captions: { "zh-CN": words(t, ZH) } });
  city.toPublished(t, r, c, id);
  assert.match((await get(undefined, `/resources/${id}`)).text, /<video [^>]*><track kind="captions"/);
});

test("while it is a draft captions are replaced and removed; what nothing refers to is deleted", () => {
  const [t] = staff();
  const first = words(t, ZH);
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { "zh-CN": first, en: words(t, EN) } });
  const stay = service.saveResource(t.asks, id, { metadata: METADATA });
  assert.deepEqual(stay.captions.map((k) => k.language), ["zh-CN", "en"], "what is not named stays");
  const second = words(t, ZH.replace("两", "四"));
  const changed = service.saveResource(t.asks, id, { metadata: METADATA, captions: { "zh-CN": second, en: "" } });
  assert.deepEqual(changed.captions.map((k) => [k.language, k.id === second]), [["zh-CN", true], ["en", false]]);
  assert.throws(() => files.stat(first), (e) => e instanceof files.FileError && e.code === "not-found");
  assert.deepEqual(service.saveResource(t.asks, id, { metadata: METADATA, captions: { en: null } }).captions.map((k) => k.language), ["zh-CN"]);
  service.submitResource(t.asks, id);
  assert.equal(kindOf(() => service.saveResource(t.asks, id, { metadata: METADATA, captions: { "zh-CN": null } })), "wrong-state", "not while it is reviewed");
});

test("the author alone brings captions, from their own uploads", () => {
  const [t, r] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t) });
  const other = city.posted("teacher-2", "teacher", schoolInput(2).id);
  const theirs = words(other, ZH);
  assert.equal(kindOf(() => service.saveResource(other.asks, id, { metadata: METADATA, captions: { "zh-CN": theirs } })), "not-permitted", "another school's teacher");
  assert.equal(kindOf(() => service.saveResource(t.asks, id, { metadata: METADATA, captions: { "zh-CN": theirs } })), "not-found", "another person's upload");
  const reviewers = words(r, ZH);
  assert.equal(kindOf(() => service.saveResource(r.asks, id, { metadata: METADATA, captions: { "zh-CN": reviewers } })), "not-permitted");
  assert.deepEqual(RESOURCES.get(id)?.value.captions, []);
});

test("a published edition does not change: the next one has captions of its own", async () => {
  const [t, r, c] = staff();
  const id = published();
  assert.equal(kindOf(() => service.saveResource(t.asks, id, { metadata: METADATA, captions: { "zh-CN": null } })), "wrong-state");
  const next = service.reviseResource(t.asks, id);
  assert.deepEqual(next.captions, RESOURCES.get(id)?.value.captions, "a revision begins with what there was");
  const better = ZH.replace("两", "四");
  service.saveResource(t.asks, next.id, { metadata: METADATA, captions: { "zh-CN": words(t, better), en: words(t, EN) } });
  assert.equal((await get(undefined, `/resources/${id}/captions/zh-CN`)).text, ZH);
  assert.equal((await get(undefined, `/resources/${id}/captions/en`)).status, 404);
  city.toPublished(t, r, c, next.id);
  assert.equal((await get(undefined, `/resources/${next.id}/captions/zh-CN`)).text, better);
  assert.equal((await get(undefined, `/resources/${id}/captions/zh-CN`)).status, 404, "as the film of that edition");
  assert.equal((await get(t, `/works/${id}/captions/zh-CN`)).text, ZH, "its author still reads what it was");
});

test("with the film its captions are withdrawn", async () => {
  const [t, , c] = staff();
  const id = published();
  service.withdrawResource(c.asks, id, "内容有误");
  assert.equal((await get(undefined, `/resources/${id}/captions/zh-CN`)).status, 410);
  assert.equal((await get(undefined, `/resources/${id}/file`)).status, 410);
  assert.equal(kindOf(() => service.captionsOf(NOBODY, id, "zh-CN")), "withdrawn");
  assert.equal(service.captionsOf(t.asks, id, "zh-CN").cacheControl, "no-store");
});

test("captions that a player cannot read are refused with language, line and reason, in both languages", () => {
  const [t] = staff();
  const bad = "WEBVTT\n\n00:01.000 --> 00:03.000\n<script>alert(1)</script>\n";
  assert.deepEqual(refusal(() => service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { en: words(t, bad) } })), { kind: "captions", language: "en", line: 4, reason: "bad-tag", found: "<script>" });
  try {
    service.createResource(t.asks, { metadata: METADATA, file: film(t), captions: { "zh-CN": words(t, ZH.replace("00:03.000", "00:00.500")) } });
    assert.fail("it was taken");
  } catch (e) {
    assert.ok(e instanceof service.Refusal);
    assert.deepEqual(e.detail, { zh: "中文字幕，第 3 行：结束时间不晚于开始时间。请更正。", en: "Chinese captions, line 3: It ends before it begins. Correct the times." });
    assert.equal(e.outcome.status, 422);
  }
});

test("captions end with their film, also when another film comes under them; a document has none", () => {
  const [t] = staff();
  const { id } = service.createResource(t.asks, { metadata: METADATA, captions: { "zh-CN": words(t, ZH) } });
  const reasonOf = (file: string, captions = {}): unknown => {
    const why = refusal(() => service.saveResource(t.asks, id, { metadata: METADATA, file, captions }));
    return why.kind === "captions" ? [why.reason, why.line] : why.kind;
  };
  assert.deepEqual(reasonOf(film(t, talkingFilm(1500))), ["beyond-the-end", 3]);
  assert.deepEqual(reasonOf(city.upload(t, "文字")), ["nothing-to-hear", 0]);
  service.saveResource(t.asks, id, { metadata: METADATA, file: film(t) });
  assert.deepEqual(reasonOf(film(t, talkingFilm(1500, 1))), ["beyond-the-end", 3], "those that stay");
  assert.equal(service.saveResource(t.asks, id, { metadata: METADATA, file: city.upload(t, "文字"), captions: { "zh-CN": null } }).captions.length, 0);
});

test("the form takes captions, has their error beside the field, and brings what was uploaded again", async () => {
  const [t] = staff();
  const blank = await get(t, "/mine/new");
  assert.match(blank.text, /<label for="field-captions-zh-CN">中文字幕<\/label><input [^>]*name="captions-zh-CN"[^>]*type="file"[^>]*accept=".vtt,text\/vtt"/);
  assert.match(blank.text, /最大 1 MiB。/);
  const file = film(t);
  const bad = words(t, "WEBVTT\n\n1\n00:00:01,000 --> 00:00:02,000\n一\n");
  const form = { ...TYPED, key: "captions-0001", file, does: "save" };
  const refused = await post(t, "/mine/new", { ...form, "captions-zh-CN": bad, "captions-en": words(t, EN, "english.vtt") });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /href="#field-captions-zh-CN"[^]*id="error-captions-zh-CN">中文字幕，第 4 行：时间“00:00:01,000 --&gt; 00:00:02,000”写法不对。/);
  assert.doesNotMatch(refused.text, new RegExp(bad), "what was refused is not brought again");
  const kept = /name="captions-en-kept" value="([^"]+)"/.exec(refused.text)?.[1] ?? "";
  assert.match(refused.text, /当前英文字幕：english\.vtt/, "what was well is not uploaded again");
  const saved = await post(t, "/mine/new", { ...form, "captions-en-kept": kept });
  assert.equal(saved.status, 303);
  const at = saved.location;
  const edit = await get(t, `${at}/edit`);
  assert.match(edit.text, /当前英文字幕：english\.vtt/);
  assert.equal((await post(t, `${at}/edit`, { ...TYPED, does: "save" })).status, 303);
  const id = at.split("/")[2] ?? "";
  assert.deepEqual(RESOURCES.get(id)?.value.captions.map((k) => k.name), ["english.vtt"], "no choice leaves what is there");
  await post(t, `${at}/edit`, { ...TYPED, does: "save", "captions-en-none": "yes", "captions-zh-CN": words(t, ZH) });
  assert.deepEqual(RESOURCES.get(id)?.value.captions.map((k) => k.language), ["zh-CN"]);
  await post(t, `${at}/edit`, { ...TYPED, does: "save", "captions-zh-CN-none": "yes", "captions-zh-CN": words(t, ZH, "new.vtt") });
  assert.deepEqual(RESOURCES.get(id)?.value.captions.map((k) => k.name), ["new.vtt"], "one that is chosen takes the place of the one that goes");
});

test("a film of another size is played with the same captions", async () => {
  const [t, r, c] = staff();
  const small = film(t, talkingFilm(60_000, 2));
  const { id } = service.createResource(t.asks, { metadata: METADATA, file: film(t), renditions: { "480p": small }, captions: { "zh-CN": words(t, ZH) } });
  city.toPublished(t, r, c, id);
  const { text } = await get(undefined, `/resources/${id}?quality=480p`);
  assert.match(text, new RegExp(`<video [^>]*src="/resources/${id}/file\\?quality=480p"[^>]*><track kind="captions"`));
  assert.match(text, new RegExp(`<form method="get" action="/resources/${id}">`));
});

test("in a pack captions stand beside their film, and are called as it is", () => {
  const [t] = staff();
  const id = published();
  service.askForPack(t.asks, METADATA.node);
  city.deliver();
  const entries = unzipSync(files.read(service.packVolume(METADATA.node, 0), 0, 1 << 20));
  assert.deepEqual(Object.keys(entries).sort(), [`${id} 分数的初步认识.mp4`, `${id} 分数的初步认识.zh-CN.vtt`, "index.json"].sort());
  assert.equal(new TextDecoder().decode(entries[`${id} 分数的初步认识.zh-CN.vtt`]), ZH);
  const listed = JSON.parse(new TextDecoder().decode(entries["index.json"]));
  assert.equal(listed.resources[0].captions[0].name, `${id} 分数的初步认识.zh-CN.vtt`);
});

test("a work that was kept before there were captions is read as one that has none", () => {
  const id = published();
  const { captions: _captions, ...old } = RESOURCES.get(id)?.value ?? {};
  assert.deepEqual(ResourceDoc.parse(old).captions, []);
});

test("a film's page plays what the line of one's school carries; on the narrowest it offers the pack instead", async () => {
  const id = published();
  const narrow = schoolInput(9, { bandwidth: 3 });
  service.addSchool(city.bureau.asks, narrow);
  const far = city.posted("teacher-9", "teacher", narrow.id);
  const here = await get(teacher, `/resources/${id}`);
  assert.match(here.text, new RegExp(`<video[^>]* src="/resources/${id}/file\\?school=${schoolInput(1).id}"`));
  const there = await get(far, `/resources/${id}`);
  assert.doesNotMatch(there.text, /<video/);
  assert.match(there.text, /不能播放视频。[^]*href="\/packs\/primary\.math\.3\.1\.e1\.1"[^]*不在学校网络中时/);
  assert.match((await get(undefined, `/resources/${id}`)).text, new RegExp(`<video[^>]* src="/resources/${id}/file"`));
  const refused = await get(far, `/resources/${id}/file?school=${narrow.id}`);
  assert.equal(refused.status, 409);
  assert.match(refused.text, /带宽不足，不能播放视频[^]*离线资源包/);
  const line = JSON.parse((await get(undefined, `/api/resources/${id}/delivery?school=${narrow.id}`)).text);
  assert.deepEqual([line.quality, line.file, line.pack], [null, null, "/packs/primary.math.3.1.e1.1"]);
});
