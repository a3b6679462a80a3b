/** Films and recordings with their captions, on the page of what is published and on that of a work on its way. */
import { type AppContext, type CityRequest, Notice } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { whole } from "../domain/file/bytes.ts";
import { CAPTION_BYTES } from "../domain/file/captions.ts";
import { isPlayed, previewOf } from "../domain/file/index.ts";
import type { Captions } from "../domain/resource.ts";
import { CAPTION_LANGUAGES } from "../domain/vocabulary.ts";
import type { ServedCaptions } from "../service/index.ts";
import { type Piece, at } from "./common.tsx";

/** What is played, and what stands beside it. */
export interface Played {
  /** The address that its file and its captions are below: `/resources/…`, or `/works/…`. */
  readonly base: string;
  readonly title: string;
  readonly mediaType: string;
  readonly captions: readonly Pick<Captions, "language">[];
}

/** The player of a film or a recording. The captions in the page's language, or else the first, are on from the beginning. */
export function Player({ request, of, file = `${of.base}/file` }: { request: CityRequest; of: Played; file?: string }) {
  const wanted = request.lang === "zh" ? "zh-CN" : "en";
  const on = of.captions.find((c) => c.language === wanted) ?? of.captions[0];
  const tracks = of.captions.map((c) => (
    <track kind="captions" src={`${of.base}${at("captions", c.language)}`} srclang={c.language} label={request.text(CAPTION_LANGUAGES[c.language])} default={c === on} />
  ));
  // A player of sound has no place for words: a recording with captions is played where films are.
  if (previewOf(of.mediaType) === "sound" && of.captions.length === 0) return <audio controls preload="metadata" src={file} aria-label={of.title}></audio>;
  return <video controls preload="metadata" src={file} aria-label={of.title}>{tracks}</video>;
}

/** Whether a film lacks captions. One without a track of sound needs none; of one that does not tell, nobody knows. */
function isMissing(of: Played, sound: boolean | undefined): boolean {
  return previewOf(of.mediaType) === "film" && of.captions.length === 0 && sound !== false;
}

/** Says plainly that a film cannot be followed by who does not hear it (WCAG 1.2.2). `next` is what its author can do. */
export function Missing({ request, of, sound, next }: { request: CityRequest; of: Played; sound: boolean | undefined; next?: string }) {
  if (!isMissing(of, sound)) return null;
  const what = sound === true ? request.t("这段视频有声音，没有字幕。", "This film has sound, and no captions.") : request.t("这段视频没有字幕，也无法判断有没有声音。", "This film has no captions; whether it has sound cannot be told.");
  return <Notice tone="warn"><strong>{what}</strong>{next === undefined ? null : <p>{next}</p>}</Notice>;
}

/** Which captions there are, in words, each leading to its file; nothing of what is not played. */
export function captionsFact(request: CityRequest, of: Played, sound: boolean | undefined): Piece {
  if (!isPlayed(of.mediaType)) return null;
  if (of.captions.length === 0) return sound === false ? request.t("没有声音，不需要字幕", "It has no sound, and needs none") : request.t("没有字幕", "None");
  return of.captions.map((c, n) => (
    <>
      {n === 0 ? "" : request.t("、", ", ")}
      <a href={`${of.base}${at("captions", c.language)}`}>{request.text(CAPTION_LANGUAGES[c.language])}</a>
    </>
  ));
}

/** Captions as an answer: the bytes as they came, under their hash, with what its copies have to ask. */
export function answeredCaptions(c: AppContext, { file, cacheControl }: ServedCaptions): Response {
  const headers = { "cache-control": cacheControl, etag: `"${file.sha256}"` };
  const known = (c.req.header("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(headers.etag)) return new Response(null, { status: 304, headers });
  const content = whole({ size: file.size, read: (offset, length) => files.read(file.id, offset, length) }, CAPTION_BYTES);
  return new Response(content, { headers: { ...headers, "content-type": "text/vtt; charset=utf-8" } });
}
