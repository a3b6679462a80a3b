//! What a description must be before it enters the catalogue, and which changes of it records allow.

use crate::{Category, Dataset, HubError, Item, ItemKind, Openness, Sensitivity, Sharing};
use std::collections::BTreeSet;
use yunlong_formats::Date;
use yunlong_model::{Text, schema::Schema};

/// The base databases: their names begin the codes of base datasets only.
pub(super) const BASE_NAMES: [&str; 5] = ["population", "legal-entities", "credit", "geospatial", "economy"];

const MAX_ID: usize = 80;
const MAX_ITEMS: usize = 200;
const MAX_NAME: usize = 40;
const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 2_000;
const MAX_CODES: usize = 2_000;
const MAX_INDEXES: usize = 8;
const MAX_INDEX_ITEMS: usize = 4;
const MAX_SCHEMA: usize = 64 * 1024;

type Checked = Result<(), HubError>;

fn refuse<T>(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Result<T, HubError> {
    Err(HubError::invalid(field, zh, en))
}

/// Whether a description can stand in the catalogue. Whether its organizations exist is asked elsewhere.
pub(super) fn check(dataset: &Dataset) -> Checked {
    check_id(dataset)?;
    check_text("title", &dataset.title, MAX_TITLE)?;
    check_text("summary", &dataset.summary, MAX_TEXT)?;
    check_items(dataset)?;
    check_roles_of_items(dataset)?;
    check_indexes(dataset)?;
    check_schema(dataset)?;
    check_terms(dataset)
}

fn kebab(word: &str) -> bool {
    let inner = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    inner && word.starts_with(|c: char| c.is_ascii_lowercase()) && !word.ends_with('-') && !word.contains("--")
}

fn check_id(dataset: &Dataset) -> Checked {
    let id = &dataset.id;
    let words: Vec<&str> = id.split('.').collect();
    if id.len() > MAX_ID || words.len() < 2 || !words.iter().all(|w| kebab(w)) {
        return refuse(
            "id",
            "代码应由两个或以上的小写英文词组成，以点分隔，如 transport.bus-stop",
            "two or more words in kebab case with dots between, such as transport.bus-stop, at most 80 characters",
        );
    }
    let base = BASE_NAMES.contains(&words[0]);
    if base != (dataset.category == Category::Base) {
        return refuse(
            "id",
            "population、legal-entities、credit、geospatial、economy 开头的代码仅供基础信息资源使用，且基础信息资源必须以此开头",
            "codes that begin with population, legal-entities, credit, geospatial or economy are those of base datasets, and of them only",
        );
    }
    Ok(())
}

fn check_text(field: &str, text: &Text, most: usize) -> Checked {
    for part in [&text.zh, &text.en] {
        if part.trim().is_empty() || part.chars().count() > most || part.chars().any(char::is_control) {
            return refuse(
                field,
                format!("请用中英文填写，各 1 至 {most} 个字符"),
                format!("write it in Chinese and in English, 1 to {most} characters each"),
            );
        }
    }
    Ok(())
}

fn snake(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn check_items(dataset: &Dataset) -> Checked {
    if !(1..=MAX_ITEMS).contains(&dataset.items.len()) {
        return refuse(
            "items",
            format!("信息项应有 1 至 {MAX_ITEMS} 个"),
            format!("1 to {MAX_ITEMS} items are possible"),
        );
    }
    let mut seen = BTreeSet::new();
    for item in &dataset.items {
        let field = format!("items.{}", item.name);
        if !snake(&item.name) {
            return refuse(
                &field,
                "字段名应为小写英文、数字和下划线，如 birth_date",
                "an item's name is lower-case letters, digits and underscores, such as birth_date, at most 40 characters",
            );
        }
        if !seen.insert(&item.name) {
            return refuse(&field, "信息项重复：请合并或改名", "the item stands there twice: join them or rename one");
        }
        check_text(&format!("{field}.title"), &item.title, MAX_TITLE)?;
        check_item(&field, item)?;
    }
    Ok(())
}

fn check_item(field: &str, item: &Item) -> Checked {
    if !item.codes.is_empty() && !matches!(item.kind, ItemKind::Text) {
        return refuse(field, "只有文本类信息项可以有代码表", "only items of the type text have codes");
    }
    if item.codes.len() > MAX_CODES || item.codes.keys().any(|c| c.is_empty() || c.len() > MAX_NAME) {
        return refuse(
            field,
            format!("代码表最多 {MAX_CODES} 个，每个代码 1 至 {MAX_NAME} 字节"),
            format!("at most {MAX_CODES} codes of 1 to {MAX_NAME} bytes are possible"),
        );
    }
    if item.kind == ItemKind::ResidentId && item.sensitivity == Sensitivity::General {
        return refuse(
            field,
            "公民身份号码属于个人信息：请将敏感程度设为 personal 或 sensitive",
            "a resident ID is personal data: its sensitivity is personal or sensitive",
        );
    }
    Ok(())
}

fn item<'a>(dataset: &'a Dataset, field: &str, name: &str) -> Result<&'a Item, HubError> {
    match dataset.item(name) {
        Some(item) => Ok(item),
        None => refuse(field, format!("没有名为 {name} 的信息项"), format!("there is no item `{name}`")),
    }
}

