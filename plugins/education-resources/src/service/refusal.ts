/** What a refusal is answered with: one list for pages and API. */
import { Problem, type Text } from "@yunlong/sdk";
import type { Refused, Why } from "../domain/refused.ts";
import { CAPTION_LANGUAGES, LICENCES, isWord } from "../domain/vocabulary.ts";
import { CAPTION_TEXTS, FILE_TEXTS, SOUGHT, STATE_TEXTS, STEP_TEXTS, THINGS } from "./texts.ts";

/** A refusal on its way out; pages may look at `why`, and show `title` and `detail` beside a form. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly refused: Refused) {
    super(refused.message);
  }

  /** Why, for programs. */
  get why(): Why {
    return this.refused.why;
  }

  /** What happened, in a few words. */
  get title(): Text {
    return wordsOf(this.why).title;
  }

  /** What happened in this case, what is allowed, and the next step. */
  get detail(): Text {
    return wordsOf(this.why).detail;
  }

  /** What a handler answers when it does nothing about it. */
  get outcome(): Problem {
    return problemOf(this.why);
  }
}

interface Words {
  readonly title: Text;
  readonly detail: Text;
}

const words = (titleZh: string, titleEn: string, zh: string, en: string): Words => ({ title: { zh: titleZh, en: titleEn }, detail: { zh, en } });

function problemOf(why: Why): Problem {
  const { title, detail } = wordsOf(why);
  const problem = new Problem(statusOf(why), title).kind(why.kind).detail(detail);
  switch (why.kind) {
    case "fields":
      for (const f of why.fields) problem.field(f.at, f.why);
      return problem;
    case "wrong-state":
      return problem.with("state", why.state).with("allowed", why.allowed);
    case "same-file":
      return problem.with("resource", why.resource);
    case "file":
      return problem.field("/file", detail).with("reason", why.reason);
    case "captions":
      return problem.field(`/captions/${why.language}`, detail).with("reason", why.reason).with("line", why.line);
    default:
      return problem;
  }
}

function statusOf(why: Why): Problem["status"] {
  switch (why.kind) {
    case "fields":
    case "file":
    case "captions":
    case "too-much":
      return 422;
    case "own-work":
    case "same-reviewer":
    case "not-permitted":
    case "guardian-needed":
    case "untrusted":
      return 403;
    case "not-found":
      return 404;
    case "withdrawn":
      return 410;
    case "wrong-state":
    case "not-licensed":
    case "same-file":
    case "reused":
    case "code":
    case "exists":
    case "narrow-line":
      return 409;
  }
}

function wordsOf(why: Why): Words {
  switch (why.kind) {
    case "fields":
      return words("请更正标出的各项", "Please correct the fields", "改正后再次提交，已填写的内容不会丢失。", "Correct them and send again; nothing that was filled in is lost.");
    case "wrong-state":
      return wrongState(why);
    case "own-work":
      return words("不能审核自己编写的资源", "Nobody reviews their own resource", "您编写过这个作品的一个版本。请由本校或本县区的另一位审核员审核。", "You wrote a version of this work. Another reviewer of the school or county must review it.");
    case "same-reviewer":
      return words("需要两位不同的审核员", "Two different reviewers are needed", "学校审核和县区审核应由两位不同的、没有参与编写的人员作出。请由另一位审核员审核。", "The school’s and the county’s review must come from two different people who did not write it. Ask another reviewer.");
    case "not-permitted":
      return { title: { zh: "没有权限", en: "Not permitted" }, detail: why.needs };
    case "not-found": {
      const what = SOUGHT[why.what];
      return words(`没有找到${what.zh}`, `No such ${what.en}`, "可能已被删除，或不属于您。请从列表重新选择。", "It may have been removed, or is not yours. Choose it from the list again.");
    }
    case "not-licensed":
      return notLicensed(why.licence);
    case "same-file":
      return sameFile(why);
    case "file":
      return { title: { zh: "文件不被接受", en: "The file is not accepted" }, detail: FILE_TEXTS[why.reason](why.found) };
    case "captions":
      return captions(why);
    case "narrow-line":
      return words("带宽不足，不能播放视频", "The line carries no film", "该校专线不足 4 Mbit/s。请下载本单元的离线资源包，在课堂上播放。", "The school’s line has less than 4 Mbit/s. Take the unit’s offline pack, and play the film from it in class.");
    case "guardian-needed":
      return words("需要监护人同意", "A guardian must consent", "不满十四周岁、或身份档案中没有出生日期的学生，须由监护人登录后凭邀请码同意；在此之前不保存任何个人信息。", "For a child under 14, and for who has no date of birth on record, a guardian signs in and consents with the code. Until then nothing is kept.");
    case "reused":
      return words("编号已用于另一条记录", "The number stands for something else", `编号 ${why.id} 已有内容不同的记录。请换一个编号。`, `Number ${why.id} was used for something different. Use another one.`);
    case "code":
      return words("邀请码无效", "Not a valid code", "邀请码不存在、已使用或已过期。请核对，或向发码人重新索取。", "The code does not exist, was used, or has run out. Check it, or ask for another.");
    case "untrusted":
      return untrusted(why.why);
    case "too-much":
      return words("超过上限", "Too much at once", `${why.what.zh}最多 ${why.most}。`, `At most ${why.most} ${why.what.en}.`);
    case "withdrawn":
      return words("资源已撤回", "The resource was withdrawn", "这个资源已撤回，请删除保存的副本。", "It was withdrawn: delete copies that you keep.");
    case "exists":
      if (why.id === "") return words("已有学籍", "A student already", "您的账号已关联一名学生，不能再关联另一名。", "Your account is bound to a student already, and to no second one.");
      return words(`${SOUGHT[why.what].zh}已经存在`, `There is such a ${SOUGHT[why.what].en} already`, `编号 ${why.id} 已被使用。`, `${why.id} is taken.`);
  }
}

