// What a film or a recording says of itself: whether there is sound, and how long it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../src/domain/file/bytes.ts";
import { mediaOf } from "../src/domain/file/media.ts";
import { tuneWav } from "../src/domain/sample/content.ts";
import { Dice } from "../src/domain/sample/dice.ts";
import { stripFilm } from "../src/domain/sample/film.ts";
import { box, element, mp4, webm } from "./films.ts";

const of = (mediaType: string, content: Uint8Array | number[]) => mediaOf(mediaType, bytesOf(Uint8Array.from(content)));

test("a film has sound when a track of its container is sound", () => {
  assert.deepEqual(of("video/mp4", mp4(90_500, "vide", "soun")), { sound: true, ms: 90_500 });
  assert.deepEqual(of("video/mp4", mp4(90_500, "vide")), { sound: false, ms: 90_500 });
  assert.deepEqual(of("video/webm", webm(12_345, 1, 2)), { sound: true, ms: 12_345 });
  assert.deepEqual(of("video/webm", webm(12_345, 1)), { sound: false, ms: 12_345 });
});

test("the film of the sample is silent, and eight seconds long in every size", () => {
  for (const quality of ["1080p", "720p", "480p"] as const) assert.deepEqual(of("video/webm", stripFilm(quality)), { sound: false, ms: 8000 });
});

test("a recording is sound, whatever is known of its length", () => {
  assert.deepEqual(of("audio/m4a", mp4(5000, "soun")), { sound: true, ms: 5000 });
  assert.deepEqual(of("audio/x-wav", tuneWav(new Dice(1))), { sound: true, ms: 1000 });
  assert.deepEqual(of("audio/mpeg", [0xff, 0xfb, 0, 0]), { sound: true, ms: undefined });
});

test("of what is no film nothing is said; of one that is damaged, that it is not known", () => {
  assert.deepEqual(of("application/pdf", []), { sound: false, ms: undefined });
  for (const mediaType of ["video/mp4", "video/webm"]) {
    for (const content of [[], [0, 0, 0, 0], [0, 0, 0, 1, 0x6d, 0x6f, 0x6f, 0x76], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]) {
      assert.deepEqual(of(mediaType, content), { sound: undefined, ms: undefined }, `${mediaType} ${content.join()}`);
    }
  }
  const whole = mp4(5000, "vide", "soun");
  for (let n = 0; n < whole.length; n++) of("video/mp4", whole.subarray(0, n));
  const film = webm(5000, 1, 2);
  for (let n = 0; n < film.length; n++) of("video/webm", film.subarray(0, n));
});

test("a length of nothing, as in a film that comes in fragments, is not known", () => {
  assert.deepEqual(of("video/mp4", mp4(0, "vide", "soun")), { sound: true, ms: undefined });
  assert.deepEqual(of("video/mp4", mp4(0xffffffff, "vide", "soun")), { sound: true, ms: undefined });
});

test("a film that is made to be long in the looking is answered as soon as another", () => {
  const boxes = Array.from({ length: 5_000 }, () => box("free")).flat();
  let reads = 0;
  const content = Uint8Array.from(boxes);
  const counted = { size: content.length, read: (offset: number, length: number) => ((reads += 1), content.subarray(offset, offset + length)) };
  assert.deepEqual(mediaOf("video/mp4", counted), { sound: undefined, ms: undefined });
  const elements = Uint8Array.from(Array.from({ length: 5_000 }, () => element([0xec])).flat());
  const voids = { size: elements.length, read: (offset: number, length: number) => ((reads += 1), elements.subarray(offset, offset + length)) };
  assert.deepEqual(mediaOf("video/webm", voids), { sound: undefined, ms: undefined });
  assert.ok(reads < 2_000, `${reads} reads`);
});
