/** Help. */
import { type AppContext, Card, t } from "@yunlong/sdk";
import { ACCESS_FORMULA } from "../domain/access.ts";
import { EQUITY_FORMULA } from "../domain/equity.ts";
import { RULE_TEXTS } from "../domain/use.ts";
import { LAYOUT } from "./common.tsx";

/** `GET /help` */
export function show(c: AppContext) {
  const { request } = c.var;
  return LAYOUT.page(
    request,
    t("帮助", "Help"),
    <>
      <Card id="find" heading={request.t("怎样找资源", "How to find resources")}>
        <p>{request.t("在首页用标题或关键词查找，或先选学段，再依次选学科、年级、册次、教材版本和单元。也可以从课程目录逐级打开。教材换版后，旧版的资源在新版的对应单元也能找到。", "Search by words, or choose stage, subject, grade, volume, edition and unit one after the other; or open the curriculum level by level. After an edition changed, what stood in the old one is found from the new one, too.")}</p>
      </Card>
      <Card id="line" heading={request.t("网络较慢时", "With a narrow line")}>
        <p>{request.t("视频按学校的带宽提供 1080p、720p 或 480p；20 Mbps 的学校用 720p，也可以下载单元的离线资源包；不足 4 Mbps 的学校只提供离线资源包。登录后，资源页按您学校的带宽播放。", "Films come in 1080p, 720p or 480p by the school’s line; a school with 20 Mbit/s gets 720p, or the offline pack of a unit; one with less than 4 Mbit/s the pack alone. When you are signed in, a resource’s page plays what your school’s line carries.")}</p>
      </Card>
      <Card id="upload" heading={request.t("怎样上传和审核", "How resources are uploaded and reviewed")}>
        <ol>
          <li>{request.t("教师上传文件、填写信息，选择课程目录中的单元，提交审核。", "A teacher uploads the file, fills in what it is and where it stands in the curriculum, and submits it.")}</li>
          <li>{request.t("有声音的视频请配字幕：每种语言一个 WebVTT 文件（.vtt），与视频一起上传，草稿期间可以更换或移除。没有字幕的，作者和审核员会看到提示。音频也可以配字幕。", "A film with sound should have captions: one WebVTT file (.vtt) for a language, uploaded with the film, and replaced or removed while it is a draft. Where they are missing, author and reviewers are told. Recordings may have captions, too.")}</li>
          <li>{request.t("本校审核员审核，再由县区审核员审核；两人必须不同，作者不能审核自己的资源。", "A reviewer of the school and then one of the county look at it: two different people, and never the author.")}</li>
          <li>{request.t("授权有效的资源才能发布。修订是一个新版本，重新审核；新版本发布后，旧版本下架。", "Only what is licensed is published. A revision is a new version that is reviewed again, and takes the old one’s place.")}</li>
          <li>{request.t("撤回的资源任何人都看不到，请删除保存的副本。", "Nobody sees what was withdrawn; delete copies of it.")}</li>
        </ol>
      </Card>
      <Card id="children" heading={request.t("学生的信息", "Data of students")}>
        <p>{request.t("不满 14 周岁的学生，须由监护人登录、阅读同意书并凭座号邀请码登记；在此之前不保存孩子的任何信息。监护人可以随时撤回，身份信息和作业立即删除。使用统计只有每月更换的匿名编号。", "For a child under 14 a guardian signs in, reads the statement and consents with the seat’s code; before that nothing is kept. It can be withdrawn at any time, and the identity is deleted at once. Figures have a pseudonym that changes each month.")}</p>
      </Card>
      <Card id="figures" heading={request.t("统计怎样计算", "How figures are made")}>
        <p>{request.text(ACCESS_FORMULA)}</p>
        <p>{request.text(EQUITY_FORMULA)}</p>
        <p>{request.t("以下使用记录保存但不计入：", "These uses are kept and not counted:")}</p>
        <ul>{Object.values(RULE_TEXTS).map((rule) => <li>{request.text(rule)}</li>)}</ul>
      </Card>
      <Card id="programs" heading={request.t("供程序使用", "For programs")}>
        <p><a href="/openapi.json">{request.t("接口说明（OpenAPI）", "The API’s description (OpenAPI)")}</a></p>
      </Card>
    </>,
  );
}
