declare module 'city:messaging/types@1.0.0' {
  /**
   * An event as a consumer gets it: the attributes of CloudEvents 1.0. `specversion` is always
   * `1.0` and `datacontenttype` always `application/json`, so that they are not passed.
   */
  export interface Event {
    /**
     * Unique for its source. The same id is the same event, delivered again.
     */
    id: string,
    /**
     * The installation that published it, as `/installations/<name>`; the platform's own
     * events come from `/platform/<service>`.
     */
    source: string,
    /**
     * The topic (the CloudEvents attribute `type`), such as `order.paid`.
     */
    topic: string,
    /**
     * What the event is about, such as an order's number.
     */
    subject?: string,
    /**
     * When it was published: milliseconds since 1970-01-01T00:00:00Z. The platform's events about persons
     * have the full hour before.
     */
    time: bigint,
    /**
     * Events with one key reach a consumer in the order in which they were committed
     * (the CloudEvents extension `partitionkey`).
     */
    key?: string,
    /**
     * The payload, JSON text.
     */
    data: string,
    /**
     * 1 for the first delivery, 2 for the next.
     */
    attempt: number,
  }
}
