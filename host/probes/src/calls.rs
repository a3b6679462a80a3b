//! What is called, and with what: every entry point that the binary exports, as far as it is known.

use crate::sample;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use yunlong_messaging::{Delivery, Kind as Delivered};
use yunlong_model::manifest::Access;
use yunlong_model::{Event, InstallationName, Manifest, Text, Timestamp, topics};
use yunlong_registry::imports::{CONSUMER, HANDLER, HANDLER_03, JOBS};
use yunlong_runtime::Inspection;

const LIFECYCLE: &str = "city:app/lifecycle";

/// What the gateway lets in at most by its defaults: a path, and a body.
const LONG_PATH: usize = 8_000;
const LARGE_BODY: usize = 1 << 20;
/// Messaging takes payloads of 256 KiB; quotes and names take some of it.
const LARGE_EVENT: usize = 200 << 10;
/// Lists in lists in an event's data.
const NESTED: usize = 100;
/// Pages, and forms, that are found on others and tried too.
const FOLLOWED: usize = 12;

/// An export of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Export {
    Lifecycle,
    Handler,
    Consumer,
    Jobs,
    Migrations,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    Citizen,
    /// With every role that the manifest declares.
    Official,
}

/// What is handed over.
pub(crate) enum Input {
    Install,
    Health,
    Migrate { from: u32, to: u32 },
    Request(Who, Request<Bytes>),
    Delivery(Delivery),
}

/// One call.
pub(crate) struct Call {
    /// The entry point, such as `GET /orders`, `consumer order.paid` or `jobs nightly`.
    pub(crate) entry: String,
    /// What it gets, for people.
    pub(crate) with: Text,
    pub(crate) input: Input,
}

impl Call {
    fn new(entry: impl Into<String>, zh: &str, en: &str, input: Input) -> Self {
        Self { entry: entry.into(), with: Text { zh: zh.to_owned(), en: en.to_owned() }, input }
    }

    pub(crate) fn export(&self) -> Export {
        match &self.input {
            Input::Install | Input::Health => Export::Lifecycle,
            Input::Migrate { .. } => Export::Migrations,
            Input::Request(..) => Export::Handler,
            Input::Delivery(d) if d.kind == Delivered::Event => Export::Consumer,
            Input::Delivery(_) => Export::Jobs,
        }
    }
}

/// The calls of a package. Every entry point is called once before any is called again, so that time that runs
/// out leaves none out.
#[derive(Default)]
pub(crate) struct Calls {
    first: VecDeque<Call>,
    again: VecDeque<Call>,
    entries: BTreeSet<String>,
    /// How many pages and how many forms were found on pages.
    followed: [usize; 2],
}

impl Calls {
    pub(crate) fn of(manifest: &Manifest, exports: &Inspection, name: &InstallationName, now: Timestamp) -> Self {
        let mut calls = Self::default();
        if exports.exports_interface(LIFECYCLE) {
            calls.add([
                Call::new("lifecycle.install", "首次安装", "at installation", Input::Install),
                Call::new("lifecycle.health", "健康检查", "asked for its health", Input::Health),
            ]);
        }
        if exports.exports_interface(HANDLER) || exports.exports_interface(HANDLER_03) {
            calls.add(requests(manifest));
        }
        if exports.exports_interface(CONSUMER) {
            calls.add(events(manifest, name, now));
        }
        if exports.exports_interface(JOBS) {
            calls.add(jobs(manifest, now));
        }
        if exports.migrates() {
            calls.add(migrations(manifest));
        }
        calls
    }

    fn add(&mut self, calls: impl IntoIterator<Item = Call>) {
        for call in calls {
            let queue = if self.entries.insert(call.entry.clone()) { &mut self.first } else { &mut self.again };
            queue.push_back(call);
        }
    }

    /// Adds what an answered page leads to.
    pub(crate) fn follow(&mut self, page: &[u8]) {
        let (links, forms) = crate::links::of(page);
        for (n, paths, method) in [(0, links, "GET"), (1, forms, "POST")] {
            for path in paths {
                let known = self.entries.contains(&format!("{method} {path}"));
                if known || self.followed[n] == FOLLOWED {
                    continue;
                }
                self.followed[n] += 1;
                self.add(if n == 0 { page_calls(&path) } else { form_calls(&path) });
            }
        }
    }

