/** Pictures: how large they become when they are shown. A small file may claim a picture that fills all memory. */
import { Refused } from "../refused.ts";
import { type Bytes, big, little } from "./bytes.ts";

/** The most points of a picture: about what a good camera makes, four times. */
export const MOST_POINTS = 50_000_000;
/** The longest side. */
export const LONGEST_SIDE = 20_000;
/** How far into a JPEG its size may stand: before it are previews and colour profiles. */
const JPEG_HEAD = 1 << 20;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @throws {Refused} `picture-bomb`, `unreadable` when it says no size */
export function checkPicture(mediaType: string, bytes: Bytes): void {
  const size = sizeOf(mediaType, bytes);
  if (size === undefined || size.width < 1 || size.height < 1) throw new Refused({ kind: "file", reason: "unreadable", found: mediaType });
  if (size.width > LONGEST_SIDE || size.height > LONGEST_SIDE || size.width * size.height > MOST_POINTS) {
    throw new Refused({ kind: "file", reason: "picture-bomb", found: `${size.width} × ${size.height}` });
  }
}

function sizeOf(mediaType: string, bytes: Bytes): Size | undefined {
  switch (mediaType) {
    case "image/png":
      return png(bytes.read(0, 33));
    case "image/gif":
      return gif(bytes.read(0, 10));
    case "image/webp":
      return webp(bytes.read(0, 30));
    case "image/bmp":
      return bmp(bytes.read(0, 26));
    case "image/jpeg":
      return jpeg(bytes.read(0, JPEG_HEAD));
    default:
      return undefined;
  }
}

function png(b: Uint8Array): Size | undefined {
  // IHDR is the first chunk (PNG, 5.6).
  const ihdr = b.length === 33 && big(b, 8, 4) === 13 && big(b, 12, 4) === 0x49484452;
  return ihdr ? { width: big(b, 16, 4), height: big(b, 20, 4) } : undefined;
}

function gif(b: Uint8Array): Size | undefined {
  return b.length === 10 ? { width: little(b, 6, 2), height: little(b, 8, 2) } : undefined;
}

function bmp(b: Uint8Array): Size | undefined {
  // A negative height is a picture that stands on its head.
  return b.length === 26 ? { width: little(b, 18, 4), height: Math.abs(little(b, 22, 4) | 0) } : undefined;
}

function webp(b: Uint8Array): Size | undefined {
  if (b.length < 30) return undefined;
  const kind = String.fromCharCode(...b.subarray(12, 16));
  if (kind === "VP8X") return { width: 1 + little(b, 24, 2) + (b[26] ?? 0) * 65_536, height: 1 + little(b, 27, 2) + (b[29] ?? 0) * 65_536 };
  if (kind === "VP8 ") return { width: little(b, 26, 2) & 0x3fff, height: little(b, 28, 2) & 0x3fff };
  if (kind !== "VP8L") return undefined;
  const packed = little(b, 21, 4);
  return { width: 1 + (packed & 0x3fff), height: 1 + (Math.floor(packed / 0x4000) & 0x3fff) };
}

/** The first start of frame (T.81, B.2.2); segments before it are passed over by their lengths. */
function jpeg(b: Uint8Array): Size | undefined {
  let at = 2;
  while (at + 9 <= b.length && b[at] === 0xff) {
    const marker = b[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: big(b, at + 7, 2), height: big(b, at + 5, 2) };
    at += 2 + big(b, at + 2, 2);
  }
  return undefined;
}
