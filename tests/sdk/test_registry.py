"""Texts of business registries: statuses, capitals, days, former names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.sdk.registry import CompanyStatus, find_owner, parse_capital, read_day, read_status, split_names


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("存续", "active"), ("在业", "active"), ("存续（在营、开业、在册）", "active"), ("仍注册", "active"),
        ("迁出", "moved"),
        ("吊销", "revoked"), ("吊销，未注销", "revoked"), ("吊销未注销", "revoked"), ("注销", "cancelled"),
        ("吊销已注销", "cancelled"), ("吊销，已注销", "cancelled"), ("已告解散", "cancelled"), ("停业", "suspended"),
        ("责令关闭", "suspended"), ("撤销", "suspended"), ("清算", "liquidation"), ("", "unknown"), ("新词", "unknown"),
    ],
)  # fmt: skip
def test_a_status_is_read_or_unknown(text: str, status: str) -> None:
    assert read_status(text) is CompanyStatus(status)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1142489.479万人民币", "11424894790", "CNY"), ("5000万元人民币", "50000000", "CNY"),
        ("100万", "1000000", "CNY"),
        ("1.5亿元", "150000000", "CNY"), ("3,000万美元", "30000000", "USD"), ("500万港元", "5000000", "HKD"),
        ("２００万人民币", "2000000", "CNY"), ("100000人民币", "100000", "CNY"), ("50万(澳门元)", "500000", ""),
        ("10 万欧元", "100000", "EUR"),
    ],
)  # fmt: skip
def test_a_capital_is_an_amount_in_whole_units(text: str, amount: str, currency: str) -> None:
    assert parse_capital(text) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["", "-", "无", "万"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert parse_capital(text) == (None, "")


def test_days_come_in_three_ways() -> None:
    assert read_day("2001-03-15 00:00:00") == read_day("2001/03/15") == date(2001, 3, 15)
    assert read_day(984_585_600_000) == date(2001, 3, 15)
    assert (read_day(""), read_day(None), read_day("长期"), read_day(0)) == (None, None, None, None)


def test_former_names_are_apart_by_separators_of_any_width() -> None:
    assert split_names("甲公司;\t；乙公司 ;") == ("甲公司", "乙公司")


@pytest.mark.parametrize(
    ("shares", "owner"),
    [
        ([("甲公司", "66.5%"), ("王芳", "33.5%")], "甲公司"),
        ([("甲公司", "50%"), ("乙公司", "50%")], ""),
        ([("甲公司", "30.0000"), ("乙公司", "40"), ("甲公司", "30")], "甲公司"),
        ([("甲公司", None), ("乙公司", "")], ""),
        ([("甲公司", "约六成")], ""),
        ([], ""),
    ],
)
def test_who_holds_more_than_half_is_the_owner(shares, owner):
    assert find_owner(shares) == owner
