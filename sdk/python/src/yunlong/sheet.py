"""Tables as files: CSV (RFC 4180) and workbooks (XLSX, ECMA-376). Nothing is to be declared for it, and an app that does not
import it does not carry it.

``return sheet.file(sheet.asked(req), "sales-2026-10", date(2026, 10, 31), [sheet.Sheet("销售", ["县区"], [["丰县"]])])``
"""

import csv as _csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from markupsafe import escape

from .errors import Problem
from .page.quantity import Quantity
from .web import Request, Response

Cell = str | int | Quantity | None
"""Words, a whole number, a quantity, or nothing. Numbers and amounts are numbers in the file, text is text: nothing that
somebody typed becomes a formula. Of a quantity that is unknown its words stand there."""


@dataclass(frozen=True)
class Sheet:
    """A table of a file."""

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class SheetError(ValueError):
    """There is no file of these tables: the reason says why."""


class Format(StrEnum):
    """A kind of file."""

    CSV = "csv"
    """Of the first table."""
    XLSX = "xlsx"
    """Of all tables."""


def asked(request: Request) -> Format:
    """What ``format`` in the query asks for. Raises a 404 for another one."""
    try:
        return Format(request.query_value("format") or "")
    except ValueError as e:
        raise Problem.not_found() from e


def file(format: Format, name: str, day: date, sheets: Sequence[Sheet]) -> Response:
    """The tables as a file to save, ``name`` without its ending. ``day`` is the one that the workbook says it was made on:
    with the day that its figures are of, the same figures make the same file. Raises ``SheetError``."""
    if not sheets:
        raise SheetError("a file needs a table")
    if format is Format.CSV:
        made = Response.download("text/csv; charset=utf-8; header=present", f"{name}.csv", csv(sheets[0]))
    else:
        media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        made = Response.download(media, f"{name}.xlsx", xlsx(sheets, day))
    return made.header("cache-control", "no-store")


def csv(sheet: Sheet) -> bytes:
    """A table as CSV (RFC 4180), with the mark by which spreadsheets know UTF-8. Text that a spreadsheet would take for a
    formula begins with an apostrophe."""
    out = io.StringIO(newline="")
    writer = _csv.writer(out, lineterminator="\r\n")
    writer.writerow([_plain(heading) for heading in sheet.headings])
    writer.writerows([[_text(cell) for cell in row] for row in sheet.rows])
    return f"\ufeff{out.getvalue()}".encode()


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return _plain(cell)
        case _:
            quantity = Quantity.of(cell)
            return _plain(quantity.text) if quantity.number is None else quantity.number


