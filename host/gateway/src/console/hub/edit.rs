//! Describing a dataset: one form, with rows for the items, that needs no script.

use super::{NAV, mendable};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Area, Choice, Input, refused};
use crate::layout::Page;
use crate::view::{View, see_other};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_hub::{CatalogueEntry, Category, Dataset, Item, Openness, Sharing};
use yunlong_model::Text;

/// Empty rows for items that a form has behind those that are filled in.
const SPARE: usize = 3;
/// More rows are of no use: the hub takes no more.
const MOST: usize = 200;

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
fn rows(fields: &Fields) -> Vec<[String; 8]> {
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
            (items_fieldset(view, f, failure))
            (structure(view, f, failure))
            div.actions {
                button name="act" value="save" { (view.t("保存", "Save")) }
                button.outline name="act" value="rows" formnovalidate { (view.t("再加几行信息项", "More rows for items")) }
                a role="button" class="outline" href=(back) { (view.t("取消", "Cancel")) }
            }
        }
        @if let Some(id) = id {
            form #sharing method="post" action={ "/hub/datasets/" (id) "/sharing" } {
                (sharing_fieldset(view, f, failure))
                div.actions { button.outline { (view.t("只保存共享属性", "Save the terms of sharing only")) } }
            }
        }
        p { a href="/help#hub" { (view.t("关于信息资源", "About the information hub")) } }
    };
    super::super::page_with(status, view, &Page::new(title, NAV), &content)
}

fn options<T: serde::Serialize + Copy>(
    view: &View,
    all: &[T],
    words: fn(T, yunlong_model::Lang) -> &'static str,
) -> Vec<(String, String)> {
    all.iter().map(|v| (words::name(v), words(*v, view.lang()).to_owned())).collect()
}

fn description(view: &View, id: Option<&str>, f: &Fields, failure: Option<&Failure>) -> Markup {
    let categories = options(view, &[Category::Base, Category::Theme, Category::Department], words::category);
    html! {
        fieldset.card {
            legend { (view.t("描述", "Description")) }
            @if id.is_some() {
                input type="hidden" name="id" value=(f.text("id"));
                input type="hidden" name="category" value=(f.text("category"));
                input type="hidden" name="provider" value=(f.text("provider"));
            } @else {
                (Input::text("id", view.t("信息资源代码", "Code"), f.text("id")).help(view.t("两个以上的小写英文词，以点分隔，例如 transport.bus-stop。", "Two or more words in kebab case with dots between, such as transport.bus-stop.")).render(view, failure))
                (Choice { name: "category", label: view.t("信息资源分类", "Category"), options: categories, value: f.text("category"), help: "" }.render(view, failure))
                (Input::text("provider", view.t("提供方代码", "Provider’s code"), f.text("provider")).render(view, failure))
            }
            (Input::text("title_zh", view.t("名称（中文）", "Name (Chinese)"), f.text("title_zh")).render(view, failure))
            (Input::text("title_en", view.t("名称（英文）", "Name (English)"), f.text("title_en")).render(view, failure))
            (Area::new("summary_zh", view.t("摘要（中文）", "Summary (Chinese)"), f.text("summary_zh")).render(view, failure))
            (Area::new("summary_en", view.t("摘要（英文）", "Summary (English)"), f.text("summary_en")).render(view, failure))
            (Input::text("format", view.t("信息资源格式", "Format"), f.text("format")).render(view, failure))
            (Choice { name: "update_cycle", label: view.t("更新周期", "Update cycle"), options: options(view, &words::CYCLES, words::cycle), value: f.text("update_cycle"), help: "" }.render(view, failure))
            (Choice { name: "level", label: view.t("数据级别", "Level"), options: options(view, &words::LEVELS, words::level), value: f.text("level"), help: view.t("核心数据和涉密数据不受理。", "Core and classified data are refused.") }.render(view, failure))
            (Choice { name: "openness", label: view.t("是否向社会开放", "Open to society"), options: options(view, &words::OPENNESS, words::openness), value: f.text("openness"), help: "" }.render(view, failure))
        }
    }
}

fn sharing_fieldset(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
    let classes = [
        (
            "unconditional",
            "无条件共享：申请即得，逐次记录",
            "Unconditional: whoever asks gets it at once, and every read is recorded",
        ),
        ("conditional", "有条件共享：由提供方逐件决定", "Conditional: the provider decides on each request"),
        ("not-shared", "不予共享：须列明依据", "Not shared: the law that forbids it is cited"),
    ];
    html! {
        fieldset.card {
            legend { (view.t("共享属性", "Terms of sharing")) }
            @for (value, zh, en) in classes {
                label.choice { input type="radio" name="sharing" value=(value) checked[f.text("sharing") == value]; " " (view.t(zh, en)) }
            }
            (plain_area(view, "condition_zh", view.t("共享条件（中文）", "Condition (Chinese)"), f, failure))
            (plain_area(view, "condition_en", view.t("共享条件（英文）", "Condition (English)"), f, failure))
            (plain_area(view, "law", view.t("不予共享的依据", "Law that forbids it"), f, failure))
        }
    }
}

/// A field without an id that the page has once: the terms of sharing stand there for two forms.
fn plain_area(view: &View, name: &str, label: &str, f: &Fields, failure: Option<&Failure>) -> Markup {
    let error = failure.and_then(|x| x.fields().iter().find(|e| e.name == name || e.name == format!("sharing.{name}")));
    html! {
        label { (label) (view.t("（选填）", " (optional)"))
            textarea name=(name) rows="2" maxlength="2000" aria-invalid=[error.map(|_| "true")] { (f.text(name)) }
            @if let Some(e) = error { span.field-error { (e.detail.get(view.lang())) } }
        }
    }
}

