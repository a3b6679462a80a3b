//! The catalogue of messages, for everybody: what the platform and the installed apps tell others, what an event of
//! each topic has in it, and who receives it. A vendor writes `[[consumes]]` and makes types from it.

use crate::body::Query;
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::view::View;
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;
use yunlong_installations::Installation;
use yunlong_model::{Lang, Text, topics};

const PATH: &str = "/topics";
/// It belongs to the catalogue of apps.
const NAV: &str = "/apps";
/// Topics of one page.
const PAGE: usize = 20;
/// What stands for the platform where an installation's name would.
const PLATFORM: &str = "platform";

/// A topic that others than its publisher may receive.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) description: Option<Text>,
    pub(crate) schema: Option<Value>,
    pub(crate) publisher: Publisher,
    /// The installations that receive it now, by name. What the platform tells goes to whom it concerns.
    pub(crate) receivers: Vec<Arc<Installation>>,
}

/// Who publishes a topic.
pub(crate) enum Publisher {
    /// The platform, with the source of its events.
    Platform(&'static str),
    /// An installation.
    App(Arc<Installation>),
}

impl Publisher {
    /// As it stands in addresses.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Platform(_) => PLATFORM,
            Self::App(i) => i.name.as_str(),
        }
    }

    fn title(&self, lang: Lang) -> String {
        match self {
            Self::Platform(_) => lang.pick("平台", "The platform").to_owned(),
            Self::App(i) => format!("{} · {}", i.manifest.title.get(lang), i.organization_name),
        }
    }
}

impl Topic {
    /// The source of its events (CloudEvents).
    pub(crate) fn source(&self) -> String {
        match &self.publisher {
            Publisher::Platform(source) => (*source).to_owned(),
            Publisher::App(i) => format!("/installations/{}", i.name),
        }
    }

    /// Every topic of the city that others may receive: the platform's, and those that an app declares for the city
    /// and its department granted. An app's own messages to itself are nobody else's.
    pub(crate) fn all(view: &View) -> Vec<Self> {
        let installations = &view.gateway.services.installations;
        let installed = installations.list();
        let mut all: Vec<Self> = topics::platform()
            .into_iter()
            .map(|t| Self {
                name: t.name.to_owned(),
                description: Some(t.description),
                schema: Some(t.schema),
                publisher: Publisher::Platform(t.source),
                receivers: Vec::new(),
            })
            .collect();
        for i in &installed {
            for topic in i.manifest.publishes.iter().filter(|t| i.opens(&t.name)) {
                let names = installations.subscribers(&i.name, &topic.name);
                let receivers = installed.iter().filter(|other| names.contains(&other.name)).cloned().collect();
                all.push(Self {
                    name: topic.name.clone(),
                    description: topic.description.clone(),
                    schema: topic.schema.clone(),
                    publisher: Publisher::App(i.clone()),
                    receivers,
                });
            }
        }
        all
    }

    /// One of them.
    pub(crate) fn of(view: &View, publisher: &str, name: &str) -> Outcome<Self> {
        Self::all(view).into_iter().find(|t| t.publisher.name() == publisher && t.name == name).ok_or_else(|| {
            let (publisher, name): (String, String) =
                (publisher.chars().take(60).collect(), name.chars().take(80).collect());
            Failure::not_found().because(
                format!("“{publisher}”没有向其他应用开放的消息“{name}”。"),
                format!("`{publisher}` has no topic `{name}` that others may receive."),
            )
        })
    }

    fn matches(&self, wanted: &str) -> bool {
        let described = self.description.iter().flat_map(|d| [d.zh.as_str(), d.en.as_str()]);
        let publisher = match &self.publisher {
            Publisher::Platform(source) => vec![*source, "平台", PLATFORM],
            Publisher::App(i) => {
                vec![i.name.as_str(), &i.manifest.title.zh, &i.manifest.title.en, &i.organization_name]
            }
        };
        let mut words = described.chain(publisher).chain([self.name.as_str()]);
        words.any(|text| text.to_lowercase().contains(wanted))
    }

    fn address(&self) -> String {
        format!("{PATH}/{}/{}", self.publisher.name(), self.name)
    }

    /// What somebody writes who would receive it; nothing is to be written for the platform's.
    pub(crate) fn subscription(&self) -> Option<String> {
        match &self.publisher {
            Publisher::Platform(_) => None,
            Publisher::App(i) => Some(format!("[[consumes]]\ntopic = \"{}\"\nfrom = \"{}\"\n", self.name, i.name)),
        }
    }
}

/// A page of those that somebody looks for.
pub(crate) struct Found {
    pub(crate) topics: Vec<Topic>,
    pub(crate) total: usize,
    text: String,
    page: usize,
    pages: usize,
}

