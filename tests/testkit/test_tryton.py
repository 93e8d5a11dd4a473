"""The Tryton of tests and demo: prepared once, started in a second, inhabited by people."""

from __future__ import annotations

import random
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from stdnum.cn import uscc

from hub.testkit.environment import keep_folder
from hub.testkit.servers import ServerMissing
from hub.testkit.tryton import PreparedTryton, RunningTryton, provision_tryton, start_tryton
from hub.testkit.tryton_people import Customer, Line, Order, Product, TrytonPerson
from hub.testkit.tryton_rpc import TrytonRefused, TrytonRpc
from hub.testkit.tryton_trade import draw_uscc
from hub.testkit.wsgi_serve import one_at_a_time
from tests.conftest import TRYTON_CACHE


def test_preparing_again_does_nothing(prepared_tryton: PreparedTryton):
    said: list[str] = []
    assert provision_tryton(TRYTON_CACHE, progress=said.append) == prepared_tryton
    assert said == []


def test_an_interrupted_preparation_leaves_nothing_behind(tmp_path: Path):
    def break_off(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_folder(tmp_path / "thing", break_off)
    assert not (tmp_path / "thing").exists()

    keep_folder(tmp_path / "thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["whole"]


def test_without_a_lock_file_the_reason_is_named(tmp_path: Path):
    with pytest.raises(ServerMissing, match="clone of the project"):
        provision_tryton(tmp_path, progress=print, lock_file=tmp_path / "absent.lock")


def test_the_technical_user_is_no_administrator(tryton: RunningTryton):
    rpc = TrytonRpc(tryton.url, tryton.database, tryton.login, tryton.password)
    assert rpc.call("model.res.user.get_preferences", True)["administrator"] == 0
    assert rpc.call("model.sale.sale.search_count", [], 0, None) == 0
    with pytest.raises(TrytonRefused, match="not allowed to access"):
        rpc.call("model.account.configuration.write", [1], {"tax_rounding": "line"})
    rpc.close()


def test_a_restart_keeps_address_and_data(tryton: RunningTryton, accountant: TrytonPerson):
    accountant.make_customer("重启公司")
    tryton.kill()
    assert tryton.process.poll() is not None
    tryton.restart()
    assert accountant.count("party.party", [["name", "=", "重启公司"]]) == 1
    assert "POST /erp/rpc/" in tryton.log_file.read_text(encoding="utf-8")


def test_servers_do_not_see_each_other(prepared_tryton: PreparedTryton, tryton: RunningTryton, tmp_path: Path):
    with start_tryton(prepared_tryton, tmp_path / "other") as other:
        assert other.port != tryton.port
        person = TrytonPerson(other.url, other.database, other.accountant_login, other.accountant_password)
        person.make_customer("只在那边")
        person.close()
    assert other.process.poll() is not None
    here = TrytonPerson(tryton.url, tryton.database, tryton.accountant_login, tryton.accountant_password)
    assert here.count("party.party", [["name", "=", "只在那边"]]) == 0
    here.close()


def test_an_order_from_draft_to_processing(accountant: TrytonPerson):
    customer = accountant.make_customer(
        "华信电子有限公司", "91310115591693856A", phone="021-5500", email="a@example.com"
    )
    bearing = accountant.make_product("HY-1", "轴承", Decimal("199.90"))
    order = accountant.make_order(customer, [Line(bearing, 3)], reference="PO-7", comment="急")
    draft = accountant.order(order)
    assert (draft.state, draft.number, draft.party) == ("draft", None, "华信电子有限公司")
    assert (draft.untaxed, draft.tax, draft.total) == (Decimal("599.70"), Decimal("77.96"), Decimal("677.66"))

    accountant.edit_line(order, 0, quantity=1)
    accountant.edit_order(order, comment="不急")
    accountant.quote(order)
    accountant.confirm(order)
    sold = accountant.order(order)
    assert (sold.state, sold.comment, sold.total) == ("processing", "不急", Decimal("225.89"))
    assert sold.number
    with pytest.raises(TrytonRefused) as refusal:
        accountant.cancel(order)
    assert refusal.value.kind == "UserError"


def test_cancel_take_back_delete_and_copy(accountant: TrytonPerson):
    customer = accountant.make_customer("复制公司")
    goods = accountant.make_products(
        [Product("A", "甲", Decimal(10), Decimal("0.06")), Product("B", "乙", Decimal(20))]
    )
    orders = [Order(customer, [Line(each, 2) for each in goods], reference=f"R{n}") for n in range(3)]
    first, second, third = accountant.make_orders(orders)
    accountant.quote(first, second)
    accountant.back_to_draft(first)
    accountant.cancel(second)
    accountant.delete_order(third)
    assert accountant.states() == {"draft": 1, "cancelled": 1}
    copy = accountant.order(accountant.copy("sale.sale", first))
    assert (copy.reference, copy.state, copy.total) == (None, "draft", accountant.order(first).total)


def test_five_hundred_customers_in_one_call(accountant: TrytonPerson):
    draw = random.Random(1)
    ids = accountant.make_customers(Customer(f"公司 {n}", draw_uscc(draw)) for n in range(500))
    assert len(set(ids)) == 500
    accountant.set_phone(ids[0], "021-1")
    accountant.set_phone(ids[0], "021-2")
    fields = ["contact_mechanisms.value", "tax_identifier.type"]
    row = accountant.read("party.party", ids[:1], fields)[0]
    assert [each["value"] for each in row["contact_mechanisms."]] == ["021-2"]
    assert row["tax_identifier."]["type"] == "cn_vat"


def test_the_trade_holds_orders_in_every_state(traded_tryton: PreparedTryton, tmp_path: Path):
    with start_tryton(traded_tryton, tmp_path) as server:
        person = TrytonPerson(server.url, server.database, server.accountant_login, server.accountant_password)
        orders = person.orders()
        assert person.count("party.party", [["identifiers.type", "=", "cn_vat"]]) > 100
        assert len(orders) == 120
        assert {order.state for order in orders} == {"draft", "quotation", "processing", "cancelled"}
        assert all(order.untaxed + order.tax == order.total > 0 for order in orders)
        person.close()


def test_drawn_credit_codes_are_valid_and_repeatable():
    codes = [draw_uscc(random.Random(seed)) for seed in range(200)]
    assert all(uscc.is_valid(code) for code in codes)
    assert codes == [draw_uscc(random.Random(seed)) for seed in range(200)]


def test_the_server_takes_one_request_at_a_time():
    inside: list[str] = []
    most: list[int] = []

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        inside.append("here")
        time.sleep(0.01)
        most.append(len(inside))
        inside.pop()
        return [b"done"]

    serve = one_at_a_time(application)
    callers = [threading.Thread(target=serve, args=({}, None)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert most == [1, 1, 1, 1]
