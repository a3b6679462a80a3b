"""Routes, negotiation, forms, problems and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import TemplateError
from markupsafe import Markup

from yunlong import (
    App,
    Column,
    Form,
    Lang,
    Layout,
    NavItem,
    Problem,
    Request,
    Respond,
    Response,
    Router,
    Templates,
    Tone,
    page,
    t,
)
from yunlong import data as data_
from yunlong.attributes import Attribute, attribute
from yunlong.testing import TestCity
from yunlong.web.accept import prefers_json
from yunlong.web.urls import encode, pairs

from .conftest import MANIFEST

LAYOUT = Layout(
    t("课堂", "Lesson"),
    Templates(Path(__file__).parent / "templates"),
    nav=lambda _: [NavItem("/", t("首页", "Home"))],
    help="/help",
)
router = Router()


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Note:
    text: str
    tone: Mood | None = None
    count: int = 1


@router.get("/")
def home(req: Request) -> Response:
    return LAYOUT.page(req, t("你好 <b>", "Hello <b>"), "home.html", name="<i>")


@router.get("/rooms/{room}")
def room(req: Request) -> Response:
    return Response.text(f"room {req.param_as('room', int)}")


@router.get("/rooms/first")
def first(_: Request) -> Response:
    return Response.text("the first")


@router.get("/files/{*path}")
def files(req: Request) -> Response:
    return Response.text(req.param("path"))


@router.get("/mine")
@router.post("/mine")
def mine(req: Request) -> Response:
    return Response.text(req.subject())


@router.get("/staff")
def staff(req: Request) -> Response:
    req.require_role("teacher")
    return Response.text("staff")


# ANCHOR: attribute
@router.get("/age")
@router.get("/api/age")
def age(_: Request) -> Response:
    return Response.text(attribute(Attribute.BIRTH_DATE))
    # ANCHOR_END: attribute


@router.get("/broken")
def broken(_: Request) -> Response:
    raise data_.Other("secret detail")


@router.get("/early")
def early(_: Request) -> Response:
    raise Respond(Response.text("early"))


@router.post("/api/rooms/{room}/notes")
def create(req: Request) -> Response:
    if req.param_as("room", int) == 0:
        full = Problem.conflict(t("满了", "Full"), "full").with_("left", 0).with_("status", "lost")
        raise full.field("text", t("太长", "Too long"))
    return Response.json(req.json(Note), 201)


@router.post("/form")
def form_(req: Request) -> Response:
    return Response.json({name: value for name, value in req.form().pairs})


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, App(router)) as city:
        yield city


def test_mistakes_in_routes_are_named_when_the_app_is_loaded() -> None:
    clash = Router()
    clash.get("/a/{x}")(home)
    for path, why in [("/a/{y}", "twice"), ("a", "begins with /"), ("/a/{x", "parameters"), ("/a/{X}", "parameters")]:
        with pytest.raises(ValueError, match=why):
            clash.get(path)(home)


def test_paths_lead_to_their_handlers_with_decoded_parameters(city: TestCity) -> None:
    def text(target: str) -> tuple[int, str]:
        answer = city.get(target)
        return answer.status, answer.body_text

    assert text("/rooms/17?x=1") == (200, "room 17")
    assert text("/rooms/first") == (200, "the first"), "what is fixed comes before what is not"
    assert text("/files/a/%E9%BE%9F+b%2Fc.txt") == (200, "a/龟+b/c.txt")
    for nowhere in ["/rooms/x", "/files/%FF", "/nowhere", "/rooms/", "/rooms/1/2", "/.", "//"]:
        assert text(nowhere)[0] == 404, nowhere


def test_head_is_get_without_a_body_and_other_methods_are_named(city: TestCity) -> None:
    head = city.send("HEAD", "/rooms/1")
    assert (head.status, head.body) == (200, b"")
    wrong = city.send("POST", "/rooms/1", {"accept": "application/json"})
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD")


def test_visitors_are_sent_to_sign_in_and_programs_are_told(city: TestCity) -> None:
    answer = city.get("/mine?a=b")
    assert answer.status == 303
    assert answer.headers["location"] == "http://localhost:8080/sign-on?installation=lesson&return=%2Fmine%3Fa%3Db"
    assert city.post("/mine").headers["location"].endswith("return=%2Fmine")
    api = city.get("/mine", accept="application/json")
    assert (api.status, api.headers["content-type"]) == (401, "application/problem+json")
    assert api.body_json["type"] == "urn:yunlong:problem:sign-in-required"
    city.sign_in("p-1")
    assert city.get("/mine").body_text == "p-1"


def test_roles_are_required_of_those_who_signed_in(city: TestCity) -> None:
    assert city.get("/staff").status == 303
    city.sign_in("p-1")
    assert city.get("/staff").status == 403
    city.sign_in_official("o-1", "teacher")
    assert city.get("/staff").status == 200


def test_a_missing_consent_leads_to_the_consent_page(city: TestCity) -> None:
    city.sign_in("p-1")
    city.set_attribute("p-1", Attribute.BIRTH_DATE, "1990-01-01")
    where = "http://localhost:8080/consent?installation=lesson&scope=age&return=%2Fage"
    assert city.get("/age").headers["location"] == where
    api = city.get("/api/age")
    assert (api.status, api.body_json["scope"]) == (403, "age")
    city.consent("p-1", "age")
    assert city.get("/age").body_text == "1990-01-01"


def test_what_went_wrong_inside_is_not_shown(city: TestCity) -> None:
    answer = city.get("/broken")
    assert answer.status == 500
    assert "secret" not in answer.body_text and "test-1" in answer.body_text, "the request's id is there"


def test_an_early_response_is_the_answer(city: TestCity) -> None:
    assert city.get("/early").body_text == "early"


def test_problems_speak_the_language_of_the_person(city: TestCity) -> None:
    city.prefer(Lang.EN)
    answer = city.post_json("/api/rooms/0/notes", {"text": "x"})
    assert answer.status == 409
    assert answer.body_json == {
        "type": "urn:yunlong:problem:full",
        "title": "Full",
        "status": 409,
        "left": 0,
        "errors": [{"pointer": "/text", "detail": "Too long"}],
        "request_id": "test-1",
    }
    city.prefer(Lang.ZH)
    assert city.post_json("/api/rooms/0/notes", {"text": "x"}).body_json["title"] == "满了"


def test_json_bodies_are_read_as_their_type_and_others_are_refused(city: TestCity) -> None:
    def post(body: str, media: str = "application/json; charset=utf-8") -> int:
        return city.send("POST", "/api/rooms/3/notes", {"content_type": media}, body.encode()).status

    assert city.post_json("/api/rooms/3/notes", {"text": "x", "tone": "bad", "more": 1}).body_json == {
        "text": "x", "tone": "bad", "count": 1,
    }  # fmt: skip
    bad = ['{"text": 1}', "{", "", "[]", '{"text": "x", "tone": "so-so"}', '{"text": "x", "count": NaN}', "[" * 99_999]
    assert [post(body) for body in bad] == [400] * len(bad)
    assert post('{"text": "x", "count": true}') == 400, "true is no number"
    assert post('{"text": "x"}', "text/plain") == 415


def test_forms_are_read_as_browsers_send_them(city: TestCity) -> None:
    body = "name=%E9%BE%9F%E5%B1%B1+tomb&x&y=a=b&&".encode()
    media = {"content_type": "application/x-www-form-urlencoded"}
    assert city.send("POST", "/form", media, body).body_json == {"name": "龟山 tomb", "x": "", "y": "a=b"}
    assert city.send("POST", "/form", media, b"\xff").status == 400
    assert city.post_json("/form", {}).status == 415
    assert pairs("a=%FF") == [("a", "\ufffd")]
    assert encode("a b&c=d/龟") == "a%20b%26c%3Dd%2F%E9%BE%9F"


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "json"),
    [
        ("/orders", BROWSER, False),
        ("/orders", "application/json", True),
        ("/orders", "*/*", False),
        ("/orders", None, False),
        ("/api/orders", "*/*", True),
        ("/api/orders", None, True),
        ("/api/orders", BROWSER, False),
        ("/orders", "text/html;q=0.5, application/json", True),
        ("/orders", "application/problem+json;q=x", True),
        ("/orders", "application/json;q=nan, text/html;q=0", True),
    ],
)
def test_browsers_get_pages_and_programs_get_json(path: str, accept: str | None, json: bool) -> None:
    assert prefers_json(path, accept) is json


def test_a_form_keeps_what_was_typed_beside_the_reason() -> None:
    form = Form([("name", ""), ("age", "12x"), ("note", "好" * 5), ("kind", "other"), ("day", "2026-02-29")])
    assert form.text("name", 1, 10) is None
    assert form.number("age", 0, 150) is None
    assert form.text("note", 0, 4) is None
    assert form.choice("kind", ["adult", "child"]) is None
    assert form.parse("day", lambda _: None, t("没有这一天", "No such day")) is None
    assert form.value("age") == "12x"
    assert [name for name, _ in form.errors] == ["name", "age", "note", "kind", "day"]
    why = form.error("note")
    assert why and why.en == "At most 4 characters; there are 5"
    with pytest.raises(Problem):
        form.finish()


def test_a_form_counts_characters_and_takes_ordinary_digits_alone() -> None:
    assert Form([("name", " 徐州 ")]).text("name", 1, 2) == "徐州"
    assert Form().text("note", 0, 10) == ""
    assert [Form([("n", n)]).number("n", -5, 150) for n in ["7", " +7", "-5", "²", "٣", "1_0", "9" * 5000, "7.0", "-+5"]] == [
        7, 7, -5, None, None, None, None, None, None,
    ]  # fmt: skip


def test_a_page_has_what_every_page_has(city: TestCity) -> None:
    html = city.get("/").body_text
    for part in [
        "<!DOCTYPE html>",
        '<html lang="zh-CN">',
        "<title>你好 &lt;b&gt; · 课堂</title>",
        '<link rel="stylesheet" href="/_city/theme.css">',
        '<a class="skip-link" href="#main">',
        'action="/_city/preferences"',
        '<input type="hidden" name="return" value="/">',
        '<button name="lang" value="en" lang="en">English</button>',
        '<button name="elder" value="true">',
        '<a href="/" aria-current="page">首页</a>',
        '<main class="container" id="main" tabindex="-1">\n<h1>你好 &lt;b&gt;</h1>',
        '<a href="/help">帮助</a>',
        ">登录</a>",
        "<p>&lt;i&gt; 好</p>",
    ]:
        assert part in html, f"{part}\n{html}"
    assert "<script" not in html and "style=" not in html
    city.sign_in("p-1")
    city.prefer(Lang.EN, elder=True)
    html = city.get("/").body_text
    assert '<html lang="en" data-elder>' in html and 'action="/_city/sign-out"' in html
    assert 'value="zh" lang="zh-CN">中文<' in html and 'value="false">Standard<' in html


def test_a_problem_is_a_page_for_people(city: TestCity) -> None:
    answer = city.get("/nowhere")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>没有找到</h1>" in answer.body_text and "请求编号：<code>test-1</code>" in answer.body_text


def test_fields_keep_what_was_typed_and_name_their_errors() -> None:
    form = Form([("name", '"><i>'), ("kind", "b"), ("note", "\nx"), ("agree", "yes")])
    form.reject("name", t("不对", "Wrong"))
    assert page.field(Lang.EN, form, "name", "text", t("姓名", "Name"), t("真名", "As registered")) == (
        '<div><label for="field-name">Name</label>'
        '<input id="field-name" name="name" type="text" value="&#34;&gt;&lt;i&gt;" aria-invalid="true"'
        ' aria-describedby="hint-name error-name"><span class="field-help" id="hint-name">As registered</span>'
        '<span class="field-error" id="error-name">Wrong</span></div>'
    )
    select = page.select(Lang.ZH, form, "kind", t("类别", "Kind"), [("a", "甲"), ("b", "乙")])
    assert '<option value="b" selected>乙</option>' in select and "aria-describedby" not in select
    note = page.textarea(Lang.ZH, form, "note", 3, t("备注", "Note"))
    assert ">\n\nx</textarea>" in note, "a leading line break survives"
    assert " checked" in page.checkbox(Lang.ZH, form, "agree", t("同意", "Agree"))
    assert '<a href="#field-name">Wrong</a>' in page.error_summary(Lang.EN, form)
    assert page.error_summary(Lang.EN, Form()) == ""


@pytest.mark.parametrize(
    ("fen", "want"),
    [(0, "¥0.00"), (5, "¥0.05"), (12_345, "¥123.45"), (108_000, "¥1,080.00"), (123_456_789_012, "¥1,234,567,890.12")],
)
def test_amounts_are_yuan_with_groups(fen: int, want: str) -> None:
    assert page.amount(fen) == f'<span class="amount">{want}</span>'


def test_tables_pagers_badges_and_notices_have_their_roles() -> None:
    columns = [Column[int]("编号", str), Column[int]("金额", page.amount).numeric()]
    table = page.table("订单", columns, [1, 2])
    assert '<div class="table-wrap" role="region" aria-label="订单" tabindex="0">' in table
    assert '<th scope="row">1</th><td class="amount"><span class="amount">¥0.01</span></td>' in table
    assert page.pager(Lang.EN, "/x", [], True, None) == ""
    pager = page.pager(Lang.EN, "/x", [("day", "1 2")], False, "c&d")
    assert 'href="/x?day=1%202"' in pager and 'href="/x?day=1%202&amp;after=c%26d"' in pager
    assert page.badge(Tone.WARN, "待付") == '<span class="badge badge-warn">待付</span>'
    assert page.notice("bad", "<x>") == '<div class="notice notice-bad" role="alert">&lt;x&gt;</div>'
    assert page.notice(Tone.OK, Markup("<b>x</b>")) == '<div class="notice notice-ok" role="status"><b>x</b></div>'
    assert page.confirm("/x", "删除", [("id", '"')]) == (
        '<form class="inline" method="post" action="/x"><input type="hidden" name="id" value="&#34;">'
        '<button type="submit">删除</button></form>'
    )


def test_a_mistake_in_a_template_is_found_when_the_app_is_loaded(tmp_path: Path, city: TestCity) -> None:
    (tmp_path / "broken.html").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(TemplateError):
        Templates(tmp_path)
    (tmp_path / "broken.html").write_text("{{ nobody_gave_this }}", encoding="utf-8")
    with pytest.raises(TemplateError, match="nobody_gave_this"):
        Templates(tmp_path).render("broken.html")
    with pytest.raises(FileNotFoundError):
        Templates(tmp_path / "none")


def test_a_download_keeps_its_chinese_name() -> None:
    file = Response.download("text/csv", "龟山 1.csv", b"a,b")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''%E9%BE%9F%E5%B1%B1%201.csv"
