declare module 'city:base/types@1.0.0' {
  /**
   * How a record stands, and what of it was released.
   */
  export interface Standing {
    /**
     * The record's opaque reference in this installation, as `city:data/shared` gives it.
     */
    reference: string,
    /**
     * The record's version, as `city:data/shared` gives it: to be compared for equality alone.
     */
    version: bigint,
    /**
     * From when the record holds, `YYYY-MM-DD`; empty where `city:data/shared` says so.
     */
    validFrom: string,
    /**
     * The first day on which it no longer holds; `none` while it holds, and where `valid-from` is
     * empty.
     */
    validTo?: string,
    /**
     * Names of the items that are granted, whether they are on record or not.
     */
    released: Array<string>,
    /**
     * Names of the items that are on record while the grant tells no more than that.
     */
    present: Array<string>,
  }
}
