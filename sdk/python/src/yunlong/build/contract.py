"""Where the contract is: the WIT packages that the world is made of."""

import os
from pathlib import Path

from .errors import BuildError

PACKAGES = (
    "deps/io",
    "deps/clocks",
    "deps/random",
    "deps/filesystem",
    "deps/sockets",
    "deps/cli",
    "deps/http",
    "city-identity",
    "city-data",
    "city-base",
    "city-messaging",
    "city-payments",
    "city-files",
    "city-app",
)
"""In an order in which each knows those that it builds on."""


def folder() -> Path:
    """The contract's folder: the one that ``YUNLONG_WIT`` names, the one inside of the SDK, or the one beside it in a
    checkout. Raises ``BuildError``."""
    package = Path(__file__).resolve().parent.parent
    named = os.environ.get("YUNLONG_WIT")
    # A checkout, and a copy of it, have wit/ beside sdk/.
    beside = [parent / "wit" for parent in package.parents[:4]]
    for candidate in [Path(named)] if named else [package / "wit", *beside]:
        if (candidate / "city-app" / "app.wit").is_file():
            return candidate
    raise BuildError(
        "找不到接口定义（wit/）：请重新安装 SDK，或以 YUNLONG_WIT 写明它的位置",
        "the contract (wit/) is not found: install the SDK again, or name its folder in YUNLONG_WIT",
    )


def paths() -> list[Path]:
    """The folders of its packages. Raises ``BuildError``."""
    root = folder()
    return [root / package for package in PACKAGES]