    pub(crate) fn next(&mut self) -> Option<Call> {
        self.first.pop_front().or_else(|| self.again.pop_front())
    }
}

fn migrations(manifest: &Manifest) -> Vec<Call> {
    let to = manifest.data.schema;
    let older: Vec<u32> = manifest.data.reads.iter().copied().filter(|n| *n < to).collect();
    // One that reads no older shape migrates while nobody is served: from the one before.
    let older = if older.is_empty() && to > 1 { vec![to - 1] } else { older };
    let one = |from| {
        let entry = format!("migrations {from} → {to}");
        Call::new(entry, "几乎没有数据", "over next to no data", Input::Migrate { from, to })
    };
    older.into_iter().map(one).collect()
}

fn jobs(manifest: &Manifest, now: Timestamp) -> Vec<Call> {
    let mut names: Vec<&str> = manifest.jobs.iter().map(|j| j.name.as_str()).collect();
    if names.is_empty() {
        names.push("undeclared");
    }
    let one = |name: &str| {
        let event = event("/platform/jobs", "city.job", json!({ "job": name }), now);
        let kind = Delivered::Job { job: name.to_owned(), scheduled: now };
        let input = Input::Delivery(Delivery { kind, event, attempt: 1 });
        Call::new(format!("jobs {name}"), "到点运行", "when it falls due", input)
    };
    names.into_iter().map(one).collect()
}

fn event(source: &str, topic: &str, data: Value, time: Timestamp) -> Event {
    Event {
        id: "probe".into(),
        source: source.into(),
        topic: topic.into(),
        subject: None,
        time,
        key: Some("probe".into()),
        data,
    }
}

/// Events of each topic that can reach the consumer.
fn events(manifest: &Manifest, name: &InstallationName, now: Timestamp) -> Vec<Call> {
    let mut topics: Vec<(String, String, Option<&Value>)> = Vec::new();
    for c in &manifest.consumes {
        let own = manifest.publishes.iter().find(|t| t.name == c.topic && c.from.is_none());
        let source = format!("/installations/{}", c.from.as_deref().unwrap_or(name.as_str()));
        topics.push((source, c.topic.clone(), own.and_then(|t| t.schema.as_ref())));
    }
    let mut calls = Vec::new();
    let platform = platform_events(manifest);
    if topics.is_empty() && platform.is_empty() {
        topics.push((format!("/installations/{name}"), "undeclared".into(), None));
    }
    for (source, topic, schema) in &topics {
        let least = schema.map_or_else(|| json!({}), |s| sample::value(s, false));
        let most = schema.map_or_else(|| json!({ "id": "probe", "text": "探测" }), |s| sample::value(s, true));
        calls.extend(inputs(source, topic, vec![least, most], now));
    }
    for (source, topic, data) in platform {
        calls.extend(inputs(source, topic, vec![data], now));
    }
    calls
}

/// What the platform itself tells an app with such a manifest.
fn platform_events(manifest: &Manifest) -> Vec<(&'static str, &'static str, Value)> {
    let uses = |access| manifest.datasets.iter().find(|d| d.access.contains(&access));
    let mut all = Vec::new();
    if manifest.payments.is_some() {
        let data = json!({
            "outcome": "captured", "intent": "probe", "reference": "probe", "amount": 1, "refund": null, "reason": null,
        });
        all.push(("/platform/payments", topics::PAYMENTS, data));
    }
    if let Some(d) = uses(Access::Changes) {
        let data = json!({
            "dataset": d.dataset, "purpose": d.purpose, "reference": "probe", "version": 1, "fields": d.fields,
            "ended": false,
        });
        all.push(("/platform/hub", topics::HUB_CHANGED, data));
    }
    if let Some(d) = uses(Access::Bulk) {
        let data = json!({
            "job": "probe", "dataset": d.dataset, "purpose": d.purpose, "ready": true, "records": 0, "pages": 0,
            "failure": null,
        });
        all.push(("/platform/hub", topics::HUB_JOB, data));
    }
    all
}

