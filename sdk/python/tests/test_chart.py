"""Charts, maps, lists, what is printed and files: the same markup as in the other SDKs."""

import io
import zipfile
from datetime import date

import pytest

from yunlong import Column, Request, Response, page, sheet
from yunlong.page import ChartRow, District, Listing, MapClass, MapColumn, Quantity, Tone
from yunlong.page.chart import class_of, classes_of, shade
from yunlong.testing import TestCity
from yunlong.text import Lang

TABLE = sheet.Sheet(
    "2026/10",
    ["名称", "-a"],
    [['=HYPERLINK("x")', Quantity.fen(-5)], ['a,"b"', 12], ["c\x01\ud800<", None], [Quantity.unknown("—"), Quantity.decimal(9_797, 2)]],
)


def test_figures_are_exact_and_read_as_people_write_them() -> None:
    for quantity, number, text in [
        (Quantity.decimal(-1_234_567), "-1234567", "-1,234,567"),
        (Quantity.decimal(-5, 2), "-0.05", "-0.05"),
        (Quantity.fen(-108_000), "-1080.00", "-¥1,080.00"),
        (Quantity.unknown("—"), None, "—"),
    ]:
        assert (quantity.number, quantity.text) == (number, text)


def test_a_chart_is_a_figure_with_its_table() -> None:
    lang = Lang.ZH
    # ANCHOR: chart
    rows = [
        ChartRow("丰县 <b>", [Quantity.fen(108_000)]),
        ChartRow("睢宁县", [Quantity.unknown("—")], link="/sales?division=320324"),
    ]
    chart = page.chart(lang, "bar", "各县区销售额", "县区", ["本月"], rows, unit="元")
    # ANCHOR_END: chart
    assert chart.startswith('<figure class="chart" data-chart="bar" data-unit="元"><figcaption>各县区销售额</figcaption>')
    assert '<th class="amount" scope="col" data-series>本月（元）</th>' in chart
    assert '丰县 &lt;b&gt;</th><td class="amount" data-value="1080.00">¥1,080.00</td>' in chart
    assert '<a href="/sales?division=320324">睢宁县</a></th><td class="amount">—</td>' in chart
    assert "没有数据" in page.chart(lang, "pie", "x", "y", ["z"], [])


def test_a_class_begins_at_its_bound_and_nothing_is_rounded_up() -> None:
    classes = [MapClass(98, "达到", Tone.OK), MapClass(0, "未达到", Tone.BAD)]
    districts = [
        District("320324", "睢宁县", Quantity.decimal(9_800, 2), "/d"),
        District("320321", "丰县", Quantity.decimal(9_799, 2)),
        District("320371", "开发区", Quantity.unknown("—")),
    ]
    markup = page.district_map(Lang.ZH, "x", "y", districts, classes=classes)
    assert '<tr data-code="320324" data-class="2" data-tone="ok"><th scope="row"><a href="/d">' in markup
    assert '<tr data-code="320321" data-class="1" data-tone="bad">' in markup
    assert '<span class="swatch tone-bad pattern-1" aria-hidden="true"></span>未达到' in markup
    assert "只列在表格里：开发区。" in markup


def test_what_else_is_told_of_a_district_stands_beside_its_figure() -> None:
    districts = [District("320324", "睢宁县", 80), District("320321", "丰县", 100)]
    columns = [MapColumn("缺少", {"320324": "<b>一小</b>"})]
    markup = page.district_map(Lang.EN, "x", "y", districts, columns=columns)
    assert 'data-series>y</th><th scope="col" data-series>缺少</th><th scope="col">Class</th>' in markup
    assert 'data-value="80">80</td><td>&lt;b&gt;一小&lt;/b&gt;</td><td>' in markup
    assert 'data-value="100">100</td><td>—</td><td>' in markup


def test_classes_of_one_width_hold_every_figure() -> None:
    for figures in ([0, 1, 2], [5, 5], [-7, 0, 93, 1_000]):
        classes = classes_of([], [District("320302", "鼓楼区", f) for f in figures])
        assert (class_of(min(figures), classes), class_of(max(figures), classes)) == (1, len(classes))
    assert [shade(n, 5) for n in range(1, 6)] == [1, 2, 4, 5, 6]


def test_a_list_is_as_its_address_says_and_by_nothing_that_is_not_offered(city: TestCity) -> None:
    request = Request("GET", "/list?sort=-amount&q=%20a%26b%20&page=9")
    listing = Listing(request, ["name", "-amount"], ["q"])
    assert (listing.sort, listing.descending, listing.filter("q")) == ("amount", True, "a&b")
    assert listing.range(45, 20) == slice(40, 45)
    columns = [Column[int]("名称", str).sorted_by("name"), Column[int]("备注", str).sorted_by("secret")]
    table = listing.table("x", columns, [1])
    assert 'aria-sort="none"><a class="sort" href="/list?sort=name&amp;q=a%26b">名称</a>' in table
    assert '<th scope="col">备注</th>' in table
    assert 'page=2" rel="prev"' in listing.pages(45, 20)
    assert "/file?sort=-amount&amp;q=a%26b&amp;format=csv" in listing.files("/file")
    assert Listing(Request("GET", "/list?sort=secret"), ["name"]).sort == "name"


def test_files_hold_no_formula_and_the_same_tables_are_the_same_file() -> None:
    day = date(2026, 10, 31)
    assert sheet.csv(sheet.Sheet("x", ["-a"], [["=1", -1]])).decode() == "\ufeff'-a\r\n'=1,-1\r\n"
    book = sheet.xlsx([TABLE], day)
    assert book == sheet.xlsx([TABLE], day)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        first = archive.read("xl/worksheets/sheet1.xml").decode()
        assert 'name="2026_10"' in archive.read("xl/workbook.xml").decode()
    assert '<c r="B2" s="4"><v>-0.05</v></c>' in first
    assert "c\ufffd\ufffd&lt;" in first and "<f>" not in first
    with pytest.raises(sheet.SheetError, match="two tables"):
        sheet.xlsx([TABLE, TABLE], day)


# ANCHOR: file
def download(req: Request) -> Response:
    """The list as a file."""
    return sheet.file(sheet.asked(req), "sales-2026-10", date(2026, 10, 31), [TABLE])

# ANCHOR_END: file


def test_the_query_says_which_kind_of_file() -> None:
    response = download(Request("GET", "/file?format=xlsx"))
    assert "sales-2026-10.xlsx" in response.headers["content-disposition"]
    assert response.body.startswith(b"PK")
