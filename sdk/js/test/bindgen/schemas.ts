// Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
// and change nothing here.

import { z } from "zod";

// A value behind whatever mask its provider chose: whole, in part, or `true` where only its being on record is told.
const released = <T extends z.ZodType>(value: T) => z.union([value, z.literal(true)]);

// A date behind whatever mask its provider chose: `YYYY-MM-DD` or the year, an age, or `true`.
const releasedDate = z.union([z.string(), z.int(), z.literal(true)]);

// 人口基本信息 Residents
// The dataset `population.person`, opened for `concession-check`.
export const PopulationPersonConcessionCheck = z.object({
  // 姓名 Name
  name: released(z.string()).optional(),
  // 性别 Sex
  // `0`: 未知的性别 Unknown
  // `1`: 男 Male
  // `2`: 女 Female
  // `9`: 未说明的性别 Not stated
  sex: released(z.string()).optional(),
  // 出生日期 Date of birth
  birth_date: releasedDate.optional(),
  // 户籍地行政区划 Division of registration
  division: released(z.string()).optional(),
});
export type PopulationPersonConcessionCheck = z.infer<typeof PopulationPersonConcessionCheck>;

// 地名地址 Places and addresses
// The dataset `geospatial.place`, opened for `map`.
export const GeospatialPlaceMap = z.object({
  // 名称 Name
  name: released(z.string()).optional(),
  // 位置 Geometry
  geometry: z.unknown().optional(),
});
export type GeospatialPlaceMap = z.infer<typeof GeospatialPlaceMap>;

export const Gate = z.object({
  id: z.string(),
});
export type Gate = z.infer<typeof Gate>;

export const OrderPaidType = z.enum(["single", "joint-ticket", "双人"]);
export type OrderPaidType = z.infer<typeof OrderPaidType>;

export const OrderPaidVisitsItem = z.object({
  date: z.string(),
  gate: Gate,
  open: z.boolean().optional(),
});
export type OrderPaidVisitsItem = z.infer<typeof OrderPaidVisitsItem>;

// The payload of the topic `order.paid`.
// An order.
export const OrderPaid = z.object({
  "discount-rate": z.number().nullable().optional(),
  extra: z.unknown().optional(),
  gate: Gate.nullable().optional(),
  names: z.record(z.string(), z.string()).optional(),
  number: z.string(),
  // What was paid, in fen.
  total: z.int(),
  type: OrderPaidType,
  visits: z.array(OrderPaidVisitsItem),
});
export type OrderPaid = z.infer<typeof OrderPaid>;

// The payload of the topic `numbers.drawn`.
export const NumbersDrawn = z.array(z.int());
export type NumbersDrawn = z.infer<typeof NumbersDrawn>;
