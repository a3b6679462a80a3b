"""Charts and maps: a figure with its data as a table. The platform's script (``/_city/page.js``) draws it; without one the
table says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from markupsafe import Markup

from ..text import Lang
from .city import part
from .parts import Tone
from .quantity import Figure, Quantity

ON_THE_MAP = ("320302", "320303", "320305", "320311", "320312", "320321", "320322", "320324", "320381", "320382")
"""The divisions (GB/T 2260) that the platform's map has. The economic development zone (320371) is a statistical division
without an outline."""

_SHADES = 6
"""The shades of the stylesheet, from little to much."""

_CLASSES = 5
"""Classes where the app names none."""


class ChartKind(StrEnum):
    """How a chart is drawn."""

    BAR = "bar"
    """Amounts side by side."""
    LINE = "line"
    """How figures change, the rows in the order of time."""
    PIE = "pie"
    """Parts of one whole, of the first series. A few parts alone can be told apart."""


@dataclass(frozen=True)
class ChartRow:
    """A row of a chart: a category, a day."""

    name: str
    values: Sequence[Figure]
    """A figure for each series. What is missing is shown as unknown, what is too much is left out."""
    link: str | None = None
    """Leads to what lies behind the row."""


def chart(
    lang: Lang,
    kind: ChartKind | str,
    title: str,
    heading: str,
    series: Sequence[str],
    rows: Sequence[ChartRow],
    *,
    unit: str | None = None,
    source: str | None = None,
    stacked: bool = False,
    horizontal: bool = False,
) -> Markup:
    """A chart with its table. ``heading`` says what its rows are, ``unit`` what the figures count, ``source`` where they come
    from and until when. ``stacked`` bars of one row stand on top of each other; ``horizontal`` ones lie, for long names."""
    unknown = Quantity.unknown("—")
    cells = [
        (row.name, row.link, [Quantity.of(row.values[n]) if n < len(row.values) else unknown for n in range(len(series))])
        for row in rows
    ]
    return part("chart", lang, ChartKind(kind).value, title, heading, series, cells, unit, source, stacked, horizontal)


@dataclass(frozen=True)
class MapClass:
    """A class of a map: figures of ``start`` and more, up to where the next one begins."""

    start: Figure
    label: str
    tone: Tone | None = None
    """Whether it is good or bad, in the colours of badges."""


@dataclass(frozen=True)
class District:
    """The figure of a district, by its code of GB/T 2260. One that is not ``ON_THE_MAP`` stands in the table alone."""

    code: str
    name: str
    value: Figure
    link: str | None = None
    """Leads to what lies behind the figure: its towns, its list."""


@dataclass(frozen=True)
class MapColumn:
    """What else is told of the districts: a column of the table, which the map tells where a district is pointed at."""

    heading: str
    cells: Mapping[str, Any]
    """By the districts' codes, text or ``Markup``; a dash where there is none."""


def district_map(
    lang: Lang,
    title: str,
    measure: str,
    districts: Sequence[District],
    *,
    classes: Sequence[MapClass] = (),
    columns: Sequence[MapColumn] = (),
    unit: str | None = None,
    source: str | None = None,
) -> Markup:
    """A map of the city's districts with its classes and its table. ``measure`` says what its figures are. Six classes can be
    told apart; a figure below all of them has none; without any there are up to five of one width. ``columns`` stand beside
    the figure, in their order."""
    sorted_classes = classes_of(classes, districts)
    many = len(sorted_classes)
    legend = [(_colour(c, n, many), (n - 1) % _SHADES + 1, c.label) for n, c in enumerate(sorted_classes, 1)]
    rows = [(d, Quantity.of(d.value), *_class(d.value, sorted_classes)) for d in districts]
    missing = [d.name for d in districts if d.code not in ON_THE_MAP]
    return part("district_map", lang, title, measure, legend, rows, columns, missing, unit, source)


def _class(value: Figure, classes: Sequence[MapClass]) -> tuple[int, MapClass | None]:
    n = class_of(value, classes)
    return n, classes[n - 1] if n else None


def _colour(of: MapClass, n: int, many: int) -> str:
    return f"shade-{shade(n, many)}" if of.tone is None else f"tone-{Tone(of.tone).value}"


def _scale(figures: Sequence[Figure]) -> int:
    return max((Quantity.of(f).scale for f in figures), default=0)


def classes_of(classes: Sequence[MapClass], districts: Sequence[District]) -> list[MapClass]:
    """The classes from little to much: the app's, or some of one width."""
    figures = [q for q in (Quantity.of(d.value) for d in districts) if q.units is not None]
    bounds = [c for c in classes if Quantity.of(c.start).units is not None]
    scale = _scale([*figures, *(c.start for c in bounds)])
    if bounds:
        return sorted(bounds, key=lambda c: Quantity.of(c.start).at(scale) or 0)
    units = [q.at(scale) or 0 for q in figures]
    return _even(min(units), max(units), scale) if units else []


def _even(least: int, most: int, scale: int) -> list[MapClass]:
    width = most - least + 1
    # As many as there are different figures at the most, each one unit wide at least.
    many = min(_CLASSES, width)
    bounds = [least + width * n // many for n in range(many + 1)]
    return [_between(first, after - 1, scale) for first, after in zip(bounds, bounds[1:], strict=False)]


def _between(first: int, last: int, scale: int) -> MapClass:
    start, end = Quantity.decimal(first, scale), Quantity.decimal(last, scale)
    return MapClass(start, start.text if first == last else f"{start.text} – {end.text}")


def class_of(value: Figure, classes: Sequence[MapClass]) -> int:
    """The place of the class of a figure, from 1; 0 without one. Nothing is rounded."""
    scale = _scale([value, *(c.start for c in classes)])
    units = Quantity.of(value).at(scale)
    return 0 if units is None else sum((Quantity.of(c.start).at(scale) or 0) <= units for c in classes)


def shade(n: int, many: int) -> int:
    """The shade of a class: they are spread so that the last one is the deepest, however few there are."""
    return _SHADES if many <= 1 else 1 + ((n - 1) * 2 * (_SHADES - 1) + many - 1) // (2 * (many - 1))
