"""Answers to FETCH as nearly every server writes them, taken apart by one expression each. IMAPClient reads them sign
by sign, which takes longer than all the rest; it is asked for whatever looks otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from imapclient import IMAPClient
from imapclient.imapclient import join_message_ids, seq_to_parenstr_upper
from imapclient.response_parser import parse_fetch_response

_HEAD = re.compile(
    rb'\d+ \((?:UID (\d+) |RFC822\.SIZE (\d+) |INTERNALDATE "([^"]{20,26})" |MODSEQ \(\d+\) |FLAGS \([^()]*\) )+'
    rb"(BODY\[[^\]]*\](?:<\d+>)?) \{\d+\}"
)
_DATE = re.compile(rb"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
Parts = Mapping[bytes, Any]


def fetch_parts(line: IMAPClient, uids: Sequence[int], items: Sequence[str]) -> dict[int, Parts]:
    """UID → what was asked for, by name, of those that are there; raises what IMAPClient does."""
    told = line._command_and_check("FETCH", join_message_ids(list(uids)), seq_to_parenstr_upper(list(items)), uid=True)
    found = part_answers(told)
    if found is None:
        found = dict(parse_fetch_response(told, line.normalise_times, True))
    wanted = set(uids)
    return {uid: parts for uid, parts in found.items() if uid in wanted}


def part_answers(told: Sequence[Any]) -> dict[int, Parts] | None:
    """What imaplib gives back: a head with its text, then a bracket, for each mail. None for anything else."""
    found: dict[int, Parts] = {}
    for place in range(0, len(told) - 1, 2):
        head, bracket = told[place], told[place + 1]
        match = _HEAD.fullmatch(head[0]) if isinstance(head, tuple) and bracket == b")" else None
        if match is None or match[1] is None or int(match[1]) in found:
            return None
        parts: dict[bytes, Any] = {match[4]: head[1]}
        if match[2] is not None:
            parts[b"RFC822.SIZE"] = int(match[2])
        if match[3] is not None:
            parts[b"INTERNALDATE"] = at = read_date(match[3])
            if at is None:
                return None
        found[int(match[1])] = parts
    return found if told and len(told) % 2 == 0 else None


def read_date(text: bytes) -> datetime | None:
    """``17-Jul-1996 02:44:25 -0700``; None for what is no time."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    away = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-away if match[7] == b"-" else away)
        moment = (int(match[3]), _MONTHS[match[2].lower()], int(match[1]), int(match[4]), int(match[5]), int(match[6]))
        return datetime(*moment, tzinfo=zone)
    except (ValueError, KeyError):
        return None
