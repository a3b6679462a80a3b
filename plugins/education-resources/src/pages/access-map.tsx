/**
 * The map of the access rate. The schools that are missing are a column of its table: the map tells them where a county is pointed
 * at, and the table without a map.
 */
import { type CityRequest, DistrictMap, Quantity, type Tone } from "@yunlong/sdk";
import type { AccessRate, Missing } from "../domain/access.ts";
import { divisionName } from "../domain/division.ts";
import { at } from "./common.tsx";

/** Below this a county is red; below the second it is yellow. Hundredths of a percent. */
const RED = 8_000;
const YELLOW = 10_000;

/** So many schools are named beside a county; the others are counted, and lead to the list of all of them. */
const NAMED = 3;

/** What a rate is: bad, to be looked at, or whole. */
export function toneOf(basisPoints: number): Tone {
  return basisPoints < RED ? "bad" : basisPoints < YELLOW ? "warn" : "ok";
}

/** A county's rate. */
export interface CountyRate {
  readonly county: string;
  readonly rate: AccessRate;
}

/** The counties' rates with who is missing, as a map and as its table. */
export function AccessMap({ request, counties, source }: { request: CityRequest; counties: readonly CountyRate[]; source: string }) {
  const districts = counties.map(({ county, rate }) => ({
    code: county,
    name: divisionName(county) ?? county,
    value: rate.basisPoints === null ? Quantity.unknown("—") : Quantity.decimal(rate.basisPoints, 2),
    link: listOf(county),
  }));
  const missing = counties.map(({ county, rate }) => [county, <Named request={request} county={county} missing={rate.missing} />] as const);
  return (
    <DistrictMap
      request={request}
      title={request.t("各县区接入率", "Access rate by county")}
      measure={request.t("接入率", "Access rate")}
      unit="%"
      districts={districts}
      columns={[{ heading: request.t("尚未核验的学校", "Schools not verified"), cells: Object.fromEntries(missing) }]}
      classes={[
        { from: 0, label: request.t("低于 80 %", "below 80 %"), tone: "bad" },
        { from: Quantity.decimal(RED, 2), label: request.t("80 % 至 100 %", "80 % to 100 %"), tone: "warn" },
        { from: Quantity.decimal(YELLOW, 2), label: request.t("全部核验", "all verified"), tone: "ok" },
      ]}
      source={source}
    />
  );
}

/** Where all that are missing in a county are listed. */
const listOf = (county: string): string => `/figures?county=${county}#missing`;

/** The first of those that are missing by their names, and how many more there are. */
function Named({ request, county, missing }: { request: CityRequest; county: string; missing: readonly Missing[] }) {
  if (missing.length === 0) return <>{request.t("无", "none")}</>;
  const more = missing.length - NAMED;
  return (
    <>
      {missing.slice(0, NAMED).map((m, n) => <>{n === 0 ? "" : request.t("、", ", ")}<a href={at("schools", m.school)}>{m.name}</a></>)}
      {more > 0 ? <>{request.t("，", " ")}<a href={listOf(county)}>{request.t(`另有 ${more} 所`, `and ${more} more`)}</a></> : null}
    </>
  );
}
