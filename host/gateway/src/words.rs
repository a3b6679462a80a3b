//! The information hub's terms in plain words: what the portal and the console say alike.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use yunlong_hub::{
    Access, Category, Item, ItemKind, LegalBasis, Level, Mask, Openness, Rows, Sensitivity, Sharing, UpdateCycle,
};
use yunlong_model::Lang;

/// The name of a variant without fields as it is written in files, forms and JSON.
pub(crate) fn name<T: Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The variant that is written so.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(Value::String(name.to_owned())).ok()
}

pub(crate) fn access(access: Access, lang: Lang) -> &'static str {
    let (zh, en) = match access {
        Access::Get => ("按标识读取单条", "read one record by its key"),
        Access::Query => ("查询", "find records"),
        Access::Changes => ("接收变更通知", "be told of changes"),
        Access::Bulk => ("批量读取", "read many records in a job"),
        Access::Write => ("写入", "write"),
    };
    lang.pick(zh, en)
}

pub(crate) fn basis(basis: LegalBasis, lang: Lang) -> &'static str {
    let (zh, en) = match basis {
        LegalBasis::Consent => ("本人同意", "the person’s consent"),
        LegalBasis::Contract => ("订立或者履行合同", "a contract with the person"),
        LegalBasis::StatutoryDuty => ("履行法定职责", "a duty by law"),
        LegalBasis::Emergency => ("突发事件或者紧急情况", "an emergency"),
        LegalBasis::PublicData => ("不涉及个人的公共数据", "public data, about nobody"),
    };
    lang.pick(zh, en)
}

/// The basis as the audit wrote it down: its name and, behind a colon, the law.
pub(crate) fn basis_named(text: &str, lang: Lang) -> String {
    let (name, law) = text.split_once(": ").map_or((text, None), |(name, law)| (name, Some(law)));
    let words = named::<LegalBasis>(name).map_or(name, |b| basis(b, lang));
    law.map_or_else(|| words.to_owned(), |law| format!("{words}{}{law}", lang.pick("：", ": ")))
}

/// A reason that the platform gave in both languages in one text, or a person in one.
pub(crate) fn reason(text: &str, lang: Lang) -> &str {
    text.split_once(" / ").map_or(text, |(zh, en)| lang.pick(zh, en))
}

pub(crate) fn mask(mask: Mask, lang: Lang) -> &'static str {
    let (zh, en) = match mask {
        Mask::Plain => ("原值", "as it is"),
        Mask::Partial => ("遮掩中间部分", "middle hidden"),
        Mask::Year => ("只给年份", "the year only"),
        Mask::Age => ("只给周岁", "the age in years only"),
        Mask::County => ("只到县（市、区）", "down to the county only"),
        Mask::Presence => ("只给有无", "only whether there is one"),
    };
    lang.pick(zh, en)
}

pub(crate) const MASKS: [Mask; 6] = [Mask::Plain, Mask::Partial, Mask::Year, Mask::Age, Mask::County, Mask::Presence];

pub(crate) fn rows(rows: &Rows, lang: Lang) -> String {
    match rows {
        Rows::Own => lang.pick("仅办事人本人的记录", "only records about whoever asks").to_owned(),
        Rows::Divisions(codes) => {
            format!("{}{}", lang.pick("仅以下区划：", "only the divisions "), codes.join(lang.pick("、", ", ")))
        }
        Rows::All => lang.pick("全部记录", "all records").to_owned(),
    }
}

pub(crate) fn category(category: Category, lang: Lang) -> &'static str {
    let (zh, en) = match category {
        Category::Base => ("基础信息资源", "Base"),
        Category::Theme => ("主题信息资源", "Theme"),
        Category::Department => ("部门信息资源", "Department"),
    };
    lang.pick(zh, en)
}

pub(crate) fn kind(kind: ItemKind, lang: Lang) -> &'static str {
    let (zh, en) = match kind {
        ItemKind::Text => ("文本", "Text"),
        ItemKind::Integer => ("整数", "Integer"),
        ItemKind::Decimal => ("数值", "Number"),
        ItemKind::Boolean => ("是否", "Yes or no"),
        ItemKind::Date => ("日期", "Date"),
        ItemKind::Time => ("时间", "Time"),
        ItemKind::ResidentId => ("公民身份号码", "Resident ID number"),
        ItemKind::Uscc => ("统一社会信用代码", "Unified social credit code"),
        ItemKind::Mobile => ("手机号码", "Mobile number"),
        ItemKind::Division => ("行政区划代码", "Division’s code"),
        ItemKind::Geometry => ("空间位置（GeoJSON）", "Geometry (GeoJSON)"),
        ItemKind::Period => ("期间", "Period"),
    };
    lang.pick(zh, en)
}

