"""The guide for going live, followed day by day in a home of its own beside a real Tryton."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.sandbox.simulator import make_uscc
from hub.commands.app import build_app
from hub.testkit.tryton_people import Line, TrytonPerson
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands

PAGE = "docs/guides/go-live.md"
START = dt.date(dt.datetime.now(dt.UTC).year, 1, 1)

RECIPES = {
    "isthmus init": "init",
    "isthmus connection add erp --connector tryton": "connection add erp --connector tryton ANSWERS",
    "isthmus connection check erp": "connection check erp",
    "isthmus sync add erp account": "sync add erp account",
    "isthmus sync add erp product": "sync add erp product",
    "isthmus sync add erp order --start-date 2026-12-01": "sync add erp order --start-date {start}",
    "isthmus sync add erp order --start-date": "sync add erp order --start-date {start}",
    "isthmus sync adopt erp": "sync adopt erp",
    "isthmus sync adopt erp --all": "sync adopt erp --all",
    "isthmus sync adopt erp --kind account --by pairs.csv": "sync adopt erp --kind account --by pairs.csv",
    "isthmus todo": "todo",
    "isthmus todo show 3f": "todo show {differs}",
    "isthmus todo take 3f remote": "todo take {differs} remote",
    "isthmus binding add erp account K-0042 17": "binding add erp account {same}",
    "isthmus binding add erp account new 18": "binding add erp account new {new_there}",
    "isthmus binding add erp account K-0043 new": "binding add erp account {new_here} new",
    "isthmus binding remove 5c1a": "binding remove {binding}",
    "isthmus sync plan erp": "sync plan erp",
    "isthmus sync plan erp --out --all": "sync plan erp --out --all",
    "isthmus mapping explain erp order 204": "mapping explain erp order {sale}",
    "isthmus sync run erp --accept 82ac": "sync run erp --accept {plan}",
    "isthmus reconcile erp": "reconcile erp",
    "isthmus run show 1 --writes": "run show 1 --writes",
    "isthmus sync add erp order --every 5m": "sync add erp order --every 5m",
    "isthmus sync add erp account --every 15m": "sync add erp account --every 15m",
    "isthmus sync status": "sync status",
    "isthmus pause --all": "pause --all",
    "isthmus resume --all": "resume --all",
}
RUNNING = {"isthmus up": "up --port 0"}


def test_every_command_of_the_guide_has_a_recipe():
    assert set(list_commands(PAGE, "isthmus")) == RECIPES.keys() | RUNNING.keys()


def test_the_chinese_page_shows_the_same_commands():
    assert list_commands(PAGE.replace(".md", ".zh.md"), "isthmus") == list_commands(PAGE, "isthmus")


@dataclass
class Office:
    """A small company with both systems: 王会计 in Tryton, and a visitor at the hub."""

    visitor: Newcomer
    wang: TrytonPerson

    def ask(self, *words: str) -> Any:
        """What the page does not show but the story needs: the same commands, in this process."""
        done = CliRunner().invoke(build_app(), ["--home", str(self.visitor.folder / ".isthmus"), *words, "--json"])
        document: Any = json.loads(done.stdout)
        assert done.exit_code == 0, document["errors"]
        return document

    def customer_here(self, name: str, **values: str) -> str:
        words = [word for field, value in values.items() for word in ("--set", f"{field}={value}")]
        return str(self.ask("record", "create", "account", "--set", f"name={name}", *words)["item"]["id"])

    def order_here(self, account: str, number: str, product: str, price: str, **values: str) -> str:
        lines = json.dumps([{"product_id": product, "quantity": 2, "unit_price": price}])
        words = [word for field, value in values.items() for word in ("--set", f"{field}={value}")]
        made = self.ask(
            "record", "create", "order", "--set", f"account_id={account}", "--set", f"number={number}",
            "--set", f"lines={lines}", *words,
        )  # fmt: skip
        return str(made["item"]["id"])


@pytest.fixture
def office(tryton_visitor: Newcomer, accountant: TrytonPerson) -> Office:
    return Office(tryton_visitor, accountant)


def fill(office: Office) -> None:
    """The same customers and orders on both sides, and a little muddle."""
    draw = random.Random(5)
    wang, words = office.wang, office.visitor.words
    codes = [make_uscc(draw) for _ in range(4)]
    goods = wang.make_product("GL-1", "滚珠轴承", Decimal("12.50"))
    product = office.ask(
        "record", "create", "product", "--set", "name=滚珠轴承", "--set", "number=GL-1", "--set", "unit=u",
        "--set", "list_price=12.50", "--set", "tax_rate=0.13",
    )["item"]["id"]  # fmt: skip
    same = [wang.make_customer(f"客户{place}有限公司", code) for place, code in enumerate(codes[:2])]
    here = [
        office.customer_here(f"客户{place}有限公司", identifiers=json.dumps([{"kind": "uscc", "value": code}]))
        for place, code in enumerate(codes[:2])
    ]
    wang.set_phone(same[1], "021-60000001")
    office.ask("record", "edit", "account", here[1], "--set", "phone=021-60000002")
    doubted = {name: wang.make_customer(name) for name in ("屿岚商行", "青松商行", "晨澜商行")}
    mine = {name: office.customer_here(name, number=f"K-{place}") for place, name in enumerate(doubted, 42)}
    words["same"] = f"{mine['屿岚商行']} {doubted['屿岚商行']}"
    words["new_there"], words["new_here"] = str(doubted["青松商行"]), mine["晨澜商行"]
    listed = wang.make_customer("Hai Yue Ltd")
    office.customer_here("海岳精密机械有限公司", number="K-50")
    (office.visitor.folder / "pairs.csv").write_text(f"ours,theirs\nK-50,{listed}\n", encoding="utf-8")
    sale = wang.make_order(same[0], [Line(goods, 2.0)])
    wang.quote(sale)
    day = START + dt.timedelta(days=9)
    wang.call("model.sale.sale.write", [sale], {"sale_date": day})
    number = wang.order(sale).number or ""
    words["sale"] = str(sale)
    office.order_here(here[0], number, product, "12.50", ordered_on=str(day))
    office.order_here(here[0], "CRM-1", product, "12.50", ordered_on=str(START))
    office.order_here(here[0], "CRM-0", product, "12.50", ordered_on=str(START - dt.timedelta(days=1)))


def prepare(office: Office, command: str) -> None:
    """What stands for the ids on the page."""
    visitor = office.visitor
    if command == "isthmus todo show 3f":
        parked = [row for row in office.ask("todo")["items"] if row["code"] == "sync.values_differ"]
        visitor.words["differs"] = parked[0]["id"]
    elif command == "isthmus binding remove 5c1a":
        rows = office.ask("binding", "list", "--connection", "erp", "--kind", "account")["items"]
        remote_id = visitor.words["same"].split()[1]
        visitor.words["binding"] = next(row["id"] for row in rows if row["remote_id"] == remote_id)
    elif command == "isthmus sync run erp --accept 82ac":
        visitor.words["plan"] = office.ask("sync", "plan", "erp")["item"]["plan"]["label"]


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.timeout(1200)
def test_the_week_beside_a_real_tryton(office: Office):
    visitor, wang = office.visitor, office.wang
    visitor.words["start"] = str(START)
    said: dict[str, str] = {}
    parties = sales = 0
    for command in list_commands(PAGE, "isthmus"):
        if command == "isthmus sync adopt erp":
            fill(office)
            parties, sales = wang.count("party.party"), wang.count("sale.sale")
        if command in RUNNING:
            with visitor.running(RUNNING[command]):
                continue
        prepare(office, command)
        said[command] = visitor.type(RECIPES[command])
        if command == "isthmus binding remove 5c1a":
            visitor.type("binding add erp account {same}")
        if command == "isthmus sync plan erp --out --all":
            assert (wang.count("party.party"), wang.count("sale.sale")) == (parties, sales), "nothing before Friday"
    check_end(office, said, parties, sales)


def check_end(office: Office, said: dict[str, str], parties: int, sales: int) -> None:
    """What the page promises."""
    wang = office.wang
    assert "bound, differs" in said["isthmus sync adopt erp"]
    assert "in doubt" in said["isthmus sync adopt erp"]
    # Customers without an identifier wait; of the orders, only the young one that only we had was made.
    assert wang.count("party.party") == parties
    assert wang.count("sale.sale") == sales + 1
    left: list[Any] = office.ask("sync", "plan", "erp")["item"]["items"]
    assert {item["action"] for item in left if item["side"] == "there"} <= {"hold"}
    assert office.ask("reconcile", "erp")["items"]
