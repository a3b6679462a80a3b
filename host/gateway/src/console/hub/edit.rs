//! Describing a dataset: one form, with rows for the items, that needs no script.

use super::edit_form::{MOST, description, items_fieldset, sharing_fieldset, structure};
use super::{NAV, Typed, mendable};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::refused;
use crate::layout::Page;
use crate::view::{View, see_other};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::html;
use std::collections::BTreeMap;
use yunlong_hub::{CatalogueEntry, Category, Dataset, Item, Openness, Sharing};
use yunlong_identity::PlatformRole;
use yunlong_model::Text;

/// The fields of an item's row, all of which a form sends for each row.
const ROW: [&str; 8] = ["name", "zh", "en", "type", "required", "sensitivity", "authority", "codes"];

fn fill(fields: &mut Fields, name: &str, value: impl Into<String>) {
    fields.push(name.to_owned(), value.into());
}

/// A description as the form shows it.
fn fields_of(e: &CatalogueEntry) -> Fields {
    let d = &e.dataset;
    let mut f = Fields::default();
    let optional = |v: &Option<String>| v.clone().unwrap_or_default();
    for (name, value) in [
        ("version", e.version.to_string()),
        ("id", d.id.clone()),
        ("title_zh", d.title.zh.clone()),
        ("title_en", d.title.en.clone()),
        ("summary_zh", d.summary.zh.clone()),
        ("summary_en", d.summary.en.clone()),
        ("category", words::name(&d.category)),
        ("provider", d.provider.clone()),
        ("format", d.format.clone()),
        ("key", d.key.clone()),
        ("person", optional(&d.person)),
        ("division", optional(&d.division)),
        ("geometry", optional(&d.geometry)),
        ("indexes", d.indexes.iter().map(|i| i.join(", ")).collect::<Vec<_>>().join("\n")),
        ("schema", d.schema.as_ref().map_or_else(String::new, |s| format!("{s:#}"))),
        ("openness", words::name(&d.openness)),
        ("level", words::name(&d.level)),
        ("update_cycle", words::name(&d.update_cycle)),
    ] {
        fill(&mut f, name, value);
    }
    sharing_fields(&mut f, &d.sharing);
    for i in &d.items {
        let codes = i.codes.iter().map(|(c, t)| format!("{c} = {} | {}", t.zh, t.en)).collect::<Vec<_>>().join("\n");
        for (name, value) in [
            ("item_name", i.name.clone()),
            ("item_zh", i.title.zh.clone()),
            ("item_en", i.title.en.clone()),
            ("item_type", words::name(&i.kind)),
            ("item_required", i.required.to_string()),
            ("item_sensitivity", words::name(&i.sensitivity)),
            ("item_authority", optional(&i.authority)),
            ("item_codes", codes),
        ] {
            fill(&mut f, name, value);
        }
    }
    f
}

fn sharing_fields(f: &mut Fields, sharing: &Sharing) {
    fill(f, "sharing", words::name(&sharing.class()));
    match sharing {
        Sharing::Conditional { condition } => {
            fill(f, "condition_zh", &condition.zh);
            fill(f, "condition_en", &condition.en);
        }
        Sharing::NotShared { law } => fill(f, "law", law),
        Sharing::Unconditional => {}
    }
}

fn choose<T: serde::de::DeserializeOwned>(failure: &mut Failure, fields: &Fields, name: &str) -> Option<T> {
    let found = words::named(fields.text(name));
    if found.is_none() {
        *failure = failure.clone().field(name, "请选择一项。", "Choose one of the values.");
    }
    found
}

/// The terms of sharing of a form; `None` with the failure that says why.
pub(crate) fn sharing_of(fields: &Fields) -> Result<Sharing, Failure> {
    let (zh, en) = (fields.text("condition_zh").to_owned(), fields.text("condition_en").to_owned());
    match fields.text("sharing") {
        "unconditional" => Ok(Sharing::Unconditional),
        "conditional" => Ok(Sharing::Conditional { condition: Text { zh, en } }),
        "not-shared" => Ok(Sharing::NotShared { law: fields.text("law").to_owned() }),
        _ => Err(Failure::new(kinds::INVALID).field("sharing", "请选择共享类型。", "Choose the sharing class.")),
    }
}

