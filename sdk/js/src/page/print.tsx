/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** What is made for paper: receipts, contracts, tickets. */
import type { Child, PropsWithChildren } from "hono/jsx";
import { minute, now } from "../clock.ts";
import { installation } from "../context.ts";
import type { CityRequest } from "../web/request.ts";
import { PageScript } from "./chart.tsx";

/**
 * A document for the printer, with its title and a print button above it. Of a page with one, it is printed alone: neither the
 * city's header nor what else the page says. Below it stand whose it is and when it was made, so that a copy on paper can be
 * told from a later one. `receipt` is for rolls of 80 mm.
 */
export function PrintView(props: PropsWithChildren<{ request: CityRequest; paper: "a4" | "receipt"; title: Child }>) {
  const { request } = props;
  return (
    <>
      <PrintButton request={request} />
      <article class={`print-view print-${props.paper}`}>
        <header><h2>{props.title}</h2></header>
        {props.children}
        <footer>
          <span lang="zh-CN">{installation().organizationName}</span> · {request.t("打印时间 ", "Printed at ")}
          {minute(now())}
        </footer>
      </article>
    </>
  );
}

/**
 * A button that asks for the printer. It shows itself where scripts run; without them the browser's own command does the same,
 * and the words beside it say so.
 */
export function PrintButton({ request }: { request: CityRequest }) {
  return (
    <>
      <div class="actions no-print">
        <button class="outline" type="button" data-print="" hidden>{request.t("打印", "Print")}</button>
        <span class="muted">
          {request.t("也可以用浏览器的打印功能，只打印正文。", "Your browser's own print command prints the same: the content alone.")}
        </span>
      </div>
      <PageScript />
    </>
  );
}