fn check_roles_of_items(dataset: &Dataset) -> Checked {
    let key = item(dataset, "key", &dataset.key)?;
    if !matches!(
        key.kind,
        ItemKind::Text | ItemKind::ResidentId | ItemKind::Uscc | ItemKind::Division | ItemKind::Mobile
    ) {
        return refuse(
            "key",
            "标识项应为文本、身份号码、统一社会信用代码、行政区划或手机号码",
            "the key is a text, a resident ID, a USCC, a division or a mobile number",
        );
    }
    let kinds = [
        ("person", &dataset.person, ItemKind::ResidentId),
        ("division", &dataset.division, ItemKind::Division),
        ("geometry", &dataset.geometry, ItemKind::Geometry),
    ];
    for (field, name, kind) in kinds {
        let Some(name) = name else { continue };
        let item = item(dataset, field, name)?;
        if item.kind != kind {
            return refuse(
                field,
                format!("信息项 {name} 的类型不符"),
                format!("the item `{name}` is {:?}; {kind:?} is needed", item.kind),
            );
        }
        if field == "person" && !item.required && *name != dataset.key {
            return refuse(
                field,
                "指明当事人的信息项必须为必填",
                "the item that tells whom a record is about is required",
            );
        }
    }
    if dataset.geometry.is_some() && dataset.is_personal() {
        return refuse(
            "geometry",
            "含个人信息的数据集不能按位置建索引：位置会以明文保存",
            "a dataset about persons has no geometry to be found by: places would stand in the plain",
        );
    }
    let personal = dataset.items.iter().find(|i| i.sensitivity > Sensitivity::General);
    if let Some(personal) = personal
        && dataset.person.is_none()
    {
        return refuse(
            "person",
            format!(
                "信息项 {} 是个人信息：请指明哪一项是当事人的身份号码，以便当事人知道谁读取了自己的数据",
                personal.name
            ),
            format!(
                "`{}` is personal data: say which item holds the person's resident ID, so that they can see who read it",
                personal.name
            ),
        );
    }
    Ok(())
}

fn check_indexes(dataset: &Dataset) -> Checked {
    if dataset.indexes.len() > MAX_INDEXES {
        return refuse(
            "indexes",
            format!("索引最多 {MAX_INDEXES} 个"),
            format!("at most {MAX_INDEXES} indexes are possible"),
        );
    }
    let mut seen = BTreeSet::new();
    for index in &dataset.indexes {
        let field = format!("indexes.{}", index.join(","));
        let distinct: BTreeSet<_> = index.iter().collect();
        if !(1..=MAX_INDEX_ITEMS).contains(&index.len()) || distinct.len() != index.len() {
            return refuse(
                &field,
                format!("一个索引由 1 至 {MAX_INDEX_ITEMS} 个不同的信息项组成"),
                format!("an index has 1 to {MAX_INDEX_ITEMS} different items"),
            );
        }
        for name in index {
            if item(dataset, &field, name)?.kind == ItemKind::Geometry {
                return refuse(
                    &field,
                    "位置不能用于索引：按位置查询另有方法",
                    "a geometry is in no index: queries by place find it",
                );
            }
        }
        if !seen.insert(index) {
            return refuse(&field, "索引重复", "the index stands there twice");
        }
    }
    Ok(())
}

fn check_schema(dataset: &Dataset) -> Checked {
    let Some(schema) = &dataset.schema else { return Ok(()) };
    if schema.to_string().len() > MAX_SCHEMA {
        return refuse("schema", "JSON Schema 最大 64 KiB", "a JSON Schema has at most 64 KiB");
    }
    match Schema::compile(schema) {
        Ok(_) => Ok(()),
        Err(e) => refuse("schema", format!("JSON Schema 有误：{e}"), e.to_string()),
    }
}

