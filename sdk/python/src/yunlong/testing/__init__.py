"""The city in memory, for tests of an app: the same API as in a component, with a clock, messages and payments that move
when the test says so.

It refuses what ``app.toml`` does not declare, as the host does; it does not check topics against their schemas, nor
limits of time and memory.

    @pytest.fixture
    def city() -> Iterator[TestCity]:
        with TestCity(Path("app.toml").read_text(), app) as city:
            yield city
"""

from .city import Deliveries, TestCity
from .hub import SharedRead
from .transaction import AuditRow

__all__ = ["AuditRow", "Deliveries", "SharedRead", "TestCity"]
