/// <reference path="./city-base-types.d.ts" />
/// <reference path="./city-data-shared.d.ts" />
declare module 'city:base/geospatial@1.0.0' {
  /**
   * The place of a code; `none` when there is none.
   */
  export function get(purpose: string, code: string): Place | undefined;
  /**
   * Places that lie in an area with all of their geometry; its edge belongs to it. The area is a
   * Polygon or a MultiPolygon, or a Feature of one. `limit`: 1 to 500 places a page. This and the
   * following need `geometry` without a mask.
   */
  export function within(purpose: string, area: Geojson, limit: number, cursor: string | undefined): Page;
  /**
   * Places that have a point in an area or on its edge: streets that lead out of it, too.
   */
  export function touching(purpose: string, area: Geojson, limit: number, cursor: string | undefined): Page;
  /**
   * Places that have a point in a box or on its edge: what a map shows.
   */
  export function inBox(purpose: string, box: Bounds, limit: number, cursor: string | undefined): Page;
  /**
   * Places by their distance from a position, the nearest first, up to `max-distance` metres (at most
   * 200,000). A line or polygon counts from its nearest point; a position in a polygon is 0 from it.
   */
  export function nearest(purpose: string, from: Position, maxDistance: number, limit: number, cursor: string | undefined): Page;
  export type Standing = import('city:base/types@1.0.0').Standing;
  export type Error = import('city:data/shared@1.1.0').Error;
  /**
   * GeoJSON as text (RFC 7946, UTF-8).
   */
  export type Geojson = string;
  /**
   * A place or an address.
   */
  export interface Place {
    /**
     * What was released.
     */
    standing: Standing,
    /**
     * Its code.
     */
    code?: string,
    /**
     * Its name.
     */
    name?: string,
    /**
     * `division`, `address`, `school`, `hospital`, `attraction`, `station`, `park`, `government`,
     * `market` or `warehouse`.
     */
    kind?: string,
    /**
     * The standard address.
     */
    address?: string,
    /**
     * The division that it lies in.
     */
    division?: string,
    /**
     * Where it is: a geometry, mostly a point.
     */
    geometry?: Geojson,
    /**
     * How far it is, in metres; of `nearest` only.
     */
    distance?: number,
  }
  /**
   * A box of longitudes and latitudes, its edges included. It cannot lead over the date line.
   */
  export interface Bounds {
    /**
     * Degrees, -180 to 180.
     */
    west: number,
    /**
     * Degrees, -90 to 90.
     */
    south: number,
    /**
     * Degrees; not west of `west`.
     */
    east: number,
    /**
     * Degrees; not south of `south`.
     */
    north: number,
  }
  /**
   * A position.
   */
  export interface Position {
    /**
     * Degrees, -180 to 180.
     */
    longitude: number,
    /**
     * Degrees, -90 to 90.
     */
    latitude: number,
  }
  /**
   * A page of places.
   */
  export interface Page {
    /**
     * Each place once.
     */
    places: Array<Place>,
    /**
     * The cursor for the next page; `none` when there is no more.
     */
    next?: string,
  }
}
