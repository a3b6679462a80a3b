"""Where this instance runs."""

import json
from dataclasses import dataclass
from typing import TypeVar

from . import _city, codec
from .errors import CityError

T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """The installation."""

    name: str
    """Its name, which is also the label of its origin."""
    app: str
    """The app's name."""
    version: str
    """The app's version (SemVer 2.0)."""
    organization: str
    """The code of the organization that installed it."""
    organization_name: str
    """The organization's name in Chinese."""
    origin: str
    """``http://<name>.<domain>``, without a slash at the end."""
    portal: str
    """The portal's origin, without a slash at the end."""


class ConfigError(CityError):
    """A value of the configuration that does not have the type that was asked for: the schema in ``app.toml`` and the
    code disagree."""


def installation() -> Installation:
    """The installation."""
    return _city.context.get().installation()


def request_id() -> str:
    """The id of the call that this instance serves; the same id stands in the host's logs and on error pages."""
    return _city.context.get().request_id()


def config(key: str, type_: type[T]) -> T | None:
    """A value of the installation's configuration, checked by the host against the schema in ``app.toml``; ``None``
    where neither a value nor a default is set.

    Raises ``ConfigError`` when the value is not a ``type_``.
    """
    text = _city.context.get().config(key)
    if text is None:
        return None
    try:
        return codec.decode(type_, json.loads(text))
    except ValueError as e:
        raise ConfigError(f"configuration `{key}`: {e}") from e


def derive_key(purpose: str, n: int) -> bytes:
    """``n`` bytes (1 to 64) derived from a secret of this installation that never leaves the host, the same at every
    call: for signing codes that this app alone checks."""
    if not 1 <= n <= 64:
        raise ValueError("derive_key gives 1 to 64 bytes")
    key = _city.context.get().derive_key(purpose, n)
    # The contract promises n bytes; a shorter answer would make a weak key.
    if len(key) != n:
        raise RuntimeError(f"the host derived {len(key)} bytes instead of {n}")
    return key


_city.provide(_city.context, "context")
