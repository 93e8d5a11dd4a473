from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocol.compare import match_lines, normalise_value, take_fingerprint
from hub.protocol.semantics import Normaliser
from tests.protocol.build import LINE_FIELDS, lists, make_line

SHOWN = frozenset({"name", "quantity"})
decimals = st.decimals(-(10**9), 10**9, allow_nan=False, places=4)


@given(decimals, st.integers(0, 4))
def test_an_amount_has_one_spelling(amount: Decimal, zeros: int) -> None:
    assert take_fingerprint(amount) == take_fingerprint(Decimal(f"{amount:f}" + "0" * zeros))


@given(decimals, decimals)
def test_different_amounts_differ(one: Decimal, other: Decimal) -> None:
    assert (take_fingerprint(one) == take_fingerprint(other)) is (one == other)


def test_a_text_is_not_a_list_of_it() -> None:
    assert take_fingerprint("a") != take_fingerprint(["a"])


@pytest.mark.parametrize(
    ("normaliser", "given_", "shown"),
    [
        (Normaliser(), " urgent ", "urgent"),
        (Normaliser(max_length=4), "urgent", "urge"),
        (Normaliser(max_length=4), "urg ent", "urg"),
        (Normaliser(case="upper"), "Urgent", "URGENT"),
        (Normaliser(case="lower"), "Urgent", "urgent"),
        (Normaliser(places=2), Decimal("2.005"), Decimal("2.01")),
        (Normaliser(places=0), Decimal("2.5"), Decimal(3)),
        (Normaliser(strip=False, max_length=3), " ab c", " ab"),
    ],
)
def test_a_declared_normaliser_shows_what_the_other_side_keeps(normaliser: Normaliser, given_: object, shown: object):
    assert normaliser.apply(given_) == shown
    assert normaliser.apply(shown) == shown


@given(st.text(max_size=30), st.none() | st.integers(1, 10), st.sampled_from(["upper", "lower", None]))
def test_a_normaliser_leaves_alone_what_it_made(text: str, length: int | None, case: str | None) -> None:
    normaliser = Normaliser(max_length=length, case=case)
    once = normaliser.apply(text.encode("ascii", "ignore").decode())
    assert normaliser.apply(once) == once


def test_nothing_and_an_empty_text_are_the_same_to_the_other_side() -> None:
    assert normalise_value("note", None, {}, {}) == normalise_value("note", "", {}, {})


def test_lines_are_compared_by_content_not_by_key_or_order() -> None:
    one = (make_line("1", "2", name="a"), make_line("2", "3", name="b"))
    other = (make_line("erp:L9", "3.0", name="b"), make_line("erp:L8", "2", name="a"))
    assert normalise_value("lines", one, {}, LINE_FIELDS) == normalise_value("lines", other, {}, LINE_FIELDS)


def test_twice_the_same_line_is_not_once() -> None:
    once, twice = (make_line("1"),), (make_line("1"), make_line("2"))
    assert normalise_value("lines", once, {}, LINE_FIELDS) != normalise_value("lines", twice, {}, LINE_FIELDS)


def test_line_fields_that_do_not_travel_are_not_compared() -> None:
    one, other = (make_line("1", net=Decimal(5)),), (make_line("1", net=Decimal(6)),)
    assert normalise_value("lines", one, {}, LINE_FIELDS) == normalise_value("lines", other, {}, LINE_FIELDS)


def test_a_normaliser_of_a_line_field_applies_to_every_line() -> None:
    kept = {"lines.name": Normaliser(max_length=2)}
    one, other = (make_line("1", name="abc"),), (make_line("1", name="ab"),)
    assert normalise_value("lines", one, kept, LINE_FIELDS) == normalise_value("lines", other, kept, LINE_FIELDS)
    assert normalise_value("lines", one, {}, LINE_FIELDS) != normalise_value("lines", other, {}, LINE_FIELDS)


def test_lines_are_paired_by_what_is_known_then_by_content_then_by_place() -> None:
    ours = [make_line("1", "1"), make_line("2", "2"), make_line("3", "3")]
    theirs = [make_line("L2", "2"), make_line("L9", "9"), make_line("L1", "7")]
    assert match_lines(ours, theirs, {"1": "L1"}, SHOWN) == {"1": "L1", "2": "L2", "3": "L9"}


def test_a_known_partner_that_is_gone_is_forgotten() -> None:
    assert match_lines([make_line("1", "1")], [make_line("L2", "1")], {"1": "L1"}, SHOWN) == {"1": "L2"}


@given(lists, lists)
def test_no_line_is_paired_twice(ours: tuple, theirs: tuple) -> None:
    pairs = match_lines(ours, theirs, {}, SHOWN)
    assert len(pairs) == len(set(pairs.values())) == min(len(ours), len(theirs))
    assert set(pairs) <= {line.key for line in ours}
    assert set(pairs.values()) <= {line.key for line in theirs}