function captions(why: Extract<Why, { kind: "captions" }>): Words {
  const [language, what] = [CAPTION_LANGUAGES[why.language], CAPTION_TEXTS[why.reason](why.found)];
  const [zh, en] = why.line === 0 ? ["：", ": "] : [`，第 ${why.line} 行：`, `, line ${why.line}: `];
  return words("字幕不被接受", "The captions are not accepted", `${language.zh}字幕${zh}${what.zh}`, `${language.en} captions${en}${what.en}`);
}

function wrongState(why: Extract<Why, { kind: "wrong-state" }>): Words {
  const thing = THINGS[why.thing];
  const state = STATE_TEXTS[why.state] ?? { zh: why.state, en: why.state };
  const step = STEP_TEXTS[why.step] ?? { zh: why.step, en: why.step };
  const names = why.allowed.map((a) => STEP_TEXTS[a] ?? { zh: a, en: a });
  const zh = names.length === 0 ? "没有可以做的操作" : `可以：${names.map((n) => n.zh).join("、")}`;
  const en = names.length === 0 ? "nothing more can be done" : `allowed: ${names.map((n) => n.en).join(", ")}`;
  return words(`${thing.zh}的状态不允许“${step.zh}”`, `The ${thing.en}’s state does not allow “${step.en}”`, `现在是“${state.zh}”，${zh}。请刷新后再试。`, `It is “${state.en}”; ${en}. Load the page again.`);
}

function notLicensed(licence: string): Words {
  const name = isWord(LICENCES, licence) ? LICENCES[licence] : { zh: licence, en: licence };
  return words("没有有效的授权", "No licence in force", `授权为“${name.zh}”，不允许公开，或已到期。请由作者更正授权后重新提交。`, `The licence “${name.en}” does not allow it to be shown, or has run out. The author corrects it and submits again.`);
}

function sameFile(why: Extract<Why, { kind: "same-file" }>): Words {
  const name = (l: string): Text => (isWord(LICENCES, l) ? LICENCES[l] : { zh: l, en: l });
  const [first, asked] = [name(why.licence), name(why.asked)];
  return words(
    "同一文件已经发布",
    "The same file is published already",
    `资源 ${why.resource} 已以“${first.zh}”发布同一文件，本次填写的授权为“${asked.zh}”。一个文件只有一个有效授权：请修订原资源，或先撤回它。`,
    `Resource ${why.resource} has published this file under “${first.en}”; here “${asked.en}” is stated. A file has one licence in force: revise that resource, or have it withdrawn first.`,
  );
}

function untrusted(why: "signature" | "clock" | "source"): Words {
  switch (why) {
    case "signature":
      return words("签名无效", "The signature is not valid", "请用该校当前的探针密钥签名。", "Sign with the school’s current key for probes.");
    case "clock":
      return words("时间不可信", "The time cannot be", "设备时钟不准，或数据太久以前。请校准时钟。", "The device’s clock is wrong, or the data is too old. Set the clock.");
    case "source":
      return words("来源不可信", "The source cannot be trusted", "请使用平台发放的页面或探针。", "Use the platform’s own page or probe.");
  }
}