fn inputs(source: &str, topic: &str, fitting: Vec<Value>, now: Timestamp) -> Vec<Call> {
    let wrong = fitting.last().map(sample::wrong).unwrap_or_default();
    let nested = (0..NESTED).fold(Value::Null, |inner, _| json!([inner]));
    let mut all: Vec<(Value, &str, &str)> =
        fitting.into_iter().map(|data| (data, "按 schema 生成的内容", "data made from its schema")).collect();
    all.extend([
        (wrong, "类型全错的内容", "data of the wrong types"),
        (Value::Null, "空内容", "no data"),
        (nested, "层层嵌套的数组", "arrays in arrays"),
        (json!({ "text": "界".repeat(LARGE_EVENT / 3) }), "200 KiB 的文字", "200 KiB of text"),
    ]);
    let one = |(data, zh, en): (Value, &str, &str)| {
        let event = event(source, topic, data, now);
        let input = Input::Delivery(Delivery { kind: Delivered::Event, event, attempt: 1 });
        Call::new(format!("consumer {topic}"), zh, en, input)
    };
    all.into_iter().map(one).collect()
}

fn requests(manifest: &Manifest) -> Vec<Call> {
    let mut calls = page_calls("/");
    calls.extend(form_calls("/"));
    if let Some(path) = manifest.orders.as_deref().filter(|p| *p != "/") {
        calls.extend(page_calls(path));
    }
    calls.extend(page_calls("/no-such-page/7f3a"));
    calls.extend(hostile());
    calls
}

/// A page as each kind of visitor asks for it.
fn page_calls(path: &str) -> Vec<Call> {
    let html = [(header::ACCEPT, "text/html")];
    let one = |who, zh: &str, en: &str| {
        let request = request("GET", path, &html, Bytes::new())?;
        Some(Call::new(format!("GET {path}"), zh, en, Input::Request(who, request)))
    };
    let all = [
        one(Who::Nobody, "未登录者", "from nobody"),
        one(Who::Citizen, "市民", "from a citizen"),
        one(Who::Official, "有全部岗位的工作人员", "from an official with every role"),
    ];
    all.into_iter().flatten().collect()
}

/// A form as a citizen and an official send it, with fields that it does not have.
fn form_calls(path: &str) -> Vec<Call> {
    let form = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let json = [(header::CONTENT_TYPE, "application/json"), (header::ACCEPT, "application/json")];
    let one = |who, headers: &[(HeaderName, &str)], body: &'static str, zh: &str, en: &str| {
        let request = request("POST", path, headers, Bytes::from_static(body.as_bytes()))?;
        Some(Call::new(format!("POST {path}"), zh, en, Input::Request(who, request)))
    };
    let all = [
        one(Who::Citizen, &form, "id=1&text=%E6%8E%A2%E6%B5%8B", "市民提交的表单", "a form from a citizen"),
        one(Who::Official, &form, "id=-1&id=2&=&%ZZ=%", "错误的表单", "a malformed form from an official"),
        one(Who::Citizen, &json, "{\"id\":1e999,\"id\":null}", "JSON", "JSON from a citizen"),
    ];
    all.into_iter().flatten().collect()
}

