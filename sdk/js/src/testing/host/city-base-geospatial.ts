// Places are found by their points: a record with another geometry is met by its code alone.
import type * as host from "city:base/geospatial@1.0.0";
import type * as shared from "city:data/shared@1.1.0";
import type { Json } from "../double/order.ts";
import { Fields, all, over } from "../double/records.ts";
import { refuse } from "../double/refuse.ts";
import { Dataset } from "../double/shared.ts";

type Point = readonly [number, number];
type Geometry = { readonly type?: string; readonly coordinates?: Json; readonly geometry?: Geometry };

function place(of: shared.Released): host.Place {
  const f = new Fields(of);
  return {
    code: f.text("place"),
    name: f.text("name"),
    kind: f.text("kind"),
    address: f.text("address"),
    division: f.text("division"),
    geometry: f.value("geometry", (v) => (typeof v === "object" && v !== null ? JSON.stringify(v) : undefined)),
    standing: f.standing(),
  };
}

const places = (purpose: string) => Dataset.open("geospatial.place", purpose);

export const get: typeof host.get = (purpose, code) => {
  const found = places(purpose).get(code, [], undefined);
  return found && place(found);
};

export const within: typeof host.within = (purpose, area, limit, cursor) => {
  const polygons = polygonsOf(area);
  return page(purpose, limit, cursor, (at) => (polygons.some((rings) => liesIn(at, rings)) ? 0 : undefined));
};

/** A point touches an area when it lies in it. */
export const touching: typeof host.touching = within;

export const inBox: typeof host.inBox = (purpose, { west, south, east, north }, limit, cursor) =>
  page(purpose, limit, cursor, ([x, y]) => (x >= west && x <= east && y >= south && y <= north ? 0 : undefined));

export const nearest: typeof host.nearest = (purpose, { longitude, latitude }, maxDistance, limit, cursor) => {
  const distance = (at: Point): number | undefined => {
    const metres = metresBetween([longitude, latitude], at);
    return metres <= maxDistance ? metres : undefined;
  };
  const found = page(purpose, limit, cursor, distance);
  return { ...found, places: found.places.map((p) => ({ ...p, distance: distance(pointOf(p) ?? [0, 0]) })) };
};

/** A page of the places whose point `fit` gives a rank, the smallest first. */
function page(purpose: string, limit: number, cursor: string | undefined, fit: (at: Point) => number | undefined): host.Page {
  const found: { rank: number; of: host.Place }[] = [];
  for (const of of [...all(places(purpose), over(["geometry"], []))].map(place)) {
    const at = pointOf(of);
    const rank = at && fit(at);
    if (rank !== undefined) found.push({ rank, of });
  }
  found.sort((a, b) => a.rank - b.rank);
  const from = Number(cursor ?? 0);
  if (!Number.isInteger(from)) refuse<shared.Error>({ tag: "invalid", val: "the cursor" });
  const next = from + limit;
  return { places: found.slice(from, next).map((f) => f.of), next: found.length > next ? String(next) : undefined };
}

function point(value: Json | undefined): Point | undefined {
  const [x, y] = Array.isArray(value) ? value : [];
  return typeof x === "number" && typeof y === "number" ? [x, y] : undefined;
}

function pointOf(of: host.Place): Point | undefined {
  const geometry = JSON.parse(of.geometry ?? "{}") as Geometry;
  return geometry.type === "Point" ? point(geometry.coordinates) : undefined;
}

function polygonsOf(area: string): Json[][] {
  let geometry: Geometry;
  try {
    geometry = JSON.parse(area) as Geometry;
  } catch {
    return refuse<shared.Error>({ tag: "invalid", val: "the area is no GeoJSON" });
  }
  if (geometry.type === "Feature") geometry = geometry.geometry ?? {};
  const rings = Array.isArray(geometry.coordinates) ? geometry.coordinates : [];
  if (geometry.type === "Polygon") return [rings];
  if (geometry.type === "MultiPolygon") return rings as Json[][];
  return refuse<shared.Error>({ tag: "invalid", val: "the area is no Polygon or MultiPolygon" });
}

/** Whether a point lies in an area: within an odd number of its rings. */
function liesIn([x, y]: Point, rings: readonly Json[]): boolean {
  const around = rings.filter((ring) => {
    const points = (Array.isArray(ring) ? ring : []).flatMap((p) => [point(p) ?? []]) as Point[];
    let inside = false;
    for (let i = 1; i < points.length; i++) {
      const [[x1, y1], [x2, y2]] = [points[i - 1] ?? [0, 0], points[i] ?? [0, 0]];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    }
    return inside;
  });
  return around.length % 2 === 1;
}

/** Metres between two positions on a sphere: near enough for tests. */
function metresBetween(a: Point, b: Point): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [lat1, lat2] = [radians(a[1]), radians(b[1])];
  const [dlat, dlon] = [lat2 - lat1, radians(b[0] - a[0])];
  const h = Math.sin(dlat / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin(dlon / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
}
