# Types of the datasets and topics that app.toml names. `yunlong bindgen` makes this file: run it again after a change,
# and change nothing here.

from dataclasses import dataclass


# The payload of the topic `permit.hold-over`.
@dataclass(frozen=True, kw_only=True)
class PermitHoldOver:
    number: str