impl Found {
    pub(crate) fn read(view: &View, query: &Query) -> Outcome<Self> {
        let Query(query) = query;
        let text: String = query.text("q").trim().chars().take(100).collect();
        let page =
            match query.text("page") {
                "" => 1,
                n => n.parse().ok().filter(|n: &usize| (1..=1_000).contains(n)).ok_or_else(|| {
                    Failure::new(kinds::INVALID).field("page", "没有这个值", "There is no such value")
                })?,
            };
        let wanted = text.to_lowercase();
        let mut topics = Topic::all(view);
        topics.retain(|t| wanted.is_empty() || t.matches(&wanted));
        let total = topics.len();
        let topics = topics.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
        Ok(Self { topics, total, text, page, pages: total.div_ceil(PAGE) })
    }

    fn at(&self, page: usize) -> String {
        format!("{PATH}?q={}&page={page}", crate::encode(&self.text))
    }
}

pub(super) async fn page(view: View, query: Query) -> Outcome {
    let found = Found::read(&view, &query)?;
    let title = view.t("消息目录", "Catalogue of messages");
    let zh = view.lang() == Lang::Zh;
    let content = html! {
        p { a href=(NAV) { "← " (view.t("应用目录", "Catalogue of apps")) } }
        h1 { (title) }
        p { (view.t("应用之间不直接调用，而是通过消息协作。这里列出平台和各部门的应用向其他应用开放的消息：讲什么、有哪些内容、由谁接收。接收别人的消息要经本部门批准。", "Apps do not call each other: they work together by messages. Here is what the platform and the departments’ apps tell others: what it is about, what is in it, and who receives it. To receive another’s messages takes the approval of the department.")) }
        form.search role="search" method="get" action=(PATH) {
            label.visually-hidden for="q" { (view.t("搜索消息", "Search messages")) }
            input #q type="search" name="q" value=(found.text) maxlength="100" placeholder=(view.t("消息、应用或部门", "Message, app or department"));
            button { (view.t("搜索", "Search")) }
        }
        p role="status" {
            @if zh { "共 " (found.total) " 种消息。" } @else { (found.total) " found. " }
            @if !found.text.is_empty() { a href=(PATH) { (view.t("显示全部", "Show all")) } }
        }
        @if found.topics.is_empty() {
            (empty(view.t("没有符合的消息。请换一个词再试。", "Nothing matches. Try another word."), Some((PATH, view.t("全部消息", "All messages")))))
        } @else {
            ul.grid-wide { @for topic in &found.topics { li { (card(&view, topic)) } } }
            @if found.pages > 1 {
                nav.pager aria-label=(view.t("翻页", "Pages")) {
                    @if found.page > 1 { a href=(found.at(found.page - 1)) rel="prev" { (view.t("上一页", "Previous")) } }
                    span { (found.page) " / " (found.pages) }
                    @if found.page < found.pages { a href=(found.at(found.page + 1)) rel="next" { (view.t("下一页", "Next")) } }
                }
            }
        }
        p { a href="/help#messages" { (view.t("关于消息目录", "About the catalogue of messages")) } }
    };
    super::page(&view, &Page::new(title, NAV), content).await
}

fn described<'a>(view: &View, topic: &'a Topic) -> Option<&'a str> {
    topic.description.as_ref().map(|d| d.get(view.lang()))
}

fn card(view: &View, topic: &Topic) -> Markup {
    html! {
        div.card {
            h2 { a href=(topic.address()) { (topic.name) } }
            p { (described(view, topic).unwrap_or(view.t("开发商没有写说明。", "Its vendor wrote no description."))) }
            p.muted {
                (view.t("发布：", "Published by ")) (topic.publisher.title(view.lang())) br;
                (view.t("接收：", "Received by ")) (receivers(view, topic))
            }
        }
    }
}

fn receivers(view: &View, topic: &Topic) -> Markup {
    let lang = view.lang();
    html! {
        @if matches!(topic.publisher, Publisher::Platform(_)) { (view.t("与之有关的应用", "the app that it concerns")) }
        @else if topic.receivers.is_empty() { (view.t("目前没有", "no app at present")) }
        @else {
            @for (n, i) in topic.receivers.iter().enumerate() {
                @if n > 0 { (view.t("、", ", ")) }
                (i.manifest.title.get(lang)) " (" (i.name) ")"
            }
        }
    }
}

