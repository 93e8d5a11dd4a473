"""Who is who when both sides have years of data."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator import make_uscc
from hub.identity.pairing import (
    ALIKE_HERE,
    FILE,
    ONE_ENDED,
    PARTY_DIFFERS,
    PARTY_UNKNOWN,
    SEVERAL,
    Doubt,
    Pair,
    Pairing,
    Thing,
    is_alike,
    pair_up,
)
from hub.identity.resolver import PartyFacts
from hub.model.party import Identifier, IdentifierKind, Validity

CODES = tuple(make_uscc(random.Random(seed)) for seed in (1, 2))


def thing(key: str, *signs: str, **more: object) -> Thing:
    return Thing(key, key, frozenset(signs), **more)  # type: ignore[arg-type]


def facts(name: str, code: str | None = None) -> PartyFacts:
    lines = (Identifier(key="1", kind=IdentifierKind.USCC, value=code, validity=Validity.VALID),) if code else ()
    return PartyFacts.of("account", None, {"name": name, "identifiers": lines})


# ---- identifiers ---------------------------------------------------------------------------------------------------


def test_one_identifier_joins_all_that_carry_it_there() -> None:
    there = [thing("P1", "identifier|a"), thing("P2", "identifier|a")]
    found = pair_up([thing("h", "identifier|a")], there, parties=True)
    assert found == Pairing([Pair("h", "P1", "identifier"), Pair("h", "P2", "identifier")], [])


def test_two_records_with_one_identifier_are_a_question() -> None:
    here = [thing("h", "identifier|a"), thing("k", "identifier|a")]
    found = pair_up(here, [thing("P1", "identifier|a"), thing("P2", "identifier|a")], parties=True)
    assert found.pairs == []
    assert [(doubt.there, doubt.here, doubt.code) for doubt in found.doubts] == [
        ("P1", ("h", "k"), SEVERAL), ("P2", ("h", "k"), SEVERAL),
    ]  # fmt: skip


def test_a_veto_is_a_question_and_never_a_pair() -> None:
    here = [thing("h", "identifier|a", facts=facts("海岳", CODES[0]))]
    found = pair_up(here, [thing("P1", "identifier|a", facts=facts("海岳宁波分公司", CODES[0]))], parties=True)
    assert found == Pairing([], [Doubt("P1", ("h",), "identity.branch_differs", frozenset({"identifier|a"}))])


# ---- numbers -------------------------------------------------------------------------------------------------------


def test_a_number_joins_one_to_one() -> None:
    found = pair_up([thing("h", "number|7", party="c")], [thing("S7", "number|7", party="c")])
    assert found == Pairing([Pair("h", "S7", "number")], [])


def test_what_speaks_against_a_number_is_named() -> None:
    for more, code in (
        ({"party": "d"}, PARTY_DIFFERS),
        ({}, PARTY_UNKNOWN),
        ({"party": "c", "ended": True}, ONE_ENDED),
    ):
        found = pair_up([thing("h", "number|7", party="c")], [thing("S7", "number|7", **more)])
        assert found == Pairing([], [Doubt("S7", ("h",), code, frozenset({"number|7"}))])


def test_an_equal_number_with_different_codes_is_a_question() -> None:
    here = [thing("h", "number|7", facts=facts("a", CODES[0]))]
    found = pair_up(here, [thing("P7", "number|7", facts=facts("b", CODES[1]))], parties=True)
    assert [doubt.code for doubt in found.doubts] == ["identity.codes_differ"]


@pytest.mark.parametrize("sign", ["number|7", "name|x"])
def test_two_valid_codes_that_differ_answer_the_question_by_themselves(sign: str) -> None:
    one, other = facts("a", CODES[0]), facts("b", CODES[1])
    assert not is_alike([sign], one, other), "every system counts its customers from one"
    assert is_alike([sign], one, other, one_series=True) == sign.startswith("number")
    assert is_alike([sign], one, facts("b"))
    assert is_alike(["identifier|uscc x"], one, other)


def test_void_on_both_sides_is_one_history() -> None:
    here = [thing("h", "number|7", party="c", ended=True)]
    assert pair_up(here, [thing("S7", "number|7", party="c", ended=True)]).pairs == [Pair("h", "S7", "number")]


# ---- what is left --------------------------------------------------------------------------------------------------


def test_a_leftover_that_resembles_a_bound_one_may_be_there_twice() -> None:
    found = pair_up(
        [thing("h", "identifier|a", "name|x"), thing("k", "name|x")], [thing("P1", "identifier|a", "name|x")],
        parties=True,
    )  # fmt: skip
    assert found.pairs == [Pair("h", "P1", "identifier")]
    assert found.doubts == [Doubt("P1", ("k",), ALIKE_HERE, frozenset({"name|x"}))]


def test_a_second_deal_of_the_day_there_is_no_question_once_the_first_is_bound() -> None:
    here = [thing("h", "number|7", "deal|c|d|9", party="c")]
    there = [thing(f"S{n}", f"number|{n}", "deal|c|d|9", party="c") for n in (7, 8)]
    assert pair_up(here, there) == Pairing([Pair("h", "S7", "number")], [])


def test_what_a_person_told_apart_is_neither_joined_nor_asked_again() -> None:
    here, there = [thing("h", "number|7", "name|x")], [thing("P1", "number|7", "name|x")]
    assert pair_up(here, there, apart=frozenset({("h", "P1")})) == Pairing([], [])


def test_what_a_person_was_asked_stays_a_question_whatever_changed() -> None:
    found = pair_up([thing("h", "name|x")], [thing("P1", "name|y")], asked=frozenset({("h", "P1")}))
    assert [(doubt.there, doubt.here) for doubt in found.doubts] == [("P1", ("h",))]


def test_a_file_says_what_no_sign_says() -> None:
    found = pair_up([thing("h"), thing("k")], [thing("P1"), thing("P2")], rules=(), named={"P1": "k"})
    assert found == Pairing([Pair("k", "P1", FILE)], [])


# ---- properties ----------------------------------------------------------------------------------------------------

SIGNS = st.frozensets(
    st.builds("{}|{}".format, st.sampled_from(("number", "identifier", "name", "deal")), st.integers(0, 4)), max_size=3
)


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[Thing], list[Thing]]:
    party = st.none() | st.sampled_from(("c", "d"))
    here = [
        Thing(f"h{n}", f"h{n}", draw(SIGNS), party=draw(party), ended=draw(st.booleans()))
        for n in range(draw(st.integers(0, 6)))
    ]
    there = [
        Thing(f"t{n}", f"t{n}", draw(SIGNS), party=draw(party), ended=draw(st.booleans()))
        for n in range(draw(st.integers(0, 6)))
    ]
    return here, there


@given(sides(), st.booleans())
def test_nobody_is_joined_twice_nor_joined_and_doubted(both: tuple[list[Thing], list[Thing]], parties: bool) -> None:
    found = pair_up(*both, parties=parties)
    there = Counter(pair.there for pair in found.pairs)
    assert max(there.values(), default=1) == 1
    if not parties:
        assert max(Counter(pair.here for pair in found.pairs).values(), default=1) == 1
    paired_here = {pair.here for pair in found.pairs}
    for doubt in found.doubts:
        assert doubt.there not in there or not set(doubt.here) & paired_here


@given(sides())
def test_nothing_that_could_be_there_is_left_to_be_made(both: tuple[list[Thing], list[Thing]]) -> None:
    """What is neither joined nor asked about shares no sign with anything on the other side that lives."""
    here, there = both
    found = pair_up(here, there)
    told = {pair.here for pair in found.pairs} | {key for doubt in found.doubts for key in doubt.here}
    signs = {sign for other in there for sign in other.signs}
    for mine in here:
        assert mine.ended or mine.key in told or not mine.signs & signs


@given(sides(), st.integers())
def test_the_order_in_which_they_are_read_changes_nothing(both: tuple[list[Thing], list[Thing]], seed: int) -> None:
    here, there = both
    shuffled_here, shuffled_there = here[:], there[:]
    random.Random(seed).shuffle(shuffled_here)
    random.Random(seed + 1).shuffle(shuffled_there)
    one, other = pair_up(here, there), pair_up(shuffled_here, shuffled_there)
    assert {(pair.here, pair.there) for pair in one.pairs} == {(pair.here, pair.there) for pair in other.pairs}


@given(sides())
def test_what_was_bound_stays_and_nothing_new_is_found(both: tuple[list[Thing], list[Thing]]) -> None:
    """A second look, with what the first one bound and asked: questions stand, but about what is void."""
    here, there = both
    first = pair_up(here, there)
    ours = {pair.here: pair.there for pair in first.pairs}
    theirs = {pair.there: pair.here for pair in first.pairs}
    again = pair_up(
        [dataclasses.replace(thing, partner=ours.get(thing.key)) for thing in here],
        [dataclasses.replace(thing, partner=theirs.get(thing.key)) for thing in there],
        asked=frozenset((key, doubt.there) for doubt in first.doubts for key in doubt.here),
    )
    assert again.pairs == []
    asked = {(key, doubt.there) for doubt in first.doubts for key in doubt.here}
    ended = {thing.key for thing in here if thing.ended}
    assert asked - {(key, doubt.there) for doubt in again.doubts for key in doubt.here} <= {
        (key, other) for key, other in asked if key in ended or other in {thing.key for thing in there if thing.ended}
    }
