"""Events between apps, and notes to people. Both are staged in a transaction (``Tx.publish``, ``Tx.notify``): they exist
if and only if it commits. What a consumer gets is ``yunlong.Event``."""

from dataclasses import dataclass
from typing import Any

from . import _city, codec
from .errors import CityError, Failure, Retry
from .text import Text


@dataclass(frozen=True)
class Outgoing:
    """An event to publish. Id, source and time are the host's."""

    topic: str
    """A topic that ``app.toml`` declares under ``[[publishes]]``."""
    data: Any
    """The payload: a dataclass, or any value of JSON, of at most 256 KiB as text."""
    subject: str | None = None
    """What the event is about, such as an order's number."""
    key: str | None = None
    """The ordering key: events with one key arrive in the order of their commits."""
    not_before: int | None = None
    """Not to be delivered before this time (ms since 1970): the way to let a hold expire."""
    once: str | None = None
    """The deduplication key: publishing twice with one publishes once."""

    def text(self) -> str:
        """The payload as JSON text.

        Raises ``Invalid`` for what JSON does not have.
        """
        try:
            return codec.encode(self.data)
        except ValueError as e:
            raise Invalid(str(e)) from e


@dataclass(frozen=True)
class Notification:
    """A note to a person, shown in their inbox on the portal."""

    recipient: str
    """The pairwise subject of the person, as this installation knows them."""
    title: Text
    body: Text
    path: str | None = None
    """A path of this app that the note leads to."""


class MessagingError(CityError):
    """Why publishing failed."""


class Undeclared(MessagingError):
    """``app.toml`` declares no such topic, or no department granted it."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic not declared or not granted: {topic}")


class Invalid(MessagingError):
    """The payload breaks the topic's schema, or something is too long."""

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid event: {why}")


class UnknownRecipient(MessagingError):
    """The recipient is nobody whom this installation knows."""

    def __init__(self) -> None:
        super().__init__("unknown recipient")


class Closed(MessagingError):
    """The transaction is closed."""

    def __init__(self) -> None:
        super().__init__("the transaction is closed")


class Other(MessagingError):
    """Anything else, in words."""

    def failure(self) -> Failure:
        return Retry(str(self))


_city.provide(_city.publisher, "messaging")
