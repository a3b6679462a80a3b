//! Deciding on a request: the form on which a provider narrows what is asked for.

use super::{Typed, mendable};
use crate::body::{Fields, Form};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, Input};
use crate::view::{View, see_other};
use crate::words;
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;
use yunlong_hub::{Dataset, Decision, Mask, Request, Rows, Terms};
use yunlong_model::Timestamp;

/// A day as people write it, from the moment at which a grant ends.
fn last_day(until: Timestamp) -> String {
    // It ends with that day: a moment before is in it.
    until.plus_millis(-1).to_shanghai().chars().take(10).collect()
}

/// The form; with what was typed, when it was refused.
pub(super) fn form(view: &View, r: &Request, dataset: Option<&Dataset>, typed: Option<Typed<'_>>) -> Markup {
    let now = view.gateway.services.clock.now();
    let (refusing, not_refused) = Typed::of(typed, "refuse");
    let (typed, failure) = Typed::of(typed, "approve");
    let action = format!("/hub/requests/{}", r.id);
    html! {
        form.card method="post" action={ (action) "/approve" } {
            h2 { (view.t("批准", "Approve")) }
            p.muted { (view.t("可以少给，不能多给：去掉不必要的信息项，选择遮掩方式，缩小范围或期限。", "You may give less than was asked for, never more: leave out items, choose masks, narrow rows or time.")) }
            (fields(view, r, dataset, typed, failure))
            (ways(view, r, typed, failure))
            (rows(view, r, typed, failure))
            (Area::new("only", view.t("只给符合以下条件的记录", "Only records with these values"), typed.map_or("", |f| f.text("only"))).optional().help(view.t("每行一个：字段名 = 值，例如 status = normal。", "One a line: item = value, such as status = normal.")).render(view, failure))
            (Input::text("roles", view.t("只限应用的这些角色", "Only these roles of the app"), &typed.map_or_else(|| r.asked.roles.join(", "), |f| f.text("roles").to_owned())).optional().help(view.t("以逗号分隔。涉及个人的信息资源，留空即没有工作人员可以读取他人的记录（只供定时任务和本人使用）；不涉及个人的，留空为任何工作人员。", "With commas between. Empty, for data about persons: no official reads records about others, only the app’s jobs and people about themselves; for other data: every official.")).render(view, failure))
            (Input { kind: "date", ..Input::text("until", view.t("有效期至（含当天）", "Until (that day included)"), &typed.map_or_else(|| last_day(r.longest(now)), |f| f.text("until").to_owned())) }.render(view, failure))
            div.actions { button { (view.t("批准", "Approve")) } }
        }
        form.card method="post" action={ (action) "/refuse" } {
            h2 { (view.t("不予批准", "Refuse")) }
            (Area { max: 1_000, ..Area::new("reason", view.t("理由（申请部门会看到）", "Why (the department that asked reads it)"), refusing.map_or("", |f| f.text("reason"))) }.render(view, not_refused))
            div.actions { button.danger.outline { (view.t("不予批准", "Refuse")) } }
        }
    }
}

