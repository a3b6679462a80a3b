/** Files of the city, looked into before anything is done with them. */
import type { Tx } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import type { Bytes } from "../domain/file/bytes.ts";
import { checkFile } from "../domain/file/index.ts";
import { type Media, mediaOf } from "../domain/file/media.ts";
import { Refused } from "../domain/refused.ts";
import type { FileRef } from "../domain/resource.ts";

/**
 * What a file is, after it was looked into: of the right area, uploaded by this person or attached to `to` already.
 *
 * @throws {Refused} `not-found`, `file`
 */
export function inspect(id: string, area: string, subject: string, to: string): FileRef {
  const file = brought(id, area, subject, to);
  checkFile(file, bytesOf(file));
  return file;
}

/** As {@link inspect}, of a file that somebody else looks into. @throws {Refused} `not-found` */
export function brought(id: string, area: string, subject: string, to: string): FileRef {
  const file = found(id);
  const theirs = file.attachedTo === undefined ? file.uploader === subject : file.attachedTo === to;
  if (file.area !== area || !theirs) throw Refused.notFound("file");
  return { id, name: file.name, mediaType: file.mediaType, size: file.size, sha256: file.sha256 };
}

/** A file's bytes, read as they are asked for. */
export function bytesOf({ id, size }: Pick<FileRef, "id" | "size">): Bytes {
  return { size, read: (offset, length) => files.read(id, offset, length) };
}

/** What a film or a recording says of itself. It is looked at again each time, so that what was kept before is known as well. */
export function heard(file: FileRef): Media {
  return mediaOf(file.mediaType, bytesOf(file));
}

function found(id: string): files.File {
  try {
    return files.stat(id);
  } catch (e) {
    const absent = e instanceof files.FileError && (e.code === "not-found" || e.code === "invalid");
    throw absent ? Refused.notFound("file") : e;
  }
}

/** Keeps files with the commit. */
export function keep(tx: Tx, refs: readonly FileRef[], to: string): void {
  for (const { id } of refs) files.attach(tx, id, to);
}

/** Deletes files with the commit. */
export function drop(tx: Tx, refs: readonly { readonly id: string }[]): void {
  for (const { id } of refs) files.deleteFile(tx, id);
}
