from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocol.reference import ALPHABET, Reference, make_reference, parse_reference, search_prefix
from tests.protocol.build import HUB_ID, uuids7

installations = st.text(ALPHABET, min_size=3, max_size=3)
revisions = st.integers(0, 255)


@given(installations, uuids7, revisions)
def test_what_is_made_can_be_read_back(installation: str, hub_id: UUID, revision: int) -> None:
    reference = make_reference(installation, hub_id, revision)
    assert len(reference) <= 30
    assert parse_reference(reference) == Reference(installation, hub_id, revision)


@given(installations, uuids7, revisions)
def test_case_and_blanks_around_it_do_not_matter(installation: str, hub_id: UUID, revision: int) -> None:
    reference = make_reference(installation, hub_id, revision)
    assert parse_reference(f"  {reference.lower()} ") == parse_reference(reference)


@given(uuids7, revisions)
def test_all_revisions_of_a_record_share_the_prefix_that_is_searched_for(hub_id: UUID, revision: int) -> None:
    reference = make_reference("T01", hub_id, revision)
    assert reference.startswith(search_prefix(make_reference("T01", hub_id)))
    assert search_prefix(reference).startswith("IT01")


@given(uuids7, uuids7, revisions, revisions)
def test_two_records_never_share_a_reference(one: UUID, other: UUID, first: int, second: int) -> None:
    same = (one, first) == (other, second)
    assert (make_reference("T01", one, first) == make_reference("T01", other, second)) is same


@given(st.text())
def test_foreign_text_is_no_reference_or_reads_back_as_itself(text: str) -> None:
    parsed = parse_reference(text)
    if parsed is not None:
        assert make_reference(parsed.installation, parsed.hub_id, parsed.revision) == text.strip().upper()


@pytest.mark.parametrize(
    "text",
    [None, "", "SO-0001", "I", "I" * 30, make_reference("T01", HUB_ID)[:-1], make_reference("T01", HUB_ID) + "0",
     "X" + make_reference("T01", HUB_ID)[1:], make_reference("T01", HUB_ID)[:-1] + "U"],
)  # fmt: skip
def test_foreign_text_is_no_reference(text: str | None) -> None:
    assert parse_reference(text) is None


@pytest.mark.parametrize(("installation", "revision"), [("T0", 0), ("t01", 0), ("TU1", 0), ("T01", -1), ("T01", 256)])
def test_what_cannot_be_said_is_refused(installation: str, revision: int) -> None:
    with pytest.raises(ValueError, match=r"installation|revision"):
        make_reference(installation, HUB_ID, revision)