fn fields(
    view: &View,
    r: &Request,
    dataset: Option<&Dataset>,
    typed: Option<&Fields>,
    failure: Option<&Failure>,
) -> Markup {
    let lang = view.lang();
    let chosen = |name: &str| typed.is_none_or(|f| f.all("field").any(|c| c == name));
    let mask_of = |name: &str| typed.map_or("plain", |f| f.text(&format!("mask.{name}"))).to_owned();
    let wrong = failure
        .map(|f| f.fields().iter().filter(|e| e.name.starts_with("fields")).collect::<Vec<_>>())
        .unwrap_or_default();
    html! {
        fieldset {
            legend { (view.t("信息项与遮掩", "Items and masks")) }
            @for e in wrong { span.field-error { (e.detail.get(lang)) } }
            @for name in &r.asked.fields {
                @let item = dataset.and_then(|d| d.item(name));
                @let title = item.map_or(name.as_str(), |i| i.title.get(lang));
                div.pair {
                    label.choice { input type="checkbox" name="field" value=(name) checked[chosen(name)]; " " (title) }
                    label {
                        span.visually-hidden { (title) " " } (view.t("遮掩", "Mask"))
                        select name={ "mask." (name) } {
                            @for mask in words::MASKS.into_iter().filter(|m| item.is_none_or(|i| m.fits(i.kind))) {
                                @let value = words::name(&mask);
                                option value=(value) selected[value == mask_of(name)] { (words::mask(mask, lang)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ways(view: &View, r: &Request, typed: Option<&Fields>, failure: Option<&Failure>) -> Markup {
    let wrong = failure.and_then(|f| f.fields().iter().find(|e| e.name == "access"));
    html! {
        fieldset {
            legend { (view.t("使用方式", "Access")) }
            @if let Some(e) = wrong { span.field-error { (e.detail.get(view.lang())) } }
            @for access in &r.asked.access {
                @let value = words::name(access);
                label.choice { input type="checkbox" name="access" value=(value) checked[typed.is_none_or(|f| f.all("access").any(|a| a == value))]; " " (words::access(*access, view.lang())) }
            }
        }
    }
}

/// What may be chosen: what was asked for, and less.
fn rows(view: &View, r: &Request, typed: Option<&Fields>, failure: Option<&Failure>) -> Markup {
    let asked = match &r.asked.rows {
        Rows::Own => "own",
        Rows::Divisions(_) => "divisions",
        Rows::All => "all",
    };
    let chosen = typed.map_or(asked, |f| f.text("rows"));
    let codes = match &r.asked.rows {
        Rows::Divisions(codes) => codes.join(", "),
        _ => String::new(),
    };
    let codes = typed.map_or(codes, |f| f.text("divisions").to_owned());
    let wrong = failure.and_then(|f| f.fields().iter().find(|e| e.name == "rows"));
    let choices = [
        (asked == "all", "all", "全部记录", "All records"),
        (asked != "own", "divisions", "只限以下行政区划", "Only these divisions"),
        (true, "own", "只限办事人本人的记录", "Only records about whoever asks"),
    ];
    html! {
        fieldset {
            legend { (view.t("记录范围", "Rows")) }
            @if let Some(e) = wrong { span.field-error { (e.detail.get(view.lang())) } }
            @for (_, value, zh, en) in choices.into_iter().filter(|c| c.0) {
                label.choice { input type="radio" name="rows" value=(value) checked[chosen == value]; " " (view.t(zh, en)) }
            }
            @if asked != "own" { (Input { max: 2_000, ..Input::text("divisions", view.t("行政区划代码", "Codes of divisions"), &codes).optional() }.help(view.t("以逗号分隔，例如 320302, 320324。", "With commas between, such as 320302, 320324.")).render(view, failure)) }
        }
    }
}

/// What the form gives. Whether it is more than was asked for, the hub says.
pub(crate) fn terms_of(form: &Fields, r: &Request, now: Timestamp) -> Result<Decision, Failure> {
    let mut failure = Failure::new(kinds::INVALID);
    let mut terms = Terms::of_use(&r.asked);
    terms.fields = BTreeMap::new();
    for name in form.all("field") {
        let mask = match form.text(&format!("mask.{name}")) {
            "" => Some(Mask::Plain),
            text => words::named(text),
        };
        match mask {
            Some(mask) => _ = terms.fields.insert(name.to_owned(), mask),
            None => failure = failure.field(&format!("mask.{name}"), "没有这种遮掩方式。", "There is no such mask."),
        }
    }
    terms.access = form.all("access").filter_map(words::named).collect();
    let list = |text: &str| {
        text.split([',', '，', '、', ' ', '\n'])
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    terms.rows = match form.text("rows") {
        "own" => Rows::Own,
        "divisions" => Rows::Divisions(list(form.text("divisions"))),
        "all" => Rows::All,
        _ => r.asked.rows.clone(),
    };
    terms.roles = list(form.text("roles"));
    for line in form.text("only").lines().map(str::trim).filter(|l| !l.is_empty()) {
        match line.split_once('=') {
            Some((item, value)) => {
                let value = value.trim();
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
                terms.only.insert(item.trim().to_owned(), value);
            }
            None => {
                failure = failure.field(
                    "only",
                    format!("“{line}”应写作：字段名 = 值"),
                    format!("Write `{line}` as: item = value"),
                );
            }
        }
    }
    let until = match (form.text("until"), super::audit::day(form.text("until"))) {
        // The whole of that day, and never longer than was asked for by hours of the last one.
        (day, Some(_)) if day == last_day(r.longest(now)) => r.longest(now),
        (_, Some(day)) => day.plus_millis(86_400_000),
        ("", None) => r.longest(now),
        // A program may name the moment itself.
        (text, None) => match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Timestamp(moment.as_millisecond()),
            Err(_) => {
                failure = failure.field("until", "请按 2026-10-01 的样式填写日期。", "Write the day like 2026-10-01.");
                now
            }
        },
    };
    if failure.fields().is_empty() { Ok(Decision { terms, until }) } else { Err(failure) }
}

/// Takes a step with a request.
pub(crate) async fn step(view: &View, id: &str, act: &str, form: &Fields) -> Outcome<Request> {
    let actor = view.official()?;
    let hub = &view.gateway.services.hub;
    let r = super::requests::visible(view, &actor, id).await?;
    Ok(match act {
        "accept" => hub.accept_request(id, &actor).await?,
        "approve" => {
            view.step_up_for(&format!("/hub/requests/{id}"))?;
            let decision = terms_of(form, &r, view.gateway.services.clock.now())?;
            hub.approve_request(id, decision, &actor).await?
        }
        "refuse" => hub.refuse_request(id, form.text("reason"), &actor).await?,
        "withdraw" => hub.withdraw_request(id, form.text("reason"), &actor).await?,
        "again" => hub.ask(&r.installation, r.dataset(), r.purpose(), &actor).await?,
        _ => return Err(Failure::not_found()),
    })
}

pub(super) async fn act(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    match step(&view, &id, &act, &form).await {
        Ok(r) => Ok(see_other(&format!("/hub/requests/{}?done=1", r.id))),
        Err(f) if mendable(&f) => {
            let typed = Typed { act: &act, fields: &form, failure: &f };
            super::requests::show(&view, &id, f.status(), false, Some(typed)).await
        }
        Err(f) => Err(f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use yunlong_hub::Access;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn request() -> Request {
        serde_json::from_value(json!({
            "id": "1", "installation": "tickets", "organization": "320300", "provider": "320300",
            "asked": { "dataset": "population.person", "purpose": "check", "reason": { "zh": "核对", "en": "check" },
                "basis": "statutory-duty", "law": "a law", "fields": ["birth_date", "name"], "rows": "all",
                "access": ["get", "query"], "days": 30 },
            "filed_at": 0, "filed_by": "-", "accept_by": 0, "decide_by": 0, "state": { "is": "filed" }, "steps": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_form_narrows_what_was_asked_for() {
        let form = Fields::parse(
            b"field=birth_date&mask.birth_date=age&mask.name=plain&access=get&rows=divisions&divisions=320302%2C+320324&roles=&only=status+%3D+normal&until=2026-09-25",
        );
        let decision = terms_of(&form, &request(), NOW).unwrap();
        assert_eq!(decision.terms.fields, BTreeMap::from([("birth_date".to_owned(), Mask::Age)]));
        assert_eq!(decision.terms.access, [Access::Get]);
        assert_eq!(decision.terms.rows, Rows::Divisions(vec!["320302".into(), "320324".into()]));
        assert_eq!(decision.terms.only["status"], json!("normal"));
        assert_eq!(decision.until.to_shanghai(), "2026-09-26 00:00");
        assert_eq!(decision.terms.law.as_deref(), Some("a law"), "the basis stays that of the request");
    }

    #[test]
    fn the_last_day_that_is_offered_is_not_longer_than_what_was_asked_for() {
        let r = request();
        let form =
            Fields::parse(format!("field=name&access=get&rows=all&until={}", last_day(r.longest(NOW))).as_bytes());
        assert_eq!(terms_of(&form, &r, NOW).unwrap().until, r.longest(NOW));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let form = Fields::parse(b"field=name&mask.name=none-such&only=broken&until=tomorrow");
        let failure = terms_of(&form, &request(), NOW).unwrap_err();
        let named: Vec<_> = failure.fields().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(named, ["mask.name", "only", "until"]);
    }
}
