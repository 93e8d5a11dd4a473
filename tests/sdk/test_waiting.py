"""Retry-After and its relatives: every form is understood, nothing that is sent can break or stop us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.waiting import LONGEST_WAIT_S, find_wait_s, is_used_up, parse_wait_s

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        ("1,5", 1.5),
        (".25", 0.25),
        ('"30"', 30),
        ("1h", 3600),
        ("2 hours", 7200),
        ("1 Hour", 3600),
        ("1h30m", 5400),
        ("1 min and 30 sec", 90),
        ("90 s.", 90),
        ("500ms", 0.5),
        ("1d", 86_400),
        ("PT30S", 30),
        ("2 小时", 7200),
        ("30秒", 30),
        ("1:30", 90),
        ("0:02:00", 120),
        ("Mon, 02 Nov 2026 08:00:30 GMT", 30),
        ("Monday, 02-Nov-26 08:00:30 GMT", 30),
        ("Mon Nov  2 08:00:30 2026", 30),
        ("Mon, 02 Nov 2026 16:00:30 +0800", 30),
        ("2026-11-02T08:00:30Z", 30),
        ("2026-11-02T16:00:30+08:00", 30),
        ("1793606430", 30),
        ("1793606430.5", 30.5),
        ("1793606430000", 30),
        ("1793606430000000", 30),
        ("Mon, 02 Nov 2026 07:00:00 GMT", 0),
        ("99999999", LONGEST_WAIT_S),
        ("3 days", LONGEST_WAIT_S),
    ],
)
def test_every_form_is_understood(text: str, wait_s: float):
    assert parse_wait_s(text, NOW) == pytest.approx(wait_s, abs=0.01)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-5", "-1.5", "soon", "nan", "inf", "-inf", "1e3", "5 fortnights", "1h soon", "h", "٣", "1:99", "31 Feb"],
)
def test_what_is_not_understood_is_no_answer(text: str):
    assert parse_wait_s(text, NOW) is None


@given(st.text(max_size=80))
def test_no_text_breaks_it_or_waits_too_long(text: str):
    wait_s = parse_wait_s(text, NOW)
    assert wait_s is None or 0 <= wait_s <= LONGEST_WAIT_S


@given(st.text(alphabet="0123456789.,:-+ hmsdPTGMondayNv", max_size=200))
def test_no_lookalike_breaks_it_either(text: str):
    wait_s = parse_wait_s(text, NOW)
    assert wait_s is None or 0 <= wait_s <= LONGEST_WAIT_S


@given(st.integers(0, 80_000), st.datetimes(datetime(2010, 1, 1), datetime(2060, 1, 1)))
def test_all_date_forms_say_the_same_as_seconds(wait_s: int, at: datetime):
    now = at.replace(microsecond=0, tzinfo=UTC)
    then = now + timedelta(seconds=wait_s)
    forms = [
        str(wait_s),
        format_datetime(then, usegmt=True),
        f"{DAYS[then.weekday()]}, {then:%d-%b-%y %H:%M:%S} GMT",
        f"{then:%a %b} {then.day:2d} {then:%H:%M:%S %Y}",
        then.isoformat(),
        str(int(then.timestamp())),
        str(int(then.timestamp() * 1000)),
    ]
    assert [parse_wait_s(form, now) for form in forms] == [wait_s] * len(forms)


@given(st.decimals(0, 80_000, places=2))
def test_units_agree(seconds):
    minutes = parse_wait_s(f"{float(seconds) / 60:.9f}m", NOW)
    hours = parse_wait_s(f"{float(seconds) / 3600:.9f} hours", NOW)
    assert minutes == pytest.approx(float(seconds), abs=0.001)
    assert hours == pytest.approx(float(seconds), abs=0.001)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7", "X-RateLimit-Reset": "90"}, 7),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "90"}, 90),
        ({"X-RateLimit-Reset": "1793606430"}, 30),
        ({"X-Rate-Limit-Reset": "1793606430000"}, 30),
        ({"X-RateLimit-Reset-After": "0.75"}, 0.75),
        ({"RateLimit-Reset": "50"}, 50),
        ({"RateLimit": "limit=100, remaining=0, reset=50"}, 50),
        ({"RateLimit": '"default";r=0;t=50'}, 50),
        ({"Retry-After-Ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "-3"}, None),
        ({"RateLimit": "unlimited"}, None),
        ({}, None),
    ],
)
def test_the_relatives_of_retry_after(headers: dict[str, str], wait_s: float | None):
    assert find_wait_s(httpx.Headers(headers), NOW) == pytest.approx(wait_s)


def test_a_moment_is_read_by_the_clock_of_who_said_it():
    theirs = NOW + timedelta(minutes=10)
    headers = {"date": format_datetime(theirs, usegmt=True)}
    headers["retry-after"] = format_datetime(theirs + timedelta(seconds=20), usegmt=True)
    assert find_wait_s(headers, NOW) == 20
    assert find_wait_s({**headers, "date": "yesterday"}, NOW) == 620


def test_a_used_up_limit_is_told_from_a_refusal():
    assert is_used_up(httpx.Headers({"X-RateLimit-Remaining": "0"}))
    assert is_used_up(httpx.Headers({"Retry-After": "3"}))
    assert not is_used_up(httpx.Headers({"X-RateLimit-Remaining": "12"}))
    assert not is_used_up(httpx.Headers())
