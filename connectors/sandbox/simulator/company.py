"""A sample company: invented customers with valid registration numbers, items, and a history of sales."""

from __future__ import annotations

import random
import string
from datetime import date, timedelta
from decimal import Decimal

from connectors.sandbox.simulator.amounts import write_decimal
from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.people import Person
from connectors.sandbox.simulator.tables import Document

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
"""GB 32100-2015: no I, O, S, V, Z."""
PLACES = {
    "上海": "310115", "杭州": "330106", "苏州": "320506", "宁波": "330212", "深圳": "440305", "青岛": "370202",
    "成都": "510107", "武汉": "420111", "西安": "610113", "长沙": "430104",
}  # fmt: skip
FIRST, SECOND = "晨澜屿岚衡沐瑾岳昕朔霁翎", "桓舟砺帆禾川柏芮铭棠屹臻"
TRADES = ("精密机械", "电子科技", "包装材料", "仪器仪表", "自动化设备", "新能源", "商贸", "供应链管理")
STREETS = ("望江路", "青枫街", "云栖大道", "石桥巷", "临港三路")
SURNAMES = "赵钱孙李周吴郑王陈褚卫蒋沈韩杨"
ITEMS = (
    ("滚珠轴承", "个", "38.50"), ("伺服电机", "台", "1860.00"), ("不锈钢螺栓", "盒", "12.35"),
    ("液压油缸", "支", "742.90"), ("导轨滑块", "套", "255.00"), ("工业相机", "台", "3299.00"), ("密封圈", "包", "6.80"),
    ("减速器", "台", "980.00"), ("控制电缆", "米", "9.47"), ("安装服务", "小时", "180.00"),
    ("温度传感器", "个", "64.20"), ("铝型材", "米", "27.15"),
)  # fmt: skip


def seed_company(
    erp: SandboxErp, *, customers: int = 40, items: int = 10, sales: int = 60, invoices: int = 0, seed: int = 0
) -> None:
    """Fill an empty ERP, everything made by its own people. Same numbers and seed, same company. ``invoices``: so many
    of the approved sales are delivered and invoiced; two of three of these are paid, some only in part, and one in ten
    is credited."""
    rng, person = random.Random(f"company/{seed}"), Person(erp, "王销售")
    partner_ids = [_add_partner(rng, person, number) for number in range(1, customers + 1)]
    item_ids = [_add_item(rng, person, number) for number in range(1, items + 1)]
    for _ in range(sales if partner_ids and item_ids else 0):
        _add_sale(rng, person, erp, partner_ids, item_ids)
    money = random.Random(f"money/{seed}")
    approved = [sale for sale in erp.documents("sale") if sale["status"] == "approved"]
    for sale in approved[:invoices]:
        _add_money(money, person, sale)


def make_uscc(rng: random.Random, area: str = "310115") -> str:
    """A valid 统一社会信用代码 (GB 32100-2015) whose organisation code (GB 11714-1997) is valid too."""
    organisation = "".join(rng.choice(ALPHABET) for _ in range(8))
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    values = string.digits + string.ascii_uppercase
    rest = 11 - sum(weight * values.index(sign) for weight, sign in zip(weights, organisation, strict=True)) % 11
    body = f"91{area}{organisation}{'0' if rest == 11 else 'X' if rest == 10 else rest}"
    total = sum(pow(3, place, 31) * ALPHABET.index(sign) for place, sign in enumerate(body))
    return body + ALPHABET[-total % 31]


def _add_partner(rng: random.Random, person: Person, number: int) -> str:
    city, area = rng.choice(list(PLACES.items()))
    name = f"{city}{rng.choice(FIRST)}{rng.choice(SECOND)}{rng.choice(TRADES)}有限公司"
    made = person.create(
        "partner",
        code=f"C{number:03d}",
        name=name,
        tax_id=make_uscc(rng, area),
        phone=f"0{rng.randrange(10, 30)}-5555{rng.randrange(10_000):04d}",
        email=f"purchase{number:03d}@example.com",
        city=city,
        street=f"{rng.choice(STREETS)}{rng.randrange(1, 400)}号",
        note=f"联系人：{rng.choice(SURNAMES)}经理",
    )
    return str(made["id"])


def _add_item(rng: random.Random, person: Person, number: int) -> str:
    name, unit, price = ITEMS[(number - 1) % len(ITEMS)]
    series = "" if number <= len(ITEMS) else f" {chr(65 + (number - 1) // len(ITEMS) % 26)}型"
    tax_percent = "6" if name == "安装服务" else "13"
    made = person.create(
        "item", code=f"A-{number:03d}", name=f"{name}{series}", unit=unit, price=price, tax_percent=tax_percent
    )
    return str(made["id"])


def _add_sale(rng: random.Random, person: Person, erp: SandboxErp, partners: list[str], items: list[str]) -> None:
    lines = []
    for item_id in rng.sample(items, min(len(items), rng.randrange(1, 5))):
        item, discount = erp.read("item", item_id), Decimal(rng.choice((100, 100, 95, 88)))
        price = (Decimal(item["price"]) * discount / 100).quantize(Decimal("0.01"))
        lines.append({"item": item_id, "quantity": str(rng.randrange(1, 40)), "price": write_decimal(price, 2)})
    day = f"2026-{rng.randrange(1, 11):02d}-{rng.randrange(1, 29):02d}"
    sale = person.create("sale", customer=rng.choice(partners), date=day, lines=lines)
    place = rng.random()
    if place < 0.8:
        person.approve(sale["id"])
    if place < 0.4:
        person.ship(sale["id"], complete=place < 0.3)
    elif place > 0.95:
        person.void(sale["id"])


def _add_money(rng: random.Random, person: Person, sale: Document) -> None:
    """What a sale leads to, some days later."""
    day = date.fromisoformat(sale["date"]) + timedelta(days=rng.randrange(1, 9))
    person.deliver(sale["id"], date=str(day))
    invoice = person.bill(sale["id"], date=str(day), due=str(day + timedelta(days=30)))
    place = rng.random()
    paid_on = str(day + timedelta(days=rng.randrange(1, 45)))
    if place < 0.1:
        person.credit(invoice["id"], date=paid_on)
    elif place < 0.7:
        gross = Decimal(invoice["gross"])
        part = gross if place < 0.5 else (gross / 3).quantize(Decimal("0.01"))
        person.receive(
            invoice["id"], str(part), date=paid_on, method="银行转账", bank_ref=f"{rng.randrange(10**9):09d}"
        )
