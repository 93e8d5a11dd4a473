"""The list of customers and orders that the company has here, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.model.money import round_money
from hub.testkit.tryton_trade import draw_uscc

_BRANDS = ("云帆", "启明", "远航", "嘉禾", "众合", "东篱", "长风", "清源")
_TRADES = ("自动化设备", "包装材料", "精密仪器", "供应链管理")
_PLACES = ("上海", "苏州", "宁波", "青岛", "成都", "武汉")


@dataclass(frozen=True)
class Sheet:
    """A customer list as somebody keeps it: ``known`` are in the ERP too, ``fresh`` are not, ``bare`` have no code."""

    known: list[dict[str, Any]]
    fresh: list[dict[str, Any]]
    bare: list[dict[str, Any]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [*self.known, *self.fresh, *self.bare]


def draw_sheet(
    seed: int, in_erp: Sequence[tuple[str, str]], *, known: int = 8, fresh: int = 13, bare: int = 3
) -> Sheet:
    """``in_erp``: (name, 统一社会信用代码) of customers that the ERP has."""
    rng = random.Random(f"sheet/{seed}")
    names = list(_draw_names(rng, fresh + bare))
    shared = rng.sample(list(in_erp), known)
    return Sheet(
        [_customer(name, uscc) for name, uscc in shared],
        [_customer(name, draw_uscc(rng), phone=_draw_phone(rng)) for name in names[:fresh]],
        [_customer(name, None, phone=_draw_phone(rng)) for name in names[fresh:]],
    )


def _draw_names(rng: random.Random, count: int) -> Iterator[str]:
    every = [f"{place}{brand}{trade}有限公司" for place in _PLACES for brand in _BRANDS for trade in _TRADES]
    yield from rng.sample(every, count)


def _draw_phone(rng: random.Random) -> str:
    return f"021-{rng.randrange(50_000_000, 69_999_999)}"


def _customer(name: str, uscc: str | None, **more: str) -> dict[str, Any]:
    identifiers = [{"key": "uscc", "kind": "uscc", "value": uscc}] if uscc else []
    return {"name": name, "identifiers": identifiers, **more}


def draw_orders(
    seed: int, customers: Sequence[str], products: Sequence[dict[str, Any]], *, count: int = 12
) -> list[dict[str, Any]]:
    """Orders for customers (by id) of products (records as ``isthmus record list`` shows them)."""
    rng = random.Random(f"orders/{seed}")
    return [
        {
            "account_id": customers[place % len(customers)],
            "reference": f"PO-{rng.randrange(10_000, 99_999)}",
            "lines": [_draw_line(rng, product) for product in rng.sample(list(products), rng.randint(1, 3))],
        }
        for place in range(count)
    ]


def _draw_line(rng: random.Random, product: dict[str, Any]) -> dict[str, Any]:
    price = round_money(rng.choice((95, 97, 100)) * Decimal(product["list_price"]) / 100, "CNY")
    return {"product_id": product["id"], "quantity": str(rng.randint(1, 40)), "unit_price": str(price)}
