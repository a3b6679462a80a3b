/** The pages. The frame says on each of them for whom the visitor acts. */
import { type AppContext, Badge, Card, type Column, Confirm, Empty, Layout, Notice, Table, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as checks from "./checks.ts";

const LAYOUT = new Layout(t("爱心卡年审", "Yearly check of the care card"), {
  nav: () => [{ path: "/", title: t("年审", "Checks") }],
  help: "/help",
});

/** Whose card it is, whether this year's check is made, and those before. */
export function home(c: AppContext) {
  const { request } = c.var;
  const matter = checks.matterOf(request.subject);
  const all = checks.ofHolder(matter.holder);
  const year = checks.thisYear();
  const made = all.some((check) => check.year === year);
  const columns: Column<checks.Check>[] = [
    { heading: request.t("年度", "Year"), cell: (check) => check.year },
    { heading: request.t("办理时间", "Made"), cell: (check) => <Moment ms={check.time} /> },
    {
      heading: request.t("办理人", "By"),
      cell: (check) =>
        check.delegate === undefined ? (
          <Badge tone="ok">{request.t("本人", "the holder")}</Badge>
        ) : (
          <Badge tone="info">{request.t("受托人", "a delegate")}</Badge>
        ),
    },
  ];
  return LAYOUT.page(
    request,
    matter.delegate === undefined ? t("我的爱心卡", "My care card") : t("代办：他人的爱心卡", "For somebody else: their care card"),
    <>
      {request.queryValue("made") === undefined ? null : (
        <Notice tone="ok"><p>{request.t("年审已办理。", "The check is made.")}</p></Notice>
      )}
      {made ? (
        <p>{request.t(`${year} 年度已经年审。`, `The check of ${year} is made.`)}</p>
      ) : (
        <>
          <p>{request.t(`${year} 年度还没有年审。`, `The check of ${year} is not made yet.`)}</p>
          <Confirm action="/checks" values={{ mandate: matter.delegate?.mandate ?? "" }}>
            {matter.delegate === undefined ? request.t("办理年审", "Make the check") : request.t("代为办理年审", "Make the check for them")}
          </Confirm>
        </>
      )}
      {all.length === 0 ? (
        <Empty><p>{request.t("没有以往的年审记录。", "There are no checks on record.")}</p></Empty>
      ) : (
        <Table caption={request.t("年审记录", "Checks on record")} columns={columns} rows={all} />
      )}
      {request.hasRole("clerk") ? (
        <Card id="made" heading={request.t("本年度已办理", "Made this year")}>
          <p>{checks.madeThisYear()}</p>
        </Card>
      ) : null}
    </>,
  );
}

// ANCHOR: make
/** Makes this year's check, for the visitor or for whom they act. */
export async function make(c: AppContext) {
  const { request } = c.var;
  const matter = checks.matterOf(request.subject);
  checks.make(matter, (await request.form()).value("mandate"));
  return c.redirect("/?made=1", 303);
}
// ANCHOR_END: make

/** Help. */
export function help(c: AppContext) {
  const { request } = c.var;
  return LAYOUT.page(
    request,
    t("帮助", "Help"),
    <>
      <p>
        {request.t(
          "持卡人每年办理一次年审。不便到场或不便上网的，可以在门户把办理权委托给家人或社区工作人员。",
          "Each holder makes one check a year. Who cannot come, or is not online, gives a mandate to a relative or to somebody of the community at the portal.",
        )}
      </p>
      <p>
        {request.t(
          "受托人在门户选择代办对象后再打开本应用；页眉会写明正在代办。办理结果会通知持卡人，委托可以随时撤销。",
          "A delegate chooses at the portal for whom they act, and then comes here; the head of each page says so. The holder is told what was done, and may revoke the mandate at any time.",
        )}
      </p>
    </>,
  );
}

function Moment({ ms }: { ms: number | undefined }) {
  if (ms === undefined) return null;
  return <time datetime={clock.rfc3339(ms)}>{clock.minute(ms)}</time>;
}
