"""What the double needs of ``app.toml``, so that it refuses what the host would refuse. The rest is checked when it is
packaged."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from .. import codec
from ..event import PAYMENTS_TOPIC


@dataclass(frozen=True)
class Index:
    name: str
    fields: list[str]
    unique: bool = False


@dataclass(frozen=True)
class CollectionOf:
    name: str
    indexes: list[Index] = field(default_factory=list)


@dataclass(frozen=True)
class FileArea:
    """An area in which the app keeps files."""

    name: str
    accept: list[str] = field(default_factory=list)
    max_mib: int = 10

    @property
    def max_bytes(self) -> int:
        return self.max_mib << 20

    def takes(self, media_type: str) -> bool:
        """Whether it takes files of this type."""

        def fits(pattern: str) -> bool:
            if not pattern.endswith("/*"):
                return pattern == media_type
            family = pattern.removesuffix("/*")
            return family == "*" or (media_type != "image/svg+xml" and media_type.partition("/")[0] == family)

        return any(fits(pattern) for pattern in self.accept)


@dataclass(frozen=True)
class Named:
    name: str


@dataclass(frozen=True)
class Topic:
    name: str
    schema: Any = None


@dataclass(frozen=True)
class Subscription:
    topic: str
    from_: str | None = None


@dataclass(frozen=True)
class Scope:
    name: str
    attributes: list[str]


@dataclass(frozen=True)
class DatasetUse:
    """A use of a dataset of the information hub."""

    dataset: str
    purpose: str
    basis: str
    fields: list[str]
    rows: Any = "own"
    """``own``, ``all``, or a table of divisions."""
    access: list[str] = field(default_factory=lambda: ["get"])
    roles: list[str] = field(default_factory=list)

    @property
    def consent(self) -> str | None:
        """The name of the consent that it rests on."""
        return self.purpose if self.basis == "consent" else None


@dataclass(frozen=True)
class Manifest:
    """The parts of ``app.toml`` that the double enforces."""

    name: str
    version: str
    roles: list[Named] = field(default_factory=list)
    collections: list[CollectionOf] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    files: list[FileArea] = field(default_factory=list)
    publishes: list[Topic] = field(default_factory=list)
    consumes: list[Subscription] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    datasets: list[DatasetUse] = field(default_factory=list)
    jobs: list[Named] = field(default_factory=list)
    outbound: list[str] = field(default_factory=list)
    payments: Any = None
    config: Any = None

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """Reads ``app.toml``. Raises ``ValueError``."""
        table = tomllib.loads(text)
        # `from` is a word of Python's.
        table["consumes"] = [{**c, "from_": c.get("from")} for c in table.get("consumes", [])]
        return codec.decode(cls, table)

    def publishes_topic(self, topic: str) -> bool:
        return any(t.name == topic for t in self.publishes)

    def consumes_from(self, topic: str, source: str) -> bool:
        """Whether an event of ``source`` reaches the app's own consumer."""
        return topic == PAYMENTS_TOPIC or any(
            s.topic == topic and source == f"/installations/{s.from_ or self.name}" for s in self.consumes
        )

    def declares_role(self, role: str) -> bool:
        return any(r.name == role for r in self.roles)

    def file_area(self, name: str) -> FileArea | None:
        return next((a for a in self.files if a.name == name), None)

    def declares_job(self, job: str) -> bool:
        return any(j.name == job for j in self.jobs)

    def dataset_use(self, dataset: str, purpose: str) -> DatasetUse | None:
        return next((u for u in self.datasets if (u.dataset, u.purpose) == (dataset, purpose)), None)

    def asks_consent(self, name: str) -> bool:
        """Whether a person can consent to this: a scope, or the use of a dataset that rests on consent."""
        return any(s.name == name for s in self.scopes) or any(u.consent == name for u in self.datasets)

    def scopes_with(self, attribute: str) -> list[str]:
        """The scopes that carry an attribute."""
        return [s.name for s in self.scopes if attribute in s.attributes]

    def config_defaults(self) -> dict[str, Any]:
        properties = (self.config or {}).get("properties", {})
        return {key: schema["default"] for key, schema in properties.items() if "default" in schema}
