/** The figures as files. What is hidden on the page is hidden here. */
import { type AppContext, type CityRequest, Quantity } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as sheet from "@yunlong/sdk/sheet";
import type { Equity, Figure } from "../domain/equity.ts";
import { divisionName } from "../domain/division.ts";
import { lastDay, monthOf } from "../domain/time.ts";
import { type Access, STATE_TEXTS, access, equityOf, equityTrend } from "../service/index.ts";
import { place } from "./common.tsx";
import { lastMonth } from "./figures.tsx";
import { SETTING_TEXTS } from "./schools.tsx";

/** `GET /figures/file`: as CSV the schools' uses; as a workbook all tables. */
export function file(c: AppContext) {
  const { request } = c.var;
  const format = sheet.asked(request);
  const month = request.queryValue("month") ?? lastMonth();
  const [equity, now] = [equityOf(month), access()];
  const sheets = [schools(request, equity), counties(request, equity), trend(request, month), accessOf(request, now), accessMonths(request, now), missing(request, now)];
  // A month that is over makes the same file each day.
  const day = month < monthOf(clock.now()) ? lastDay(month) : clock.date(clock.now());
  return sheet.file(format, `education-${month}`, day, sheets);
}

function cells(request: CityRequest, figure: Figure): sheet.Cell[] {
  const none = request.t("不公布", "not shown");
  if (figure.hidden) return [none, none, none, none];
  return [figure.uses, figure.seconds, figure.people, figure.perPupil === null ? undefined : Quantity.decimal(figure.perPupil, 2)];
}

const figureHeadings = (request: CityRequest): string[] => [request.t("使用次数", "Uses"), request.t("秒数", "Seconds"), request.t("使用人数", "People"), request.t("生均使用", "Uses a pupil")];

function schools(request: CityRequest, { month, schools: all }: Equity): sheet.Sheet {
  return {
    name: request.t("学校使用", "Schools"),
    headings: [request.t("月份", "Month"), request.t("标识码", "Code"), request.t("学校", "School"), request.t("所在地", "Where"), request.t("城乡", "Urban or rural"), request.t("学生", "Pupils"), ...figureHeadings(request)],
    rows: all.map((s) => [month, s.school, s.name, place(s.division), request.text(SETTING_TEXTS[s.setting]), s.pupils, ...cells(request, s.figure)]),
  };
}

function counties(request: CityRequest, { city, rural, urban, counties: all }: Equity): sheet.Sheet {
  const rows = [
    [request.t("全市", "City"), ...cells(request, city)],
    [request.text(SETTING_TEXTS.rural), ...cells(request, rural)],
    [request.text(SETTING_TEXTS.urban), ...cells(request, urban)],
    ...all.map(({ county, figure }) => [divisionName(county) ?? county, ...cells(request, figure)]),
  ];
  return { name: request.t("县区和城乡", "Counties"), headings: [request.t("范围", "Of"), ...figureHeadings(request)], rows };
}

function trend(request: CityRequest, month: string): sheet.Sheet {
  const number = (n: number | null): sheet.Cell => (n === null ? undefined : Quantity.decimal(n, 2));
  return {
    name: request.t("趋势", "Trend"),
    headings: [request.t("月份", "Month"), request.t("均衡度", "Ratio"), request.t("农村生均使用", "Uses a rural pupil"), request.t("城镇生均使用", "Uses an urban pupil")],
    rows: equityTrend(12, month).points.map((p) => [p.month, number(p.ratio), number(p.rural), number(p.urban)]),
  };
}

function accessOf(request: CityRequest, { total, counties: all }: Access): sheet.Sheet {
  const row = (name: string, rate: typeof total): sheet.Cell[] => [name, rate.verified, rate.inService, rate.basisPoints === null ? undefined : Quantity.decimal(rate.basisPoints, 2)];
  return {
    name: request.t("接入率", "Access"),
    headings: [request.t("范围", "Of"), request.t("已核验", "Verified"), request.t("在办", "In service"), request.t("接入率（%）", "Access rate (%)")],
    rows: [row(request.t("全市", "City"), total), ...all.map(({ county, rate }) => row(divisionName(county) ?? county, rate))],
  };
}

function accessMonths(request: CityRequest, now: Access): sheet.Sheet {
  return {
    name: request.t("接入率趋势", "Access trend"),
    headings: [request.t("月末", "End of the month"), request.t("已核验", "Verified"), request.t("在办", "In service"), request.t("接入率（%）", "Access rate (%)")],
    rows: now.trend.map((p) => [p.month, p.verified, p.inService, p.basisPoints === null ? undefined : Quantity.decimal(p.basisPoints, 2)]),
  };
}

function missing(request: CityRequest, now: Access): sheet.Sheet {
  return {
    name: request.t("尚未核验", "Not verified"),
    headings: [request.t("标识码", "Code"), request.t("学校", "School"), request.t("所在地", "Where"), request.t("接入", "Link")],
    rows: now.total.missing.map((m) => [m.school, m.name, place(m.division), request.text(STATE_TEXTS[m.state] ?? { zh: m.state, en: m.state })]),
  };
}
