"""Templates: Jinja files that are read and compiled when the app is loaded.

A component has no file system when it serves: what it needs is in its memory since it was built. So all templates of a
folder are compiled at once, and a mistake in one fails the build.
"""

from pathlib import Path
from typing import Any

import jinja2

from .. import clock, text


def environment(*folders: Path) -> jinja2.Environment:
    """An environment that escapes everything, and refuses a name that nobody gave."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def compile_all(env: jinja2.Environment) -> None:
    """Compiles every template, and keeps them. Raises ``jinja2.TemplateError``."""
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)


class Templates:
    """The templates of an app: ``Templates(Path(__file__).parent / "templates")``.

    They have ``page`` (the parts of pages), ``t`` (a text in two languages) and the filters ``minute``, ``rfc3339`` and
    ``date`` for times; ``Layout.page`` adds ``req`` and ``lang``.

    Raises ``jinja2.TemplateError`` for a template with a mistake, ``FileNotFoundError`` for a folder that is none.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder of templates")
        from .. import page

        self._env = environment(folder)
        self._env.globals.update(page=page, t=text.t)
        self._env.filters.update(minute=clock.minute, rfc3339=clock.rfc3339, date=lambda ms: str(clock.date_at(ms)))
        compile_all(self._env)

    def render(self, name: str, /, **values: Any) -> str:
        """A template with values. Raises ``jinja2.TemplateError``."""
        return self._env.get_template(name).render(values)
