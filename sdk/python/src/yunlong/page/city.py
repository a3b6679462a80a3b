"""The city's own templates, compiled once: the frame and the parts."""

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from .templates import compile_all, environment

_ENV = environment(Path(__file__).parent / "templates")
compile_all(_ENV)
_PARTS = _ENV.get_template("city/parts.html").module


def frame(**values: Any) -> str:
    """The whole page around a heading and a body."""
    return _ENV.get_template("city/frame.html").render(values)


def part(name: str, *args: Any) -> Markup:
    """A macro of ``parts.html``."""
    macro: jinja2.runtime.Macro = getattr(_PARTS, name)
    return Markup(macro(*args))