pub(crate) const KINDS: [ItemKind; 12] = [
    ItemKind::Text,
    ItemKind::Integer,
    ItemKind::Decimal,
    ItemKind::Boolean,
    ItemKind::Date,
    ItemKind::Time,
    ItemKind::ResidentId,
    ItemKind::Uscc,
    ItemKind::Mobile,
    ItemKind::Division,
    ItemKind::Geometry,
    ItemKind::Period,
];

pub(crate) fn sensitivity(sensitivity: Sensitivity, lang: Lang) -> &'static str {
    let (zh, en) = match sensitivity {
        Sensitivity::General => ("非个人信息", "Not personal"),
        Sensitivity::Personal => ("个人信息", "Personal"),
        Sensitivity::Sensitive => ("敏感个人信息", "Sensitive personal"),
    };
    lang.pick(zh, en)
}

pub(crate) const SENSITIVITIES: [Sensitivity; 3] =
    [Sensitivity::General, Sensitivity::Personal, Sensitivity::Sensitive];

pub(crate) fn openness(openness: Openness, lang: Lang) -> &'static str {
    let (zh, en) = match openness {
        Openness::Closed => ("不开放", "Closed"),
        Openness::Conditional => ("依申请开放", "On application"),
        Openness::Open => ("无条件开放", "Open"),
    };
    lang.pick(zh, en)
}

pub(crate) const OPENNESS: [Openness; 3] = [Openness::Closed, Openness::Conditional, Openness::Open];

pub(crate) fn level(level: Level, lang: Lang) -> &'static str {
    let (zh, en) = match level {
        Level::General => ("一般数据", "General"),
        Level::Important => ("重要数据", "Important"),
        Level::Core => ("核心数据", "Core"),
        Level::Classified => ("涉密数据", "Classified"),
    };
    lang.pick(zh, en)
}

pub(crate) const LEVELS: [Level; 4] = [Level::General, Level::Important, Level::Core, Level::Classified];

pub(crate) fn cycle(cycle: UpdateCycle, lang: Lang) -> &'static str {
    let (zh, en) = match cycle {
        UpdateCycle::RealTime => ("实时", "As things happen"),
        UpdateCycle::Daily => ("每日", "Daily"),
        UpdateCycle::Weekly => ("每周", "Weekly"),
        UpdateCycle::Monthly => ("每月", "Monthly"),
        UpdateCycle::Quarterly => ("每季度", "Quarterly"),
        UpdateCycle::Yearly => ("每年", "Yearly"),
        UpdateCycle::AsNeeded => ("不定期", "As needed"),
    };
    lang.pick(zh, en)
}

pub(crate) const CYCLES: [UpdateCycle; 7] = [
    UpdateCycle::RealTime,
    UpdateCycle::Daily,
    UpdateCycle::Weekly,
    UpdateCycle::Monthly,
    UpdateCycle::Quarterly,
    UpdateCycle::Yearly,
    UpdateCycle::AsNeeded,
];

pub(crate) fn sharing(sharing: &Sharing, lang: Lang) -> &'static str {
    let (zh, en) = match sharing {
        Sharing::Unconditional => ("无条件共享", "Unconditional"),
        Sharing::Conditional { .. } => ("有条件共享", "Conditional"),
        Sharing::NotShared { .. } => ("不予共享", "Not shared"),
    };
    lang.pick(zh, en)
}

/// A refusal, by the short name that the audit keeps, for somebody who is no specialist.
pub(crate) fn denial(code: &str, lang: Lang) -> String {
    let (zh, en) = match code {
        "unknown-dataset" => ("该应用没有申报这项用途", "the app does not declare this use"),
        "taken-back" => ("使用该应用的部门收回了这项权限", "the department that runs the app took the permission back"),
        "no-such-record" => ("没有这条记录", "there is no such record"),
        "says-the-same" => ("记录已是这个内容", "the record says that already"),
        "is-there" => ("已有登记", "there is a record already"),
        "not-granted" => ("数据提供部门没有批准", "the department that provides the data has not granted it"),
        "expired" => ("批准的期限已过", "the grant has expired"),
        "revoked" => ("批准已被撤销", "the grant was revoked"),
        "other-purpose" => ("批准的是其他用途", "it is granted for another purpose"),
        "fields-not-granted" => ("超出批准的信息项", "it asked for items that are not granted"),
        "access-not-granted" => ("超出批准的使用方式", "this way of access is not granted"),
        "row-not-granted" => ("不在批准的记录范围内", "the record is outside of what is granted"),
        "not-signed-in" => ("当时没有人登录", "nobody was signed in"),
        "other-department" => ("经办人不属于获准使用的部门", "the official is not of the department that may use it"),
        "role-required" => ("经办人没有所需的角色", "the official lacks the role"),
        "consent-required" => ("您没有同意，或者已经撤回", "you have not consented, or took it back"),
        "not-shared" => ("该数据不予共享", "the data is not shared"),
        "not-authority" => ("该部门无权更改", "the department is not the authority for it"),
        other => return other.to_owned(),
    };
    lang.pick(zh, en).to_owned()
}

