"""Histories, what a lagging reader sees of them, and paging by keyset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator.tables import ReferenceIndex, Table

START = datetime(2026, 11, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def row(id: str, second: int, version: int = 1) -> dict:
    return {"id": id, "modified_at": f"{at(second):%Y-%m-%dT%H:%M:%S.%fZ}", "version": version}


def read_all(table: Table, limit: int, now: datetime) -> list[tuple[str, str]]:
    seen, after = [], None
    while page := table.changes("", after, limit, now):
        seen += [(entry["modified_at"], entry["id"]) for entry in page]
        after = seen[-1]
    return seen


@given(st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.integers(0, 3)), max_size=30), st.integers(1, 7))
def test_paging_shows_every_document_once_in_order_whatever_the_page_size(writes, limit):
    table = Table()
    newest = {}
    for id, second in writes:
        newest[id] = row(id, second)
        table.put(newest[id], START, START)
    assert read_all(table, limit, START) == sorted((entry["modified_at"], entry["id"]) for entry in newest.values())


def test_a_document_changed_while_paging_comes_again_at_the_end_and_hides_none():
    table = Table()
    for id in "ABCD":
        table.put(row(id, 1), START, START)
    first = table.changes("", None, 2, START)
    assert [entry["id"] for entry in first] == ["A", "B"]
    table.put(row("A", 2, version=2), START, START)
    table.put(row("AA", 1), START, START)  # sorts before the position: the overlap of the next pull finds it
    rest = table.changes("", (first[-1]["modified_at"], "B"), 9, START)
    assert [entry["id"] for entry in rest] == ["C", "D", "A"]


def test_since_is_inclusive():
    table = Table()
    for id, second in (("A", 1), ("B", 2), ("C", 3)):
        table.put(row(id, second), START, START)
    assert [entry["id"] for entry in table.changes(row("", 2)["modified_at"], None, 9, START)] == ["B", "C"]


def test_a_lagging_reader_sees_the_newest_version_that_reached_it():
    table = Table()
    table.put(row("A", 0, 1), at(0), at(0))
    table.put(row("A", 1, 2), at(9), at(1))
    table.put(row("A", 2, 3), at(5), at(2))

    def version(second: float) -> int | None:
        seen = table.visible("A", at(second))
        return seen["version"] if seen else None

    assert [version(second) for second in (2, 5, 9)] == [1, 3, 3]
    assert (table.newest("A") or {})["version"] == 3
    assert table.visible("B", at(0)) is None
    assert [entry["version"] for entry in table.changes("", None, 9, at(9))] == [3]


def test_a_list_that_was_sorted_while_something_lagged_is_sorted_again():
    table = Table()
    table.put(row("A", 0), at(9), at(0))
    assert table.changes("", None, 9, at(1)) == []
    assert [entry["id"] for entry in table.changes("", None, 9, at(9))] == ["A"]


def test_references_are_found_by_their_beginning():
    index = ReferenceIndex()
    for reference, id in (("XA2", "3"), ("XA1", "1"), ("XB1", "2"), ("XA1", "4")):
        index.add(reference, id)
    assert index.starting_with("XA") == ["1", "4", "3"]
    assert index.starting_with("XC") == []
