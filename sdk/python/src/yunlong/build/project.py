"""An app's folder: ``app.toml`` beside ``pyproject.toml``, whose table ``[tool.yunlong]`` names the app."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError


@dataclass(frozen=True)
class Project:
    """What is built."""

    folder: Path
    module: str
    """The module that holds the app, such as ``parking.main``."""
    attribute: str
    """Its name there, such as ``app``."""
    source: Path
    """The folder that the module is imported from."""

    @property
    def build(self) -> Path:
        """Where everything that is built goes."""
        return self.folder / "build"

    @classmethod
    def read(cls, folder: Path) -> "Project":
        """Reads it. Raises ``BuildError``."""
        if not (folder / "app.toml").is_file():
            raise BuildError(
                f"{folder} 中没有 app.toml：请在应用的文件夹中运行",
                f"there is no app.toml in {folder}: run this in the app's folder",
            )
        table = _table(folder / "pyproject.toml")
        module, colon, attribute = str(table.get("app", "")).partition(":")
        names = [*module.split("."), attribute]
        if not colon or not all(name.isidentifier() for name in names):
            raise BuildError(
                'pyproject.toml 中 [tool.yunlong] 的 app 应写明应用在哪里，例如 app = "parking.main:app"',
                'pyproject.toml: [tool.yunlong] names the app, such as app = "parking.main:app"',
            )
        source = folder / str(table.get("source", "."))
        if not source.is_dir():
            raise BuildError(
                f"pyproject.toml 中 [tool.yunlong] 的 source 不是文件夹：{source}",
                f"pyproject.toml: source of [tool.yunlong] is no folder: {source}",
            )
        return cls(folder, module, attribute, source)


def _table(path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("yunlong", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise BuildError(f"读不了 {path}：{e}", f"cannot read {path}: {e}") from e
    return found if isinstance(found, dict) else {}
