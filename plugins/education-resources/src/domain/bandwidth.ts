/** What a school's line carries: the film's size, and whether an offline pack is offered. */

/** Sizes of a film that authors provide, the largest first. */
export const QUALITIES = ["1080p", "720p", "480p"] as const;
export type Quality = (typeof QUALITIES)[number];

/** What a line is served with. */
export interface Delivery {
  /** The largest film that plays for a class at once; `null`: none, the offline pack alone. */
  readonly quality: Quality | null;
  /** Whether an offline pack is offered beside it. */
  readonly offline: boolean;
}

/**
 * What plays over a line of so many Mbit/s that a whole school shares. A film in 720p needs about 3 Mbit/s and six classrooms
 * play at once on 20; below 4 not even one does.
 */
export function deliveryFor(mbps: number): Delivery {
  if (mbps >= 100) return { quality: "1080p", offline: false };
  if (mbps >= 20) return { quality: "720p", offline: true };
  if (mbps >= 4) return { quality: "480p", offline: true };
  return { quality: null, offline: true };
}

/**
 * Of a film and the sizes of it that there are, the best that the line carries; where all are larger, the one of the fewest
 * bytes. `undefined` when only the offline pack is left.
 */
export function choose<F extends { readonly size: number }, T extends F & { readonly quality: Quality }>(film: F, there: readonly T[], delivery: Delivery): F | undefined {
  const { quality } = delivery;
  if (quality === null) return undefined;
  const from = QUALITIES.indexOf(quality);
  const carried = there.filter((r) => QUALITIES.indexOf(r.quality) >= from).sort((a, b) => QUALITIES.indexOf(a.quality) - QUALITIES.indexOf(b.quality))[0];
  return carried ?? [film, ...there].reduce((least, f) => (f.size < least.size ? f : least));
}
