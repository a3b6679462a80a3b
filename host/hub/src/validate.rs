//! What a record must be: each value by its item's type, in its one normal form, and what belongs together.

use crate::catalogue::Live;
use crate::geo::Geometry;
use crate::hub::Inner;
use crate::series::Period;
use crate::{Dataset, FieldError, Item, ItemKind};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use yunlong_formats::{Date, DivisionCode, Explain, Mobile, ResidentId, Uscc};
use yunlong_identity::OrganizationLevel;

/// The longest text in characters.
const MAX_TEXT: usize = 4_000;
/// The longest key in bytes.
const MAX_KEY: usize = 128;
/// A schema's findings that are reported of one record.
const MAX_FINDINGS: usize = 5;

/// Brings the given fields into their normal form; `null` (take the value away) stays.
pub(crate) fn fields(dataset: &Dataset, given: &mut Map<String, Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, value) in given.iter_mut() {
        let Some(item) = dataset.item(name) else {
            errors.push(unknown(dataset, name));
            continue;
        };
        if value.is_null() {
            if item.required || item.name == dataset.key {
                errors.push(missing(item));
            }
            continue;
        }
        match normal(item, value) {
            Ok(Some(normal)) => *value = normal,
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    errors
}

/// A value's normal form; `None` when it has it.
pub(crate) fn normal(item: &Item, value: &Value) -> Result<Option<Value>, FieldError> {
    let name = &item.name;
    let wrong = |zh: &str, en: &str| Err(FieldError::new(name, zh, en));
    match item.kind {
        ItemKind::Integer if value.is_i64() || value.is_u64() => Ok(None),
        ItemKind::Integer => wrong("应为整数，如 12", "an integer, such as 12"),
        ItemKind::Decimal if value.as_f64().is_some_and(f64::is_finite) => Ok(None),
        ItemKind::Decimal => wrong("应为数字，如 12.5", "a number, such as 12.5"),
        ItemKind::Boolean if value.is_boolean() => Ok(None),
        ItemKind::Boolean => wrong("应为 true 或 false", "true or false"),
        ItemKind::Geometry => Geometry::from_value(value)
            .map(|_| None)
            .map_err(|e| FieldError { field: Some(name.clone()), reason: e.text() }),
        _ => match value.as_str() {
            Some(text) => Ok(normal_text(item, text)?.filter(|n| n != text).map(Value::String)),
            None => wrong("应为文本（JSON 字符串）", "a text (a JSON string)"),
        },
    }
}

fn normal_text(item: &Item, text: &str) -> Result<Option<String>, FieldError> {
    let name = &item.name;
    let explained = |e: &dyn Explain| FieldError::explained(name, e);
    match item.kind {
        ItemKind::ResidentId => text.parse::<ResidentId>().map(|v| Some(v.to_string())).map_err(|e| explained(&e)),
        ItemKind::Uscc => text.parse::<Uscc>().map(|v| Some(v.as_str().to_owned())).map_err(|e| explained(&e)),
        ItemKind::Mobile => text.parse::<Mobile>().map(|v| Some(v.as_str().to_owned())).map_err(|e| explained(&e)),
        ItemKind::Division => {
            text.parse::<DivisionCode>().map(|v| Some(v.as_str().to_owned())).map_err(|e| explained(&e))
        }
        ItemKind::Date => text.parse::<Date>().map(|_| None).map_err(|e| explained(&e)),
        ItemKind::Time if text.parse::<jiff::Timestamp>().is_ok() => Ok(None),
        ItemKind::Time => Err(FieldError::new(
            name,
            "时间格式不对：请按 2026-10-01T09:00:00+08:00 的样式填写",
            "not a time: write it like 2026-10-01T09:00:00+08:00",
        )),
        ItemKind::Period if text.parse::<Period>().is_ok() => Ok(None),
        ItemKind::Period => Err(FieldError::new(
            name,
            "时期格式不对：请按 2025、2025-Q3 或 2025-07 的样式填写",
            "not a period: write it like 2025, 2025-Q3 or 2025-07",
        )),
        _ => plain_text(item, text).map(|()| None),
    }
}

fn plain_text(item: &Item, text: &str) -> Result<(), FieldError> {
    if !item.codes.is_empty() && !item.codes.contains_key(text) {
        let some: Vec<&str> = item.codes.keys().take(12).map(String::as_str).collect();
        return Err(FieldError::new(
            &item.name,
            format!("代码表中没有“{}”：可用的代码有 {}", short(text), some.join("、")),
            format!("`{}` is not one of the codes: {}", short(text), some.join(", ")),
        ));
    }
    if text.trim().is_empty() {
        return Err(FieldError::new(
            &item.name,
            "不能为空：没有值时请省略这一项",
            "it is blank: leave the field out when there is no value",
        ));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(FieldError::new(
            &item.name,
            format!("文本过长：最多 {MAX_TEXT} 个字符"),
            format!("too long: at most {MAX_TEXT} characters"),
        ));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(FieldError::new(
            &item.name,
            "含有不可见的控制字符：请删除",
            "it holds control characters: remove them",
        ));
    }
    Ok(())
}

/// What is wrong with a record's key as text in keys of the store.
pub(crate) fn key(dataset: &Dataset, text: &str) -> Option<FieldError> {
    let fits = !text.is_empty() && text.len() <= MAX_KEY && !text.chars().any(char::is_control) && text.trim() == text;
    (!fits).then(|| {
        FieldError::new(
            &dataset.key,
            format!("标识项应为 1 至 {MAX_KEY} 字节的文本，首尾没有空格，也不含控制字符"),
            format!("a key has 1 to {MAX_KEY} bytes, no blanks at its ends and no control characters"),
        )
    })
}

/// Divisions that were found to exist on a day: a file names the same ones again and again.
pub(crate) type Divisions = BTreeSet<(String, Date)>;

/// What is wrong with a whole record. `changed` are the fields of this change: what is known from outside
/// (whether a division exists on that day) is asked of these alone, since it was so once for the others.
pub(crate) async fn record(
    inner: &Inner,
    live: &Live,
    body: &Map<String, Value>,
    changed: &[String],
    day: Date,
    known: &mut Divisions,
) -> Vec<FieldError> {
    let dataset = live.dataset();
    let mut errors: Vec<FieldError> = dataset
        .items
        .iter()
        .filter(|i| (i.required || i.name == dataset.key) && !body.contains_key(&i.name))
        .map(missing)
        .collect();
    for name in changed.iter().filter(|n| dataset.item(n).is_some_and(|i| i.kind == ItemKind::Division)) {
        let Some(code) = body.get(name).and_then(Value::as_str) else { continue };
        let this = (code.to_owned(), day);
        if known.contains(&this) {
            continue;
        }
        match division(inner, name, code, day).await {
            Some(error) => errors.push(error),
            None => drop(known.insert(this)),
        }
    }
    if errors.is_empty() {
        together(&dataset.id, body, crate::days::day(inner.now()), &mut errors);
        schema(live, body, &mut errors);
    }
    errors
}

async fn division(inner: &Inner, name: &str, code: &str, day: Date) -> Option<FieldError> {
    let unit = match inner.identity.organization(code).await {
        Ok(unit) => unit.filter(|u| !matches!(u.level, OrganizationLevel::Department | OrganizationLevel::Vendor)),
        Err(e) => return Some(FieldError::explained(name, &e)),
    };
    match unit {
        None => Some(FieldError::new(
            name,
            format!("没有代码为 {code} 的行政区划：请核对代码，或先导入区划表"),
            format!("there is no division {code}: check the code, or import the table of divisions first"),
        )),
        Some(unit) if !unit.valid_on(day) => Some(FieldError::new(
            name,
            format!("行政区划 {code} 在 {day} 不存在（已撤销或尚未设立）：请填写当日有效的代码"),
            format!("the division {code} does not exist on {day}: give the code that is valid on that day"),
        )),
        Some(_) => None,
    }
}

fn schema(live: &Live, body: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let Some(schema) = &live.schema else { return };
    let whole = Value::Object(body.clone());
    let Some(validator) = schema.for_value(&whole) else {
        errors.push(of_record(
            "记录过大，无法按 JSON Schema 校验：请精简",
            "the record is too large for its schema: make it smaller",
        ));
        return;
    };
    for finding in validator.iter_errors(&whole).take(MAX_FINDINGS) {
        let path = finding.instance_path().to_string();
        let field = path.split('/').nth(1).filter(|f| !f.is_empty()).map(ToOwned::to_owned);
        // Masked: the finding must not repeat the value itself, which may be personal.
        let said = finding.masked().to_string();
        errors.push(FieldError {
            field,
            reason: yunlong_model::Text {
                zh: format!("不符合数据集的 JSON Schema：{said}"),
                en: format!("it breaks the dataset's JSON Schema: {said}"),
            },
        });
    }
}

/// What belongs together in the base datasets.
fn together(dataset: &str, body: &Map<String, Value>, today: Date, errors: &mut Vec<FieldError>) {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let date = |name: &str| text(name).and_then(|t| t.parse::<Date>().ok());
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let mut push = |error: Option<FieldError>| errors.extend(error);
    match dataset {
        "population.person" => {
            if let Some(id) = text("resident_id").and_then(|t| t.parse::<ResidentId>().ok()) {
                push(person(&id, date("birth_date"), text("sex")));
            }
            push(not_later("birth_date", date("birth_date"), today));
        }
        "population.household" => push(at_least("size", number("size"), 1)),
        "legal-entities.entity" => {
            push(at_least("capital", number("capital"), 0));
            push(not_later("founded", date("founded"), today));
        }
        "credit.event" => {
            push(at_least("amount", number("amount"), 0));
            if let (Some(on), Some(until)) = (date("date"), date("until"))
                && until < on
            {
                push(Some(FieldError::new(
                    "until",
                    "截止日期不能早于决定日期",
                    "it ends before the date of the decision",
                )));
            }
        }
        "economy.observation" => {
            let parts = (text("indicator"), text("division"), text("period"), text("observation"));
            if let (Some(indicator), Some(division), Some(period), Some(key)) = parts {
                let wanted = format!("{indicator}/{division}/{period}");
                push((key != wanted).then(|| {
                    FieldError::new(
                        "observation",
                        format!("观测编号应为“指标/区划/时期”，即 {wanted}"),
                        format!("its number is indicator/division/period: {wanted}"),
                    )
                }));
            }
        }
        _ => {}
    }
}

/// A resident ID tells the date of birth and the sex. The area in it is that of the first registration, and
/// says nothing of where the person is registered today, nor whether the division existed at their birth.
fn person(id: &ResidentId, birth: Option<Date>, sex: Option<&str>) -> Option<FieldError> {
    if birth.is_some_and(|b| b != id.birth_date()) {
        return Some(FieldError::new(
            "birth_date",
            "出生日期与身份号码不一致：请核对哪一个有误",
            "it differs from the date in the resident ID: check which of them is wrong",
        ));
    }
    // GB 11643: the order number is odd for men and even for women.
    let odd = id.as_str().as_bytes().get(16).is_some_and(|d| d % 2 == 1);
    let differs = matches!((sex, odd), (Some("1"), false) | (Some("2"), true));
    differs.then(|| {
        FieldError::new(
            "sex",
            "性别与身份号码不一致：请核对哪一个有误",
            "it differs from the resident ID: check which of them is wrong",
        )
    })
}

fn not_later(field: &str, date: Option<Date>, today: Date) -> Option<FieldError> {
    date.filter(|d| *d > today).map(|_| FieldError::new(field, "日期不能晚于今天", "it lies in the future"))
}

fn at_least(field: &str, number: Option<i64>, least: i64) -> Option<FieldError> {
    number
        .filter(|n| *n < least)
        .map(|_| FieldError::new(field, format!("不能小于 {least}"), format!("it is less than {least}")))
}

fn missing(item: &Item) -> FieldError {
    FieldError::new(&item.name, format!("缺少必填项“{}”", item.title.zh), format!("`{}` is required", item.title.en))
}

fn unknown(dataset: &Dataset, name: &str) -> FieldError {
    let has: Vec<&str> = dataset.items.iter().map(|i| i.name.as_str()).collect();
    let name = short(name);
    FieldError::new(
        &name,
        format!("数据集没有“{name}”这一项，可用的有：{}", has.join("、")),
        format!("the dataset has no item `{name}`; it has: {}", has.join(", ")),
    )
}

pub(crate) fn of_record(zh: &str, en: &str) -> FieldError {
    FieldError { field: None, reason: yunlong_model::Text { zh: zh.into(), en: en.into() } }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