fn check_terms(dataset: &Dataset) -> Checked {
    if !dataset.level.is_accepted() {
        return refuse(
            "level",
            "本平台不处理核心数据和涉密数据：请使用专用系统",
            "this platform is not built for core data or state secrets: keep them in a system that is",
        );
    }
    match &dataset.sharing {
        Sharing::NotShared { law } if law.trim().is_empty() => {
            return refuse(
                "sharing",
                "不予共享须列明依据的法律、行政法规或政策",
                "`not shared` cites the law, regulation or policy that it rests on",
            );
        }
        Sharing::Conditional { condition } => check_text("sharing.condition", condition, MAX_TEXT)?,
        Sharing::Unconditional if dataset.is_personal() => {
            return refuse(
                "sharing",
                "含个人信息的数据集不能无条件共享：谁能使用、为何使用须逐项决定，请设为有条件共享",
                "a dataset about persons is not shared unconditionally: somebody decides who uses it and for what; make it conditional",
            );
        }
        Sharing::NotShared { .. } | Sharing::Unconditional => {}
    }
    if dataset.openness == Openness::Open && dataset.is_personal() {
        return refuse(
            "openness",
            "含个人信息的数据集不能向社会开放",
            "a dataset about persons is not open to society",
        );
    }
    if dataset.openness == Openness::Open && matches!(dataset.sharing, Sharing::NotShared { .. }) {
        return refuse("openness", "不予共享的数据集不能向社会开放", "what is not shared is not open to society");
    }
    let sensitive = dataset.items.iter().any(|i| i.sensitivity == Sensitivity::Sensitive);
    if sensitive && dataset.level == crate::Level::General {
        return refuse(
            "level",
            "含敏感个人信息的数据集，级别至少为重要数据（important）",
            "a dataset with sensitive personal data has at least the level `important`",
        );
    }
    if let Some(day) = &dataset.released
        && day.parse::<Date>().is_err()
    {
        return refuse("released", "日期格式不对：请按 2026-10-01 的样式填写", "not a date: write it like 2026-10-01");
    }
    Ok(())
}

/// Whether records that are there fit the new description, too.
pub(super) fn compatible(old: &Dataset, new: &Dataset) -> Checked {
    let fixed = [
        ("key", Some(&old.key) == Some(&new.key)),
        ("person", old.person == new.person),
        ("geometry", old.geometry == new.geometry),
        ("division", old.division.is_none() || old.division == new.division),
        ("schema", new.schema.is_none() || old.schema == new.schema),
    ];
    if let Some((field, _)) = fixed.iter().find(|(_, same)| !same) {
        return refuse(
            *field,
            "已有记录，此项不能再修改：请另建一个数据集",
            "there are records, so that this stays as it is: make a new dataset instead",
        );
    }
    for item in &new.items {
        let field = format!("items.{}", item.name);
        match old.item(&item.name) {
            None if item.required => {
                return refuse(
                    field,
                    "已有记录没有这一项：新增的信息项不能是必填",
                    "the records that are there lack it: a new item is optional",
                );
            }
            None => {}
            Some(before) => compatible_item(&field, before, item)?,
        }
    }
    if let Some(gone) = old.items.iter().find(|i| new.item(&i.name).is_none()) {
        return refuse(
            format!("items.{}", gone.name),
            "已有记录使用这一项，不能删除",
            "there are records with it: an item that is in use is not removed",
        );
    }
    Ok(())
}

fn compatible_item(field: &str, old: &Item, new: &Item) -> Checked {
    let widened = old.kind == new.kind || (old.kind, new.kind) == (ItemKind::Integer, ItemKind::Decimal);
    if !widened {
        return refuse(
            field,
            "已有记录，不能改变类型（整数可改为小数）",
            "there are records, so that its type stays; an integer can become a decimal",
        );
    }
    if new.required && !old.required {
        return refuse(
            field,
            "已有记录可能没有这一项，不能改为必填",
            "there are records that may lack it: it stays optional",
        );
    }
    let fewer = !new.codes.is_empty() && (old.codes.is_empty() || old.codes.keys().any(|c| !new.codes.contains_key(c)));
    if fewer {
        return refuse(
            field,
            "已有记录可能使用了其他代码：代码表只能增加，不能减少",
            "there are records that may have other codes: codes are added, not taken away",
        );
    }
    Ok(())
}
