//! Routes, negotiation, problems, pages and the OpenAPI document.
#![allow(clippy::unwrap_used)]

use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{
    App, Attribute, DataError, Form, Input, Lang, Layout, Method, NavItem, Operation, Problem, Request, Response,
    Router, StatusCode, Tone, identity, t, web,
};

const MANIFEST: &str = include_str!("app.toml");
static LAYOUT: Layout =
    Layout::new(t("课堂", "Lesson")).nav(|_| vec![NavItem::new("/", t("首页", "Home"))]).help("/help");

struct Lesson;

#[derive(Deserialize, JsonSchema)]
struct ByRoom {
    /// The room's number.
    room: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Filter {
    limit: Option<u8>,
    word: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Note {
    text: String,
    tone: Option<Mood>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Good,
    Bad,
}

impl App for Lesson {
    fn router() -> Router {
        Router::new()
            .describe(t("课堂", "Lesson"), "For tests.")
            .get("/", |req| Ok(LAYOUT.page(req, &t("你好 <b>", "Hello <b>"), html! { p { (req.t("好", "good")) } })))
            .get("/rooms/{room}", |req| Ok(Response::text(format!("room {}", req.param_as::<u32>("room")?))))
            .get("/rooms/first", |_| Ok(Response::text("the first")))
            .get("/files/{*path}", |req| Ok(Response::text(req.param("path"))))
            .get("/mine", |req| Ok(Response::text(req.subject()?)))
            .get("/staff", |req| req.require_role(&["teacher"]).map(|_| Response::text("staff")))
            .get("/age", |_| Ok(Response::text(identity::attribute(Attribute::BirthDate)?)))
            .get("/broken", |_| Err(DataError::Other("secret detail".into()).into()))
            .post("/mine", |req| Ok(Response::text(req.subject()?)))
            .get("/api/age", |_| Ok(Response::text(identity::attribute(Attribute::BirthDate)?)))
            .operation(
                Operation::get("/api/rooms/{room}/notes", "listNotes")
                    .path::<ByRoom>()
                    .query::<Filter>()
                    .summary("Notes")
                    .tag("notes"),
                list,
            )
            .operation(
                Operation::post("/api/rooms/{room}/notes", "createNote")
                    .path::<ByRoom>()
                    .body::<Note>()
                    .status(StatusCode::CREATED)
                    .problem(409, "Full"),
                create,
            )
            .operation(Operation::delete("/api/rooms/{room}", "closeRoom").path::<ByRoom>().signed_in(), |_, _| Ok(()))
    }
}

fn list(_: &Request, input: Input<ByRoom, Filter>) -> web::Result<Vec<Note>> {
    let n = usize::from(input.query.limit.unwrap_or(1));
    Ok((0..n).map(|_| Note { text: format!("{}-{}", input.path.room, input.query.word), tone: None }).collect())
}

fn create(_: &Request, input: Input<ByRoom, (), Note>) -> web::Result<Note> {
    if input.path.room == 0 {
        return Err(Problem::conflict(t("满了", "Full"))
            .kind("full")
            .with("left", 0)
            // What the problem has itself stays.
            .with("status", "lost")
            .field("text", t("太长", "Too long"))
            .into());
    }
    Ok(input.body)
}

fn city() -> TestCity {
    TestCity::new(MANIFEST)
}

fn text(target: &str) -> (u16, String) {
    let response = Request::get(target).to::<Lesson>();
    (response.code().as_u16(), response.body_text())
}

#[test]
fn the_routes_are_sound_and_mistakes_are_named() {
    Lesson::router().check().unwrap();
    let twice = Router::new().get("/a", |_| Ok(Response::text("1"))).get("/a", |_| Ok(Response::text("2")));
    assert!(twice.check().unwrap_err().contains("twice"));
    let clash = Router::new().get("/a/{x}", |_| Ok(Response::text("1"))).get("/a/{y}", |_| Ok(Response::text("2")));
    assert!(clash.check().is_err());
}

#[test]
fn paths_lead_to_their_handlers_with_decoded_parameters() {
    let _city = city();
    assert_eq!(text("/rooms/17?x=1"), (200, "room 17".into()));
    assert_eq!(text("/rooms/first"), (200, "the first".into()), "what is fixed comes before what is not");
    assert_eq!(text("/rooms/x").0, 404);
    assert_eq!(text("/files/a/%E9%BE%9F+b%2Fc.txt"), (200, "a/龟+b/c.txt".into()));
    assert_eq!(text("/files/%FF").0, 404);
    assert_eq!(text("/nowhere").0, 404);
    assert_eq!(text("/rooms/").0, 404);
}

#[test]
fn head_is_get_without_a_body_and_other_methods_are_named() {
    let city = city();
    let head = city.send::<Lesson>(yunlong_sdk::testing::TestRequest::new(Method::HEAD, "/rooms/1"));
    assert_eq!((head.code().as_u16(), head.body()), (200, &b""[..]));
    let wrong = city.send::<Lesson>(Request::post("/rooms/1").header("accept", "application/json"));
    assert_eq!((wrong.code().as_u16(), wrong.header_value("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn visitors_are_sent_to_sign_in_and_programs_are_told() {
    let city = city();
    let page = city.get::<Lesson>("/mine?a=b");
    assert_eq!(
        (page.code().as_u16(), page.header_value("location")),
        (303, Some("http://localhost:8080/sign-on?installation=lesson&return=%2Fmine%3Fa%3Db"))
    );
    assert!(city.post::<Lesson>("/mine", &[]).header_value("location").unwrap().ends_with("return=%2Fmine"));
    let api = city.send::<Lesson>(Request::get("/mine").header("accept", "application/json"));
    assert_eq!((api.code().as_u16(), api.header_value("content-type")), (401, Some("application/problem+json")));
    assert_eq!(api.body_json()["type"], "urn:yunlong:problem:sign-in-required");
    city.sign_in("p-1");
    assert_eq!(city.get::<Lesson>("/mine").body_text(), "p-1");
}

#[test]
fn roles_are_required_of_those_who_signed_in() {
    let city = city();
    assert_eq!(city.get::<Lesson>("/staff").code(), 303);
    city.sign_in("p-1");
    assert_eq!(city.get::<Lesson>("/staff").code(), 403);
    city.sign_in_official("o-1", &["teacher"]);
    assert_eq!(city.get::<Lesson>("/staff").code(), 200);
}

#[test]
fn a_missing_consent_leads_to_the_consent_page() {
    let city = city();
    city.sign_in("p-1");
    city.set_attribute("p-1", Attribute::BirthDate, "1990-01-01");
    let page = city.get::<Lesson>("/age");
    assert_eq!(
        page.header_value("location"),
        Some("http://localhost:8080/consent?installation=lesson&scope=age&return=%2Fage")
    );
    let api = city.get::<Lesson>("/api/age");
    assert_eq!((api.code().as_u16(), api.body_json()["scope"].clone()), (403, json!("age")));
    city.consent("p-1", "age");
    assert_eq!(city.get::<Lesson>("/age").body_text(), "1990-01-01");
}

#[test]
fn what_went_wrong_inside_is_not_shown() {
    let city = city();
    let page = city.get::<Lesson>("/broken");
    assert_eq!(page.code(), 500);
    assert!(!page.body_text().contains("secret") && page.body_text().contains("test-1"), "the request's id is there");
}

#[test]
fn problems_speak_the_language_of_the_person() {
    let city = city();
    let create = || city.send::<Lesson>(Request::post("/api/rooms/0/notes").json(&json!({"text": "x", "tone": "bad"})));
    city.prefer(Lang::En, false);
    let problem = create();
    assert_eq!(problem.code(), 409);
    assert_eq!(
        problem.body_json(),
        json!({"type": "urn:yunlong:problem:full", "title": "Full", "status": 409, "left": 0, "errors": [{"pointer": "/text", "detail": "Too long"}], "request_id": "test-1"})
    );
    city.prefer(Lang::Zh, false);
    assert_eq!(create().body_json()["title"], "满了");
}

#[test]
fn operations_read_their_types_and_refuse_others() {
    let city = city();
    assert_eq!(
        city.get::<Lesson>("/api/rooms/3/notes?limit=2&word=a+b").body_json(),
        json!([{"text": "3-a b", "tone": null}, {"text": "3-a b", "tone": null}])
    );
    assert_eq!(city.get::<Lesson>("/api/rooms/3/notes").code(), 400);
    assert_eq!(city.get::<Lesson>("/api/rooms/3/notes?word=x&limit=300").code(), 400);
    assert_eq!(city.get::<Lesson>("/api/rooms/x/notes?word=x").code(), 404);
    let post = |body: &str| {
        city.send::<Lesson>(Request::post("/api/rooms/3/notes").body("application/json; charset=utf-8", body))
            .code()
            .as_u16()
    };
    assert_eq!([post(r#"{"text":"x"}"#), post(r#"{"text":1}"#), post("{"), post("")], [201, 400, 400, 400]);
    let delete =
        || city.send::<Lesson>(yunlong_sdk::testing::TestRequest::new(Method::DELETE, "/api/rooms/3")).code().as_u16();
    assert_eq!(delete(), 401);
    city.sign_in("p-1");
    assert_eq!(delete(), 204);
}

#[test]
fn the_openapi_document_is_made_of_the_operations() {
    let city = city();
    assert_eq!(city.post::<Lesson>("/openapi.json", &[]).header_value("allow"), Some("GET, HEAD"));
    let doc = city.get::<Lesson>("/openapi.json").body_json();
    assert_eq!((&doc["openapi"], &doc["info"]["version"]), (&json!("3.1.0"), &json!("1.2.3")));
    let list = &doc["paths"]["/api/rooms/{room}/notes"]["get"];
    assert_eq!(list["operationId"], "listNotes");
    let parameters: Vec<_> = list["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["in"].as_str().unwrap(), p["required"].as_bool().unwrap()))
        .collect();
    assert_eq!(parameters, [("room", "path", true), ("limit", "query", false), ("word", "query", true)]);
    assert_eq!(list["parameters"][0]["description"], "The room's number.");
    assert_eq!(
        list["responses"]["200"]["content"]["application/json"]["schema"],
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Note"}})
    );
    let create = &doc["paths"]["/api/rooms/{room}/notes"]["post"];
    for status in ["201", "400", "404", "409", "415", "503"] {
        assert!(create["responses"][status].is_object(), "{status}");
    }
    let delete = &doc["paths"]["/api/rooms/{room}"]["delete"];
    assert_eq!(
        (&delete["security"], &delete["responses"]["204"]["description"]),
        (&json!([{"bearer": []}]), &json!("No Content"))
    );
    assert_eq!(doc["components"]["schemas"]["Mood"]["enum"], json!(["good", "bad"]));
    assert!(!doc.to_string().contains("$schema"));
}

#[test]
fn a_page_has_what_every_page_has() {
    let city = city();
    let html = city.get::<Lesson>("/").body_text();
    for part in [
        "<!DOCTYPE html><html lang=\"zh-CN\"><head>",
        "<title>你好 &lt;b&gt; · 课堂</title>",
        "<link rel=\"stylesheet\" href=\"/_city/theme.css\">",
        "<a class=\"skip-link\" href=\"#main\">",
        "action=\"/_city/preferences\"",
        "<input type=\"hidden\" name=\"return\" value=\"/\">",
        "<button name=\"lang\" value=\"en\" lang=\"en\">English</button>",
        "<button name=\"elder\" value=\"true\">",
        "<a href=\"/\" aria-current=\"page\">首页</a>",
        "<main class=\"container\" id=\"main\" tabindex=\"-1\"><h1>你好 &lt;b&gt;</h1>",
        "<a href=\"/help\">帮助</a>",
        ">登录</a>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(!html.contains("<script") && !html.contains("style="));
    city.sign_in("p-1");
    city.prefer(Lang::En, true);
    let html = city.get::<Lesson>("/").body_text();
    assert!(
        html.contains("<html lang=\"en\" data-elder>")
            && html.contains("action=\"/_city/sign-out\"")
            && html.contains("value=\"zh\" lang=\"zh-CN\">中文<")
    );
}

#[test]
fn a_problem_is_a_page_for_people() {
    let city = city();
    let page = city.get::<Lesson>("/nowhere");
    assert_eq!((page.code().as_u16(), page.header_value("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(page.body_text().contains("<h1>没有找到</h1>"));
}

#[test]
fn fields_keep_what_was_typed_and_name_their_errors() {
    let mut form = Form::new().with("name", "\"><i>").with("kind", "b").with("note", "\nx").with("agree", "yes");
    form.reject("name", t("不对", "Wrong"));
    let field = page::field(Lang::En, &form, "name", "text", &t("姓名", "Name"), Some(&t("真名", "As registered")))
        .into_string();
    assert!(field.contains("<label for=\"field-name\">Name</label>"));
    assert!(
        field.contains("value=\"&quot;&gt;&lt;i&gt;\" aria-invalid=\"true\" aria-describedby=\"hint-name error-name\"")
    );
    assert!(field.contains("<span class=\"field-error\" id=\"error-name\">Wrong</span>"));
    let select = page::select(Lang::Zh, &form, "kind", &t("类别", "Kind"), &[("a", "甲"), ("b", "乙")]).into_string();
    assert!(select.contains("<option value=\"b\" selected>乙</option>") && !select.contains("aria-describedby"));
    assert!(
        page::textarea(Lang::Zh, &form, "note", 3, &t("备注", "Note"), None)
            .into_string()
            .contains(">\n\nx</textarea>"),
        "a leading line break survives"
    );
    assert!(page::checkbox(Lang::Zh, &form, "agree", &t("同意", "Agree")).into_string().contains(" checked"));
    assert!(page::error_summary(Lang::En, &form).into_string().contains("<a href=\"#field-name\">Wrong</a>"));
}

#[test]
fn amounts_are_yuan_with_groups() {
    for (fen, want) in [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (12_345, "¥123.45"),
        (108_000, "¥1,080.00"),
        (123_456_789_012, "¥1,234,567,890.12"),
    ] {
        assert_eq!(page::amount(fen).into_string(), format!("<span class=\"amount\">{want}</span>"));
    }
}

#[test]
fn tables_pagers_badges_and_notices_have_their_roles() {
    let columns = [
        Column::new("编号", |n: &u32| html! { (n) }),
        Column::new("金额", |n: &u32| page::amount(u64::from(*n))).numeric(),
    ];
    let table = page::table("订单", &columns, [1, 2]).into_string();
    assert!(
        table.contains("<div class=\"table-wrap\" role=\"region\" aria-label=\"订单\" tabindex=\"0\">")
            && table.contains("<th scope=\"row\">1</th><td class=\"amount\">")
    );
    assert_eq!(page::pager(Lang::En, "/x", &[], true, None).into_string(), "");
    let pager = page::pager(Lang::En, "/x", &[("day", "1 2")], false, Some("c&d")).into_string();
    assert!(pager.contains("href=\"/x?day=1%202\"") && pager.contains("href=\"/x?day=1%202&amp;after=c%26d\""));
    assert!(page::badge(Tone::Warn, "待付").into_string().contains("badge badge-warn"));
    assert!(page::notice(Tone::Bad, "x").into_string().contains("role=\"alert\""));
}

#[test]
fn a_download_keeps_its_chinese_name() {
    let file = Response::download("text/csv", "龟山 1.csv", "a,b");
    assert_eq!(
        file.header_value("content-disposition"),
        Some("attachment; filename*=UTF-8''%E9%BE%9F%E5%B1%B1%201.csv")
    );
}

#[derive(Serialize, JsonSchema)]
struct Made {
    room: u32,
    name: Option<String>,
}

struct Makes;

impl App for Makes {
    fn router() -> Router {
        let made = |name: Option<&str>| {
            let name = name.map(str::to_owned);
            move |_: &Request, _: Input| Ok(Made { room: 7, name: name.clone() })
        };
        let post = |path, id| Operation::post(path, id).status(StatusCode::CREATED);
        Router::new()
            .operation(post("/api/rooms", "makeRoom").location("/api/rooms/{room}/notes/{name}"), made(Some("a/b 云")))
            .operation(post("/api/odd", "makeOdd").location("/api/odd/{name}"), made(None))
    }
}

#[test]
fn an_operation_says_where_what_it_made_is() {
    let city = city();
    let made = city.send::<Makes>(Request::post("/api/rooms"));
    assert_eq!(made.code(), 201);
    assert_eq!(made.header_value("location"), Some("/api/rooms/7/notes/a%2Fb%20%E4%BA%91"), "each part is one segment");
    let doc = city.get::<Makes>("/openapi.json").body_json();
    let header = &doc["paths"]["/api/rooms"]["post"]["responses"]["201"]["headers"]["Location"];
    assert_eq!(header["schema"]["format"], "uri-reference");
    // The answer has no such member: a mistake of the app's, and no half of an address.
    assert_eq!(city.send::<Makes>(Request::post("/api/odd")).code(), 500);
}
