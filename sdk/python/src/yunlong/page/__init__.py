"""Pages: the frame that all apps share, and the parts they are made of. The classes are those of the stylesheet that the
host serves at ``/_city/theme.css``; no page needs JavaScript. Where
scripts run, ``/_city/page.js`` draws charts and lets print buttons print.

In a template this module is ``page``: ``{{ page.field(lang, form, "name", "text", t("姓名", "Name")) }}``.
"""

from .chart import ON_THE_MAP, ChartKind, ChartRow, District, MapClass, MapColumn, chart, district_map
from .frame import Layout, NavItem, problem
from .listing import Listing
from .parts import (
    Column,
    Tone,
    amount,
    badge,
    card,
    checkbox,
    confirm,
    empty,
    error_summary,
    field,
    file_field,
    hidden,
    notice,
    pager,
    select,
    table,
    textarea,
)
from .print import Paper, print_button, print_view
from .quantity import Figure, Quantity
from .templates import Templates

__all__ = [
    "ChartKind",
    "ChartRow",
    "Column",
    "District",
    "Figure",
    "Layout",
    "Listing",
    "MapClass",
    "MapColumn",
    "NavItem",
    "ON_THE_MAP",
    "Paper",
    "Quantity",
    "Templates",
    "Tone",
    "amount",
    "badge",
    "card",
    "chart",
    "checkbox",
    "confirm",
    "district_map",
    "empty",
    "error_summary",
    "field",
    "file_field",
    "hidden",
    "notice",
    "pager",
    "print_button",
    "print_view",
    "problem",
    "select",
    "table",
    "textarea",
]
