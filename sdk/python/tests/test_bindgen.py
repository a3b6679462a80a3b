"""What ``yunlong bindgen`` makes is what the SDK reads events and records as. The types are made of
``sdk/cli/tests/bindgen/app.toml``; a test of the command line compares them."""

import json
from typing import Any

import pytest

from yunlong import Event, Reject, codec, shared
from yunlong.shared import Released

from .bindgen.schemas import Gate, NumbersDrawn, OrderPaid, OrderPaidVisitsItem, PopulationPersonConcessionCheck

PAID = {
    "number": "A1",
    "type": "joint-ticket",
    "total": 2000,
    "discount-rate": 0.5,
    "gate": {"id": "north"},
    "names": {"zh": "云龙湖"},
    "extra": [1],
    "visits": [{"date": "2026-05-01", "gate": {"id": "south"}}],
}


def event(data: Any) -> Event:
    return Event("1", "/installations/shop", "order.paid", None, 0, None, json.dumps(data), 1)


def record(body: dict[str, Any]) -> Released:
    return Released("r", 1, body, [], "", None, [])


def test_a_payload_is_read_as_its_type_and_written_as_it_was() -> None:
    paid: OrderPaid = event(PAID).json(OrderPaid)
    rate: float | None = paid.discount_rate
    assert (rate, paid.gate, paid.type) == (0.5, Gate(id="north"), "joint-ticket")
    assert paid.visits == [OrderPaidVisitsItem(date="2026-05-01", gate=Gate(id="south"))]
    assert json.loads(codec.encode(paid)) == PAID
    assert event(PAID | {"gate": None, "more": 1}).json(OrderPaid).gate is None, "what is not known is passed over"
    numbers: list[int] = event([3, 5]).json(NumbersDrawn)
    assert numbers == [3, 5]


@pytest.mark.parametrize("wrong", [{"type": "other"}, {"total": 0.5}, {"total": None}, {"gate": {}}, {"visits": {}}])
def test_what_is_no_payload_is_rejected_for_good(wrong: dict[str, Any]) -> None:
    with pytest.raises(Reject):
        event(PAID | wrong).json(OrderPaid)


def test_a_record_is_read_whole_masked_and_with_what_is_missing() -> None:
    whole = record({"name": "张小龙", "birth_date": "1961-05-01", "division": "320303"})
    assert whole.decode(PopulationPersonConcessionCheck) == PopulationPersonConcessionCheck(
        name="张小龙", birth_date="1961-05-01", division="320303"
    )
    masked = record({"name": True, "birth_date": 65}).decode(PopulationPersonConcessionCheck)
    # Each case of the mask has its type: this is checked after the others are ruled out alone.
    told: str | None = None if masked.name is True else masked.name
    born = masked.birth_date
    age: int | None = None if born is True or isinstance(born, str) else born
    assert (told, age, masked.division) == (None, 65, None)
    with pytest.raises(shared.Invalid):
        record({"name": False}).decode(PopulationPersonConcessionCheck)