/// The description that a form makes. What the hub has to say of it comes later.
pub(crate) fn dataset_of(fields: &Fields) -> Result<Dataset, Failure> {
    let mut failure = Failure::new(kinds::INVALID);
    let optional = |name: &str| Some(fields.text(name).to_owned()).filter(|v| !v.is_empty());
    let category = choose::<Category>(&mut failure, fields, "category");
    let openness = choose::<Openness>(&mut failure, fields, "openness");
    let level = choose(&mut failure, fields, "level");
    let update_cycle = choose(&mut failure, fields, "update_cycle");
    let sharing = sharing_of(fields);
    if let Err(f) = &sharing {
        failure = f.fields().iter().fold(failure, |all, e| all.field(&e.name, &e.detail.zh, &e.detail.en));
    }
    let schema = match fields.text("schema") {
        "" => None,
        text => serde_json::from_str(text)
            .map_err(|e| {
                failure =
                    failure.clone().field("schema", format!("不是有效的 JSON：{e}"), format!("This is no JSON: {e}"));
            })
            .ok(),
    };
    let items = items_of(fields, &mut failure);
    let index = |line: &str| {
        line.split([',', '，', '、']).map(str::trim).filter(|i| !i.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let indexes = fields.text("indexes").lines().map(index).filter(|i| !i.is_empty()).collect();
    let (Some(category), Some(openness), Some(level), Some(update_cycle), Ok(sharing), true) =
        (category, openness, level, update_cycle, sharing, failure.fields().is_empty())
    else {
        return Err(failure);
    };
    Ok(Dataset {
        id: fields.text("id").to_owned(),
        title: Text { zh: fields.text("title_zh").into(), en: fields.text("title_en").into() },
        summary: Text { zh: fields.text("summary_zh").into(), en: fields.text("summary_en").into() },
        category,
        provider: fields.text("provider").to_owned(),
        format: optional("format").unwrap_or_else(|| "json".to_owned()),
        items,
        key: fields.text("key").to_owned(),
        person: optional("person"),
        division: optional("division"),
        geometry: optional("geometry"),
        indexes,
        schema,
        sharing,
        openness,
        level,
        update_cycle,
        released: None,
    })
}

fn items_of(fields: &Fields, failure: &mut Failure) -> Vec<Item> {
    let mut items = Vec::new();
    for row in rows(fields).into_iter().filter(|r| !r[0].is_empty()) {
        let [name, zh, en, kind, required, sensitivity, authority, codes] = row;
        let field = format!("items.{name}");
        let (Some(kind), Some(sensitivity)) = (words::named(&kind), words::named(&sensitivity)) else {
            *failure = failure.clone().field(&field, "请选择类型和敏感程度。", "Choose its type and sensitivity.");
            continue;
        };
        let mut table = BTreeMap::new();
        for line in codes.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let parts = line.split_once('=').and_then(|(code, words)| Some((code, words.split_once('|')?)));
            match parts {
                Some((code, (zh, en))) => {
                    table.insert(code.trim().to_owned(), Text { zh: zh.trim().into(), en: en.trim().into() });
                }
                None => {
                    *failure = failure.clone().field(
                        &field,
                        format!("代码“{line}”应写作：代码 = 中文 | English"),
                        format!("Write the code `{line}` as: code = 中文 | English"),
                    );
                }
            }
        }
        let authority = Some(authority).filter(|a| !a.is_empty());
        let title = Text { zh, en };
        items.push(Item { name, title, kind, required: required == "true", sensitivity, authority, codes: table });
    }
    items
}

/// The rows of items, as they were typed.
pub(super) fn rows(fields: &Fields) -> Vec<[String; 8]> {
    let columns = ROW.map(|c| fields.all(&format!("item_{c}")).map(|v| v.trim().to_owned()).collect::<Vec<_>>());
    let count = columns[0].len().min(MOST);
    (0..count).map(|n| std::array::from_fn(|c| columns[c].get(n).cloned().unwrap_or_default())).collect()
}

pub(super) async fn new(view: View) -> Outcome {
    let actor = view.official()?;
    let mut f = Fields::default();
    for (name, value) in [
        ("provider", actor.organization.as_deref().unwrap_or("")),
        ("category", "department"),
        ("format", "json"),
        ("sharing", "conditional"),
        ("openness", "closed"),
        ("level", "general"),
        ("update_cycle", "monthly"),
    ] {
        fill(&mut f, name, value);
    }
    show(&view, None, StatusCode::OK, &f, None)
}

pub(super) async fn page(view: View, Path(id): Path<String>, Query(_): Query) -> Outcome {
    let actor = view.official()?;
    let e = super::catalogue::entry(&view, &actor, &id)?;
    show(&view, Some(&id), StatusCode::OK, &fields_of(&e), None)
}

fn show(view: &View, id: Option<&str>, status: StatusCode, f: &Fields, failure: Option<&Failure>) -> Outcome {
    let title = if id.is_some() {
        view.t("编辑信息资源", "Edit the dataset")
    } else {
        view.t("登记信息资源", "Register a dataset")
    };
    let action = id.map_or_else(|| "/hub/datasets/new".to_owned(), |id| format!("/hub/datasets/{id}/edit"));
    let back = id.map_or_else(|| NAV.to_owned(), |id| format!("/hub/datasets/{id}"));
    let content = html! {
        p { a href=(back) { "← " (view.t("返回", "Back")) } }
        h1 { (title) }
        (refused(view, failure))
        @if id.is_some() { (view.step_up_first_at(&action)) }
        p.muted { (view.t("按《政务信息资源目录编制指南》填写。涉密数据和核心数据不得登记。", "Fill it in as the national guide to catalogues has it. Classified and core data must not be registered.")) }
        form method="post" action=(action) {
            input type="hidden" name="version" value=(f.text("version"));
            (description(view, id, f, failure))
            @if id.is_none() { (sharing_fieldset(view, f, failure)) } @else {
                input type="hidden" name="sharing" value=(f.text("sharing"));
                input type="hidden" name="condition_zh" value=(f.text("condition_zh"));
                input type="hidden" name="condition_en" value=(f.text("condition_en"));
                input type="hidden" name="law" value=(f.text("law"));
            }
            (items_fieldset(view, id, f, failure))
            (structure(view, f, failure))
            div.actions {
                button name="act" value="save" { (view.t("保存", "Save")) }
                button.outline name="act" value="rows" formnovalidate { (view.t("再加几行信息项", "More rows for items")) }
                a role="button" class="outline" href=(back) { (view.t("取消", "Cancel")) }
            }
        }
        @if let Some(id) = id && view.session.as_ref().is_some_and(|s| s.has(PlatformRole::DepartmentAdmin)) {
            form #sharing method="post" action={ "/hub/datasets/" (id) "/sharing" } {
                (sharing_fieldset(view, f, failure))
                div.actions { button.outline { (view.t("只保存共享属性", "Save the terms of sharing only")) } }
            }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(title, NAV), &content)
}

pub(super) async fn create(view: View, Form(form): Form) -> Outcome {
    let actor = view.official()?;
    if form.text("act") == "rows" {
        return show(&view, None, StatusCode::OK, &form, None);
    }
    let created = match dataset_of(&form) {
        Ok(new) => view.gateway.services.hub.create_dataset(new, &actor).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match created {
        Ok(e) => Ok(see_other(&format!("/hub/datasets/{}?saved=1", e.dataset.id))),
        Err(f) if mendable(&f) => show(&view, None, f.status(), &form, Some(&f)),
        Err(f) => Err(f),
    }
}

/// Describes a dataset anew. What decides on the data asks for the second factor.
pub(crate) async fn edited(view: &View, new: Dataset, version: u64) -> Outcome<CatalogueEntry> {
    let actor = view.official()?;
    if super::catalogue::entry(view, &actor, &new.id)?.decides(&new) {
        view.step_up_for(&format!("/hub/datasets/{}/edit", new.id))?;
    }
    Ok(view.gateway.services.hub.edit_dataset(new, version, &actor).await?)
}

pub(super) async fn save(view: View, Path(id): Path<String>, Form(form): Form) -> Outcome {
    view.official()?;
    if form.text("act") == "rows" {
        return show(&view, Some(&id), StatusCode::OK, &form, None);
    }
    let edited = match dataset_of(&form) {
        Ok(new) => {
            let version = form.text("version").parse().unwrap_or(0);
            edited(&view, Dataset { id: id.clone(), ..new }, version).await
        }
        Err(failure) => Err(failure),
    };
    match edited {
        Ok(_) => Ok(see_other(&format!("/hub/datasets/{id}?saved=1"))),
        Err(f) if f.kind() == kinds::CONFLICT => after_a_conflict(&view, &id, form, &f),
        Err(f) if mendable(&f) => show(&view, Some(&id), f.status(), &form, Some(&f)),
        Err(f) => Err(f),
    }
}

/// Somebody else was faster: the form comes back with what was typed, on the version that stands now, and
/// with what differs from that. Saving again says what is typed on purpose.
fn after_a_conflict(view: &View, id: &str, mut form: Fields, conflict: &Failure) -> Outcome {
    let actor = view.official()?;
    let now = fields_of(&super::catalogue::entry(view, &actor, id)?);
    if form.text("version") == now.text("version") {
        // Not that: its state does not allow it.
        return show(view, Some(id), conflict.status(), &form, Some(conflict));
    }
    let differ = differences(&now, &form);
    let said = |lang: yunlong_model::Lang| {
        let list = differ.iter().map(|(name, theirs)| format!("{name} = {theirs}")).collect::<Vec<_>>();
        list.join(lang.pick("；", "; "))
    };
    let (zh, en) = (conflict.text(yunlong_model::Lang::Zh), conflict.text(yunlong_model::Lang::En));
    let failure = if differ.is_empty() {
        Failure::new(kinds::CONFLICT).because(
            format!("{zh}您填写的与现在的内容没有不同。"),
            format!("{en}. What you typed does not differ from what stands there now."),
        )
    } else {
        Failure::new(kinds::CONFLICT).because(
            format!("您填写的还在下面。别人保存的内容在这些地方与您的不同，现为：{}。核对后再保存一次，即以您填写的为准。", said(yunlong_model::Lang::Zh)),
            format!("What you typed is still below. What somebody else saved differs in these places, where it now is: {}. Compare, then save again: what you typed then holds.", said(yunlong_model::Lang::En)),
        )
    };
    // What the form does not change is as it stands.
    for name in ["version", "sharing", "condition_zh", "condition_en", "law", "provider", "category"] {
        form.set(name, now.text(name));
    }
    show(view, Some(id), conflict.status(), &form, Some(&failure))
}

/// Fields of a form that differ from what stands, with what stands there; items by their names.
fn differences(now: &Fields, form: &Fields) -> Vec<(String, String)> {
    let plain = [
        "title_zh",
        "title_en",
        "summary_zh",
        "summary_en",
        "format",
        "update_cycle",
        "level",
        "openness",
        "key",
        "person",
        "division",
        "geometry",
        "indexes",
        "schema",
    ];
    let same = |a: &str, b: &str| a.split_whitespace().eq(b.split_whitespace());
    let plain = plain.iter().filter(|n| !same(now.text(n), form.text(n)));
    let mut all: Vec<_> = plain.map(|n| ((*n).to_owned(), now.text(n).to_owned())).collect();
    let (standing, typed) = (rows(now), rows(form));
    let of = |rows: &[[String; 8]], name: &str| rows.iter().find(|r| r[0] == name).cloned();
    for row in standing.iter().filter(|r| !r[0].is_empty()) {
        match of(&typed, &row[0]) {
            None => all.push((format!("items.{}", row[0]), row.join(" | "))),
            // The authority is none of the form's.
            Some(mine) => all.extend(ROW.iter().zip(row.iter().zip(&mine)).filter_map(|(column, (theirs, mine))| {
                let differs = *column != "authority" && !same(theirs, mine);
                differs.then(|| (format!("items.{}.{column}", row[0]), theirs.clone()))
            })),
        }
    }
    let new = typed.iter().filter(|r| !r[0].is_empty() && of(&standing, &r[0]).is_none());
    all.extend(new.map(|r| (format!("items.{}", r[0]), "—".to_owned())));
    all
}

/// What is done to an entry beside describing it: each a decision on the data.
pub(crate) async fn done(view: &View, id: &str, act: &str, form: &Fields) -> Outcome<CatalogueEntry> {
    let actor = view.official()?;
    super::catalogue::entry(view, &actor, id)?;
    let hub = &view.gateway.services.hub;
    let form_at = if act == "sharing" { format!("/hub/datasets/{id}/edit") } else { format!("/hub/datasets/{id}") };
    view.step_up_for(&form_at)?;
    Ok(match act {
        "publish" => hub.publish_dataset(id, &actor).await?,
        "withdraw" => hub.withdraw_dataset(id, form.text("reason"), &actor).await?,
        "provider" => hub.set_provider(id, form.text("organization"), &actor).await?,
        "sharing" => hub.set_sharing(id, sharing_of(form)?, &actor).await?,
        "authority" => {
            let organization = Some(form.text("authority")).filter(|o| !o.is_empty());
            hub.set_authority(id, form.text("item"), organization, &actor).await?
        }
        _ => return Err(Failure::not_found()),
    })
}

pub(super) async fn act(view: View, Path((id, act)): Path<(String, String)>, Form(form): Form) -> Outcome {
    match done(&view, &id, &act, &form).await {
        Ok(_) => Ok(see_other(&format!("/hub/datasets/{id}?saved=1"))),
        Err(f) if mendable(&f) && act == "sharing" => {
            // The page has the description, too, which nobody touched.
            let actor = view.official()?;
            let mut all = fields_of(&super::catalogue::entry(&view, &actor, &id)?);
            for name in ["sharing", "condition_zh", "condition_en", "law"] {
                all.set(name, form.text(name));
            }
            show(&view, Some(&id), f.status(), &all, Some(&f))
        }
        Err(f) if mendable(&f) => {
            let typed = Typed { act: &act, fields: &form, failure: &f };
            super::catalogue::show(&view, &id, f.status(), false, Some(typed)).await
        }
        Err(f) => Err(f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Fields {
        Fields::parse(text.as_bytes())
    }

    #[test]
    fn a_form_makes_the_dataset_that_it_shows() {
        let typed = form(
            "id=transport.bus-stop&title_zh=%E7%AB%99&title_en=Stops&summary_zh=a&summary_en=b&category=department&provider=320300\
             &format=json&key=code&indexes=line%2C+code%0Aline&sharing=not-shared&law=a+law&openness=closed&level=general&update_cycle=weekly\
             &item_name=code&item_zh=%E4%BB%A3%E7%A0%81&item_en=Code&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=1+%3D+%E4%B8%80+%7C+one\
             &item_name=&item_zh=&item_en=&item_type=text&item_required=false&item_sensitivity=general&item_authority=&item_codes=\
             &item_name=line&item_zh=x&item_en=y&item_type=text&item_required=false&item_sensitivity=general&item_authority=320311&item_codes=",
        );
        let dataset = dataset_of(&typed).unwrap();
        assert_eq!(dataset.items.len(), 2, "a row without a name is left out");
        assert_eq!(dataset.items[0].codes["1"], Text { zh: "一".into(), en: "one".into() });
        assert_eq!(dataset.items[1].authority.as_deref(), Some("320311"));
        assert_eq!(dataset.indexes, [vec!["line".to_owned(), "code".into()], vec!["line".into()]]);
        assert_eq!(dataset.sharing, Sharing::NotShared { law: "a law".into() });
    }

    #[test]
    fn what_differs_is_told_with_what_stands_there() {
        let now = form(
            "title_zh=a&title_en=b&item_name=code&item_zh=x&item_en=y&item_type=text&item_required=true&item_sensitivity=general&item_authority=1&item_codes=\
            &item_name=gone&item_zh=x&item_en=y&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=",
        );
        let typed = form(
            "title_zh=a+&title_en=c&item_name=code&item_zh=z&item_en=y&item_type=text&item_required=true&item_sensitivity=general&item_authority=2&item_codes=\
            &item_name=new&item_zh=x&item_en=y&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=",
        );
        let found = differences(&now, &typed);
        let named: Vec<_> = found.iter().map(|(n, v)| (n.as_str(), v.split(' ').next().unwrap())).collect();
        assert_eq!(named, [("title_en", "b"), ("items.code.zh", "x"), ("items.gone", "gone"), ("items.new", "—")]);
        assert!(differences(&now, &now).is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let failure = dataset_of(&form(
            "category=nonsense&schema=%7B&sharing=&openness=closed&level=general&update_cycle=weekly\
             &item_name=code&item_zh=a&item_en=b&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=broken",
        ))
        .unwrap_err();
        let named: Vec<_> = failure.fields().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(named, ["category", "sharing", "schema", "items.code"]);
    }
}
