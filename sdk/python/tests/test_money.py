"""Money that is divided, and codes that people type."""

import random

import pytest

from yunlong import base32, money


def test_a_fen_that_is_left_goes_to_the_largest_remainder_and_a_tie_to_the_first() -> None:
    assert money.split(100, [1, 1, 1]) == [34, 33, 33]
    assert money.split(5, [1, 3]) == [1, 4]
    assert money.split(1, [0, 1]) == [0, 1]
    assert money.split(0, [2, 3]) == [0, 0]
    for weights in ([0, 0], []):
        with pytest.raises(money.SplitError):
            money.split(7, weights)
    with pytest.raises(ValueError, match="negative"):
        money.split(7, [-1, 2])


def test_parts_sum_to_the_amount_and_stay_within_a_fen_of_their_proportion() -> None:
    numbers = random.Random(7)
    for _ in range(2_000):
        amount = numbers.randrange(10_000_000_000)
        weights = [numbers.choice([0, 1, numbers.randrange(1_000_000)]) for _ in range(numbers.randrange(1, 8))]
        if not any(weights):
            continue
        parts = money.split(amount, weights)
        assert sum(parts) == amount
        for part, weight in zip(parts, weights, strict=True):
            floor = amount * weight // sum(weights)
            assert part == floor or (part == floor + 1 and weight > 0)


def test_fen_have_two_places() -> None:
    assert [money.yuan(104_760), money.yuan(5), money.yuan(0)] == ["1047.60", "0.05", "0.00"]


def test_codes_are_crockfords_and_are_read_however_they_are_typed() -> None:
    assert base32.encode(b"\xff\x00\x0f", 4) == "ZW00"
    assert base32.encode(b"\xff", 3) == "ZW0"
    assert base32.typed("zw-0o il") == "ZW0011"
    assert base32.typed("U2") is None
    assert base32.typed("一") is None
