"""The quick way through an answer finds what IMAPClient finds, and leaves to it what looks otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from connectors.imap.answers import fetch_parts, part_answers
from tests.connectors.imap.office import Mailbox, write_mail

UID, SIZE, DATE = b"UID 7", b"RFC822.SIZE 1234", b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
KEY = b"BODY[HEADER.FIELDS (FROM TO)]"
HEAD = b"From: a@b\r\nTo: c@d\r\n\r\n"


def answer(*items: bytes, key: bytes = KEY, text: bytes = HEAD) -> list[Any]:
    return [(b"3 (" + b" ".join([*items, key]) + b" {%d}" % len(text), text), b")"]


def read_slowly(told: list[Any]) -> dict[int, dict[bytes, Any]]:
    return {uid: dict(parts) for uid, parts in parse_fetch_response(told, False, True).items()}


@given(st.permutations([UID, SIZE, DATE, b"MODSEQ (12)", b"FLAGS (\\Seen $Junk)"]), st.integers(1, 5), st.binary())
def test_it_finds_what_imapclient_finds(items: list[bytes], count: int, text: bytes) -> None:
    kept = [item for item in items[:count] if item.startswith((b"RFC", b"INT"))] + [UID]
    told = answer(*kept, text=text) + answer(b"UID 9", b'INTERNALDATE " 7-Jan-2026 23:59:59 +0530"', key=b"BODY[]<0>")
    quick = part_answers(told)
    assert quick == {uid: {key: value for key, value in parts.items() if key != b"SEQ"} for uid, parts in read_slowly(
        told).items()}  # fmt: skip
    assert part_answers(answer(*items)) is not None


@pytest.mark.parametrize(
    "told",
    [
        [],
        [None],
        [b"1 (UID 7 FLAGS (\\Seen))"],
        answer(SIZE),
        answer(UID, b'INTERNALDATE "32-Jul-1996 02:44:25 -0700"'),
        answer(UID, b'INTERNALDATE "17-Jux-1996 02:44:25 -0700"'),
        answer(UID, b'INTERNALDATE "17-Jul-1996 02:44:25 -9900"'),
        answer(UID, b"ENVELOPE NIL"),
        [*answer(UID), *answer(UID)],
        [answer(UID)[0], b" FLAGS (\\Seen))"],
        [*answer(UID), b"4 (UID 9 FLAGS (\\Seen))"],
        [b")", *answer(UID), b")"],
    ],
)
def test_what_looks_otherwise_is_left_to_imapclient(told: list[Any]) -> None:
    assert part_answers(told) is None


@pytest.mark.servers
def test_servers_are_read_the_quick_way(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail(f"{number}") for number in range(3)])
    mailbox.line.select_folder("INBOX", readonly=True)
    uids = mailbox.line.search()
    items = ["BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]", "RFC822.SIZE", "INTERNALDATE"]
    mailbox.line.normalise_times = False
    told = mailbox.line._command_and_check("FETCH", "1:*", f"({' '.join(items)})", uid=True)
    assert (part_answers(told) is not None) == (mailbox.server.name == "dovecot")
    found = fetch_parts(mailbox.line, uids, items)
    slow = mailbox.line.fetch(uids, items)
    assert found.keys() == slow.keys() == set(uids)
    for uid in uids:
        assert {**found[uid], b"SEQ": slow[uid][b"SEQ"]} == dict(slow[uid])
