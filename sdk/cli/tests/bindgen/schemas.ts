// Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
// and change nothing here.

// A value behind whatever mask its provider chose: whole, in part, or `true` where only its being on record is told.
export type Released<T> = T | true;

// A date behind whatever mask its provider chose: `YYYY-MM-DD` or the year, an age, or `true`.
export type ReleasedDate = string | number | true;

// 人口基本信息 Residents
// The dataset `population.person`, opened for `concession-check`.
export interface PopulationPersonConcessionCheck {
  // 姓名 Name
  name?: Released<string>;
  // 性别 Sex
  // `0`: 未知的性别 Unknown
  // `1`: 男 Male
  // `2`: 女 Female
  // `9`: 未说明的性别 Not stated
  sex?: Released<string>;
  // 出生日期 Date of birth
  birth_date?: ReleasedDate;
  // 户籍地行政区划 Division of registration
  division?: Released<string>;
}

// 地名地址 Places and addresses
// The dataset `geospatial.place`, opened for `map`.
export interface GeospatialPlaceMap {
  // 名称 Name
  name?: Released<string>;
  // 位置 Geometry
  geometry?: unknown;
}

export interface Gate {
  id: string;
}

export type OrderPaidType = "single" | "joint-ticket" | "双人";

export interface OrderPaidVisitsItem {
  date: string;
  gate: Gate;
  open?: boolean;
}

// The payload of the topic `order.paid`.
// An order.
export interface OrderPaid {
  "discount-rate"?: number | null;
  extra?: unknown;
  gate?: Gate | null;
  names?: Record<string, string>;
  number: string;
  // What was paid, in fen.
  total: number;
  type: OrderPaidType;
  visits: Array<OrderPaidVisitsItem>;
}

// The payload of the topic `numbers.drawn`.
export type NumbersDrawn = Array<number>;