pub(super) async fn topic(view: View, Path((publisher, name)): Path<(String, String)>) -> Outcome {
    let topic = Topic::of(&view, &publisher, &name)?;
    let content = html! {
        p { a href=(PATH) { "← " (view.t("消息目录", "Catalogue of messages")) } }
        h1 { code { (topic.name) } }
        @match described(&view, &topic) {
            Some(text) => p { (text) },
            None => (notice("info", view.t("开发商没有写说明。", "Its vendor wrote no description."))),
        }
        section.card {
            dl.facts {
                dt { (view.t("发布", "Published by")) } dd { (topic.publisher.title(view.lang())) }
                dt { (view.t("来源（CloudEvents source）", "Source (CloudEvents)")) } dd { code { (topic.source()) } }
                dt { (view.t("接收", "Received by")) } dd { (receivers(&view, &topic)) }
            }
        }
        h2 { (view.t("内容", "What is in it")) }
        @match &topic.schema {
            None => p { (view.t("没有写明格式：内容可以是任何 JSON。", "No schema: its data may be any JSON.")) },
            Some(schema) => { (fields(&view, schema)) (raw(&view, schema)) },
        }
        h2 { (view.t("怎样接收", "How to receive it")) }
        @match topic.subscription() {
            None => p { (view.t("不需要声明：平台把它送给与之有关的应用的 consumer。", "Nothing is declared: the platform gives it to the consumer of the app that it concerns.")) },
            Some(lines) => {
                p { (view.t("写进应用的 app.toml；安装时由接收方的部门批准。", "Write it into the app’s app.toml; the department that installs the app approves it.")) }
                pre.log tabindex="0" role="region" aria-label="app.toml" { (lines) }
                p { code { "yunlong bindgen --fetch" } " " (view.t("按这里的格式生成类型。", "makes types from the schema that stands here.")) }
            },
        }
        p { a href="/help#messages" { (view.t("关于消息目录", "About the catalogue of messages")) } }
    };
    super::page(&view, &Page::new(&topic.name, NAV), content).await
}

fn raw(view: &View, schema: &Value) -> Markup {
    let text = serde_json::to_string_pretty(schema).unwrap_or_default();
    html! {
        details {
            summary { (view.t("完整的 JSON Schema", "The whole JSON Schema")) }
            pre.log tabindex="0" role="region" aria-label="JSON Schema" { (text) }
        }
    }
}

/// The first level as a table: most payloads have no more.
fn fields(view: &View, schema: &Value) -> Markup {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let title = view.t("字段", "Fields");
    html! {
        @if let Some(properties) = schema["properties"].as_object().filter(|p| !p.is_empty()) {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("字段", "Field")) }
                    th scope="col" { (view.t("类型", "Type")) }
                    th scope="col" { (view.t("必有", "Always there")) }
                    th scope="col" { (view.t("说明", "Meaning")) }
                } }
                tbody { @for (name, property) in properties { tr {
                    th scope="row" { code { (name) } }
                    td { (kind(schema, property)) }
                    td { @if required.contains(&name.as_str()) { (view.t("是", "Yes")) } @else { (view.t("否", "No")) } }
                    td { (property["description"].as_str().unwrap_or("")) }
                } } }
            } }
        }
    }
}

/// The type of a property in a few words, as schemas say them.
fn kind(root: &Value, property: &Value) -> String {
    let property = match property["$ref"].as_str().and_then(|to| root.pointer(to.strip_prefix('#')?)) {
        Some(target) => target,
        None => property,
    };
    if let Some(values) = property["enum"].as_array() {
        let shown: Vec<String> = values.iter().map(Value::to_string).collect();
        return shown.join(" | ");
    }
    if let Some(value) = property.get("const") {
        return value.to_string();
    }
    for union in ["anyOf", "oneOf"] {
        if let Some(variants) = property[union].as_array() {
            return variants.iter().map(|v| kind(root, v)).collect::<Vec<_>>().join(" | ");
        }
    }
    let named: Vec<&str> = match &property["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let named = if named.is_empty() { "any".to_owned() } else { named.join(" | ") };
    match property.get("items") {
        Some(items @ Value::Object(_)) if items["type"].is_string() => {
            format!("{named} of {}", items["type"].as_str().unwrap_or("any"))
        }
        _ => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_told_as_schemas_say_them() {
        let root = json!({ "$defs": { "place": { "enum": ["a", 2, null] } } });
        for (property, said) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (json!({ "$ref": "#/$defs/place" }), "\"a\" | 2 | null"),
            (json!({ "$ref": "#/$defs/nowhere" }), "any"),
            (json!({ "const": 7 }), "7"),
            (json!({ "anyOf": [{ "enum": ["lost"] }, { "type": "null" }] }), "\"lost\" | null"),
            (json!({ "type": "array", "items": { "type": "object" } }), "array of object"),
            (json!({ "type": "array", "items": true }), "array"),
            (json!(true), "any"),
        ] {
            assert_eq!(kind(&root, &property), said, "{property}");
        }
    }
}
