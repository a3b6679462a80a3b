"""Figures: the number that a chart draws, and what people read."""

from dataclasses import dataclass, replace
from typing import Self

_MOST_PLACES = 18


@dataclass(frozen=True)
class Quantity:
    """A figure of a chart, a map or a file, exact: ``units`` of its last place, ``scale`` places behind the point. Whole
    numbers may stand for themselves wherever a ``Figure`` is asked for."""

    units: int | None
    """``None`` for what is unknown."""
    scale: int
    text: str
    """What people read."""

    @classmethod
    def decimal(cls, units: int, scale: int = 0) -> Self:
        """A whole number, or one with places behind the point: ``decimal(9_797, 2)`` is 97.97. At most 18 places."""
        places = min(max(scale, 0), _MOST_PLACES)
        return cls(units, places, _written(units, places, ","))

    @classmethod
    def fen(cls, fen: int) -> Self:
        """An amount of money in fen: it is drawn in yuan, and read as ``¥1,080.00``."""
        sign = "-" if fen < 0 else ""
        return cls(fen, 2, f"{sign}¥{_written(abs(fen), 2, ',')}")

    @classmethod
    def unknown(cls, text: str) -> Self:
        """What is not known, not told or not counted, in words: ``—``, ``少于 5``. It is not drawn."""
        return cls(None, 0, text)

    @classmethod
    def of(cls, figure: "Figure") -> "Quantity":
        """The quantity of a figure."""
        return figure if isinstance(figure, Quantity) else cls.decimal(figure)

    def shown(self, text: str) -> Self:
        """Says it in other words, such as with a unit."""
        return replace(self, text=text)

    @property
    def number(self) -> str | None:
        """The number as programs read it, ``-1080.00``; ``None`` for what is unknown."""
        return None if self.units is None else _written(self.units, self.scale, "")

    def at(self, scale: int) -> int | None:
        """The number in units of a finer scale; ``None`` for what is unknown."""
        return None if self.units is None else self.units * 10 ** (scale - self.scale)


Figure = Quantity | int
"""A quantity, or a whole number."""


def _written(units: int, scale: int, comma: str) -> str:
    whole, places = divmod(abs(units), 10**scale)
    behind = f".{places:0{scale}}" if scale else ""
    return f"{'-' if units < 0 else ''}{f'{whole:,}'.replace(',', comma)}{behind}"
