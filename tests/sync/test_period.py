"""Closed periods: what may change although the books are closed, and how a refusal names the document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.model.finance import Invoice, Payment
from hub.model.party import Account
from hub.sync.context import Hub
from hub.sync.period import check_period, find_closed
from tests.crm.books import refused
from tests.sync.conftest import SceneMaker

THROUGH = date(2026, 3, 31)
OPEN = date(2026, 4, 1)
ID, ACME = UUID(int=7), UUID(int=1)


@pytest.fixture
def hub(make_scene: SceneMaker) -> Hub:
    hub = make_scene().hub
    organisation = hub.config.organisation.model_copy(update={"closed_through": THROUGH})
    hub.config = hub.config.model_copy(update={"organisation": organisation})
    return hub


def invoice(day: date | None = THROUGH, state: str = "posted", **more: Any) -> Invoice:
    told = {
        "id": ID,
        "number": "IN-1",
        "account_id": ACME,
        "currency": "CNY",
        "invoiced_on": day,
        "state": state,
        **more,
    }
    return Invoice.model_validate(told)


WORDS = {"kind": "invoice", "number": "IN-1", "through": str(THROUGH)}


def test_what_a_closed_period_holds_is_not_edited(hub: Hub) -> None:
    with refused("sync.edit_in_closed", **WORDS, day=str(THROUGH)):
        check_period(hub, "invoice", invoice(), {"account_id": ACME})
    with refused("sync.edit_in_closed", **WORDS, day=str(THROUGH)):
        check_period(hub, "invoice", invoice(), {"state": "void"})
    with refused("sync.edit_in_closed", **WORDS, day=str(THROUGH)):
        check_period(hub, "invoice", invoice(), {"invoiced_on": OPEN})
    check_period(hub, "invoice", invoice(OPEN), {"account_id": ACME})


def test_nothing_is_moved_into_it(hub: Hub) -> None:
    moved = {"invoiced_on": date(2026, 3, 1)}
    for before in (invoice(OPEN), invoice(OPEN, "draft")):
        with refused("sync.edit_in_closed", **WORDS, day="2026-03-01"):
            check_period(hub, "invoice", before, moved)
    with refused("sync.edit_in_closed", **{**WORDS, "number": "-"}, day="2026-03-01"):
        check_period(hub, "invoice", None, moved)
    with refused("sync.edit_in_closed", **{**WORDS, "number": "-"}, day=str(THROUGH)):
        check_period(hub, "invoice", invoice(state="draft", number=""), {"state": "posted"})


def test_what_may_change_all_the_same(hub: Hub) -> None:
    for name in ("note", "tags", "custom.region", "attributes", "allocations"):
        check_period(hub, "invoice", invoice(), {name: None})
    with refused("sync.edit_in_closed", **WORDS, day=str(THROUGH)):
        check_period(hub, "invoice", invoice(), {"note": "x", "lines": ()})
    check_period(hub, "invoice", invoice(state="draft"), {"state": "void"})
    check_period(hub, "invoice", invoice(state="draft"), {"invoiced_on": OPEN})
    check_period(hub, "invoice", invoice(None), {"account_id": ACME})
    check_period(hub, "account", Account(id=ACME, name="海岳"), {"name": "新"})


def test_where_no_period_is_closed_everything_may_change(make_scene: SceneMaker) -> None:
    hub = make_scene().hub
    check_period(hub, "invoice", invoice(), {"lines": ()})
    assert find_closed(hub, invoice()) is None


def test_which_documents_stand_in_a_closed_period(hub: Hub) -> None:
    assert find_closed(hub, invoice()) == {"day": str(THROUGH), "through": str(THROUGH)}
    assert find_closed(hub, invoice(OPEN)) is None
    assert find_closed(hub, invoice(None)) is None
    assert find_closed(hub, Account(id=ACME, name="海岳")) is None
    money = Payment.model_validate(
        {"id": ID, "account_id": ACME, "currency": "CNY", "amount": Decimal(1), "paid_on": date(2026, 1, 5)}
    )
    assert find_closed(hub, money) == {"day": "2026-01-05", "through": str(THROUGH)}
