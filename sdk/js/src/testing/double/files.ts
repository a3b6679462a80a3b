/** Files in memory. What they are is said by the test that uploads them: the double recognizes nothing. */
import { createHash } from "node:crypto";
import type * as host from "city:files/files@1.0.0";
import type { FileArea } from "./manifest.ts";
import { refuse } from "./refuse.ts";
import type { State } from "./state.ts";

const DAY = 24 * 3_600_000;
const MAX_READ = 1 << 20;
const MAX_WRITTEN = 4 << 20;

/** The types of what apps write, by the endings of names. */
const WRITTEN: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  csv: "text/csv",
  json: "application/json",
  txt: "text/plain",
  png: "image/png",
  wav: "audio/x-wav",
  webm: "video/webm",
  zip: "application/zip",
};

/** What a transaction asks. */
export type FileOp =
  | { readonly kind: "attach"; readonly id: string; readonly to: string }
  | { readonly kind: "delete"; readonly id: string };

function takes(area: FileArea, mediaType: string): boolean {
  return area.accept.some((pattern) => {
    if (!pattern.endsWith("/*")) return pattern === mediaType;
    const family = pattern.slice(0, -2);
    return family === "*" || (mediaType !== "image/svg+xml" && mediaType.split("/")[0] === family);
  });
}

const maxBytes = (area: FileArea): number => area.max_mib * 2 ** 20;

/** The files of the installation. */
export class Files {
  readonly #all = new Map<string, { file: host.File; content: Uint8Array }>();

  /** What a commit brings. */
  apply(op: FileOp): void {
    if (op.kind === "delete") {
      this.#all.delete(op.id);
      return;
    }
    const found = this.#all.get(op.id);
    if (found) found.file = { ...found.file, attachedTo: op.to, expires: undefined };
  }

  issueTicket(city: State, wanted: host.NewTicket): host.Ticket {
    const area = this.#area(city, wanted.area);
    if (city.person === undefined) refuse<host.Error>({ tag: "not-signed-in" });
    if (wanted.maxFiles < 1 || wanted.maxFiles > 20 || !wanted.returnPath.startsWith("/")) {
      refuse<host.Error>({ tag: "invalid", val: "1 to 20 files, and a path of the app" });
    }
    const other = wanted.accept.find((type) => !area.accept.includes(type) && !takes(area, type));
    if (other !== undefined) refuse<host.Error>({ tag: "invalid", val: `the area ${wanted.area} does not take ${other}` });
    const at = `/_city/files/ticket-${wanted.area}`;
    const most = BigInt(maxBytes(area));
    return {
      action: at,
      uploads: `${at}/uploads`,
      accept: (wanted.accept.length === 0 ? area.accept : wanted.accept).join(","),
      maxBytes: wanted.maxBytes !== undefined && wanted.maxBytes < most ? wanted.maxBytes : most,
      expires: BigInt(city.now + DAY / 2),
    };
  }

  /** A file as it is there once an upload is whole. */
  add(city: State, area: string, name: string, mediaType: string, content: Uint8Array, uploader?: string): host.File {
    const declared = this.#area(city, area);
    if (content.length > maxBytes(declared)) {
      refuse<host.Error>({ tag: "too-large", val: `at most ${maxBytes(declared)} bytes` });
    }
    if (!takes(declared, mediaType)) {
      refuse<host.Error>({ tag: "wrong-type", val: `the file is ${mediaType}, and ${declared.accept.join(", ")} is wanted` });
    }
    const random = (city.nextRandom() & 0xffffffffn).toString(16).padStart(8, "0");
    const id = `${random}-0000-4000-8000-${this.#all.size.toString(16).padStart(12, "0")}`;
    const file: host.File = {
      id,
      area,
      name,
      mediaType,
      size: BigInt(content.length),
      sha256: createHash("sha256").update(content).digest("hex"),
      created: BigInt(city.now),
      uploader,
      attachedTo: undefined,
      expires: BigInt(city.now + DAY),
    };
    this.#all.set(id, { file, content });
    return file;
  }

  write(city: State, { area, name, content }: host.NewFile): host.File {
    if (name === "" || /[/\\]/.test(name)) refuse<host.Error>({ tag: "invalid", val: "the name of a file has no path" });
    if (content.length > MAX_WRITTEN) refuse<host.Error>({ tag: "too-large", val: `at most ${MAX_WRITTEN} bytes` });
    const mediaType = WRITTEN[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return this.add(city, area, name, mediaType, content);
  }

  stat(city: State, id: string): host.File {
    return this.#found(city, id).file;
  }

  attached(to: string): host.File[] {
    return [...this.#all.values()].map(({ file }) => file).filter((f) => f.attachedTo === to).slice(0, 100);
  }

  read(city: State, id: string, offset: bigint, length: number): Uint8Array {
    if (length > MAX_READ) refuse<host.Error>({ tag: "invalid", val: `at most ${MAX_READ} bytes at once` });
    const { content } = this.#found(city, id);
    const from = Math.min(Number(offset), content.length);
    return content.slice(from, from + length);
  }

  /** Whether a file may be attached, and what it is then. */
  attach(city: State, id: string, to: string): host.File {
    const { file } = this.#found(city, id);
    if (to === "" || to.length > 256) {
      refuse<host.Error>({ tag: "invalid", val: "what a file is attached to has a name of 1 to 256 bytes" });
    }
    if (file.attachedTo !== undefined && file.attachedTo !== to) {
      refuse<host.Error>({ tag: "attached", val: file.attachedTo });
    }
    const own = city.principal.kind === "service" || file.uploader === undefined || file.uploader === city.person;
    if (file.attachedTo === undefined && !own) refuse<host.Error>({ tag: "not-yours" });
    return { ...file, attachedTo: to, expires: undefined };
  }

  #area(city: State, name: string): FileArea {
    return city.manifest.of.files.find((a) => a.name === name) ?? refuse<host.Error>({ tag: "undeclared", val: name });
  }

  #found(city: State, id: string): { file: host.File; content: Uint8Array } {
    const found = this.#all.get(id);
    const expires = found?.file.expires;
    if (found === undefined || (expires !== undefined && expires <= BigInt(city.now))) {
      return refuse<host.Error>({ tag: "not-found" });
    }
    return found;
  }
}
