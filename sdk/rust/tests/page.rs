//! Charts, maps, lists and what is printed, as a specification.
#![allow(clippy::unwrap_used)]

use yunlong_sdk::maud::html;
use yunlong_sdk::page::{self, Chart, Column, DistrictMap, Listing, Paper, Quantity};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Lang, Request, Response, Router, Tone, t, web};

#[test]
fn a_chart_is_a_figure_with_its_table_and_what_people_typed_is_text() {
    let chart = Chart::line("销售额", "县区")
        .unit("元")
        .series("本月")
        .series("上月")
        .row("丰县 <b>", [Quantity::fen(108_000)])
        .linked_row("睢宁县", "/d?a=1&b=2", [1, 2, 3]);
    let markup = page::chart(Lang::Zh, &chart).into_string();
    for part in [
        "<figure class=\"chart\" data-chart=\"line\" data-unit=\"元\"><figcaption>销售额</figcaption>",
        "<th class=\"amount\" scope=\"col\" data-series>本月（元）</th>",
        "丰县 &lt;b&gt;</th><td class=\"amount\" data-value=\"1080.00\">¥1,080.00</td><td class=\"amount\">—</td></tr>",
        "<a href=\"/d?a=1&amp;b=2\">睢宁县</a></th><td class=\"amount\" data-value=\"1\">1</td><td class=\"amount\" data-value=\"2\">2</td></tr>",
        "<script type=\"module\" src=\"/_city/page.js\"></script></figure>",
    ] {
        assert!(markup.contains(part), "{part} in {markup}");
    }
    let empty = page::chart(Lang::En, &Chart::pie("x", "y").series("z")).into_string();
    assert!(empty.contains("There are no figures.") && !empty.contains("<table"), "{empty}");
}

#[test]
fn a_map_says_its_classes_in_words_and_which_districts_it_lacks() {
    let map = DistrictMap::new("覆盖率", "覆盖率")
        .toned_class(98, "达到", Tone::Ok)
        .toned_class(0, "未达到", Tone::Bad)
        .district("320321", "丰县", Quantity::decimal(9_799, 2))
        .linked_district("320371", "开发区", "/320371", Quantity::unknown("—"));
    let markup = page::district_map(Lang::Zh, &map).into_string();
    for part in [
        "<span class=\"swatch tone-bad pattern-1\" aria-hidden=\"true\"></span>未达到",
        "<tr data-code=\"320321\" data-class=\"1\" data-tone=\"bad\">",
        "<tr data-code=\"320371\"><th scope=\"row\"><a href=\"/320371\">",
        "只列在表格里：开发区。",
    ] {
        assert!(markup.contains(part), "{part} in {markup}");
    }
}

#[test]
fn what_else_is_told_of_a_district_stands_beside_its_figure_and_is_told_by_the_map() {
    let map = DistrictMap::new("x", "y")
        .district("320324", "睢宁县", 80)
        .district("320321", "丰县", 100)
        .column("缺少", [("320324", html! { a href="/s?a=1&b=2" { "<b>一小</b>" } })]);
    let markup = page::district_map(Lang::En, &map).into_string();
    for part in [
        "data-series>y</th><th scope=\"col\" data-series>缺少</th><th scope=\"col\">Class</th>",
        "data-value=\"80\">80</td><td><a href=\"/s?a=1&amp;b=2\">&lt;b&gt;一小&lt;/b&gt;</a></td><td>",
        "data-value=\"100\">100</td><td>—</td><td>",
    ] {
        assert!(markup.contains(part), "{part} in {markup}");
    }
}

struct Lists;

impl App for Lists {
    fn router() -> Router {
        Router::new().get("/list", list).get("/print", print)
    }
}

fn list(req: &Request) -> web::Result<Response> {
    let list = Listing::of(req, &["name", "-amount"], &["q"]);
    let columns = [
        Column::new("名称", |n: &u32| html! { (n) }).sorted_by("name"),
        Column::new("金额", |n: &u32| html! { (n) }).sorted_by("amount"),
        Column::new("备注", |n: &u32| html! { (n) }).sorted_by("secret"),
    ];
    let range = list.range(45, 20);
    Ok(Response::html(html! {
        p { (list.sort()) "|" (list.is_descending()) "|" (list.filter("q")) "|" (range.start) "-" (range.end) }
        (list.form(page::field(req.lang(), list.filters(), "q", "search", &t("名称", "Name"), None)))
        (list.table("x", &columns, [1]))
        (list.pages(45, 20))
        (list.files("/file"))
    }))
}

fn print(req: &Request) -> web::Result<Response> {
    Ok(Response::html(page::print_view(req.lang(), Paper::Receipt, "收据 <1>", html! { p { "x" } })))
}

#[test]
fn a_list_is_as_its_address_says_and_by_nothing_that_is_not_offered() {
    let city = TestCity::new(include_str!("app.toml"));
    let at = |target: &str| city.get::<Lists>(target).body_text();
    let page = at("/list?sort=-amount&q=%20a%26b%20&page=9&secret=1");
    for part in [
        "<p>amount|true|a&amp;b|40-45</p>",
        "aria-sort=\"none\"><a class=\"sort\" href=\"/list?sort=name&amp;q=a%26b\">名称</a>",
        "aria-sort=\"descending\"><a class=\"sort\" href=\"/list?sort=amount&amp;q=a%26b\">金额</a>",
        "<th scope=\"col\">备注</th>",
        "value=\"a&amp;b\"",
        "name=\"sort\" value=\"-amount\"",
        "<a href=\"/list?sort=-amount\">",
        "href=\"/list?sort=-amount&amp;q=a%26b&amp;page=2\" rel=\"prev\"",
        "href=\"/file?sort=-amount&amp;q=a%26b&amp;format=csv\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(at("/list?sort=secret&page=-1").contains("<p>name|false||0-20</p>"));
}

#[test]
fn what_is_for_paper_says_whose_it_is() {
    let city = TestCity::new(include_str!("app.toml"));
    let page = city.get::<Lists>("/print").body_text();
    assert!(
        page.contains("<article class=\"print-view print-receipt\"><header><h2>收据 &lt;1&gt;</h2></header>"),
        "{page}"
    );
    assert!(page.contains("data-print hidden>") && page.contains("打印时间 "), "{page}");
}
