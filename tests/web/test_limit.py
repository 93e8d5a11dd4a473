"""How many calls may pass: a burst, then so many a second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.web.doors import BURST_S, Limit


@given(st.floats(0.5, 500), st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_never_more_than_the_burst_and_the_rate(per_s: float, pauses: list[float]):
    limit, now_s, passed = Limit(per_s), 1000.0, 0
    for pause_s in pauses:
        now_s += pause_s
        wait_s = limit.take(now_s)
        passed += wait_s == 0
        assert wait_s <= 1 / per_s + 1e-9
        assert passed <= max(1.0, per_s * BURST_S) + per_s * (now_s - 1000.0) + 1e-6


def test_who_waits_as_long_as_told_passes():
    limit, now_s = Limit(2.0), 50.0
    while (wait_s := limit.take(now_s)) == 0:
        now_s += 0.01
    assert limit.take(now_s + wait_s + 1e-6) == 0


def test_without_a_limit_everybody_passes():
    assert {Limit(None).take(1.0) for _ in range(10_000)} == {0.0}
