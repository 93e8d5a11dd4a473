"""What 海岳精密 has besides its systems: two old customer lists, and who buys in its shop. Drawn from a seed, all
invented."""

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
from hub.sdk.tables import write_table

HEADINGS = ("客户编号", "客户名称", "统一社会信用代码", "联系电话", "备注")
IN_ERP, ONLY_NAMES, NEW_IN_LIST, NEW_IN_SHOP, REGISTERED, BRANCHES = 130, 9, 36, 4, 6, 2
NO_UNIT = "箱"
LIVING = ("存续", "在业", "开业")
"""How the status of a company begins that is not ended."""
BRANCH_WORD = "分公司"
ListRow = tuple[str, str, str]
"""Name, credit code, telephone."""


@dataclass(frozen=True)
class Known:
    """A company that a system has, and its credit code."""

    name: str
    code: str
    status: str = LIVING[0]


@dataclass(frozen=True)
class OldLists:
    """File name → rows in it. ``names``: the companies in them. Some the ERP has, too, and the credit code tells; some
    bear the name of one and no code, so that nobody can tell for sure. None contradicts the ERP."""

    rows: Mapping[str, int]
    names: frozenset[str]


def write_old_lists(folder: Path, seed: int, in_erp: Sequence[Known], register: Sequence[Known]) -> OldLists:
    """The list of the head office, a CSV in GBK as spreadsheets here save it, and the one of a branch, an XLSX."""
    rng = random.Random(f"old/{seed}")
    shared = rng.sample(list(in_erp), min(IN_ERP, len(in_erp) // 2))
    rows = [(known.name, _spoil(rng, known.code), "") for known in shared[ONLY_NAMES:]]
    rows += [(known.name, "", "") for known in shared[:ONLY_NAMES]]
    rows += [(company.name, company.code, company.phone) for company in _draw_newcomers(seed)[NEW_IN_SHOP:]]
    rows += _pick_registered(rng, register)
    rng.shuffle(rows)
    numbered = [(f"L{place:04d}", name, code, phone, "") for place, (name, code, phone) in enumerate(rows, 1)]
    cut = len(numbered) * 2 // 3
    _write_csv(folder / "老客户.csv", numbered[:cut])
    write_table(folder / "老客户-苏州.xlsx", HEADINGS, numbered[cut:])
    written = {"老客户.csv": cut, "老客户-苏州.xlsx": len(rows) - cut}
    return OldLists(written, frozenset(name for name, *_ in rows))


def _pick_registered(rng: random.Random, register: Sequence[Known]) -> list[ListRow]:
    """Companies whose code nobody wrote down, but the register knows them; some with a branch, of which it was."""
    heads = [known for known in register if known.status.startswith(LIVING) and BRANCH_WORD not in known.name]
    branches = {
        head: [known for known in register if known.name.startswith(head.name) and known is not head] for head in heads
    }
    with_branch = [head for head in heads if branches[head]][:BRANCHES]
    others = rng.sample([head for head in heads if not branches[head]], REGISTERED - len(with_branch))
    rows: list[ListRow] = [(head.name, "", "") for head in (*with_branch, *others)]
    return rows + [(branches[head][0].name, branches[head][0].code, "") for head in with_branch]


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADINGS)
    table.writerows(rows)
    path.write_bytes(text.getvalue().encode("gbk"))


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
