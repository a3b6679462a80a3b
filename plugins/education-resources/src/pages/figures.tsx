/** The department's figures: access and equity, with their formulas, the map, the trend, and who is furthest behind. */
import { type AppContext, Badge, Card, Chart, type CityRequest, type Column, Confirm, Empty, Field, Form, Notice, PrintButton, Quantity, Table, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import { ACCESS_FORMULA, type AccessRate, type Missing, percent } from "../domain/access.ts";
import { LEAST } from "../domain/cells.ts";
import { divisionName, isCounty } from "../domain/division.ts";
import { EQUITY_FORMULA, type Equity, type Figure, type SchoolFigure, hundredths } from "../domain/equity.ts";
import { type Month, monthOf, plusMonths } from "../domain/time.ts";
import { type Access, type Difference, type MonthFigures, type Recount, Refusal, type TrendPoint, access, equityOf, equityTrend, recount } from "../service/index.ts";
import { AccessMap, toneOf } from "./access-map.tsx";
import { Facts, LAYOUT, State, Wrong, at, place, statusOf, tried } from "./common.tsx";

/** The last month that is over: what is counted so far of the one under way would look like a fall. */
export function lastMonth(): Month {
  return plusMonths(monthOf(clock.now()), -1);
}

/** `GET /figures`: `county` narrows who is missing, `month` is the month of the uses. */
export function show(c: AppContext) {
  const { request } = c.var;
  const asked = request.queryValue("county") ?? "";
  const county = isCounty(asked) ? asked : undefined;
  const form = new Form([["month", request.queryValue("month") ?? lastMonth()]]);
  const found = tried(form, () => equityOf(form.value("month")));
  const equity = found instanceof Refusal ? equityOf(lastMonth()) : found;
  const { month } = equity;
  return LAYOUT.page(
    request,
    t("接入与均衡", "Access and equity"),
    <>
      <Wrong request={request} form={form} refusal={found instanceof Refusal ? found : undefined} />
      <AccessPart request={request} county={county} />
      <EquityPart request={request} equity={equity} form={form} />
      <div class="actions no-print">
        {(["csv", "xlsx"] as const).map((format) => (
          <a href={`/figures/file?${new URLSearchParams({ month, format }).toString()}`}>
            {format === "csv" ? request.t("下载 CSV（各学校）", "Download CSV (schools)") : request.t("下载 Excel（全部表）", "Download for Excel (all tables)")}
          </a>
        ))}
      </div>
      <PrintButton request={request} />
      {!request.isAnonymous && request.hasRole("bureau") ? (
        <Card id="recount" heading={request.t("复核计数", "Count again")}>
          <p>{request.t("从每一条使用记录重新计算当月，与计数器逐校比较。", "Counts the month again from every use, and compares it with the counters, school by school.")}</p>
          <Confirm action="/figures/recount" values={{ month }}>{request.t(`复核 ${month}`, `Count ${month} again`)}</Confirm>
        </Card>
      ) : null}
    </>,
    statusOf(form, undefined),
  );
}

function AccessPart({ request, county }: { request: CityRequest; county: string | undefined }) {
  const all = access(county === undefined ? [] : [county]);
  const name = county === undefined ? request.t("全市", "the city") : (divisionName(county) ?? county);
  return (
    <>
      <Card id="access" heading={request.t(`宽带网络接入率（${name}）`, `Access rate (${name})`)}>
        <Rate request={request} rate={all.total} />
        <p class="muted">{request.text(ACCESS_FORMULA)}</p>
        {county === undefined ? null : <p><a href="/figures">{request.t("查看全市", "The whole city")}</a></p>}
      </Card>
      <AccessMap request={request} counties={all.counties} source={request.t(`探针记录，截至 ${clock.minute(clock.now())}`, `By probes, at ${clock.minute(clock.now())}`)} />
      <AccessMonths request={request} all={all} name={name} />
      <MissingSchools request={request} missing={all.total.missing} name={name} />
    </>
  );
}

function AccessMonths({ request, all, name }: { request: CityRequest; all: Access; name: string }) {
  return (
    <Chart
      request={request}
      kind="line"
      title={request.t(`接入率十二个月的变化（${name}）`, `Access rate over twelve months (${name})`)}
      heading={request.t("月末", "End of the month")}
      series={[request.t("接入率", "Access rate")]}
      unit="%"
      rows={all.trend.map((p) => ({ name: p.month, values: [quantity(p.basisPoints)] }))}
      source={request.t("按探针留下的状态变化推算；本月为当前值。", "From the changes that probes made; the month under way is as of now.")}
    />
  );
}

function Rate({ request, rate }: { request: CityRequest; rate: AccessRate }) {
  if (rate.basisPoints === null) return <Empty><p>{request.t("没有在办的义务教育学校。", "No compulsory school is in service.")}</p></Empty>;
  return (
    <p>
      <Badge tone={toneOf(rate.basisPoints)}>{percent(rate.basisPoints)}</Badge>{" "}
      {request.t(`已核验 ${rate.verified} 所 ÷ 在办 ${rate.inService} 所`, `${rate.verified} verified ÷ ${rate.inService} in service`)}
    </p>
  );
}

function MissingSchools({ request, missing, name }: { request: CityRequest; missing: readonly Missing[]; name: string }) {
  const columns: Column<Missing>[] = [
    { heading: request.t("学校", "School"), cell: (m) => <a href={at("schools", m.school)}>{m.name}</a> },
    { heading: request.t("所在地", "Where"), cell: (m) => place(m.division) },
    { heading: request.t("接入", "Link"), cell: (m) => <State request={request} state={m.state} /> },
  ];
  return (
    <Card id="missing" heading={request.t(`尚未核验的学校（${name}）`, `Schools not verified (${name})`)}>
      {missing.length === 0 ? <p>{request.t("全部已核验。", "All of them are verified.")}</p> : <Table caption={request.t("按区划排列", "In the order of divisions")} columns={columns} rows={missing} />}
    </Card>
  );
}

function EquityPart({ request, equity, form }: { request: CityRequest; equity: MonthFigures; form: Form }) {
  const { month } = equity;
  const trend = equityTrend(12, month);
  return (
    <>
      <Card id="equity" heading={request.t(`城乡均衡度（${month}）`, `Equity ratio (${month})`)}>
        <form class="no-print" method="get" action="/figures">
          <Field request={request} form={form} name="month" kind="month" label={t("月份", "Month")} />
          <div class="actions"><button type="submit">{request.t("查看", "Show")}</button></div>
        </form>
        <Facts
          facts={[
            [request.t("均衡度", "Ratio"), equity.ratio === null ? request.t("不公布或没有数据", "not shown, or nothing was used") : <strong>{hundredths(equity.ratio)}</strong>],
            [request.t("农村生均使用", "Uses a rural pupil"), perPupil(request, equity.rural)],
            [request.t("城镇生均使用", "Uses an urban pupil"), perPupil(request, equity.urban)],
            [request.t("全市生均使用", "Uses a pupil of the city"), perPupil(request, equity.city)],
          ]}
        />
        <p class="muted">{request.text(EQUITY_FORMULA)}</p>
        {equity.final ? null : <p class="muted">{request.t(`统计截至 ${clock.minute(equity.at)}，尚未定稿：没有网络的班级最迟 60 天后补报。`, `As of ${clock.minute(equity.at)}, and not final yet: classes without a network may come 60 days late.`)}</p>}
      </Card>
      <Trend request={request} points={trend.points} />
      <Counties request={request} equity={equity} />
      <Behind request={request} shown={trend.behind.shown} hidden={trend.behind.hidden} />
    </>
  );
}

/** A rate in words; what is hidden says why. */
function perPupil(request: CityRequest, figure: Figure): string {
  if (figure.hidden) return hiddenText(request);
  return figure.perPupil === null ? "—" : hundredths(figure.perPupil);
}

function hiddenText(request: CityRequest): string {
  return request.t(`不公布（不足 ${LEAST} 人，或可推算出这样的格子）`, `not shown (under ${LEAST}, or would tell such a cell)`);
}

/** A figure of a chart, of hundredths. */
function quantity(n: number | null): Quantity {
  return n === null ? Quantity.unknown("—") : Quantity.decimal(n, 2);
}

/** The ratio stands alone: beside the uses, which are ten times as much, it would lie on the ground. */
function Trend({ request, points }: { request: CityRequest; points: readonly TrendPoint[] }) {
  const of = (p: TrendPoint, ...values: (number | null)[]) => ({ name: p.month, link: `/figures?month=${p.month}`, values: values.map(quantity) });
  const heading = request.t("月份", "Month");
  return (
    <>
      <Chart
        request={request}
        kind="line"
        title={request.t("均衡度十二个月的变化", "Equity ratio over twelve months")}
        heading={heading}
        series={[request.t("均衡度", "Ratio")]}
        rows={points.map((p) => of(p, p.ratio))}
      />
      <Chart
        request={request}
        kind="line"
        title={request.t("生均使用十二个月的变化", "Uses a pupil over twelve months")}
        heading={heading}
        series={[request.t("农村生均使用", "Uses a rural pupil"), request.t("城镇生均使用", "Uses an urban pupil")]}
        rows={points.map((p) => of(p, p.rural, p.urban))}
      />
    </>
  );
}

function Counties({ request, equity }: { request: CityRequest; equity: Equity }) {
  return (
    <Chart
      request={request}
      kind="bar"
      title={request.t(`各县区生均使用（${equity.month}）`, `Uses a pupil by county (${equity.month})`)}
      heading={request.t("县区", "County")}
      series={[request.t("生均使用", "Uses a pupil")]}
      rows={equity.counties.map(({ county, figure }) => ({
        name: divisionName(county) ?? county,
        values: [figure.hidden || figure.perPupil === null ? Quantity.unknown(perPupil(request, figure)) : Quantity.decimal(figure.perPupil, 2)],
      }))}
    />
  );
}

function Behind({ request, shown, hidden }: { request: CityRequest; shown: readonly SchoolFigure[]; hidden: readonly SchoolFigure[] }) {
  const columns: Column<SchoolFigure>[] = [
    { heading: request.t("学校", "School"), cell: (s) => <a href={at("schools", s.school)}>{s.name}</a> },
    { heading: request.t("所在地", "Where"), cell: (s) => place(s.division) },
    { heading: request.t("学生", "Pupils"), cell: (s) => String(s.pupils), numeric: true },
    { heading: request.t("生均使用", "Uses a pupil"), cell: (s) => perPupil(request, s.figure), numeric: true },
  ];
  return (
    <Card id="behind" heading={request.t("使用最少的农村学校", "Rural schools furthest behind")}>
      {shown.length === 0 ? <p>{request.t("没有可公布的数据。", "Nothing that can be shown.")}</p> : <Table caption={request.t("农村学校，使用最少的在前", "Rural schools, the least used first")} columns={columns} rows={shown} />}
      {hidden.length === 0 ? null : (
        <p class="muted">
          {request.t("不公布数字，同样需要关注：", "Their figures are not shown, and they need a look as well: ")}
          {hidden.map((s) => s.name).join(request.t("、", ", "))}
        </p>
      )}
    </Card>
  );
}

/** `POST /figures/recount`: a part of the month; `after` goes on where the part before stopped. */
export async function countAgain(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const form = await request.form();
  const month = form.value("month");
  const part = recount(request.principal, month, form.value("after"));
  return LAYOUT.page(
    request,
    t(`复核 ${month}`, `${month}, counted again`),
    <>
      {part.differences.length === 0 ? <Agree request={request} part={part} /> : <Differ request={request} part={part} />}
      {part.next === undefined ? null : (
        <Confirm action="/figures/recount" values={{ month, after: part.next }}>{request.t("继续复核其余学校", "Go on with the other schools")}</Confirm>
      )}
      <p><a href={`/figures?month=${encodeURIComponent(month)}`}>{request.t("返回统计", "Back to the figures")}</a></p>
    </>,
  );
}

function Agree({ request, part }: { request: CityRequest; part: Recount }) {
  return <Notice tone="ok">{request.t(`${part.schools} 所学校的计数器与使用记录完全一致。`, `The counters of ${part.schools} schools are what the uses make.`)}</Notice>;
}

function Differ({ request, part }: { request: CityRequest; part: Recount }) {
  const columns: Column<Difference>[] = [
    { heading: request.t("学校", "School"), cell: (d) => d.school },
    { heading: request.t("计数器", "Counters"), cell: (d) => `${d.counted.uses} / ${d.counted.seconds} / ${d.counted.people}`, numeric: true },
    { heading: request.t("使用记录", "Uses"), cell: (d) => `${d.recounted.uses} / ${d.recounted.seconds} / ${d.recounted.people}`, numeric: true },
  ];
  return (
    <>
      <Notice tone="bad">{request.t("有不一致，请联系运维人员。", "They differ: tell the operator.")}</Notice>
      <Table caption={request.t("不一致的学校", "Schools that differ")} columns={columns} rows={part.differences} />
    </>
  );
}
