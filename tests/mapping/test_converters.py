"""What each form reads and refuses."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.context import Context, Refusal, Run
from hub.mapping.converters import FITS, FORM_NAMES, FORMS, MINOR, make_minor, plain_decimal, read_plainly
from hub.model.values import Scaled

SHANGHAI = ZoneInfo("Asia/Shanghai")
RUN = Run(Context(zone=SHANGHAI), {"currency": "JPY"}, {}, {})


def decode(form, raw):
    return FORMS[form].decode(raw, RUN)


@pytest.mark.parametrize(
    ("form", "raw", "value"),
    [
        ("text", " 0012 ", "0012"),
        ("text", 12, "12"),
        ("text", Decimal("1.10"), "1.1"),
        ("integer", "12", 12),
        ("integer", Decimal("12.0"), 12),
        ("boolean", True, True),
        ("boolean", 1, True),
        ("boolean", "False", False),
        ("money", "12.50", Decimal("12.50")),
        ("money", Decimal("-0.01"), Decimal("-0.01")),
        ("money", 12, Decimal(12)),
        ("decimal", 0.1, Decimal("0.1")),
        ("decimal", 3.0, Decimal(3)),
        ("percent", "13", Decimal("0.13")),
        ("date", "2026-11-01", date(2026, 11, 1)),
        ("date", "20261101", date(2026, 11, 1)),
        ("date", date(2026, 11, 1), date(2026, 11, 1)),
        ("date", "2026-11-01 00:00:00", date(2026, 11, 1)),
        ("date", "2026-10-31T16:00:00Z", date(2026, 11, 1)),
        ("datetime", "2026-11-01T08:00:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("datetime", "2026-11-01T08:00:00+08:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("list", ["a", 1], ("a", "1")),
    ],
)
def test_reads(form, raw, value):
    assert decode(form, raw) == value


@pytest.mark.parametrize(
    ("form", "raw"),
    [
        ("text", True),
        ("text", 1.5),
        ("text", {}),
        ("text", "half \ud83d"),
        ("integer", "1.5"),
        ("integer", True),
        ("integer", 1.0),
        ("boolean", 2),
        ("boolean", "yes"),
        ("money", 12.5),
        ("money", "1,234.50"),
        ("money", "1_000"),
        ("money", "NaN"),
        ("money", "Infinity"),
        ("money", "1e999999"),
        ("money", True),
        ("decimal", float("nan")),
        ("decimal", "ten"),
        ("date", "01.11.2026"),
        ("date", "2026-02-30"),
        ("date", 20261101),
        ("datetime", "yesterday"),
        ("date", "0001-01-01T00:00:00+14:00"),
        ("datetime", date(2026, 11, 1)),
        ("list", "a"),
        ("list", [{}]),
    ],
)
def test_refuses(form, raw):
    with pytest.raises(Refusal):
        decode(form, raw)


def test_a_float_is_money_for_nobody_and_says_so():
    with pytest.raises(Refusal) as caught:
        decode("money", 12.5)
    assert caught.value.code == "mapping.float_money"


NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{0,12})?", fullmatch=True),
    st.text(alphabet="0123456789.-+eE_ ٣", max_size=12),
)


@given(NUMBERS, st.sampled_from(["money", "decimal", "percent"]), st.sampled_from([0, 2, 6, 10]))
def test_a_number_that_is_read_at_once_is_the_one_that_is_read_with_care(raw, form, places):
    def carefully(raw, run):
        try:
            return Scaled(places).check(FORMS[form].decode(raw, run))
        except ValueError as error:
            raise Refusal("mapping.value_refused") from error

    def result(read):
        try:
            found = read(raw, RUN)
        except Refusal as refusal:
            return refusal.code
        return found.as_tuple()

    moves = -2 if form == "percent" else 0
    assert moves == FORMS[form].moves
    at_once = read_plainly(carefully, moves, places, None)
    assert result(at_once) == result(carefully)


@pytest.mark.parametrize(
    ("number", "text"),
    [("12.500000", "12.5"), ("100", "100"), ("1E+2", "100"), ("0.000", "0"), ("-0", "0"), ("1E-7", "0.0000001")],
)
def test_decimals_are_written_plainly(number, text):
    assert plain_decimal(Decimal(number)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**12), max_value=10**12))
def test_plain_decimals_lose_nothing(number):
    assert Decimal(plain_decimal(number)) == number


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_smallest_units_follow_the_currency(units, currency):
    form, run = make_minor("currency"), Run(Context(), {"currency": currency}, {}, {})
    amount = form.decode(units, run)
    assert amount == Decimal(units).scaleb({"CNY": -2, "JPY": 0, "KWD": -3}[currency])
    assert form.encode(amount, run) == units


def test_smallest_units_refuse_what_they_cannot_say():
    form = make_minor("currency")
    with pytest.raises(Refusal, match="too_fine"):
        form.encode(Decimal("0.5"), RUN)
    with pytest.raises(Refusal, match="currency_missing"):
        form.decode(100, Run(Context(), {}, {}, {}))


def test_times_are_written_in_the_connections_zone():
    assert FORMS["datetime"].encode(datetime(2026, 11, 1, tzinfo=UTC), RUN) == "2026-11-01T08:00:00+08:00"
    with pytest.raises(Refusal, match="time_without_zone"):
        FORMS["datetime"].encode(datetime(2026, 11, 1), RUN)


def test_every_form_that_can_be_written_fits_some_field():
    assert set(FORM_NAMES) == {name for fits in FITS.values() for name in fits} - {"scalar"}
    assert set(FORM_NAMES) - {MINOR} <= set(FORMS)
