"""What docs/connectors/tryton-facts.md says and the Tryton connector relies on, asked of the pinned Tryton."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hub.testkit.tryton import RunningTryton
from hub.testkit.tryton_people import Line, TrytonPerson
from hub.testkit.tryton_rpc import TrytonRefused, TrytonRpc

REFERENCE = "IS1" + 26 * "A"


@pytest.fixture
def hub(tryton: RunningTryton) -> Iterator[TrytonPerson]:
    """The technical user."""
    user = TrytonPerson(tryton.url, tryton.database, tryton.login, tryton.password)
    yield user
    user.close()


@pytest.fixture
def order(hub: TrytonPerson) -> int:
    customer = hub.make_customer("华信电子有限公司", "91310115591693856A")
    product = hub.make_product("HY-1", "轴承", Decimal("199.90"))
    return hub.make_order(customer, [Line(product, 3), Line(product, 1)], reference=REFERENCE)


def stamps(rpc: TrytonRpc, model: str, *ids: int) -> dict[str, str]:
    rows = rpc.call(f"model.{model}.read", list(ids), ["_timestamp"])
    return {f"{model},{row['id']}": row["_timestamp"] for row in rows}


def lines_of(hub: TrytonPerson, order: int) -> list[int]:
    ids: list[int] = hub.read("sale.sale", [order], ["lines"])[0]["lines"]
    return ids


def refused(hub: TrytonPerson, model: str, record: int, **values: Any) -> bool:
    try:
        hub.edit(model, record, **values)
    except TrytonRefused as refusal:
        return refusal.kind == "UserError"
    return False


def test_a_copy_loses_the_reference_of_a_sale_and_keeps_that_of_a_party(
    hub: TrytonPerson, accountant: TrytonPerson, order: int
):
    copy = accountant.copy("sale.sale", order)
    assert hub.order(copy).reference is None
    party = hub.make_customer("带号公司")
    hub.call("model.party.identifier.create", [{"party": party, "code": REFERENCE}])
    twin = accountant.copy("party.party", party)
    found = hub.call("model.party.party.search", [["identifiers.code", "=", REFERENCE]], 0, None, None)
    assert sorted(found) == [party, twin]
    makers = {row["id"]: row["create_uid."]["login"] for row in hub.read("party.party", found, ["create_uid.login"])}
    assert makers == {party: hub.login, twin: accountant.login}


def test_the_reference_is_found_in_every_state(hub: TrytonPerson, order: int):
    hub.cancel(order)
    for operator, value in (("=", REFERENCE), ("like", "IS1%"), ("in", [REFERENCE])):
        assert hub.call("model.sale.sale.search", [["reference", operator, value]], 0, None, None) == [order]


def test_what_a_quotation_and_a_processing_sale_still_let_one_edit(hub: TrytonPerson, order: int):
    line = lines_of(hub, order)[0]
    for move in (hub.quote, hub.confirm):
        move(order)
        assert refused(hub, "sale.sale", order, description="x")
        assert refused(hub, "sale.line", line, quantity=2)
        assert refused(hub, "sale.line", line, unit_price=Decimal(1))
        assert not refused(hub, "sale.sale", order, comment="x", reference=REFERENCE)
        assert not refused(hub, "sale.line", line, note="x")
    with pytest.raises(TrytonRefused, match='can not call "confirm"'):
        hub.confirm(order)
    with pytest.raises(TrytonRefused, match='can not call "cancel"'):
        hub.cancel(order)


def test_the_lock_of_a_write_covers_lines_that_are_written_along(
    hub: TrytonPerson, accountant: TrytonPerson, order: int
):
    lines = lines_of(hub, order)
    seen = {**stamps(hub, "sale.sale", order), **stamps(hub, "sale.line", *lines)}
    accountant.edit_line(order, 1, directly=True, quantity=9)
    assert stamps(hub, "sale.sale", order).items() <= seen.items()
    values = {"comment": "x", "lines": [["write", lines, {}]]}
    with pytest.raises(TrytonRefused) as refusal:
        hub.call("model.sale.sale.write", [order], values, context={"_timestamp": seen})
    assert refusal.value.kind == "ConcurrencyException"
    assert hub.order(order).comment is None
    fresh = {**stamps(hub, "sale.sale", order), **stamps(hub, "sale.line", *lines)}
    hub.call("model.sale.sale.write", [order], values, context={"_timestamp": fresh})
    assert hub.order(order).comment == "x"


def test_the_lock_of_an_action_covers_the_header_only(hub: TrytonPerson, accountant: TrytonPerson, order: int):
    seen = stamps(hub, "sale.sale", order)
    accountant.edit_order(order, comment="x")
    with pytest.raises(TrytonRefused) as refusal:
        hub.call("model.sale.sale.quote", [order], context={"_timestamp": seen})
    assert refusal.value.kind == "ConcurrencyException"
    fresh = {**stamps(hub, "sale.sale", order), **stamps(hub, "sale.line", *lines_of(hub, order))}
    accountant.edit_line(order, 0, directly=True, quantity=9)
    hub.call("model.sale.sale.quote", [order], context={"_timestamp": fresh})
    assert hub.order(order).state == "quotation"


def test_the_log_tells_who_wrote_which_field(hub: TrytonPerson, accountant: TrytonPerson, order: int):
    line = lines_of(hub, order)[0]
    accountant.edit_line(order, 0, quantity=2)
    hub.edit_order(order, comment="x")
    domain = [["resource", "in", [f"sale.sale,{order}", f"sale.line,{line}"]], ["event", "=", "write"]]
    rows = hub.call("model.ir.model.log.search_read", domain, 0, None, [["id", "ASC"]], ["target", "user.login"])
    wrote = {(row["user."]["login"], row["target"]) for row in rows}
    assert wrote == {(accountant.login, "lines"), (accountant.login, "quantity"), (hub.login, "comment")}


def test_amounts_are_rounded_half_even_and_tax_per_document(hub: TrytonPerson, order: int):
    product = hub.call("model.product.product.search", [], 0, 1, None)[0]
    party = hub.read("sale.sale", [order], ["party"])[0]["party"]
    tenth = Line(product, 1, Decimal("0.10"))
    cents = hub.order(hub.make_order(party, [tenth, tenth, tenth]))
    assert (cents.untaxed, cents.tax) == (Decimal("0.30"), Decimal("0.04"))
    even = hub.order(hub.make_order(party, [Line(product, 3, Decimal("33.335"))]))
    assert even.untaxed == Decimal("100.00")


def test_one_missing_id_refuses_the_whole_read(hub: TrytonPerson, accountant: TrytonPerson, order: int):
    party = hub.read("sale.sale", [order], ["party"])[0]["party"]
    gone = hub.make_order(party, [])
    accountant.delete_order(gone)
    with pytest.raises(TrytonRefused, match="don't exist"):
        hub.read("sale.sale", [order, gone], ["number"])
    assert hub.call("model.sale.sale.search", [["id", "in", [order, gone]]], 0, None, None) == [order]
