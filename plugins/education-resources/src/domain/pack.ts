/** Offline packs: the published resources of a unit, in ZIP volumes of a bounded size. */
import type { Listed } from "./resource.ts";
import { isVisible } from "./resource.ts";
import type { CaptionLanguage } from "./vocabulary.ts";

/** The largest volume. The platform takes files of 4 MiB from an app; the archive's own headers and its list need room. */
export const VOLUME_BYTES = 4 * 1024 * 1024 - 256 * 1024;
/** The most resources of a pack. */
export const PACK_RESOURCES = 200;

/** Captions in a pack: players find what is called as the film beside it. */
export interface PackCaptions {
  readonly language: CaptionLanguage;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  /** Their name in the archive. */
  readonly name: string;
}

/** A resource in a pack. */
export interface PackItem {
  readonly resource: string;
  readonly title: string;
  readonly licence: string;
  readonly author: string;
  readonly copyright: string;
  readonly file: string;
  readonly mediaType: string;
  readonly size: number;
  readonly sha256: string;
  /** Its name in the archive. */
  readonly name: string;
  readonly captions: readonly PackCaptions[];
}

/** What a pack will hold. */
export interface PackPlan {
  readonly volumes: readonly (readonly PackItem[])[];
  /** What is larger than a volume, and is fetched by itself. */
  readonly alone: readonly PackItem[];
}

/** A pack of a unit, as it is kept. Its id is the unit's. */
export interface Pack {
  readonly id: string;
  /** `building` → `ready` → `stale` when one of its resources changes → `building` … */
  readonly state: "building" | "ready" | "stale";
  /** Counts buildings: a message of an earlier one does nothing. */
  readonly build: number;
  readonly plan: PackPlan;
  /** The files of the volumes that are made. */
  readonly files: readonly string[];
  readonly at: number;
}

/** Plans a pack from a unit's resources: what is visible now, and nothing else. The same resources make the same plan. */
export function plan(resources: readonly Listed[], now: number): PackPlan {
  const items = resources
    .filter((r) => isVisible(r, now))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, PACK_RESOURCES)
    .map(itemOf);
  const volumes: PackItem[][] = [];
  const sizes: number[] = [];
  const alone: PackItem[] = [];
  for (const item of items) {
    const size = item.captions.reduce((sum, c) => sum + c.size, item.size);
    if (size > VOLUME_BYTES) {
      alone.push(item);
      continue;
    }
    const at = sizes.findIndex((taken) => taken + size <= VOLUME_BYTES);
    if (at < 0) {
      volumes.push([item]);
      sizes.push(size);
    } else {
      volumes[at]?.push(item);
      sizes[at] = (sizes[at] ?? 0) + size;
    }
  }
  return { volumes, alone };
}

function itemOf(r: Listed): PackItem {
  // For a class with a narrow line the smallest film is the right one.
  const film = [...r.renditions].sort((a, b) => a.size - b.size)[0];
  const file = film ?? r.file;
  if (file === undefined || r.metadata === undefined) throw new TypeError("what is visible has a file and metadata");
  const { title, licence, author, copyright } = r.metadata;
  const name = nameOf(r.id, title, file.name);
  const captions = r.captions.map((c): PackCaptions => ({ language: c.language, file: c.id, size: c.size, sha256: c.sha256, name: name.replace(/\.[^.]*$/, `.${c.language}.vtt`) }));
  return { resource: r.id, title, licence, author, copyright, file: file.id, mediaType: file.mediaType, size: file.size, sha256: file.sha256, name, captions };
}

/** `<id> <title>.<ending>`, with nothing that a path or a file system could take for its own. */
function nameOf(id: string, title: string, given: string): string {
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(given)?.[1]?.toLowerCase() ?? "bin";
  const plain = title.replace(/[\u0000-\u001f\\/:*?"<>|]/g, "_").slice(0, 60).trim();
  return `${id} ${plain}.${ending}`;
}
