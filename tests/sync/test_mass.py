"""The arithmetic of the guards."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.party import Account
from hub.model.sales import Order, OrderState
from hub.sync.mass import (
    CHANGED,
    EMPTIED,
    LOST,
    MEASURES,
    Limits,
    Weight,
    add_weight,
    find_excess,
    may_be_too_much,
    percent,
    weigh_changes,
)

SHARES = st.decimals(min_value=0, max_value=1, places=2)
LIMITS = st.builds(Limits, SHARES, SHARES, st.integers(0, 50))
TALLIES = st.dictionaries(st.sampled_from(MEASURES), st.integers(0, 500))
KNOWN = st.integers(0, 2000)


@given(TALLIES, KNOWN, LIMITS)
def test_what_is_within_the_minimum_or_the_share_always_passes(
    tally: dict[str, int], known: int, limits: Limits
) -> None:
    over = find_excess(tally, known, limits)
    for measure in MEASURES:
        count, share = tally.get(measure, 0), limits.share_of(measure)
        assert (measure in over) == (count > limits.minimum and Decimal(count) > share * known)


@given(TALLIES, KNOWN, LIMITS, st.sampled_from(MEASURES), st.integers(1, 100))
def test_more_of_it_is_never_less_of_a_reason(
    tally: dict[str, int], known: int, limits: Limits, measure: str, more: int
) -> None:
    grown = {**tally, measure: tally.get(measure, 0) + more}
    assert set(find_excess(tally, known, limits)) <= set(find_excess(grown, known, limits))


@given(TALLIES, KNOWN, LIMITS)
def test_the_quick_look_misses_nothing(tally: dict[str, int], known: int, limits: Limits) -> None:
    if find_excess(tally, known, limits):
        assert may_be_too_much(tally, limits)


@given(TALLIES, KNOWN, LIMITS, st.integers(0, 200))
def test_what_was_allowed_passes_and_a_mass_beyond_it_does_not(
    tally: dict[str, int], known: int, limits: Limits, more: int
) -> None:
    assert find_excess(tally, known, limits, tally) == ()
    grown = {name: count + more for name, count in tally.items()}
    over = find_excess(grown, known, limits, tally)
    assert set(over) == (set(find_excess(grown, known, limits)) if more > limits.minimum else set())


@given(st.lists(st.builds(Weight, st.booleans(), st.booleans(), st.just(("a",)), st.just(("b", "c")))))
def test_a_record_counts_once_for_each_measure(weights: list[Weight]) -> None:
    tally: Counter[str] = Counter()
    for weight in weights:
        add_weight(tally, weight)
    assert all(count <= len(weights) for count in tally.values())
    assert sum(bool(weight.measures) for weight in weights) == len(weights)


@pytest.mark.parametrize(
    ("model", "changes", "expected"),
    [
        (Account, {"phone": ("1", "2")}, (CHANGED,)),
        (Account, {"phone": ("1", "")}, (EMPTIED,)),
        (Account, {"phone": ("1", None), "name": ("a", "b")}, (EMPTIED, CHANGED)),
        (Account, {"phone": ("", "1"), "email": (None, "x")}, ()),
        (Account, {"custom": ({"grade": "A", "size": "L"}, {"grade": "A"})}, (EMPTIED,)),
        (Account, {"custom": ({"grade": "A"}, {"grade": "A", "size": "L"})}, ()),
        (Account, {"attributes": ({"size": "L"}, {"size": "M"})}, (CHANGED,)),
        (Account, {"deleted_at": (None, "2026-01-01")}, (LOST,)),
        (Order, {"state": (OrderState.DRAFT, OrderState.APPROVED)}, ()),
        (Order, {"state": (OrderState.APPROVED, OrderState.VOID), "note": ("a", "b")}, (LOST,)),
        (Order, {"gross": (Decimal(1), Decimal(2)), "net": (Decimal(1), Decimal(2))}, ()),
        (Order, {"lines": (("one",), ())}, (EMPTIED,)),
    ],
)
def test_only_what_was_there_can_be_lost(model: Any, changes: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert weigh_changes(model, changes).measures == expected


@pytest.mark.parametrize(("count", "known", "text"), [(1, 3, "33.3"), (1, 2, "50"), (200, 200, "100"), (5, 0, "100")])
def test_shares_are_told_as_people_write_them(count: int, known: int, text: str) -> None:
    assert percent(count, known) == text
