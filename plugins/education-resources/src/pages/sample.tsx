/** The sample of Xuzhou: the bureau loads it into an empty installation, and sees how far it is. */
import { type AppContext, Confirm, Notice, t } from "@yunlong/sdk";
import { askForSample, sampleProgress } from "../service/index.ts";
import { LAYOUT, seeOther } from "./common.tsx";

/** `GET /sample`: while it loads, the page asks to be loaded again by a header, without a script. */
export async function show(c: AppContext) {
  const { request } = c.var;
  request.requireRole("bureau");
  const progress = sampleProgress();
  const isDone = progress !== undefined && progress.done >= progress.total;
  const response = await LAYOUT.page(
    request,
    t("示例数据", "Sample data"),
    <>
      <p>{request.t("120 所学校、500 个资源（带有生成的文件）和一年的使用统计，用于演示和培训。学校名称由乡镇名和序号组成，数字不是真实数据。", "120 schools, 500 resources with files made for them, and a year of figures: for demonstrations and training. Schools are called by their towns; the figures are not real.")}</p>
      {progress === undefined ? <Confirm action="/sample">{request.t("载入示例", "Load the sample")}</Confirm> : (
        <>
          <label for="progress">{request.t("进度", "Progress")}</label>
          <progress id="progress" value={progress.done} max={progress.total}>{progress.done} / {progress.total}</progress>
          <p role="status">{progress.done} / {progress.total}</p>
        </>
      )}
      {isDone ? <Notice tone="ok">{request.t("已全部载入。", "All of it is there.")} <a href="/figures">{request.t("查看统计", "The figures")}</a></Notice> : null}
      {progress !== undefined && !isDone ? <p><a href="/sample">{request.t("刷新进度", "Look again")}</a></p> : null}
    </>,
  );
  if (progress !== undefined && !isDone) response.headers.set("refresh", "3");
  return response;
}

/** `POST /sample` */
export function load(c: AppContext) {
  c.var.request.requireRole("bureau");
  askForSample(c.var.request.principal);
  return seeOther(c, "/sample");
}
