//! The fields of the form that describes a dataset.

use super::edit::rows;
use crate::body::Fields;
use crate::failure::Failure;
use crate::forms::{Area, Choice, Input};
use crate::view::View;
use crate::words;
use maud::{Markup, html};
use yunlong_hub::Category;

/// Empty rows for items that a form has behind those that are filled in.
const SPARE: usize = 3;
/// More rows are of no use: the hub takes no more.
pub(super) const MOST: usize = 200;

fn options<T: serde::Serialize + Copy>(
    view: &View,
    all: &[T],
    words: fn(T, yunlong_model::Lang) -> &'static str,
) -> Vec<(String, String)> {
    all.iter().map(|v| (words::name(v), words(*v, view.lang()).to_owned())).collect()
}

pub(super) fn description(view: &View, id: Option<&str>, f: &Fields, failure: Option<&Failure>) -> Markup {
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

pub(super) fn sharing_fieldset(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
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

pub(super) fn items_fieldset(view: &View, id: Option<&str>, f: &Fields, failure: Option<&Failure>) -> Markup {
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
            @for (n, row) in all.iter().enumerate() { (item_row(view, id, n + 1, row)) }
        }
    }
}

fn item_row(view: &View, id: Option<&str>, n: usize, row: &[String; 8]) -> Markup {
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
                @match id {
                    None => (cell("authority", view.t("权威部门代码（选填）", "Authority’s code (optional)"), authority)),
                    // Who answers for an item is an act of its own, which is asked for and written down as such.
                    Some(id) => div {
                        input type="hidden" name="item_authority" value=(authority);
                        (view.t("权威部门：", "Authority: "))
                        @if authority.is_empty() { (view.t("提供方", "the provider")) } @else { code.nowrap { (authority) } }
                        @if !name.is_empty() { br; a href={ "/hub/datasets/" (id) "#change-authority" } { (view.t("更改…", "Change…")) span.visually-hidden { " " (name) } } }
                    },
                }
                label { (view.t("代码表（选填，每行：代码 = 中文 | English）", "Codes (optional, a line each: code = 中文 | English)"))
                    textarea name="item_codes" rows="2" maxlength="20000" { (codes) }
                }
            }
        }
    }
}

pub(super) fn structure(view: &View, f: &Fields, failure: Option<&Failure>) -> Markup {
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
