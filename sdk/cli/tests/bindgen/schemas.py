# Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
# and change nothing here.

from typing import Any, Literal, NotRequired, TypedDict

# In a dataset `Literal[True]` stands for a value that is on record, and that the provider does not tell.


# 人口基本信息 Residents
# The dataset `population.person`, opened for `concession-check`.
class PopulationPersonConcessionCheck(TypedDict):
    # 姓名 Name
    name: NotRequired[str | Literal[True]]
    # 性别 Sex
    # `0`: 未知的性别 Unknown
    # `1`: 男 Male
    # `2`: 女 Female
    # `9`: 未说明的性别 Not stated
    sex: NotRequired[str | Literal[True]]
    # 出生日期 Date of birth
    birth_date: NotRequired[str | int | Literal[True]]
    # 户籍地行政区划 Division of registration
    division: NotRequired[str | Literal[True]]


# 地名地址 Places and addresses
# The dataset `geospatial.place`, opened for `map`.
class GeospatialPlaceMap(TypedDict):
    # 名称 Name
    name: NotRequired[str | Literal[True]]
    # 位置 Geometry
    geometry: NotRequired[Any]


class Gate(TypedDict):
    id: str

OrderPaidType = Literal["single", "joint-ticket", "双人"]


class OrderPaidVisitsItem(TypedDict):
    date: str
    gate: Gate
    open: NotRequired[bool]


# The payload of the topic `order.paid`.
# An order.
OrderPaid = TypedDict(
    "OrderPaid",
    {
        "discount-rate": NotRequired[float | None],
        "extra": NotRequired[Any],
        "gate": NotRequired[Gate | None],
        "names": NotRequired[dict[str, str]],
        "number": str,
        # What was paid, in fen.
        "total": int,
        "type": OrderPaidType,
        "visits": list[OrderPaidVisitsItem],
    },
)

# The payload of the topic `numbers.drawn`.
NumbersDrawn = list[int]
