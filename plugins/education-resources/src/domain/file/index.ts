/** Whether a file may become a resource. The platform recognized its type by its first bytes; here it is looked into. */
import { Refused } from "../refused.ts";
import type { FileRef } from "../resource.ts";
import type { Bytes } from "./bytes.ts";
import { checkPdf } from "./pdf.ts";
import { checkPicture } from "./picture.ts";
import { checkZip } from "./zip.ts";

const OFFICE = "application/vnd.openxmlformats-officedocument.";

/** The types that are taken, with the endings that their names may have. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  "application/pdf": ["pdf"],
  "image/png": ["png"],
  "image/jpeg": ["jpg", "jpeg"],
  "image/gif": ["gif"],
  "image/webp": ["webp"],
  "image/bmp": ["bmp"],
  "audio/mpeg": ["mp3"],
  "audio/x-wav": ["wav"],
  "audio/wav": ["wav"],
  "audio/ogg": ["ogg", "oga", "opus"],
  "audio/x-flac": ["flac"],
  "audio/m4a": ["m4a"],
  "video/mp4": ["mp4", "m4v"],
  "video/webm": ["webm"],
  "text/plain": ["txt", "md", "srt"],
  "text/csv": ["csv"],
  "application/zip": ["zip"],
  [`${OFFICE}wordprocessingml.document`]: ["docx"],
  [`${OFFICE}presentationml.presentation`]: ["pptx"],
  [`${OFFICE}spreadsheetml.sheet`]: ["xlsx"],
};

/** The types that are taken, for a form's `accept`; `app.toml` names the same. */
export const TAKEN: readonly string[] = Object.keys(ENDINGS);

/** How a browser shows a file: the platform's policy lets pages embed pictures; the rest opens by itself, or is saved. */
export type Preview = "picture" | "pdf" | "sound" | "film" | "text" | "none";

/** How a type is shown. */
export function previewOf(mediaType: string): Preview {
  if (mediaType.startsWith("image/")) return "picture";
  if (mediaType === "application/pdf") return "pdf";
  if (mediaType.startsWith("audio/")) return "sound";
  if (mediaType.startsWith("video/")) return "film";
  return mediaType.startsWith("text/") ? "text" : "none";
}

/** Whether a type is played: what has captions. */
export function isPlayed(mediaType: string): boolean {
  return ["sound", "film"].includes(previewOf(mediaType));
}

/**
 * Looks into a file.
 *
 * @throws {Refused} `file` with what is wrong
 */
export function checkFile(file: Pick<FileRef, "name" | "mediaType">, bytes: Bytes): void {
  const endings = Object.hasOwn(ENDINGS, file.mediaType) ? ENDINGS[file.mediaType] : undefined;
  if (endings === undefined) throw new Refused({ kind: "file", reason: "type-not-taken", found: file.mediaType });
  const ending = /\.([^.]*)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  if (!endings.includes(ending)) throw new Refused({ kind: "file", reason: "lies-about-type", found: file.mediaType });
  if (bytes.size === 0) throw new Refused({ kind: "file", reason: "unreadable", found: file.mediaType });
  if (file.mediaType === "application/pdf") checkPdf(bytes);
  else if (file.mediaType.startsWith("image/")) checkPicture(file.mediaType, bytes);
  else if (file.mediaType === "application/zip" || file.mediaType.startsWith(OFFICE)) checkZip(bytes);
}
