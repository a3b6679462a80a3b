"""Money: whole fen, and never a binary fraction."""

from collections.abc import Sequence

__all__ = ["SplitError", "split", "yuan"]


class SplitError(ValueError):
    """The weights cannot divide an amount."""

    def __init__(self) -> None:
        super().__init__("the weights are empty or all zero")


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divides an amount in fen in the proportion of weights, by the largest remainder; of equal remainders the earlier
    weight has the fen. The parts sum to the amount exactly, and a weight of zero has nothing.

    Raises ``SplitError`` when no weight is positive, and ``ValueError`` when a number is negative.
    """
    if amount < 0 or any(w < 0 for w in weights):
        raise ValueError("neither an amount nor a weight may be negative")
    total = sum(weights)
    if total == 0:
        raise SplitError
    parts = [amount * w // total for w in weights]
    # A stable sort: among equal remainders the earlier weight stays first.
    order = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % total))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def yuan(fen: int) -> str:
    """Fen in yuan, as a statement or a field has it: ``1080.00`` for 108,000. On pages ``page.amount`` has the sign and
    commas as well."""
    return f"{fen // 100}.{fen % 100:02}"
