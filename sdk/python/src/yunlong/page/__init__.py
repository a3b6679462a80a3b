"""Pages: the frame that all apps share, and the parts they are made of. The classes are those of the stylesheet that the
host serves at ``/_city/theme.css``; no page needs JavaScript.

In a template this module is ``page``: ``{{ page.field(lang, form, "name", "text", t("姓名", "Name")) }}``.
"""

from .frame import Layout, NavItem, problem
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
from .templates import Templates

__all__ = [
    "Column",
    "Layout",
    "NavItem",
    "Templates",
    "Tone",
    "amount",
    "badge",
    "card",
    "checkbox",
    "confirm",
    "empty",
    "error_summary",
    "field",
    "file_field",
    "hidden",
    "notice",
    "pager",
    "problem",
    "select",
    "table",
    "textarea",
]