/// A record's value as a person reads it: codes by their words, yes and no, places as such.
pub(crate) fn value(item: Option<&Item>, value: &Value, lang: Lang) -> String {
    match value {
        Value::Null => lang.pick("（无）", "(none)").to_owned(),
        Value::Bool(yes) => lang.pick(if *yes { "是" } else { "否" }, if *yes { "yes" } else { "no" }).to_owned(),
        Value::String(text) => match item.and_then(|i| i.codes.get(text)) {
            Some(words) => words.get(lang).to_owned(),
            None => text.clone(),
        },
        Value::Number(n) => n.to_string(),
        Value::Object(o) => match (o.get("type").and_then(Value::as_str), o.get("coordinates")) {
            (Some("Point"), Some(at)) => at.to_string(),
            (Some(shape), _) if item.is_some_and(|i| i.kind == ItemKind::Geometry) => shape.to_owned(),
            _ => value.to_string(),
        },
        Value::Array(_) => value.to_string(),
    }
}

/// An attribute of the account that an app may read, as it stands in the log.
pub(crate) fn attribute(name: &str, lang: Lang) -> Option<&'static str> {
    Some(match name {
        "real-name" => lang.pick("姓名", "name"),
        "resident-id" => lang.pick("身份号码", "ID number"),
        "mobile" => lang.pick("手机号码", "mobile number"),
        "birth-date" => lang.pick("出生日期", "date of birth"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variants_are_written_and_read_by_one_name() {
        for a in [Access::Get, Access::Query, Access::Changes, Access::Bulk, Access::Write] {
            assert_eq!(named::<Access>(&name(&a)), Some(a));
        }
        for m in MASKS {
            assert_eq!(named::<Mask>(&name(&m)), Some(m));
        }
        for k in KINDS {
            assert_eq!(named::<ItemKind>(&name(&k)), Some(k));
        }
        assert_eq!(named::<Mask>("none-such"), None);
    }

    #[test]
    fn the_basis_of_the_log_is_told_with_its_law() {
        assert_eq!(basis_named("consent", Lang::Zh), "本人同意");
        assert_eq!(basis_named("statutory-duty: PIPL 13", Lang::En), "a duty by law: PIPL 13");
        assert_eq!(basis_named("something", Lang::En), "something");
        assert_eq!(
            (reason("不行 / no", Lang::Zh), reason("不行 / no", Lang::En), reason("no", Lang::Zh)),
            ("不行", "no", "no")
        );
    }

    #[test]
    fn a_value_is_read_by_its_words() {
        assert_eq!(value(None, &json!(true), Lang::Zh), "是");
        assert_eq!(value(None, &json!(null), Lang::En), "(none)");
        assert_eq!(value(None, &json!({"type":"Point","coordinates":[117.2,34.2]}), Lang::En), "[117.2,34.2]");
    }

    #[test]
    fn every_denial_of_the_hub_has_words() {
        use yunlong_hub::Denial;
        let all = [
            Denial::UnknownDataset(String::new()),
            Denial::TakenBack,
            Denial::NotGranted(String::new()),
            Denial::Expired(yunlong_model::Timestamp(0)),
            Denial::Revoked(yunlong_model::Timestamp(0)),
            Denial::OtherPurpose(vec![]),
            Denial::Fields(vec![]),
            Denial::Access(vec![]),
            Denial::Row,
            Denial::NotSignedIn,
            Denial::Department,
            Denial::Role(vec![]),
            Denial::Consent(String::new()),
            Denial::NotShared(String::new()),
            Denial::NotAuthority(vec![]),
        ];
        for d in all {
            assert_ne!(denial(d.code(), Lang::Zh), d.code());
            assert_ne!(denial(d.code(), Lang::En), d.code());
        }
    }
}