fn items_fieldset(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
    let mut all = rows(f);
    let filled = all.iter().filter(|r| !r[0].is_empty()).count();
    all.retain(|r| !r[0].is_empty());
    all.resize_with((filled + SPARE).min(MOST), Default::default);
    let problems: Vec<_> =
        failure.map(|x| x.fields().iter().filter(|e| e.name.starts_with("items")).collect()).unwrap_or_default();
    html! {
        fieldset.card {
            legend { (view.t("信息项", "Information items")) }
            p.muted { (view.t("字段名留空的行不保存。", "Rows without a name are left out.")) }
            @for e in &problems { span.field-error { (e.name) "：" (e.detail.get(view.lang())) } }
            @for (n, row) in all.iter().enumerate() { (item_row(view, n + 1, row)) }
        }
    }
}

fn item_row(view: &View, n: usize, row: &[String; 8]) -> Markup {
    let [name, zh, en, kind, required, sensitivity, authority, codes] = row;
    let cell = |column: &str, label: &str, value: &str| {
        html! { label { (label) input name={ "item_" (column) } value=(value) maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false"; } }
    };
    let pick = |column: &str, label: &str, value: &str, options: Vec<(String, String)>| {
        html! { label { (label) select name={ "item_" (column) } { @for (v, words) in &options { option value=(v) selected[v == value] { (words) } } } } }
    };
    let yes_no = vec![("false".into(), view.t("否", "no").into()), ("true".into(), view.t("是", "yes").into())];
    html! {
        fieldset.row {
            legend { (view.t("第 ", "Item ")) (n) (view.t(" 项", "")) @if !zh.is_empty() { "：" (zh) } }
            div.grid {
                (cell("name", view.t("字段名", "Name in records"), name))
                (cell("zh", view.t("名称（中文）", "Title (Chinese)"), zh))
                (cell("en", view.t("名称（英文）", "Title (English)"), en))
                (pick("type", view.t("类型", "Type"), kind, options(view, &words::KINDS, words::kind)))
                (pick("required", view.t("必填", "Required"), required, yes_no))
                (pick("sensitivity", view.t("敏感程度", "Sensitivity"), sensitivity, options(view, &words::SENSITIVITIES, words::sensitivity)))
                (cell("authority", view.t("权威部门代码（选填）", "Authority’s code (optional)"), authority))
                label { (view.t("代码表（选填，每行：代码 = 中文 | English）", "Codes (optional, a line each: code = 中文 | English)"))
                    textarea name="item_codes" rows="2" maxlength="20000" { (codes) }
                }
            }
        }
    }
}

fn structure(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
    html! {
        fieldset.card {
            legend { (view.t("结构", "Structure")) }
            (Input::text("key", view.t("标识项的字段名", "Name of the key"), f.text("key")).help(view.t("能唯一确定一条记录的信息项。", "The item that identifies a record.")).render(view, failure))
            (Input::text("person", view.t("当事人身份号码的字段名", "Name of the item with the person’s resident ID"), f.text("person")).optional().help(view.t("有个人信息的必须填写：当事人据此能看到谁读取过。", "Needed when there is personal data: by it the person sees who read it.")).render(view, failure))
            (Input::text("division", view.t("行政区划的字段名", "Name of the item with the division"), f.text("division")).optional().render(view, failure))
            (Input::text("geometry", view.t("空间位置的字段名", "Name of the item with the geometry"), f.text("geometry")).optional().render(view, failure))
            (Area::new("indexes", view.t("查询索引", "Indexes"), f.text("indexes")).optional().help(view.t("每行一个，由字段名组成，以逗号分隔。", "One a line: names of items with commas between.")).render(view, failure))
            (Area { max: 65_536, ..Area::new("schema", view.t("JSON Schema（2020-12）", "JSON Schema (2020-12)"), f.text("schema")) }.optional().render(view, failure))
        }
    }
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

pub(super) async fn save(view: View, Path(id): Path<String>, Form(form): Form) -> Outcome {
    let actor = view.official()?;
    super::catalogue::entry(&view, &actor, &id)?;
    if form.text("act") == "rows" {
        return show(&view, Some(&id), StatusCode::OK, &form, None);
    }
    let edited = match dataset_of(&form) {
        Ok(new) => {
            let version = form.text("version").parse().unwrap_or(0);
            view.gateway
                .services
                .hub
                .edit_dataset(Dataset { id: id.clone(), ..new }, version, &actor)
                .await
                .map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    match edited {
        Ok(_) => Ok(see_other(&format!("/hub/datasets/{id}?saved=1"))),
        Err(f) if mendable(&f) => show(&view, Some(&id), f.status(), &form, Some(&f)),
        Err(f) => Err(f),
    }
}

/// What is done to an entry beside describing it.
pub(crate) async fn done(view: &View, id: &str, act: &str, form: &Fields) -> Outcome<CatalogueEntry> {
    let actor = view.official()?;
    super::catalogue::entry(view, &actor, id)?;
    let hub = &view.gateway.services.hub;
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
    done(&view, &id, &act, &form).await?;
    Ok(see_other(&format!("/hub/datasets/{id}?saved=1")))
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
