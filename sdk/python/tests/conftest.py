"""What the tests share: a city of an app without routes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from yunlong.testing import TestCity

MANIFEST = (Path(__file__).parent / "app.toml").read_text(encoding="utf-8")


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST) as city:
        yield city
