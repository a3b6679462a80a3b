"""What an app is: its routes, and what else the platform calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .event import Event
from .web.router import Router

if TYPE_CHECKING:
    from .data import Tx


@dataclass(frozen=True)
class Progress:
    """How far a migration is after a batch."""

    next: str | None
    """Where the next batch goes on; ``None`` when all is done."""
    done: int
    """Done so far, all batches counted."""
    total: int | None = None
    """All that there is to do, if it is known."""

    @classmethod
    def after(cls, done: int, next: str | None, total: int | None = None) -> "Progress":
        """Done so far, and the cursor of the page that comes next; a cursor that carries both."""
        return cls(None if next is None else f"{done}:{next}", done, total)

    @staticmethod
    def resume(cursor: str | None) -> tuple[int, str | None]:
        """What ``after`` put into a cursor. Raises ``ValueError`` when it is another cursor."""
        if cursor is None:
            return 0, None
        done, found, next = cursor.partition(":")
        if not found or not (done.isascii() and done.isdecimal()):
            raise ValueError(f"`{cursor}` is no cursor of this migration")
        return int(done), next


@dataclass(frozen=True)
class App:
    """An app. ``router`` is what every app has; the others are optional, and the component exports what is there.

    ``app = App(router, consumer=handle)``, named in ``pyproject.toml``: ``[tool.yunlong] app = "parking.main:app"``.
    """

    router: Router
    """The routes."""
    consumer: "Callable[[Event, Tx], None] | None" = None
    """Handles one event: those of ``[[consumes]]`` in ``app.toml``, and ``city.payments``. What is written in ``tx``
    commits together with the acknowledgment, so the event has its effect exactly once; the host commits. After a conflict
    the host delivers again. ``Retry`` and ``Reject`` say what becomes of an event that failed."""
    jobs: "Callable[[str, int, Tx], None] | None" = None
    """Runs a job of ``app.toml``, which fell due at a time (ms since 1970). What is written in ``tx`` commits together
    with the run's record. It fails as a consumer does."""
    install: "Callable[[Tx], None] | None" = None
    """Called once, before the installation serves its first request: the place for first data. What it raises refuses
    the installation."""
    health: "Callable[[], None] | None" = None
    """Called before a release serves its first request, every few seconds while a new release is watched, and when an
    official asks for it. It must not write. What it raises keeps a release from serving, or has it rolled back."""
    migrate: "Callable[[int, int, str | None, Tx], Progress] | None" = None
    """Brings a batch of data from one schema to another (``[data]`` in ``app.toml``); the text is ``Progress.next`` of the
    batch before. What is written in ``tx`` commits together with the progress."""
