/**
 * Geospatial 空间地理: `geospatial.place`, places and addresses.
 *
 * Geometries are GeoJSON (RFC 7946), longitude first, in CGCS2000 (EPSG:4490). Coordinates of map
 * services in China (GCJ-02, BD-09) must be converted first.
 */
import * as host from "city:base/geospatial@1.0.0";
import { sharedCall } from "../shared/index.ts";
import { type Page, type Typed, typed } from "./common.ts";

/** A place or an address; `geometry` is GeoJSON as text, `distance` metres (of `nearest` only). */
export type Place = Typed<host.Place>;

/**
 * Where places are looked for. The geometry must be granted without a mask. Areas are the text of a
 * GeoJSON Polygon or MultiPolygon, or a Feature of one; positions are degrees, distances metres.
 */
export type Where =
  | { readonly within: string }
  | { readonly touching: string }
  | { readonly inBox: host.Bounds }
  | { readonly nearest: host.Position; readonly maxDistance: number };

/** The place of a code; `undefined` when there is none. */
export function get(purpose: string, code: string): Place | undefined {
  const found = sharedCall(() => host.get(purpose, code));
  return found && typed(found);
}

/** Finds places: `limit`, 1 to 500, a page. */
export function find(purpose: string, at: Where, limit: number, cursor?: string): Page<Place> {
  const page = sharedCall(() => {
    if ("within" in at) return host.within(purpose, at.within, limit, cursor);
    if ("touching" in at) return host.touching(purpose, at.touching, limit, cursor);
    if ("inBox" in at) return host.inBox(purpose, at.inBox, limit, cursor);
    return host.nearest(purpose, at.nearest, at.maxDistance, limit, cursor);
  });
  return { items: page.places.map(typed), next: page.next };
}
