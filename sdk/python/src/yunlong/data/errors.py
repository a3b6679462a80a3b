"""Why a call on the installation's own data failed."""

from ..errors import CityError, Failure, HandlerExit, Problem, Retry, log
from ..text import t


class DataError(CityError):
    """Why a data call failed."""


class _Passing(DataError):
    """What another attempt may mend."""

    def failure(self) -> Failure:
        return Retry(str(self))


class Conflict(_Passing):
    """Another commit changed something that this transaction read. ``transact`` runs it again by itself; this arrives
    only when it gave up."""

    def __init__(self) -> None:
        super().__init__("another commit changed what this transaction read")

    def answer(self) -> HandlerExit:
        return Problem.busy()


class AlreadyExists(DataError):
    """``insert`` met a document with this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"`{id}` exists already")
        self.id = id

    def answer(self) -> HandlerExit:
        return Problem.conflict(t("已经存在", "It exists already"), "exists")


class UniqueViolation(DataError):
    """A value of a unique index is taken by another document."""

    def __init__(self, collection: str, index: str, existing: str) -> None:
        super().__init__(f"{collection}: the index `{index}` has this value for `{existing}` already")
        self.collection = collection
        self.index = index
        self.existing = existing

    def answer(self) -> HandlerExit:
        return Problem.conflict(t("已经存在", "It exists already"), "exists")


class OutOfBounds(_Passing):
    """An adjustment would take a counter outside its bounds; nothing was written."""

    def __init__(self, counter: str, key: str, value: int, delta: int, least: int, most: int) -> None:
        super().__init__(f"counter `{counter}` of `{key}` stands at {value}: {delta:+} would leave {least} to {most}")
        self.counter = counter
        self.key = key
        self.value = value
        self.delta = delta
        self.least = least
        self.most = most

    def answer(self) -> HandlerExit:
        return Problem.conflict(t("数量不足", "Not enough left"), "out-of-bounds")


class Undeclared(DataError):
    """``app.toml`` declares no such collection, index or counter."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not declared in app.toml: {what}")


class Invalid(DataError):
    """The document is not a JSON object, an id is empty or too long, a cursor is not from this query."""

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid: {why}")
        self.why = why

    def answer(self) -> HandlerExit:
        # A cursor or an id that somebody made up.
        return Problem.malformed("invalid", self.why)


class TooLarge(DataError):
    """A document, query or transaction is over a limit."""

    def __init__(self, why: str) -> None:
        super().__init__(f"too large: {why}")


class Closed(DataError):
    """The transaction is closed."""

    def __init__(self) -> None:
        super().__init__("the transaction is closed")


class Unavailable(_Passing):
    """The store cannot be reached."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the store cannot be reached: {why}")

    def answer(self) -> HandlerExit:
        log(str(self))
        return Problem.busy()


class Mismatch(DataError):
    """A stored document does not have the type that was asked for."""

    def __init__(self, collection: str, id: str, problem: str) -> None:
        super().__init__(f"{collection} `{id}`: {problem}")


class Other(_Passing):
    """Anything else, in words."""


__all__ = [
    "AlreadyExists",
    "Closed",
    "Conflict",
    "DataError",
    "Invalid",
    "Mismatch",
    "Other",
    "OutOfBounds",
    "TooLarge",
    "Unavailable",
    "Undeclared",
    "UniqueViolation",
]
