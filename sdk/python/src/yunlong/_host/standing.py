"""What the five base databases have in common."""

from wit_world.imports import city_base_types_1_0_0 as wit

from ..base import Standing


def standing(s: wit.Standing) -> Standing:
    """How a record stands."""
    return Standing(s.reference, s.version, s.valid_from, s.valid_to, s.released, s.present)
