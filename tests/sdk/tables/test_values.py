from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import MappingError
from hub.sdk.tables import read_amount, read_date, read_rate

DAY = date(2026, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-5", "2026/01/05", "2026.1.5", "20260105", "2026年1月5日", "２０２６年１月５号", "2026-01-05 10:30:00",
        "2026-01-05T00:00:00", "5 Jan 2026", "Jan 5, 2026", "46027", "46027.5",
    ],
)  # fmt: skip
def test_every_form_of_a_day_is_read(text: str):
    assert read_date(text) == DAY


def test_a_day_that_could_be_two_is_refused_unless_the_order_is_declared():
    with pytest.raises(MappingError) as refused:
        read_date("03/04/2026")
    assert refused.value.code == "tables.date_ambiguous"
    assert read_date("03/04/2026", "dmy") == date(2026, 4, 3)
    assert read_date("03/04/2026", "mdy") == date(2026, 3, 4)
    assert read_date("13/04/2026") == date(2026, 4, 13)
    assert read_date("04/13/2026") == date(2026, 4, 13)


@pytest.mark.parametrize("text", ["2026-02-30", "20261301", "31/02/2026", "26-1-5", "2026-1", "tomorrow", "12345", ""])
def test_what_is_no_day_is_refused(text: str):
    with pytest.raises(MappingError):
        read_date(text)


@given(st.dates(min_value=date(1955, 1, 1), max_value=date(2099, 12, 31)))
def test_days_survive_every_form(day: date):
    serial = (day - date(1899, 12, 30)) // timedelta(days=1)
    for text in (day.isoformat(), day.strftime("%Y%m%d"), f"{day.year}年{day.month}月{day.day}日", str(serial)):
        assert read_date(text) == day


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("¥1,234.50", "1234.50"), ("￥１，２３４．５０", "1234.50"), ("(1,234.50)", "-1234.50"), ("-¥0.5", "-0.5"),
        ("¥-0.5", "-0.5"), ("1234元", "1234"), ("CNY 12", "12"), (".5", "0.5"), ("1 234.5", "1234.5"), ("＋3", "3"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, amount: str):
    assert read_amount(text) == Decimal(amount)


def test_a_decimal_comma_is_believed_only_when_it_is_declared():
    with pytest.raises(MappingError) as refused:
        read_amount("1.234,50")
    assert refused.value.code == "tables.amount_comma"
    assert read_amount("1.234,50", decimal_comma=True) == Decimal("1234.50")
    with pytest.raises(MappingError):
        read_amount("1,234.50", decimal_comma=True)


@pytest.mark.parametrize("text", ["", "abc", "1,23", "12,34.5", "1.2万", "--5", "1.2.3", "(-5)-", "1e5", "¥"])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(MappingError):
        read_amount(text)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_amounts_survive_their_usual_forms(amount: Decimal):
    assert read_amount(f"{amount:,.2f}") == amount
    german = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_amount(german, decimal_comma=True) == amount


@pytest.mark.parametrize(
    ("text", "rate"), [("13%", "0.13"), ("13", "0.13"), ("0.13", "0.13"), ("1%", "0.01"), ("0", "0")]
)
def test_tax_rates_become_ratios(text: str, rate: str):
    assert read_rate(text) == Decimal(rate)


@pytest.mark.parametrize("text", ["1", "130", "-3", "x"])
def test_a_rate_that_could_be_two_is_refused(text: str):
    with pytest.raises(MappingError):
        read_rate(text)
