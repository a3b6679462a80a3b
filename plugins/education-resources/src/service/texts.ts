/** Names of states, steps and things, for people. */
import type { CaptionReason, FileReason, Sought, Thing } from "../domain/refused.ts";
import { type Text, t } from "../domain/text.ts";

/** What has states. */
export const THINGS: Readonly<Record<Thing, Text>> = {
  resource: t("资源", "resource"),
  link: t("接入", "link"),
  assignment: t("作业", "assignment"),
  submission: t("已交的作业", "answer"),
  school: t("学校", "school"),
  pack: t("离线资源包", "pack"),
  node: t("课程节点", "node of the curriculum"),
  consent: t("同意", "consent"),
};

/** What can be absent. */
export const SOUGHT: Readonly<Record<Sought, Text>> = {
  ...THINGS,
  class: t("班级", "class"),
  teacher: t("教师", "teacher"),
  student: t("学生", "student"),
  space: t("空间", "space"),
  invitation: t("邀请码", "code"),
  file: t("文件", "file"),
  captions: t("字幕", "captions"),
};

/** States, of whatever thing: no two things use one word for two meanings. */
export const STATE_TEXTS: Readonly<Record<string, Text>> = {
  draft: t("草稿", "draft"),
  submitted: t("已提交", "submitted"),
  "school-reviewed": t("学校已审", "reviewed by the school"),
  "county-reviewed": t("县区已审", "reviewed by the county"),
  published: t("已发布", "published"),
  revised: t("已有新版本", "revised"),
  withdrawn: t("已撤回", "withdrawn"),
  rejected: t("已退回", "rejected"),
  none: t("未申请", "not applied for"),
  applied: t("已申请", "applied for"),
  connected: t("已连通", "connected"),
  verified: t("已核验", "verified"),
  lost: t("已断开", "lost"),
  "handed-out": t("已布置", "handed out"),
  closed: t("已结束", "closed"),
  "handed-in": t("已交", "handed in"),
  marked: t("已批改", "marked"),
  returned: t("已退回重做", "given back"),
  merged: t("已合并", "merged"),
  "in-service": t("在办", "in service"),
  building: t("正在生成", "being made"),
  ready: t("可下载", "ready"),
  stale: t("待更新", "out of date"),
};

/** Steps. */
export const STEP_TEXTS: Readonly<Record<string, Text>> = {
  edit: t("修改", "edit"),
  submit: t("提交", "submit"),
  "school-review": t("学校审核", "review by the school"),
  "county-review": t("县区审核", "review by the county"),
  publish: t("发布", "publish"),
  revise: t("修订", "revise"),
  supersede: t("由新版本替代", "replace by a new version"),
  withdraw: t("撤回", "withdraw"),
  "hand-out": t("布置", "hand out"),
  "hand-in": t("交作业", "hand in"),
  close: t("结束", "close"),
  mark: t("批改", "mark"),
  return: t("退回重做", "give back"),
  merge: t("合并", "merge"),
};

const CHOOSE = "请换一个文件。";

/** What is wrong with a file, and what to do. `found` is what was recognized or found in it. */
export const FILE_TEXTS: Readonly<Record<FileReason, (found: string) => Text>> = {
  "lies-about-type": (f) => t(`文件名的后缀与内容（${f}）不符。请用正确的后缀重新保存。`, `The name’s ending does not fit what the file is (${f}). Save it under the right one.`),
  unreadable: (f) => t(`文件损坏或无法检查（${f}）。${CHOOSE}`, `The file is damaged or cannot be looked into (${f}). Choose another.`),
  "picture-bomb": (f) => t(`图片展开后太大（${f}）。请缩小后上传。`, `The picture becomes too large when shown (${f}). Make it smaller.`),
  "zip-bomb": (f) => t(`压缩包展开后太大或大小不实（${f}）。${CHOOSE}`, `The archive becomes too large, or lies about its size (${f}). Choose another.`),
  "zip-path": (f) => t(`压缩包内有指向包外的路径（${f}）。请重新打包。`, `The archive has a path that leads out of it (${f}). Pack it again.`),
  "zip-nested": (f) => t(`压缩包内还有压缩包（${f}）。请解开后上传。`, `There is an archive in the archive (${f}). Unpack it first.`),
  macros: (f) => t(`文件含有宏或程序（${f}）。请去除后上传。`, `The file has macros or programs in it (${f}). Take them out.`),
  "pdf-script": (f) => t(`PDF 含有脚本或自动动作（${f}）。请导出为不含脚本的 PDF。`, `The PDF has a script or acts by itself (${f}). Export it without.`),
  "pdf-encrypted": () => t("PDF 已加密，无法检查。请去除密码后上传。", "The PDF is encrypted and cannot be looked into. Take the password off."),
  "pdf-disguised": (f) => t(`PDF 隐藏了名称（${f}）。请重新导出。`, `The PDF hides names (${f}). Export it again.`),
  "too-large": (f) => t(`文件太大（${f} 字节）。PDF 最大 20 MiB。`, `The file is too large (${f} bytes). A PDF may have 20 MiB.`),
  "type-not-taken": (f) => t(`不接受这种类型（${f}）。`, `This type is not taken (${f}).`),
};

