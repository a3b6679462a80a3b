"""What is made for paper: receipts, contracts, tickets."""

from enum import StrEnum

from markupsafe import Markup

from .. import clock, context
from ..text import Lang
from .city import part
from .parts import Caller, Content, inner


class Paper(StrEnum):
    """What it is printed on."""

    A4 = "a4"
    """Sheets (ISO 216)."""
    RECEIPT = "receipt"
    """Rolls of 80 mm."""


def print_view(
    lang: Lang, paper: Paper | str, title: Content, body: Content = "", caller: Caller | None = None
) -> Markup:
    """A document for the printer, with its title and a print button above it. Of a page with one, it is printed alone. Below
    it stand whose it is and when it was made, so that a copy on paper can be told from a later one."""
    made = clock.minute(clock.now())
    organization = context.installation().organization_name
    return part("print_view", lang, Paper(paper).value, title, inner(body, caller), organization, made)


def print_button(lang: Lang) -> Markup:
    """A button that asks for the printer. It shows itself where scripts run; without them the browser's own command does the
    same, and the words beside it say so."""
    return part("print_button", lang)
