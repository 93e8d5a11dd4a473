"""Tryton's notation of values, both ways."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tryton.encoding import make_plain, read_json, write_json

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.dictionaries(st.text().filter(lambda key: key != "__class__"), values))
def test_what_is_written_is_read_as_the_same(row):
    assert read_json(write_json(row)) == row


def test_the_notation_is_trytons():
    moment = datetime(2026, 11, 1, 8, 30, 1, 5, tzinfo=timezone(timedelta(hours=8)))
    assert json.loads(write_json([Decimal("199.90"), date(2026, 11, 1), moment])) == [
        {"__class__": "Decimal", "decimal": "199.90"},
        {"__class__": "date", "year": 2026, "month": 11, "day": 1},
        {
            "__class__": "datetime",
            "year": 2026,
            "month": 11,
            "day": 1,
            "hour": 0,
            "minute": 30,
            "second": 1,
            "microsecond": 5,
        },
    ]


def test_other_notations_are_read():
    text = b"""[{"__class__": "time", "hour": 8}, {"__class__": "timedelta", "seconds": 1.5},
               {"__class__": "bytes", "base64": "eA=="}, 0.1]"""
    plain = make_plain({"all": read_json(text)})
    assert plain == {"all": ["08:00:00", 1.5, "eA==", "0.1"]}


@pytest.mark.parametrize("text", [b"<html>", b'{"__class__": "soup"}', b'{"__class__": "date", "year": 1}', b"\xff"])
def test_what_is_no_notation_is_refused(text):
    with pytest.raises(ValueError):
        read_json(text)


def test_what_has_no_notation_is_a_mistake_of_ours():
    with pytest.raises(TypeError):
        write_json({1, 2})


def test_records_behind_ids_take_the_place_of_the_ids():
    row = {
        "id": 7,
        "lines": [1, 2],
        "lines.": [{"id": 1, "unit": 3, "unit.": {"id": 3, "symbol": "u"}}],
        "party.": None,
    }
    assert make_plain(row) == {"id": 7, "lines": [{"id": 1, "unit": {"id": 3, "symbol": "u"}}], "party": None}
