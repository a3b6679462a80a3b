import type * as host from "city:base/economy@1.0.0";
import type * as shared from "city:data/shared@1.1.0";
import { Fields, all, over, significant } from "../double/records.ts";
import { refuse } from "../double/refuse.ts";
import { Dataset } from "../double/shared.ts";
import { city } from "../double/state.ts";

/** The digits of a division's code that count, by level. */
const DIGITS: Readonly<Record<string, number>> = { city: 4, county: 6, town: 9, village: 12 };

function observation(of: shared.Released): host.Observation {
  const f = new Fields(of);
  return {
    number: f.text("observation"),
    indicator: f.text("indicator"),
    division: f.text("division"),
    period: f.text("period"),
    value: f.number("value"),
    unit: f.text("unit"),
    state: f.text("state"),
    standing: f.standing(),
  };
}

const figures = (purpose: string) => Dataset.open("economy.observation", purpose);

export const get: typeof host.get = (purpose, number) => {
  const found = figures(purpose).get(number, [], undefined);
  return found && observation(found);
};

/** Those that the records name. */
export const indicators: typeof host.indicators = (purpose) => {
  figures(purpose).fields();
  const named = [...city().hub.of("economy.observation").values()].flatMap((r) => r.body.indicator ?? []);
  const codes = [...new Set(named.filter((code) => typeof code === "string"))].sort();
  return codes.map((code) => ({ code, zh: code, en: code }));
};

export const getSeries: typeof host.getSeries = (purpose, indicator, divisions, from, to) => {
  const index = ["indicator", "division", "period"];
  const queries =
    divisions.tag === "codes"
      ? divisions.val.map((code) => over(index, [indicator, code]))
      : [over(index, [indicator], divisions.val.within)];
  const series = new Map<string, host.Series>();
  for (const query of queries) {
    for (const o of [...all(figures(purpose), query)].map(observation)) {
      const granted = <T>(value: T | undefined, item: string): T =>
        value ?? refuse<shared.Error>({ tag: "fields-not-granted", val: [item] });
      const [division, period] = [granted(o.division, "division"), granted(o.period, "period")];
      const atLevel = divisions.tag === "codes" || significant(division).length === DIGITS[divisions.val.level];
      // One frequency has texts of one length, in the order of their periods.
      if (!atLevel || period.length !== from.length || period < from || period > to) continue;
      const unit = granted(o.unit, "unit");
      const key = JSON.stringify([division, unit]);
      const of = series.get(key) ?? { indicator, division, unit, points: [] };
      of.points.push({ period, value: granted(o.value, "value"), state: o.state });
      series.set(key, of);
    }
  }
  return [...series.keys()].sort().flatMap((key) => {
    const of = series.get(key);
    return of ? [{ ...of, points: of.points.map((p) => ({ ...p, growth: growth(of.points, p) })) }] : [];
  });
};

/** In percent against the same period of the year before, to two places. */
function growth(points: readonly host.Point[], { period, value }: host.Point): number | undefined {
  const last = `${Number(period.slice(0, 4)) - 1}${period.slice(4)}`;
  const before = points.find((p) => p.period === last)?.value;
  return before !== undefined && before > 0 ? Math.round(((value - before) / before) * 10_000) / 100 : undefined;
}
