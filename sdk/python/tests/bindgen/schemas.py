# Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
# and change nothing here.

from dataclasses import dataclass, field
from typing import Any, Literal

# In a dataset `Literal[True]` stands for a value that is on record, and that the provider does not tell.


# 人口基本信息 Residents
# The dataset `population.person`, opened for `concession-check`.
@dataclass(frozen=True, kw_only=True)
class PopulationPersonConcessionCheck:
    # 姓名 Name
    name: str | Literal[True] | None = None
    # 性别 Sex
    # `0`: 未知的性别 Unknown
    # `1`: 男 Male
    # `2`: 女 Female
    # `9`: 未说明的性别 Not stated
    sex: str | Literal[True] | None = None
    # 出生日期 Date of birth
    birth_date: str | int | Literal[True] | None = None
    # 户籍地行政区划 Division of registration
    division: str | Literal[True] | None = None


# 地名地址 Places and addresses
# The dataset `geospatial.place`, opened for `map`.
@dataclass(frozen=True, kw_only=True)
class GeospatialPlaceMap:
    # 名称 Name
    name: str | Literal[True] | None = None
    # 位置 Geometry
    geometry: Any = None


@dataclass(frozen=True, kw_only=True)
class Gate:
    id: str

OrderPaidType = Literal["single", "joint-ticket", "双人"]


@dataclass(frozen=True, kw_only=True)
class OrderPaidVisitsItem:
    date: str
    gate: Gate
    open: bool | None = None


# The payload of the topic `order.paid`.
# An order.
@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    discount_rate: float | None = field(default=None, metadata={"json": "discount-rate"})
    extra: Any = None
    gate: Gate | None = None
    names: dict[str, str] | None = None
    number: str
    # What was paid, in fen.
    total: int
    type: OrderPaidType
    visits: list[OrderPaidVisitsItem]

# The payload of the topic `numbers.drawn`.
NumbersDrawn = list[int]