/// What no browser sends.
fn hostile() -> Vec<Call> {
    let none = Bytes::new;
    let (form, parts) = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b");
    let (json, utf16) = ("application/json", "application/json; charset=utf-16");
    let part = "--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"../../x\"\r\n\r\n";
    let long = format!("/{}", "a".repeat(LONG_PATH));
    let segments = "/a".repeat(LONG_PATH / 2);
    let query = format!("/?{}", "q=1&".repeat(LONG_PATH / 4));
    let percent = "/%00%ff%fe%c0%af/..%2f..%2f%2e%2e/?q=%E4%BD&%=%%&=";
    let (lists, pairs) = ("[".repeat(LARGE_BODY), "a[]=1&".repeat(LARGE_BODY / 6));
    let (noise, parted) = (vec![0xff; LARGE_BODY], part.repeat(1_000));
    let all = [
        odd("GET", &long, "", none(), "8,000 字节的路径", "a path of 8,000 bytes"),
        odd("GET", &segments, "", none(), "4,000 段的路径", "a path of 4,000 segments"),
        odd("GET", &query, "", none(), "2,000 个参数", "a query of 2,000 parameters"),
        odd("GET", percent, "", none(), "错误的百分号编码", "wrong percent-encodings"),
        odd("POST", "/", json, lists.into(), "1 MiB 未闭合的 JSON", "1 MiB of JSON that never closes"),
        odd("POST", "/", form, pairs.into(), "1 MiB 的表单", "a form of 1 MiB"),
        odd("POST", "/", utf16, noise.into(), "1 MiB 的错误编码", "1 MiB in a wrong encoding"),
        odd("POST", "/", parts, parted.into(), "没有结尾的多部分表单", "a multipart form without an end"),
        odd("PUT", "/", "text/plain; charset=none", "\0\u{7f}".into(), "二进制文本", "text that is none"),
        odd("HEAD", "/", "", none(), "HEAD 请求", "a HEAD request"),
        odd("DELETE", "/", "", none(), "DELETE 请求", "a DELETE request"),
        odd("PATCH", "/", json, "{".into(), "PATCH 请求", "a PATCH request"),
        odd("OPTIONS", "/", "", none(), "OPTIONS 请求", "an OPTIONS request"),
        odd("PROPFIND", "/", "", none(), "不常见的方法", "an unusual method"),
    ];
    all.into_iter().flatten().collect()
}

fn odd(method: &str, path: &str, kind: &str, body: Bytes, zh: &str, en: &str) -> Option<Call> {
    let headers = [(header::CONTENT_TYPE, kind)];
    let request = request(method, path, headers.get(usize::from(kind.is_empty())..)?, body)?;
    let entry = if path == "/" { format!("{method} /") } else { format!("{method} /…") };
    Some(Call::new(entry, zh, en, Input::Request(Who::Citizen, request)))
}

/// `None` for what HTTP cannot carry: nobody can send it either.
fn request(method: &str, path: &str, headers: &[(HeaderName, &str)], body: Bytes) -> Option<Request<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).body(body).ok()?;
    for (name, value) in headers {
        request.headers_mut().insert(name.clone(), HeaderValue::from_str(value).ok()?);
    }
    request.headers_mut().insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN"));
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_hostile_can_be_sent() {
        // `request` leaves out what HTTP refuses: nothing of the list may be lost so.
        assert_eq!(hostile().len(), 14);
        assert_eq!(page_calls("/").len() + form_calls("/").len(), 6);
    }

    #[test]
    fn every_entry_point_comes_once_before_any_comes_again() {
        let manifest = Manifest::parse(
            "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\norders = \"/orders\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\n[[publishes]]\nname = \"order.paid\"\n[[consumes]]\ntopic = \"order.paid\"\n[[jobs]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\n",
        )
        .unwrap();
        let exports = [HANDLER, CONSUMER, JOBS, LIFECYCLE].map(|e| format!("{e}@1.0.0")).to_vec();
        let inspection =
            Inspection { imports: Vec::new(), exports, initial_memory: 0, profile: yunlong_runtime::Profile::Small };
        let mut calls = Calls::of(&manifest, &inspection, &"hello".parse().unwrap(), Timestamp(0));
        calls.follow(b"<a href=\"/found\"></a><form action=\"/send\">");
        let mut order = Vec::new();
        while let Some(call) = calls.next() {
            order.push(call.entry);
        }
        let mut seen = BTreeSet::new();
        let firsts = order.iter().take_while(|e| seen.insert((*e).clone())).count();
        let all: BTreeSet<&String> = order.iter().collect();
        assert_eq!(firsts, all.len(), "{order:?}");
        for entry in [
            "lifecycle.install",
            "lifecycle.health",
            "GET /",
            "GET /orders",
            "GET /found",
            "POST /send",
            "PROPFIND /",
            "consumer order.paid",
            "jobs nightly",
        ] {
            assert!(all.contains(&entry.to_owned()), "{entry}: {order:?}");
        }
        assert_eq!(order[0], "lifecycle.install");
    }

    #[test]
    fn pages_that_link_to_more_and_more_are_not_followed_for_ever() {
        let mut calls = Calls::default();
        for n in 0..100 {
            calls.follow(format!("<a href=\"/{n}\">").as_bytes());
        }
        assert_eq!(calls.entries.len(), FOLLOWED);
    }
}
