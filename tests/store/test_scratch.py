"""Notes of a comparison: what was seen, and what shares a number."""

from __future__ import annotations

from hub.store.scratch import Scratch


def test_what_was_noted_is_known_on_its_side_only() -> None:
    with Scratch() as scratch:
        scratch.note("there", [("1", "SO-1"), ("2", "")])
        assert scratch.find_known("there", ["1", "2", "3"]) == {"1", "2"}
        assert scratch.find_known("here", ["1"]) == set()
        many = [str(number) for number in range(2_000)]
        scratch.note("here", [(key, "") for key in many])
        assert scratch.find_known("here", [*many, "x"]) == set(many)


def test_numbers_that_several_things_have() -> None:
    with Scratch() as scratch:
        scratch.note("there", [("1", "SO-1"), ("2", "SO-1"), ("3", "SO-2"), ("4", ""), ("5", "")])
        scratch.note("here", [("9", "SO-2")])
        assert list(scratch.list_shared("there")) == [("SO-1", ["1", "2"])]
        scratch.note("there", [("2", "SO-3")])
        assert list(scratch.list_shared("there")) == [], "the last word about a key holds"
