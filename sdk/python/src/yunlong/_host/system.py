"""``wasi:clocks`` and ``wasi:random``."""

from wit_world.imports import wasi_clocks_monotonic_clock_0_2_10 as monotonic_clock
from wit_world.imports import wasi_clocks_wall_clock_0_2_10 as wall_clock
from wit_world.imports import wasi_random_random_0_2_10 as wasi_random


class Host:
    """Fills ``_city.system``."""

    def now(self) -> int:
        now = wall_clock.now()
        return now.seconds * 1000 + now.nanoseconds // 1_000_000

    def random(self, n: int) -> bytes:
        return wasi_random.get_random_bytes(n)

    def pause(self, milliseconds: int) -> None:
        with monotonic_clock.subscribe_duration(milliseconds * 1_000_000) as pollable:
            pollable.block()
