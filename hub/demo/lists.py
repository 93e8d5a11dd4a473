"""Two customer lists and an order list as two departments keep them, drawn from a seed: titles, merged cells, totals in
between, doubles, typing errors, rows that cannot be read. All invented."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.model.identifiers import USCC_SYMBOLS, organisation_check_symbol, uscc_check_symbol
from hub.model.money import round_money

_PLACES = (("上海", "310115"), ("苏州", "320505"), ("宁波", "330212"), ("青岛", "370211"), ("东莞", "441900"))
_BRANDS = ("云帆", "启明", "远航", "嘉禾", "众合", "东篱", "长风", "清源", "博远", "瑞丰")
_TRADES = ("自动化设备", "包装材料", "精密仪器", "供应链管理", "电子科技")
_GOODS = ("深沟球轴承", "直线导轨", "伺服电机", "联轴器", "电磁阀", "编码器")
_RATES = (Decimal("0.13"), Decimal("0.13"), Decimal("0.06"))
OLD_HEADINGS = ("客户编号", "客户名称", "统一社会信用代码", "联系电话", "电子邮箱", "地址", "备注")
BAD_ROWS = 2
ORDER_HEADINGS = ("订单号", "客户编号", "下单日期", "品名", "数量", "单位", "含税单价", "税率", "价税合计")


@dataclass(frozen=True)
class Company:
    """One company as it is; what the lists say of it may be less, or wrong."""

    name: str
    code: str
    phone: str
    email: str
    street: str


@dataclass(frozen=True)
class OrderRow:
    """One line of the order list, as it is written there."""

    number: int
    customer: str
    day: object
    goods: str
    quantity: object
    price: Decimal
    rate: Decimal
    gross: Decimal


@dataclass(frozen=True)
class Lists:
    """What was written. ``companies``: how many different ones there are; ``mistyped``: those of them that stand in
    both lists and whose code is mistyped in one, so that nobody can tell for sure; ``bad_rows``: customer rows that
    cannot be taken in."""

    companies: int
    mistyped: int
    bad_rows: int
    orders: dict[str, Decimal]
    """Order number → its total as the list has it."""


def write_lists(seed: int, old: Path, other: Path) -> Lists:
    """Write the old list and the orders into one folder, the other department's list into another."""
    rng = random.Random(f"lists/{seed}")
    companies = list(draw_companies(rng, 56))
    here, there = companies[:40], [*companies[24:40], *companies[40:]]
    doubles = rng.sample(here[:24], 3)
    wrong = rng.sample(range(len(here)), 2)
    (old / "老客户.csv").write_bytes(_write_old(rng, here, doubles, wrong).encode("gbk"))
    _write_other(rng, there, other / "市场部名单.xlsx")
    rows = list(_draw_orders(rng, len(here)))
    _write_orders(rows, old / "销售订单.xlsx")
    totals: dict[str, Decimal] = {}
    for row in rows:
        number = f"{row.number:06d}"
        totals[number] = totals.get(number, Decimal(0)) + row.gross
    return Lists(len(companies), sum(number >= 24 for number in wrong), BAD_ROWS, totals)


# ---------------------------------------------------------------- companies


def draw_companies(rng: random.Random, count: int) -> Iterator[Company]:
    """Different companies, each with a valid code."""
    names = [
        (place, f"{place[0]}{brand}{trade}有限公司") for place in _PLACES for brand in _BRANDS for trade in _TRADES
    ]
    for number, ((_, region), name) in enumerate(rng.sample(names, count)):
        phone = f"0{rng.choice((21, 512, 574))}-{rng.randrange(50_000_000, 89_999_999)}"
        yield Company(
            name, _draw_code(rng, region), phone, f"kf{number}@example.com", f"科技路{rng.randrange(1, 900)}号"
        )


def _draw_code(rng: random.Random, region: str) -> str:
    organisation = "".join(rng.choice(USCC_SYMBOLS) for _ in range(8))
    body = f"91{region}{organisation}{organisation_check_symbol(organisation)}"
    return body + uscc_check_symbol(body)


