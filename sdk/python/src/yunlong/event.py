"""Events as a consumer gets them: the attributes of CloudEvents 1.0."""

from dataclasses import dataclass
from typing import Any, TypeVar

from . import codec
from .errors import Reject

T = TypeVar("T")

PAYMENTS_TOPIC = "city.payments"
"""The topic of the events by which the platform reports what became of a payment."""


@dataclass(frozen=True)
class Event:
    """An event. The same id of one source is the same event, delivered again."""

    id: str
    source: str
    """``/installations/<name>``, or ``/platform/<service>`` for the platform's own."""
    topic: str
    """The topic (the CloudEvents attribute ``type``)."""
    subject: str | None
    """What the event is about."""
    time: int
    """When it was published (ms since 1970)."""
    key: str | None
    """The ordering key."""
    data: str
    """The payload, JSON text."""
    attempt: int
    """1 for the first delivery, 2 for the next."""

    def value(self) -> Any:
        """The payload as a value of JSON.

        Raises ``Reject`` when it is none.
        """
        try:
            return codec.parse(self.data)
        except ValueError as e:
            raise Reject(f"{self.topic} {self.id}: {e}") from e

    def json(self, type_: type[T]) -> T:
        """The payload as a dataclass.

        Raises ``Reject`` when it is not one: another attempt would not help.
        """
        try:
            return codec.decode(type_, self.value())
        except ValueError as e:
            raise Reject(f"{self.topic} {self.id}: {e}") from e
