/** How a file looks before anybody takes it along: on the page of what is published, and on that of a work on its way. */
import type { CityRequest } from "@yunlong/sdk";
import * as files from "@yunlong/sdk/files";
import { previewOf } from "../domain/file/index.ts";
import type { FileRef } from "../domain/resource.ts";
import { fileOf } from "../service/index.ts";
import { type Played, Player } from "./player.tsx";

/** So many bytes of a text stand in the page; all of it opens by a link. */
const TEXT_SHOWN = 20_000;

/** A larger PDF opens by a link alone: a page must not cost a village school, or a phone, so much unasked. */
const PDF_SHOWN = 5 * 1024 * 1024;

interface Previewed {
  readonly request: CityRequest;
  readonly of: Played;
  /** The resource's identifier. */
  readonly id: string;
  readonly file: Pick<FileRef, "name" | "size">;
  /** The address of the file, where it is not the one below `of.base`: a film in another size. */
  readonly source?: string;
}

/** The file as the browser shows it; of what no browser shows, words that say so. */
export function Preview({ request, of, id, file, source = `${of.base}/file` }: Previewed) {
  switch (previewOf(of.mediaType)) {
    case "picture":
      return <figure><img src={source} alt={of.title} /><figcaption>{file.name}</figcaption></figure>;
    case "sound":
    case "film":
      return <Player request={request} of={of} file={source} />;
    case "text":
      return <TextOf request={request} id={id} size={file.size} source={source} />;
    case "pdf":
      return <Document request={request} of={of} size={file.size} source={source} />;
    case "none":
      return <p>{request.t("这种文件不能在浏览器里预览，请下载后打开。", "A browser cannot show this kind of file: download it.")}</p>;
  }
}

/** A PDF in the browser's own viewer. What has none, like most phones, shows a button or nothing there: pages give a link as well. */
function Document({ request, of, size, source }: { request: CityRequest; of: Played; size: number; source: string }) {
  if (size > PDF_SHOWN) return <p>{request.t("文件较大，不在页面中预览。", "It is too large to be shown in the page.")}</p>;
  return <iframe class="document" src={`${source}#view=FitH&navpanes=0`} title={request.t(`《${of.title}》预览`, `Preview of ${of.title}`)} loading="lazy"></iframe>;
}

/** The beginning of a text, as it stands in the file. */
function TextOf({ request, id, size, source }: { request: CityRequest; id: string; size: number; source: string }) {
  const { file } = fileOf(request.principal, id);
  const begin = new TextDecoder("utf-8").decode(files.read(file.id, 0, Math.min(size, TEXT_SHOWN)));
  return (
    <>
      <pre class="log" tabindex={0} aria-label={request.t("文本内容", "The text")}>{begin}</pre>
      {size > TEXT_SHOWN ? <p><a href={source}>{request.t("打开全文", "Open all of it")}</a></p> : null}
    </>
  );
}