def _mistype(rng: random.Random, code: str) -> str:
    """Two neighbours change places: the check symbol no longer fits."""
    places = [at for at in range(8, 15) if code[at] != code[at + 1]]
    at = rng.choice(places)
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def _write_old(
    rng: random.Random, companies: Sequence[Company], doubles: Sequence[Company], wrong: Sequence[int]
) -> str:
    """A CSV that somebody saved from a spreadsheet years ago; ``wrong`` are those with a mistyped code."""
    rows: list[tuple[str, ...]] = []
    for number, company in enumerate(companies):
        code = _mistype(rng, company.code) if number in wrong else company.code
        email = company.email if rng.random() < 0.7 else ""
        rows.append((f"{number + 1:04d}", company.name, code, company.phone, email, company.street, ""))
    known = [company for number, company in enumerate(companies) if number not in wrong]
    for number, company in enumerate(doubles):
        one = company if company in known else known[number]
        name = one.name.replace("有限公司", "有限责任公司")
        rows.append((f"{len(companies) + number + 1:04d}", name, one.code, one.phone, "", one.street, "重复登记"))
    rows.insert(9, ("", "无编号的一行", "", "", "", "", ""))
    rows.insert(17, (*rows[3][:1], "同号不同名有限公司", *rows[3][2:]))
    rows.insert(26, rows[5])
    titles = [("客户清单",), (f"导出日期：{date(2026, 1, 5)}",), OLD_HEADINGS]
    half = len(rows) // 2
    whole = [
        *titles,
        *rows[:half],
        ("小计", "", "", str(half)),
        *rows[half:],
        ("合计", "", "", str(len(rows))),
        ("制表人：张三",),
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([*row, *[""] * (7 - len(row))] for row in whole)
    return text.getvalue()


def _write_other(rng: random.Random, companies: Sequence[Company], path: Path) -> None:
    """A workbook with a title, headings in two rows and a note at the end."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "名单"
    sheet.append(["市场部客户名单（2026 年版）"])
    sheet.merge_cells("A1:F1")
    sheet.append(["编号", "单位全称", "证照号码", "联系方式", None, "城市"])
    sheet.append([None, None, None, "座机", "邮件", None])
    for column in "ABCF":
        sheet.merge_cells(f"{column}2:{column}3")
    sheet.merge_cells("D2:E2")
    for number, company in enumerate(companies):
        email = company.email if rng.random() < 0.8 else None
        sheet.append([number + 101, company.name, company.code, company.phone, email, company.name[:2]])
        sheet.cell(number + 4, 1).number_format = "000000"
    sheet.append(["合计", None, None, len(companies)])
    sheet.append(["制表：市场部"])
    book.save(path)


# ---------------------------------------------------------------- orders


def _draw_orders(rng: random.Random, customers: int) -> Iterator[OrderRow]:
    """Orders of one to three lines. One has a date that can be read in two ways, one a quantity that is none, one a
    customer that no list knows."""
    odd = rng.sample(range(24), 3)
    for place in range(24):
        day: object = date(2026, 1, 5) + timedelta(days=place)
        shown = (day, f"{day:%Y.%m.%d}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}")[place % 4]
        shown = f"0{rng.randrange(1, 10)}/1{rng.randrange(3)}/2026" if place == odd[0] else shown
        customer = f"{9000 + place if place == odd[2] else rng.randrange(1, customers + 1):04d}"
        for line in range(rng.randint(1, 3)):
            row = _draw_line(rng, 1001 + place, customer, shown)
            yield replace(row, quantity="若干") if place == odd[1] and line == 0 else row


def _draw_line(rng: random.Random, number: int, customer: str, day: object) -> OrderRow:
    quantity, price = rng.randint(1, 40), Decimal(rng.randrange(1_000, 990_000)) / 100
    gross = round_money(quantity * price, "CNY")
    return OrderRow(number, customer, day, rng.choice(_GOODS), quantity, price, rng.choice(_RATES), gross)


def _write_orders(rows: Sequence[OrderRow], path: Path) -> None:
    """One row for each line; what the lines have in common stands in merged cells. The headings come once more in the
    middle, as on a printed page."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "订单"
    sheet.append(["销售订单"])
    sheet.merge_cells("A1:I1")
    sheet.append(ORDER_HEADINGS)
    first = at = 3
    for place, row in enumerate(rows):
        if place == len(rows) // 2:
            sheet.append(ORDER_HEADINGS)
            at, first = at + 1, at + 1
        new = place == 0 or rows[place - 1].number != row.number or first == at
        shared = [row.number, row.customer, row.day] if new else [None, None, None]
        percent = f"{int(row.rate * 100)}%"
        sheet.append([*shared, row.goods, row.quantity, "件", float(row.price), percent, float(row.gross)])
        sheet.cell(at, 1).number_format = "000000"
        first = at if new else first
        if place + 1 == len(rows) or rows[place + 1].number != row.number or place + 1 == len(rows) // 2:
            _merge(sheet, first, at)
        at += 1
    sheet.append(["合计", None, None, None, None, None, None, None, float(sum(row.gross for row in rows))])
    book.save(path)


def _merge(sheet: Any, first: int, last: int) -> None:
    if last > first:
        for column in "ABC":
            sheet.merge_cells(f"{column}{first}:{column}{last}")
