"""A year of business in Tryton, drawn from a seed: customers, products and orders in every state."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as pairs

from hub.testkit.tryton_people import Customer, Line, Order, Product, TrytonPerson

TRADE_VERSION = 1
"""Part of the name of the prepared database: raise it when anything drawn here changes."""

CITIES = (
    "上海",
    "苏州",
    "无锡",
    "宁波",
    "杭州",
    "常州",
    "南京",
    "合肥",
    "青岛",
    "东莞",
    "佛山",
    "成都",
    "武汉",
    "西安",
    "天津",
)
REGIONS = ("310115", "320505", "320214", "330212", "330110", "320411", "320115", "340111")
NAMES = ("华信", "恒力", "鼎盛", "新锐", "宏图", "瑞丰", "金桥", "博远", "安泰", "联创", "德昌", "汇通")
TRADES = ("电子", "机械", "自动化", "精密", "电气", "液压", "模具", "新材料")
GOODS = (
    "深沟球轴承",
    "直线导轨",
    "滚珠丝杠",
    "伺服电机",
    "减速机",
    "联轴器",
    "气缸",
    "电磁阀",
    "传感器",
    "编码器",
    "拖链",
    "同步带",
)
COMMENTS = (None, None, None, "送货前一天电话通知", "发票随货", "月底前交货")
STATES = ("draft",) * 3 + ("quotation",) * 2 + ("processing",) * 4 + ("cancelled",)
LETTERS = string.digits + "ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class Trade:
    customers: list[int]
    products: list[int]
    orders: list[int]


def seed_trade(
    person: TrytonPerson, customers: int = 120, products: int = 12, orders: int = 120, seed: int = 7
) -> Trade:
    """The same seed makes the same business. Orders are mostly moved in bulk, because one confirmation is slow."""
    draw = random.Random(seed)
    parties = person.make_customers(_draw_customers(draw, customers))
    goods = person.make_products(_draw_products(draw, products))
    sales = person.make_orders([_draw_order(draw, parties, goods) for _ in range(orders)])
    wanted = {sale: draw.choice(STATES) for sale in sales}
    _move(person.quote, [sale for sale, state in wanted.items() if state in ("quotation", "processing")])
    _move(person.confirm, [sale for sale, state in wanted.items() if state == "processing"])
    _move(person.cancel, [sale for sale, state in wanted.items() if state == "cancelled"])
    return Trade(parties, goods, sales)


def draw_uscc(draw: random.Random) -> str:
    """A 统一社会信用代码 that is valid in both of its check characters and belongs to nobody we know of."""
    body = "".join(draw.choice("0123456789") for _ in range(8))
    head = f"91{draw.choice(REGIONS)}{body}{_organisation_check(body)}"
    weights = [pow(3, place, 31) for place in range(17)]
    total = sum(weight * LETTERS.index(letter) for weight, letter in zip(weights, head, strict=True))
    return head + LETTERS[-total % 31]


def _organisation_check(body: str) -> str:
    """The last character of the 组织机构代码 inside (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def _move(action: Callable[..., None], orders: Sequence[int]) -> None:
    if orders:
        action(*orders)


def _draw_customers(draw: random.Random, count: int) -> Iterator[Customer]:
    names = draw.sample([f"{city}{name}{trade}有限公司" for city, name, trade in pairs(CITIES, NAMES, TRADES)], count)
    for number, name in enumerate(names, start=1):
        yield Customer(
            name,
            draw_uscc(draw),
            phone=f"021-6{draw.randrange(10**6, 10**7)}",
            email=f"purchase{number:03}@example.com",
            street=f"工业园区 {draw.randrange(1, 300)} 号",
            city=next(city for city in CITIES if name.startswith(city)),
        )


def _draw_products(draw: random.Random, count: int) -> Iterator[Product]:
    for number in range(1, count + 1):
        name = f"{GOODS[(number - 1) % len(GOODS)]} {draw.choice('ABCDEF')}{draw.randrange(10, 99)}"
        rate = Decimal("0.06") if number % 6 == 0 else Decimal("0.13")
        yield Product(f"HY-{number:04}", name, Decimal(draw.randrange(900, 250_000)) / 100, rate)


def _draw_order(draw: random.Random, parties: Sequence[int], goods: Sequence[int]) -> Order:
    chosen = draw.sample(goods, draw.randrange(1, min(4, len(goods)) + 1))
    lines = [Line(product, float(draw.randrange(1, 40))) for product in chosen]
    return Order(draw.choice(parties), lines, comment=draw.choice(COMMENTS))
