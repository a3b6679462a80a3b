"""``city:base/economy``."""

from wit_world.imports import city_base_economy_1_0_0 as wit

from ..base.economy import Codes, Divisions, Indicator, Level, Observation, Point, Series
from ..text import Text
from .shared import errors
from .standing import standing


def _divisions(divisions: Divisions) -> wit.Divisions:
    match divisions:
        case Codes(codes):
            return wit.Divisions_Codes(codes)
        case Level(within, level):
            return wit.Divisions_Level(wit.LevelWithin(within, level))


def _series(s: wit.Series) -> Series:
    points = [Point(p.period, p.value, p.state, p.growth) for p in s.points]
    return Series(s.indicator, s.division, s.unit, points)


class Host:
    """Fills ``_city.economy``."""

    def observation(self, purpose: str, number: str) -> Observation | None:
        with errors():
            o = wit.get(purpose, number)
        return Observation(
            standing(o.standing),
            number=o.number,
            indicator=o.indicator,
            division=o.division,
            period=o.period,
            value=o.value,
            unit=o.unit,
            state=o.state,
        ) if o else None

    def indicators(self, purpose: str) -> list[Indicator]:
        with errors():
            return [Indicator(i.code, Text(i.zh, i.en)) for i in wit.indicators(purpose)]

    def series(self, purpose: str, indicator: str, divisions: Divisions, first: str, last: str) -> list[Series]:
        with errors():
            return [_series(s) for s in wit.get_series(purpose, indicator, _divisions(divisions), first, last)]
