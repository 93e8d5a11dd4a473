"""A mailbox that is long: read in flat memory, gone on with after a kill, then left alone. The same with more mails:
``python -m tests.bench.run mailbox --records 100000``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.client import MailboxClient, open_mailbox
from connectors.imap.config import ImapConfig
from connectors.imap.listing import Listing
from connectors.imap.uids import cut_uids, extend_uids, list_uids, take_uids, write_uids
from hub.sdk import Tools
from hub.sdk.simulator import WallClock
from tests.bench.mailbox import read_killed, read_whole
from tests.connectors.imap.conftest import run_server
from tests.connectors.imap.long import fill_mailbox
from tests.connectors.imap.office import Mailbox, make_answers, open_connector, pull, write_mail

pytestmark = pytest.mark.servers
MAILS = 3_000
GROWTH = 1.15
"""Ten times as many mails may take a little more: caches fill."""


def test_a_long_mailbox_is_read_once_in_flat_memory_whatever_is_killed() -> None:
    with run_server("dovecot") as server:
        short, long = server.users
        fill_mailbox(server, short, MAILS // 10)
        fill_mailbox(server, long, MAILS)
        tenth = read_whole(server, short)
        story = read_killed(server, long, MAILS)
    assert tenth.counts == {"in.activity.created": MAILS // 10}
    assert 0 < story.killed_at < MAILS
    assert story.rest.counts == {"in.activity.created": MAILS - story.killed_at}, "what was kept is not read again"
    assert story.kept == MAILS
    assert story.again.counts == {}, "the second run does nothing"
    assert story.rest.peak_mb <= tenth.peak_mb * GROWTH


@contextmanager
def open_client(mailbox: Mailbox) -> Iterator[MailboxClient]:
    config = ImapConfig.model_validate(make_answers(mailbox.server, mailbox.user))
    with open_mailbox(config, Tools(WallClock(), random.Random(1))) as client:
        yield client


def test_a_folder_is_listed_a_stretch_at_a_time(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail() for _ in range(12)])
    with open_client(mailbox) as client:
        status = client.read_status("INBOX")
        uids = client.list_after("INBOX", 0, None)
        mailbox.remove(uids[3:9])
        status = client.read_status("INBOX")
        there = uids[:3] + uids[9:]
        for stretch in (2, 5, 6, 100):
            listing = Listing(client, "INBOX", status, 0, None, stretch)
            pages = []
            while not listing.ended:
                pages.append(listing.take(2))
            assert [uid for page in pages for uid in page] == there
            assert listing.last == there[-1]
        assert Listing(client, "INBOX", status, there[3], None, 2).take(9) == there[4:][:2]
        late = Listing(client, "INBOX", status, 0, None, 2)
        mailbox.put(write_mail("meanwhile"))
        mailbox.line.noop()
        found = []
        while not late.ended:
            found += late.take(50)
        assert found == client.list_after("INBOX", 0, None), "what came while it was listed is read as well"


def test_a_first_reading_that_was_cut_off_still_begins_at_its_date(sales: Mailbox) -> None:
    for number in range(6):
        year = 2026 if number % 2 else 2025
        sales.line.append("INBOX", write_mail(f"{number}"), msg_time=datetime(year, 6, 1, tzinfo=UTC))
    found: list[str] = []
    position = None
    for _ in range(9):
        with open_connector(sales.server, sales.user, folders=("INBOX",), since=date(2026, 1, 1)) as connector:
            page = connector.streams()["message"].read_page(None, position, 1)
        found += [record.payload["subject"] for record in page.records]
        position = page.position
        if position is None:
            break
    assert found == ["1", "3", "5"]
    sales.line.append("INBOX", write_mail("moved in"), msg_time=datetime(2024, 6, 1, tzinfo=UTC))
    with open_connector(sales.server, sales.user, folders=("INBOX",), since=date(2026, 1, 1)) as connector:
        assert [record.payload["subject"] for record in pull(connector, page.resume)[0]] == ["moved in"]


@given(st.sets(st.integers(1, 60)), st.integers(0, 60))
def test_a_set_of_uids_grows_at_its_end(uids: set[int], cut: int) -> None:
    low, high = sorted(uid for uid in uids if uid <= cut), sorted(uid for uid in uids if uid > cut)
    grown = extend_uids(write_uids(low), high)
    assert grown == write_uids(uids)
    assert list_uids(grown) == sorted(uids)


@given(st.sets(st.integers(1, 60)), st.integers(0, 60), st.integers(1, 9))
def test_a_set_of_uids_is_cut_and_taken_bit_by_bit(uids: set[int], last: int, most: int) -> None:
    rest = cut_uids(f" {write_uids(uids)} ", last)
    found: list[int] = []
    while rest:
        some, rest = take_uids(rest, most)
        assert 0 < len(some) <= most
        found += some
    assert found == sorted(uid for uid in uids if uid <= last)


def test_a_set_of_all_uids_is_never_written_out() -> None:
    told = cut_uids("1:4294967295,x,7:*", 4_000_000_000)
    assert told == "1:4000000000,7"
    assert take_uids(told, 3) == ([1, 2, 3], "4:4000000000,7")


def test_mails_that_went_are_told_a_page_at_a_time(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail(f"{number}") for number in range(9)])
    with open_connector(mailbox.server, mailbox.user, folders=("INBOX",), removed="void") as connector:
        records, place = pull(connector)
        mailbox.remove([int(record.external_id.rpartition("/")[2]) for record in records[1:8]])
        mailbox.put(write_mail("new"))
        position, pages = place, []
        for _ in range(20):
            page = connector.streams()["message"].read_page(None, position, 3)
            pages.append([record.external_id for record in page.records])
            position = page.position
            if position is None:
                break
        found = [name for names in pages for name in names]
        assert max(map(len, pages)) <= 3
        assert found[:7] == [record.external_id for record in records[1:8]]
        assert len(found) == 8
        assert pull(connector, page.resume)[0] == []
