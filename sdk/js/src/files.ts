/**
 * Files: what people attach to a form, what the app makes, and how both are served. The bytes of an upload never
 * pass through the app.
 *
 * The page asks for a {@link ticket} and writes `ticket.action` into its form (`enctype="multipart/form-data"`); the
 * form arrives as any other, and under the name of a file field stands the id of each file. {@link attach} binds a file
 * to a document in the transaction that writes it. {@link serve} answers a request with a file: who may have it is the
 * app's to decide, at every request.
 */
import * as host from "city:files/files@1.0.0";
import { big, call, whole } from "./contract.ts";
import type { Tx } from "./data/transact.ts";
import { FileError } from "./file-error.ts";

export { FileError };

/** What a page lets this request's person upload. */
export interface NewTicket {
  /** The area, as `app.toml` names it. */
  readonly area: string;
  /** The path of this app that the form leads to. */
  readonly returnPath: string;
  /** At most so many files of one form: 1 to 20; 1 by default. */
  readonly maxFiles?: number;
  /** At most so many bytes for each file; the area's own limit when absent. */
  readonly maxBytes?: number;
  /** Only these of the area's types; all of them when absent. */
  readonly accept?: readonly string[];
}

/** Leave to upload, for this person. */
export interface Ticket {
  /** The address for the `action` of a form with `enctype="multipart/form-data"`. */
  readonly action: string;
  /** The address for a script that speaks tus 1.0.0. */
  readonly uploads: string;
  /** For the `accept` attribute of the input. */
  readonly accept: string;
  /** The largest file in bytes. */
  readonly maxBytes: number;
  /** Until when it is valid: milliseconds since 1970. */
  readonly expires: number;
  /** How many files one form may have. */
  readonly maxFiles: number;
}

/** A file that is there whole. */
export interface File {
  readonly id: string;
  readonly area: string;
  /** The name that the person's computer gave it: show it, and decide nothing by it. */
  readonly name: string;
  /** As recognized by its bytes. */
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal digits. */
  readonly sha256: string;
  /** When it was complete: milliseconds since 1970. */
  readonly created: number;
  /** The subject of the person who uploaded it; absent for what the app wrote itself. */
  readonly uploader: string | undefined;
  /** What it is attached to, in the app's own words. */
  readonly attachedTo: string | undefined;
  /** Until when it stays if it is not attached. */
  readonly expires: number | undefined;
}

function file<T>(f: () => T): T {
  return call(f, FileError.of);
}

function fileOf(raw: host.File): File {
  return {
    ...raw,
    size: whole(raw.size),
    created: whole(raw.created),
    uploader: raw.uploader,
    attachedTo: raw.attachedTo,
    expires: raw.expires === undefined ? undefined : whole(raw.expires),
  };
}

/** Issues a ticket for the person who makes this request. @throws {FileError} `not-signed-in` leads to sign in, and back. */
export function ticket(wanted: NewTicket): Ticket {
  const maxFiles = wanted.maxFiles ?? 1;
  const raw: host.NewTicket = {
    area: wanted.area,
    maxBytes: wanted.maxBytes === undefined ? undefined : big(wanted.maxBytes),
    accept: [...(wanted.accept ?? [])],
    maxFiles,
    returnPath: wanted.returnPath,
  };
  const { maxBytes, expires, ...rest } = file(() => host.issueTicket(raw));
  return { ...rest, maxBytes: whole(maxBytes), expires: whole(expires), maxFiles };
}

/** Looks at a file. @throws {FileError} `not-found`. */
export function stat(id: string): File {
  return fileOf(file(() => host.stat(id)));
}

/** The files that are attached to a document; at most 100. @throws {FileError} */
export function attached(to: string): File[] {
  return file(() => host.attached(to)).map(fileOf);
}

/** Reads at most `length` bytes from `offset` on, at most 1 MiB at once; behind the end it is empty. @throws {FileError} */
export function read(id: string, offset: number, length: number): Uint8Array {
  return file(() => host.read(id, big(offset), length));
}

/**
 * Writes a file of the app's own, of at most 4 MiB: a PDF, a table. It is not attached yet, and expires like an upload:
 * {@link attach} keeps it. @throws {FileError}
 */
export function write(area: string, name: string, content: Uint8Array): File {
  return fileOf(file(() => host.write({ area, name, content })));
}

/**
 * Binds a file to a document with the commit: from then on it stays until it is deleted. `to` is the app's own word for
 * the document, such as `reports/01J9`, without personal data. @throws {FileError}
 */
export function attach(tx: Tx, id: string, to: string): File {
  return fileOf(file(() => host.attach(tx.raw, id, to)));
}

/** Deletes a file with the commit; one that is absent is no error. @throws {FileError} */
export function deleteFile(tx: Tx, id: string): void {
  file(() => host.remove(tx.raw, id));
}

/** A response that is a file: the gateway streams it, with ranges and conditions. @throws {FileError} `not-found`. */
export function serve(id: string, how: host.Disposition = "attachment"): Response {
  return new Response(null, { headers: { "city-file": file(() => host.serve(id, how)) } });
}