def _plain(text: str) -> str:
    """Text as a spreadsheet must not take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_BOLD = 1
"""The place of a style: headings, then numbers by how many places they have."""
_NUMBERS = 2

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def xlsx(sheets: Sequence[Sheet], day: date) -> bytes:
    """Tables as a workbook, each a sheet with its headings in bold and in sight. The clock is not asked: the same tables are
    the same bytes. Raises ``SheetError`` for more rows than a sheet has, a text that is too long for a cell, two tables of one
    name.

    The parts of ECMA-376 that tables need, and no others; stored without compression, since a component's Python may have no
    zlib.
    """
    names = _names(sheets)
    parts = [f"worksheets/sheet{n}.xml" for n in range(1, len(sheets) + 1)]
    files = {
        "[Content_Types].xml": _content_types(parts),
        "_rels/.rels": _relations(
            [
                (f"{_RELATIONS}/officeDocument", "xl/workbook.xml"),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ]
        ),
        "docProps/core.xml": _core(day),
        "xl/workbook.xml": _workbook(names),
        "xl/_rels/workbook.xml.rels": _relations(
            [*((f"{_RELATIONS}/worksheet", part) for part in parts), (f"{_RELATIONS}/styles", "styles.xml")]
        ),
        "xl/styles.xml": _styles(),
        **{f"xl/{part}": _worksheet(sheet) for part, sheet in zip(parts, sheets, strict=True)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, xml in files.items():
            # The first day that an archive can say: when its parts were made is nothing to anybody.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{xml}'.encode())
    return out.getvalue()


def _worksheet(sheet: Sheet) -> str:
    if len(sheet.rows) >= _MOST_ROWS:
        raise SheetError(f"{sheet.name}: {len(sheet.rows)} rows and a heading; a sheet has {_MOST_ROWS}")
    widest = max([1, len(sheet.headings), *(len(row) for row in sheet.rows)])
    if widest > _MOST_COLUMNS:
        raise SheetError(f"{sheet.name}: {widest} columns; a sheet has {_MOST_COLUMNS}")
    head = "".join(_words(heading, _place(0, c), _BOLD) for c, heading in enumerate(sheet.headings))
    lines = [f'<row r="1">{head}</row>']
    for r, row in enumerate(sheet.rows, 1):
        lines.append(f'<row r="{r + 1}">{"".join(_cell(cell, _place(r, c)) for c, cell in enumerate(row))}</row>')
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{widest}" width="16" customWidth="1"/></cols><sheetData>{"".join(lines)}</sheetData></worksheet>'
    )


def _cell(cell: Cell, at: str) -> str:
    match cell:
        case None:
            return ""
        case str():
            return _words(cell, at)
        case _:
            quantity = Quantity.of(cell)
            if quantity.number is None:
                return _words(quantity.text, at)
            return f'<c r="{at}" s="{_NUMBERS + quantity.scale}"><v>{quantity.number}</v></c>'


def _words(text: str, at: str, style: int | None = None) -> str:
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > _LONGEST_TEXT:
        raise SheetError(f"{at}: a text of {len(text)} characters; a cell holds {_LONGEST_TEXT}")
    bold = "" if style is None else f' s="{style}"'
    return f'<c r="{at}" t="inlineStr"{bold}><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'


def _place(row: int, column: int) -> str:
    """``A1``, from row and column counted from 0."""
    letters, n = "", column + 1
    while n > 0:
        n, rest = divmod(n - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 has no way to say: most control characters, and halves of a pair."""


def _escaped(text: str) -> str:
    # Otherwise a reader of XML makes a line break of a carriage return.
    return str(escape(_UNSAYABLE.sub("\ufffd", text))).replace("\r", "&#13;")


def _names(sheets: Sequence[Sheet]) -> list[str]:
    """Names as a workbook takes them: without its own signs, not too long, each once."""
    names: list[str] = []
    for sheet in sheets:
        clean = _cut(re.sub(r"[\[\]:*?/\\]", "_", sheet.name)).strip("'") or "Sheet"
        if clean.lower() in (name.lower() for name in names):
            raise SheetError(f"two tables are called {clean}")
        names.append(clean)
    return names


def _cut(text: str) -> str:
    """The beginning of a name, whole characters of it."""
    kept = text[:_LONGEST_NAME]
    while len(kept.encode("utf-16-le", "surrogatepass")) // 2 > _LONGEST_NAME:
        kept = kept[:-1]
    return kept


def _content_types(sheets: Sequence[str]) -> str:
    parts = [
        ("/xl/workbook.xml", f"{_TYPE}.sheet.main+xml"),
        ("/xl/styles.xml", f"{_TYPE}.styles+xml"),
        ("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"),
        *((f"/xl/{part}", f"{_TYPE}.worksheet+xml") for part in sheets),
    ]
    overrides = "".join(f'<Override PartName="{part}" ContentType="{media}"/>' for part, media in parts)
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(parts: Sequence[tuple[str, str]]) -> str:
    every = "".join(
        f'<Relationship Id="rId{n}" Type="{type_}" Target="{target}"/>' for n, (type_, target) in enumerate(parts, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{every}</Relationships>'


def _core(day: date) -> str:
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{day.isoformat()}T00:00:00Z</dcterms:created></cp:coreProperties>'
    )


def _workbook(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{_escaped(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1)
    )
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>'


def _styles() -> str:
    places = range(19)
    formats = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{"0." + "0" * n if n else "0"}"/>' for n in places
    )
    plain = 'fillId="0" borderId="0"'
    numbers = "".join(
        f'<xf numFmtId="{164 + n}" fontId="0" {plain} xfId="0" applyNumberFormat="1"/>' for n in places
    )
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(places)}">{formats}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        f'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" {plain}/></cellStyleXfs>'
        f'<cellXfs count="{len(places) + 2}"><xf numFmtId="0" fontId="0" {plain} xfId="0"/>'
        f'<xf numFmtId="0" fontId="1" {plain} xfId="0" applyFont="1"/>{numbers}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
