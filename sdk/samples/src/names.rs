//! Names that are put together from common parts.

use crate::random::Random;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "程", "曹", "袁", "邓", "许", "沈", "曾", "彭", "吕",
    "苏", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余", "潘", "杜", "戴", "夏", "钟", "汪", "田", "任", "姜",
    "范", "方", "石",
];

const MEN: &[&str] = &[
    "伟", "强", "磊", "军", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "鹏", "飞", "斌", "波", "宇", "浩", "凯",
    "健", "俊", "帆", "帅", "旭", "宁", "龙", "林", "海", "峰", "阳",
];

const WOMEN: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "兰", "燕", "玲", "桂", "梅", "红", "英", "华", "慧", "莉",
    "雪", "倩", "颖", "琳", "洁", "悦", "萍", "云", "洋", "欣", "怡",
];

const SECOND: &[&str] = &[
    "文", "志", "建", "国", "晓", "小", "春", "秋", "雨", "佳", "子", "思", "嘉", "永", "新", "玉", "金", "立", "学",
    "清", "安", "亚", "启", "瑞", "景", "瑜", "辰", "若", "可", "一",
];

/// A surname.
pub(crate) fn surname(random: &mut Random) -> &'static str {
    random.pick::<&'static str>(SURNAMES)
}

/// A given name of one or two characters.
pub(crate) fn given(random: &mut Random, man: bool) -> String {
    let last = random.pick(if man { MEN } else { WOMEN });
    // Three of ten have one character.
    if random.chance(300) { (*last).to_owned() } else { format!("{}{last}", random.pick(SECOND)) }
}

const STREETS: &[&str] = &[
    "和平路",
    "建设路",
    "新华街",
    "文化路",
    "人民路",
    "振兴路",
    "幸福街",
    "富民路",
    "团结路",
    "迎宾街",
    "育才路",
    "光明街",
    "青年路",
    "向阳街",
    "永安路",
    "康宁街",
];

/// A street and a number.
pub(crate) fn street(random: &mut Random) -> String {
    let street = random.pick(STREETS);
    format!("{street}{}号", random.between(1, 299))
}

const FIRM: &[&str] = &[
    "恒", "瑞", "鑫", "盛", "宏", "华", "泰", "丰", "润", "博", "远", "达", "诚", "信", "嘉", "禾", "淮", "汉", "云",
    "泉", "彭", "楚", "安", "康", "顺", "兴", "隆", "源", "凯", "德",
];

/// The two characters that tell a firm from others.
pub(crate) fn firm(random: &mut Random) -> String {
    format!("{}{}", random.pick(FIRM), random.pick(FIRM))
}
