/** Ten courses with ten units each, as a sample of the curriculum tree. */
import { type Node, addNode } from "../curriculum.ts";
import { STAGES, SUBJECTS, type Stage, type Subject } from "../vocabulary.ts";

/** A course: stage, subject, grade, and the topics of its units. */
export interface Course {
  readonly stage: Stage;
  readonly subject: Subject;
  readonly grade: number;
  readonly topics: readonly string[];
}

const course = (stage: Stage, subject: Subject, grade: number, topics: string): Course => ({ stage, subject, grade, topics: topics.split(" ") });

/** The courses. */
export const COURSES: readonly Course[] = [
  course("primary", "math", 3, "万以内的加法和减法 倍的认识 多位数乘一位数 长方形和正方形 分数的初步认识 时分秒 测量 位置与方向 面积 小数的初步认识"),
  course("primary", "chinese", 4, "观察与发现 神话故事 提问的策略 写一件事 童年生活 家国情怀 历史故事 乡土风景 诗歌欣赏 动物朋友"),
  course("primary", "english", 5, "我的一天 天气与季节 问路 学校活动 家庭成员 食物与饮料 节日 周末计划 动物 看病"),
  course("primary", "science", 5, "光的传播 地球表面的变化 计量时间 健康生活 生物与环境 船的研究 热的传递 能量 植物的生长 天气观测"),
  course("primary", "music", 2, "节奏与节拍 音的高低 音的长短 家乡民歌 打击乐器 旋律线 强弱变化 歌曲接唱 音乐与故事 合唱入门"),
  course("junior", "math", 7, "有理数 整式的加减 一元一次方程 几何图形初步 相交线与平行线 实数 平面直角坐标系 二元一次方程组 不等式 数据的收集与整理"),
  course("junior", "physics", 8, "机械运动 声现象 物态变化 光现象 透镜及其应用 质量与密度 力 运动和力 压强 浮力"),
  course("junior", "geography", 7, "地球与地图 陆地和海洋 天气与气候 居民与聚落 发展与合作 亚洲 邻近的国家 东半球其他国家 西半球的国家 极地地区"),
  course("junior", "history", 7, "史前时期 夏商周时期 秦汉时期 两汉文化与徐州 三国两晋南北朝 隋唐时期 宋元时期 明清时期 运河与城市 历史材料的阅读"),
  course("senior", "it", 10, "数据与信息 算法基础 程序结构 数组与列表 数据分析 信息系统 网络基础 信息安全 人工智能初步 项目实践"),
];

/** The edition of all of them. */
export const EDITION = "2024";

/** The id of a course's unit, from 0 on. */
export function unitId(c: Course, unit: number): string {
  return `${c.stage}.${c.subject}.${c.grade}.${unit < 5 ? 1 : 2}.${EDITION}.${(unit % 5) + 1}`;
}

/** Every node: each above what stands below it. */
export function sampleNodes(): Node[] {
  const made = new Map<string, Node>();
  const add = (parent: string, code: string, zh: string, en: string, order: number): string => {
    const id = parent === "" ? code : `${parent}.${code}`;
    if (!made.has(id)) made.set(id, addNode({ parent, code, zh, en, order }, made.get(parent)));
    return id;
  };
  COURSES.forEach((c, n) => {
    const stage = add("", c.stage, STAGES[c.stage].zh, STAGES[c.stage].en, n);
    const subject = add(stage, c.subject, SUBJECTS[c.subject].zh, SUBJECTS[c.subject].en, n);
    const grade = add(subject, String(c.grade), `${c.grade} 年级`, `Grade ${c.grade}`, c.grade);
    c.topics.forEach((topic, unit) => {
      const volume = unit < 5 ? "1" : "2";
      const half = add(grade, volume, unit < 5 ? "上册" : "下册", `Volume ${volume}`, Number(volume));
      const edition = add(half, EDITION, "2024 年版", "Edition of 2024", 1);
      const at = add(edition, String((unit % 5) + 1), topic, `Unit ${(unit % 5) + 1}`, (unit % 5) + 1);
      add(at, "1", `理解并应用：${topic}`, "Understand and apply", 1);
    });
  });
  return [...made.values()];
}
