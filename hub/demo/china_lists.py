"""What 海岳精密 has besides its ERP: an old customer list, and who buys in its shop. Drawn from a seed, invented."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hub.demo.lists import Company, draw_companies
from hub.model.money import round_money

HEADINGS = ("客户编号", "客户名称", "统一社会信用代码", "联系电话", "备注")
NEW_IN_SHOP, NEW_IN_LIST = 4, 120
NO_UNIT = "箱"


@dataclass(frozen=True)
class Known:
    """A customer that the ERP has, and its credit code."""

    name: str
    code: str


@dataclass(frozen=True)
class OldList:
    """``names``: the companies in it. Some the ERP has, too, and the credit code tells; some bear the name of one and
    no code, so that nobody can tell for sure. None contradicts the ERP."""

    rows: int = 0
    names: frozenset[str] = frozenset()


def write_old_list(path: Path, seed: int, in_erp: Sequence[Known]) -> OldList:
    """The list, in GBK as spreadsheets here save it."""
    rng = random.Random(f"old/{seed}")
    shared = rng.sample(list(in_erp), min(96, len(in_erp) // 2))
    bare = shared[:9]
    rows = [(known.name, _spoil(rng, known.code), "") for known in shared[9:]]
    rows += [(known.name, "", "") for known in bare]
    rows += [(company.name, company.code, company.phone) for company in _draw_newcomers(seed)[NEW_IN_SHOP:]]
    rng.shuffle(rows)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADINGS)
    for place, (name, code, phone) in enumerate(rows, 1):
        table.writerow((f"L{place:04d}", name, code, phone, ""))
    path.write_bytes(text.getvalue().encode("gbk"))
    return OldList(len(rows), frozenset(name for name, *_ in rows))


def write_shop(path: Path, seed: int, in_erp: Sequence[Known], goods: Sequence[Mapping[str, str]]) -> None:
    """Who buys in the shop, and the articles by the numbers that the ERP gave them; one of them is sold by the case,
    for which the ERP has no unit."""
    rng = random.Random(f"shop/{seed}")
    customers = [{"name": known.name, "uscc": known.code} for known in rng.sample(list(in_erp), 8)]
    customers += [{"name": company.name, "uscc": company.code} for company in _draw_newcomers(seed)[:NEW_IN_SHOP]]
    rng.shuffle(customers)
    priced = [
        {
            "sku": item["number"], "name": item["name"], "price": str(_draw_price(rng)),
            "unit": item["unit"] if place else NO_UNIT,
        }
        for place, item in enumerate(goods)
    ]  # fmt: skip
    path.write_text(json.dumps({"customers": customers, "goods": priced}, ensure_ascii=False), encoding="utf-8")


def _draw_newcomers(seed: int) -> list[Company]:
    """Companies that the ERP does not have."""
    return list(draw_companies(random.Random(f"newcomers/{seed}"), NEW_IN_SHOP + NEW_IN_LIST))


def _spoil(rng: random.Random, code: str) -> str:
    """As people type it: small letters, blanks."""
    return rng.choice((code, code.lower(), f" {code[:8]} {code[8:]}"))


def _draw_price(rng: random.Random) -> Decimal:
    return round_money(Decimal(rng.randrange(800, 320_000)) / 100, "CNY")
