/** Lists as files: all of what a page shows a part of. Who may see the list may save it; the service that is read decides. */
import type { CityRequest } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import * as sheet from "@yunlong/sdk/sheet";

/** The most rows of a file: it is put together in memory, while somebody waits for it. */
export const ROWS = 2_000;
/** Rows that are read at a time, and how often: where little fits, a search ends before it has gone through everything. */
export const AT_ONCE = 100;
const READS = 20;

/** Reads a list, page after page, up to {@link ROWS}. */
export function every<T>(read: (after: string | undefined) => { readonly items: readonly T[]; readonly next?: string | undefined }): T[] {
  const out: T[] = [];
  let after: string | undefined;
  for (let n = 0; n < READS && out.length < ROWS; n++) {
    const page = read(after);
    out.push(...page.items);
    after = page.next;
    if (after === undefined) break;
  }
  return out.slice(0, ROWS);
}

/** Answers a table as a file that has today in its name. */
export function saved(request: CityRequest, name: string, table: sheet.Sheet): Response {
  const day = clock.date(clock.now());
  return sheet.file(sheet.asked(request), `${name}-${day}`, day, [table]);
}

/** Links to a list as files, with the conditions of now. */
export function FileLinks({ request, path, kept = {} }: { request: CityRequest; path: string; kept?: Readonly<Record<string, string>> }) {
  const link = (format: sheet.Format): string => `${path}?${new URLSearchParams({ ...kept, format }).toString()}`;
  return (
    <>
      <div class="actions no-print">
        <a href={link("csv")}>{request.t("下载 CSV", "Download CSV")}</a>
        <a href={link("xlsx")}>{request.t("下载 Excel", "Download for Excel")}</a>
      </div>
      <p class="muted no-print">{request.t("文件最多含前 2,000 行。", "A file holds the first 2,000 rows at most.")}</p>
    </>
  );
}
