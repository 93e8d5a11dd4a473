"""海岳精密, a company that does not exist: tables, customers with valid registration numbers, materials, and a history
of orders, deliveries, receivables and receipts."""

from __future__ import annotations

import random
import string
from datetime import date, timedelta
from decimal import Decimal

from connectors.kingdee.simulator.books import Books
from connectors.kingdee.simulator.people import Person, number

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
"""GB 32100-2015: no I, O, S, V, Z."""
TABLES = {
    "ORG_Organizations": (("100", "海岳精密", ""), ("101", "海岳精密（宁波）", "")),
    "BD_Currency": (("PRE001", "人民币", "CNY"), ("PRE007", "美元", "USD"), ("PRE006", "日元", "JPY")),
    "BD_UNIT": (("Pcs", "个", ""), ("tai", "台", ""), ("he", "盒", ""), ("m", "米", ""), ("kg", "千克", "")),
    "BD_SETTLETYPE": (("JSFS01_SYS", "现金", ""), ("JSFS04_SYS", "电汇", ""), ("JSFS06_SYS", "商业承兑汇票", "")),
    "BD_Saler": (("XSY001", "赵销售", ""), ("XSY002", "钱销售", "")),
    "BOS_BillType": (
        ("XSDD01_SYS", "标准销售订单", ""),
        ("SKDLX01_SYS", "销售收款单", ""),
        ("SKTKDLX01_SYS", "销售业务退款单", ""),
    ),
    "CN_RECPAYPURPOSE": (("SFKYT01_SYS", "销售收款", ""), ("SFKYT02_SYS", "预收款", "")),
    "BD_AccountBook": (("001", "海岳精密账簿", ""),),
    "BD_VOUCHERGROUP": (("PRE001", "记", ""),),
    "BD_Department": (("BM01", "销售部", ""), ("BM02", "财务部", "")),
    "BD_Empinfo": (("YG01", "赵销售", ""),),
    "BD_Account": (
        ("1002", "银行存款", ""),
        ("1122", "应收账款", "FFLEX6"),
        ("2203", "预收账款", "FFLEX6"),
        ("2221.01.05", "销项税额", ""),
        ("6001", "主营业务收入", ""),
    ),
    "CN_BANKACNT": (("6222-0001", "基本户", ""),),
}
PLACES = {"上海": "310115", "杭州": "330106", "苏州": "320506", "宁波": "330212", "深圳": "440305", "青岛": "370202"}
FIRST, SECOND = "岱川澄岩曜沧峥泓垣晖翊峻", "海岭石溪原汀野帆林屿钧宸"
TRADES = ("精密机械", "电子科技", "包装材料", "仪器仪表", "自动化设备", "新能源", "商贸", "供应链管理")
ITEMS = (
    ("深沟球轴承", "Pcs", "38.50"), ("交流伺服电机", "tai", "1860.00"), ("内六角螺栓", "he", "12.35"),
    ("直线导轨", "m", "255.00"), ("工业相机", "tai", "3299.00"), ("密封圈", "Pcs", "6.80"),
    ("行星减速器", "tai", "980.00"),
    ("控制电缆", "m", "9.47"), ("温度传感器", "Pcs", "64.20"), ("铝型材", "kg", "27.15"),
)  # fmt: skip


def seed_tables(books: Books) -> None:
    """What every account has before anybody works in it."""
    for form, rows in TABLES.items():
        for row in rows:
            books.add_base(form, *row)
    books.find_user(books.settings.user)


def seed_company(
    books: Books, *, customers: int = 40, materials: int = 10, orders: int = 60, invoices: int = 20, seed: int = 0
) -> None:
    """Fill an empty account, everything made by its own people. ``invoices``: so many of the audited orders are
    delivered and billed; two of three of these are paid, some only in part. Same numbers and seed, same company."""
    seed_tables(books)
    rng, desk = random.Random(f"company/{seed}"), Person(books, "孙内勤")
    names = [_add_customer(rng, desk, place) for place in range(1, customers + 1)]
    goods = [_add_material(desk, place) for place in range(1, materials + 1)]
    audited = [id for _ in range(orders if names and goods else 0) if (id := _add_order(rng, desk, names, goods))]
    accountant = Person(books, "李会计")
    for id in audited[:invoices]:
        _add_money(rng, accountant, id)


def make_uscc(rng: random.Random, area: str = "310115") -> str:
    """A valid 统一社会信用代码 (GB 32100-2015) whose organisation code (GB 11714-1997) is valid too."""
    organisation = "".join(rng.choice(ALPHABET) for _ in range(8))
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    values = string.digits + string.ascii_uppercase
    rest = 11 - sum(weight * values.index(sign) for weight, sign in zip(weights, organisation, strict=True)) % 11
    body = f"91{area}{organisation}{'0' if rest == 11 else 'X' if rest == 10 else rest}"
    total = sum(pow(3, place, 31) * ALPHABET.index(sign) for place, sign in enumerate(body))
    return body + ALPHABET[-total % 31]


def _add_customer(rng: random.Random, desk: Person, place: int) -> str:
    city, area = rng.choice(list(PLACES.items()))
    name = f"{city}{rng.choice(FIRST)}{rng.choice(SECOND)}{rng.choice(TRADES)}有限公司"
    made = desk.make_customer(
        name, FNumber=f"C{place:05d}", FSOCIALCRECODE=make_uscc(rng, area), FINVOICETITLE=name,
        FTEL=f"0{rng.randrange(10, 30)}-5555{rng.randrange(10_000):04d}",
        FADDRESS=f"{city}市望江路{rng.randrange(1, 400)}号", FTRADINGCURRID=number("PRE001"),
    )  # fmt: skip
    return str(made["FNumber"])


def _add_material(desk: Person, place: int) -> tuple[str, str]:
    name, unit, price = ITEMS[(place - 1) % len(ITEMS)]
    series = "" if place <= len(ITEMS) else f" {chr(65 + (place - 1) // len(ITEMS) % 26)}型"
    made = desk.make_material(f"{name}{series}", unit, FNumber=f"M{place:04d}", FSpecification=f"HY-{place:03d}")
    return str(made["FNumber"]), price


def _add_order(rng: random.Random, desk: Person, customers: list[str], goods: list[tuple[str, str]]) -> int | None:
    """Its id when it is audited and still open."""
    rows = [
        (material, str(rng.randrange(1, 40)), str(Decimal(price) * rng.choice((100, 100, 95, 88)) / 100))
        for material, price in rng.sample(goods, min(len(goods), rng.randrange(1, 5)))
    ]
    day = date(2025, 1, 6) + timedelta(days=rng.randrange(0, 660))
    order = desk.make_order(rng.choice(customers), rows, day.isoformat())
    place = rng.random()
    if place >= 0.95:
        desk.cancel("SAL_SaleOrder", order["FID"])
    elif place < 0.8:
        desk.audit("SAL_SaleOrder", order["FID"])
        return int(order["FID"])
    elif place < 0.87:
        desk.submit("SAL_SaleOrder", order["FID"])
    return None


def _add_money(rng: random.Random, accountant: Person, order: int) -> None:
    accountant.deliver("SAL_SaleOrder", order)
    due = accountant.bill("SAL_SaleOrder", order)
    place, gross = rng.random(), due["FALLAMOUNTFOR"]
    if place < 0.7:
        part = gross if place < 0.5 else (gross / 3).quantize(Decimal("0.01"))
        accountant.receive("AR_receivable", due["FID"], str(part), FSETTLENO=f"{rng.randrange(10**9):09d}")
