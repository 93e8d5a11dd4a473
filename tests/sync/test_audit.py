"""The sealed journal: whatever is done to it afterwards is found; ``AUDIT_ROWS=1000000`` does it on so many entries."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from hub.errors import ConfigInvalid
from hub.store import Store
from hub.store.codec import stored
from hub.store.rows import JournalEntry, Setting
from hub.store.seal_rows import JournalSeal
from hub.sync.audit import (
    BLOCK_ROWS,
    ERASED,
    HEAD,
    SETTLED_S,
    Verdict,
    forget_entries,
    parse_head,
    read_head,
    seal_journal,
    seal_late,
    verify_journal,
)
from tests.store.samples import NOON, StillClock, open_store

ROWS = int(os.environ.get("AUDIT_ROWS", "2500"))
CHANCE = random.Random(5)
JOURNAL = stored(JournalEntry).table
SEALS = stored(JournalSeal).table


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOON)


@pytest.fixture
def sealed(database_url: str, clock: StillClock) -> Iterator[Store]:
    """A journal of so many entries, sealed."""
    yield from open_sealed(database_url, clock)


@pytest.fixture
def sealed_file(tmp_path: Path, clock: StillClock) -> Iterator[Store]:
    """The same, on SQLite only: what the database is makes no difference to what is looked at."""
    yield from open_sealed(f"sqlite:///{tmp_path}/hub.sqlite", clock)


def open_sealed(url: str, clock: StillClock) -> Iterator[Store]:
    with open_store(url, clock) as store:
        write_entries(store, ROWS)
        clock.move(SETTLED_S + 1)
        assert seal(store, clock) == ROWS
        yield store


def write_entries(store: Store, count: int) -> None:
    for start in range(0, count, 50_000):
        with store.write() as tx:
            rows = [
                JournalEntry(
                    id=tx.make_id(), at=NOON, actor="cli:li", action="record.changed", record_kind="contact",
                    detail={"number": number, "changes": {"name": ["王会计", "王工"], "phone": [None, f"{number}"]}},
                )
                for number in range(start, min(count, start + 50_000))
            ]  # fmt: skip
            tx.insert_new(rows)


def seal(store: Store, clock: StillClock, blocks: int | None = None) -> int:
    return seal_journal(store, clock.now(), CHANCE.randbytes, blocks=blocks)


def do(store: Store, statement: object) -> None:
    """What somebody with a password for the database does."""
    with store.engine.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # any statement


def ids_of(store: Store) -> list[JournalEntry]:
    with store.read() as tx:
        return tx.find(JournalEntry, order=["id"], limit=BLOCK_ROWS + 5)


def told(verdict: Verdict) -> list[tuple[str, object]]:
    return [(finding.what, finding.entry) for finding in verdict.findings]


def test_nothing_is_found_where_nothing_was_done(sealed: Store, clock: StillClock):
    verdict = verify_journal(sealed)
    assert (verdict.entries, verdict.unsealed, verdict.findings) == (ROWS, 0, [])
    assert verdict.head.number == -(-ROWS // BLOCK_ROWS)
    kept = parse_head(str(verdict.head))
    write_entries(sealed, 3)
    assert verify_journal(sealed, kept).unsealed == 3
    clock.move(SETTLED_S + 1)
    assert seal(sealed, clock) == 3
    assert verify_journal(sealed, kept).findings == [], "a head that was kept long ago is in the chain"


def test_a_flipped_byte_is_found(sealed_file: Store):
    victim = ids_of(sealed_file)[-1]
    do(sealed_file, update(JOURNAL).where(JOURNAL.c.id == victim.id).values(actor="cli:lj"))
    assert told(verify_journal(sealed_file)) == [("changed", victim.id)]
    do(sealed_file, update(JOURNAL).where(JOURNAL.c.id == victim.id).values(actor=victim.actor))
    changed = {**victim.detail, "number": victim.detail["number"] ^ 1}
    do(sealed_file, update(JOURNAL).where(JOURNAL.c.id == victim.id).values(detail=changed))
    assert told(verify_journal(sealed_file)) == [("changed", victim.id)]


def test_a_deleted_entry_and_an_added_one_are_found(sealed_file: Store, clock: StillClock):
    gone = ids_of(sealed_file)[7]
    do(sealed_file, delete(JOURNAL).where(JOURNAL.c.id == gone.id))
    assert told(verify_journal(sealed_file)) == [("missing", gone.id)]
    clock.move(-SETTLED_S - 2)
    with Store.open(sealed_file.engine.url.render_as_string(hide_password=False), clock=clock) as behind:
        write_entries(behind, 1)  # by a machine whose clock is behind, or by somebody who would like to be
    found = told(verify_journal(sealed_file))
    assert [what for what, _ in found] == ["missing", "added"]
    assert seal_late(sealed_file, clock.now(), CHANCE.randbytes) == 1
    assert told(verify_journal(sealed_file)) == [("missing", gone.id)]


def test_a_tail_that_was_cut_off_is_found(sealed_file: Store):
    with sealed_file.read() as tx:
        head = read_head(tx)
    kept = parse_head(str(head))
    with sealed_file.read() as tx:
        (last,) = tx.find(JournalSeal, order=["-number"], limit=1)
        (before,) = tx.find(JournalSeal, number=last.number - 1)
    ids = [last.ids[place : place + 16] for place in range(0, len(last.ids), 16)]
    with sealed_file.read() as tx:
        tail = [row[0] for row in tx.pluck(JournalEntry, ("id",)) if row[0].bytes in set(ids)]
    assert tail
    for place in range(0, len(tail), 500):
        do(sealed_file, delete(JOURNAL).where(JOURNAL.c.id.in_(tail[place : place + 500])))
    assert {what for what, _ in told(verify_journal(sealed_file))} == {"missing"}
    do(sealed_file, delete(SEALS).where(SEALS.c.number == last.number))
    assert told(verify_journal(sealed_file)) == [("truncated", None)], "the hub itself remembers the end"
    with sealed_file.write() as tx:  # somebody who knows the hub well
        mark = tx.get(Setting, name=HEAD)
        assert mark is not None
        value = {**mark.value, "number": before.number, "digest": before.digest}
        tx.save(Setting(name=HEAD, value=value))
    assert told(verify_journal(sealed_file)) == []
    assert told(verify_journal(sealed_file, kept)) == [("truncated", None)], "a head that was kept elsewhere"


def test_blocks_are_protected_as_well(sealed_file: Store):
    do(sealed_file, update(SEALS).where(SEALS.c.number == 1).values(digest="0" * 64))
    assert {finding.what for finding in verify_journal(sealed_file).findings} >= {"block"}
    with sealed_file.read() as tx:
        (first,) = tx.find(JournalSeal, number=1)
    do(sealed_file, delete(SEALS).where(SEALS.c.number == 1))
    assert {finding.what for finding in verify_journal(sealed_file).findings} >= {"broken"}
    assert first.rows == min(ROWS, BLOCK_ROWS)


def test_erasing_keeps_it_valid_and_is_seen(sealed: Store, clock: StillClock):
    one, other = ids_of(sealed)[3:5]
    with sealed.write() as tx:
        forget_entries(tx, [one.id])
        tx.journal("cli:li", ERASED, entries=[str(one.id)])
    verdict = verify_journal(sealed)
    assert (verdict.erased, verdict.findings) == (1, [])
    with sealed.engine.connect() as connection:
        left = connection.execute(text("SELECT detail FROM journal WHERE actor = 'cli:li' ORDER BY id")).all()
    assert len([row for row in left if "王会计" in str(row[0]) or "738b" in str(row[0])]) == ROWS - 1
    clock.move(SETTLED_S + 1)
    seal(sealed, clock)
    assert verify_journal(sealed).findings == []
    with sealed.write() as tx:
        forget_entries(tx, [other.id])  # and tells nobody
    assert told(verify_journal(sealed)) == [("erased", other.id)]


def test_entries_of_transactions_that_may_still_be_open_wait(tmp_path: Path, clock: StillClock):
    with open_store(f"sqlite:///{tmp_path}/hub.sqlite", clock) as store:
        write_entries(store, 10)
        assert seal(store, clock) == 0
        clock.move(SETTLED_S / 2)
        write_entries(store, 10)
        clock.move(SETTLED_S / 2 + 1)
        assert seal(store, clock) == 10
        assert verify_journal(store).unsealed == 10


def test_a_tick_seals_only_so_much(tmp_path: Path, clock: StillClock):
    with open_store(f"sqlite:///{tmp_path}/hub.sqlite", clock) as store:
        write_entries(store, BLOCK_ROWS * 2 + 10)
        clock.move(SETTLED_S + 1)
        assert seal(store, clock, blocks=1) == BLOCK_ROWS
        assert seal(store, clock) == BLOCK_ROWS + 10


@pytest.mark.parametrize("head", ["", "7", "x:abc", "1:zz"])
def test_a_head_that_is_none_is_said(head: str):
    with pytest.raises(ConfigInvalid):
        parse_head(head)