/** What is wrong with captions, and what to do. `found` is what stands there. */
export const CAPTION_TEXTS: Readonly<Record<CaptionReason, (found: string) => Text>> = {
  "not-webvtt": (f) => t(`${f} 不是 WebVTT 字幕。请在字幕软件中另存为 WebVTT（.vtt）。`, `${f} is not WebVTT. Save it as WebVTT (.vtt) in the program in which you wrote it.`),
  "too-large": (f) => t(`文件太大（${f} 字节），最大 1 MiB。请只保留字幕。`, `The file is too large (${f} bytes); it may have 1 MiB. Keep the captions alone.`),
  "not-utf8": () => t("有不是 UTF-8 编码的字符。请另存为 UTF-8 编码。", "There is a character that is not UTF-8. Save the file in UTF-8."),
  "control-character": (f) => t(`含有控制字符（${f}）。请删除。`, `There is a control character (${f}). Take it out.`),
  "no-header": () => t("文件应以 WEBVTT 开头。请在第一行写 WEBVTT。", "The file must begin with WEBVTT. Write WEBVTT in its first line."),
  "no-blank-line": () => t("前面缺少空行。请在这一行之前留一个不含空格的空行。", "A blank line is missing before it. Leave one there, without spaces."),
  "block-not-taken": (f) => t(`不接受 ${f} 段落。请删除，字幕的样式由播放器决定。`, `A ${f} block is not taken. Take it out: players decide how captions look.`),
  "not-a-cue": (f) => t(`“${f}”不属于任何一条字幕。请在它前面写起止时间，中间不留空行。`, `“${f}” belongs to no cue. Write its times right above it, without a blank line.`),
  "bad-timing": (f) => t(`时间“${f}”写法不对。请写成 00:01:02.500 --> 00:01:05.000。`, `The times “${f}” cannot be read. Write them as 00:01:02.500 --> 00:01:05.000.`),
  "bad-setting": (f) => t(`位置设置“${f}”不被接受。请删除。`, `The setting “${f}” is not taken. Take it out.`),
  "bad-tag": (f) => t(`标记“${f}”不被接受，或没有成对。只能用 <b>、<i>、<u>、<c>、<v 姓名>、<lang 语言>、<ruby>、<rt>；小于号请写成 &lt;。`, `The tag “${f}” is not taken, or has no counterpart. There are <b>, <i>, <u>, <c>, <v name>, <lang language>, <ruby> and <rt>; write &lt; for a less-than sign.`),
  "ends-before-start": () => t("结束时间不晚于开始时间。请更正。", "It ends before it begins. Correct the times."),
  "out-of-order": () => t("开始时间早于上一条。请按开始时间排列。", "It begins before the one above. Put the cues in the order in which they begin."),
  "beyond-the-end": (f) => t(`超过了影片或录音的长度（${f}）。请更正时间，或换成对应的字幕。`, `It goes on after the end of the film or the recording (${f}). Correct the times, or choose the captions that belong to it.`),
  "no-cues": () => t("文件里没有字幕。请写好后再上传。", "There are no captions in the file. Write them first."),
  "too-many-cues": (f) => t(`字幕超过 ${f} 条。请合并后上传。`, `There are more than ${f} cues. Join some of them.`),
  "nothing-to-hear": (f) => t(`字幕只能配视频或音频，${f} 不是。请移除字幕，或更换文件。`, `Captions go with a film or a recording, which ${f} is not. Remove them, or choose another file.`),
};
