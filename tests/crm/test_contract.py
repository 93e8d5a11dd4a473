"""Contracts: what is refused, how much of one has been carried out, which orders fit, and the reminder of its end."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Make, Taken
from hub.crm.rules import Feeder, Room, rules_for
from hub.model.contract import ContractState
from hub.model.sales import OrderLine
from tests.crm.books import FIRST_NEW, NOON, Books, act, find_act, make, refused

RULES = rules_for("contract")
ACME, FANG, NEW = UUID(int=1), UUID(int=2), UUID(int=FIRST_NEW)
SINCE, UNTIL = date(2026, 1, 1), date(2026, 12, 31)


def sign(**more: Any) -> Any:
    told = {"number": "CT-1", "account_id": ACME, "currency": "CNY", "valid_from": SINCE, "valid_until": UNTIL}
    return make("contract", 10, **{**told, **more})


@pytest.mark.parametrize(
    ("values", "code", "params"),
    [
        ({"amount": Decimal("-0.01")}, "contract.amount_negative", {"value": Decimal("-0.01")}),
        ({"valid_until": date(2025, 12, 31)}, "contract.dates", {"since": SINCE, "until": date(2025, 12, 31)}),
        ({"state": "submitted", "valid_from": None}, "contract.dates_missing", {"state": "submitted"}),
        ({"state": "approved", "valid_until": None}, "contract.dates_missing", {"state": "approved"}),
    ],
)
def test_what_a_contract_cannot_be(values: dict[str, Any], code: str, params: dict[str, Any]) -> None:
    with refused(code, number="CT-1", **params):
        RULES.check(sign(**values))


def test_what_a_contract_shares_with_others() -> None:
    with refused("crm.reason_missing", kind="contract", field="rejected_reason"):
        RULES.check(sign(state="rejected"))
    with refused("crm.rate_impossible", rate=Decimal(2), currency="CNY", base="CNY"):
        RULES.check(sign(rate=Decimal(2)))


def test_what_is_allowed() -> None:
    for fine in (
        sign(amount=Decimal(0)),
        sign(valid_until=SINCE),
        sign(valid_from=None),
        sign(valid_until=None),
        sign(state="approved"),
        sign(state="closed", valid_from=None),
        sign(state="rejected", rejected_reason="price"),
    ):
        RULES.check(fine)
    RULES.check(sign(state="rejected"), remote=True)
    RULES.check(sign(state="approved", valid_until=None), remote=True)


KEPT = {
    "account_id": FANG, "amount": Decimal(5), "valid_from": date(2026, 2, 1), "valid_until": date(2026, 11, 30),
}  # fmt: skip


@pytest.mark.parametrize("state", ["submitted", "approved", "closed"])
def test_what_is_agreed_stays(state: str) -> None:
    before = sign(state=state)
    for name, value in KEPT.items():
        changed = before.model_copy(update={name: value})
        with refused("contract.frozen", number="CT-1", fields=name, state=state):
            RULES.check(changed, before)
        RULES.check(changed, before, remote=True)
        for free in ("draft", "rejected"):
            open_ = {"state": ContractState(free), "rejected_reason": "price"}
            RULES.check(changed.model_copy(update=open_), before.model_copy(update=open_))
    dollars = sign(state=state, currency="USD", rate=Decimal(7))
    with refused("contract.frozen", number="CT-1", fields="currency, rate", state=state):
        RULES.check(dollars.model_copy(update={"currency": "EUR", "rate": Decimal(8)}), dollars)
    RULES.check(before.model_copy(update={"note": "called", "remind_days": 3}), before)


def sell(price: str, state: str = "approved", paid: str = "0", **more: Any) -> Any:
    lines = (OrderLine(key="1", quantity=Decimal(1), unit_price=Decimal(price)),)
    told = {"number": "SO-1", "account_id": ACME, "currency": "CNY", "lines": lines, "state": state, **more}
    order = make("order", 30, **told)
    return order.model_copy(update={"paid": Decimal(paid)})


def test_how_much_has_been_carried_out() -> None:
    orders = [
        sell("100", "submitted", "10"), sell("20", "approved", "5"), sell("3", "closed", "3"),
        sell("999", "draft", "9"), sell("999", "void", "9"), sell("10", currency="USD", rate=Decimal(7), paid="1"),
    ]  # fmt: skip
    contract = sign()
    derived = RULES.deriving(contract.id, dict(contract), {"order": orders})
    assert derived == {"ordered": Decimal(193), "received": Decimal(25)}
    assert RULES.deriving(contract.id, dict(contract), {}) == {"ordered": Decimal(0), "received": Decimal(0)}
    assert RULES.feeders == (Feeder("order", "contract_id"),)


def test_the_room_of_a_contract() -> None:
    fed = {"order": [sell("100"), sell("20")]}
    assert RULES.measuring(sign(), fed) == (), "a framework without an amount"
    room = Room("CT-1", Decimal(110), Decimal(120), refusal="contract.amount_exceeded")
    assert RULES.measuring(sign(amount=Decimal(110)), fed) == (room,)
    with refused("contract.amount_exceeded", kind="contract", number="CT-1", gross=Decimal(110), promised=Decimal(120)):
        RULES.check_room([], [room])
    RULES.check_room([room], [room])


def fits(order: Any, contract: Any) -> None:
    named = order.model_copy(update={"contract_id": contract.id})
    rules_for("order").check_relations(
        named, lambda kind, id: contract if (kind, id) == ("contract", named.contract_id) else None
    )


def test_an_order_fits_its_contract() -> None:
    signed = sign(state="approved")
    for day in (None, SINCE, UNTIL):
        fits(sell("1", ordered_on=day), signed)
    fits(sell("1", ordered_on=date(1999, 1, 1)), sign(state="approved", valid_from=None))
    fits(sell("1", ordered_on=date(2099, 1, 1)), sign(state="approved", valid_until=None))
    fits(sell("1", "void", account_id=FANG), sign())
    with refused("contract.other_customer", order="SO-1", number="CT-1"):
        fits(sell("1", account_id=FANG), signed)


@pytest.mark.parametrize(
    ("day", "values", "since", "until"),
    [
        (SINCE - timedelta(days=1), {}, SINCE, UNTIL),
        (UNTIL + timedelta(days=1), {}, SINCE, UNTIL),
        (UNTIL + timedelta(days=1), {"valid_from": None}, "—", UNTIL),
        (SINCE - timedelta(days=1), {"valid_until": None}, SINCE, "—"),
        (None, {"state": "closed"}, SINCE, UNTIL),
        (SINCE, {"state": "draft", "valid_from": None, "valid_until": None}, "—", "—"),
    ],
)
def test_an_order_of_another_time(day: date | None, values: dict[str, Any], since: Any, until: Any) -> None:
    contract = sign(**{"state": "approved", **values})
    words = {"order": "SO-1", "number": "CT-1", "state": contract.state.value, "since": since, "until": until}
    with refused("contract.not_in_force", **words):
        fits(sell("1", ordered_on=day), contract)


# ------------------------------------------------------------ the end of it


def test_a_task_reminds_of_its_end() -> None:
    soon = NOON.today + timedelta(days=30)
    contract = sign(state="approved", valid_until=soon, name="年框", owner_id=FANG)
    task = {
        "subject": "Contract CT-1 年框 ends on 2026-12-02", "owner_id": FANG, "account_id": ACME, "due_on": soon,
        "about_kind": "contract", "about_id": contract.id, "cause": "contract.ends 2026-12-02",
    }  # fmt: skip
    assert act(contract, "remind", Books()) == Taken((Make("task", NEW, task),), (("task", NEW),))
    (made,) = act(sign(state="approved", valid_until=soon), "remind", Books(), lang="zh").steps
    assert made.values["subject"] == "合同 CT-1 将于 2026-12-02 到期"


def test_nothing_reminds_too_early_or_twice() -> None:
    soon = NOON.today + timedelta(days=31)
    contract = sign(state="approved", valid_until=soon)
    assert act(contract, "remind", Books()) == Taken()
    assert act(contract.model_copy(update={"remind_days": 31}), "remind", Books()).steps
    assert act(contract.model_copy(update={"remind_days": 0, "valid_until": NOON.today}), "remind", Books()) == Taken()
    assert act(contract.model_copy(update={"valid_until": None}), "remind", Books()) == Taken()
    task = make("task", 40, subject="x", about_kind="contract", about_id=contract.id, cause=f"contract.ends {soon}")
    due = contract.model_copy(update={"remind_days": 60})
    assert act(due, "remind", Books([task])) == Taken(results=(("task", task.id),))
    for change in ({"about_id": NEW}, {"cause": "contract.ends 2027-01-01"}):
        assert act(due, "remind", Books([task.model_copy(update=change)])).steps


def test_it_is_looked_at_every_day_while_it_is_in_force() -> None:
    remind = find_act("contract", "remind")
    assert (remind.states, remind.alone) == (frozenset({ContractState.APPROVED}), True)
    assert remind.daily == {"state": ContractState.APPROVED, "remind_days__gt": 0}
