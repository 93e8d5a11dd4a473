"""Contracts: approval, what is carried out under them, and reminders of their end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.sync.daily import do_daily
from tests.sync.scenes import Scene
from tests.sync.selling import LINE, Desk
from tests.sync.test_derive import pay, succeed
from tests.sync.test_records import refuse


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def order(desk: Desk, contract: Any, quantity: str = "2", state: str = "submitted", **values: Any) -> Any:
    lines = [{**LINE, "quantity": quantity}]
    made = desk.make(
        "order", **{"account_id": contract.account_id, "contract_id": contract.id, "lines": lines, **values}
    )
    return desk.edit(made, state=state) if state != "draft" else made


# ---- approval ------------------------------------------------------------------------------------------------------


def test_a_contract_is_approved_by_steps(desk: Desk) -> None:
    draft = desk.contract("draft", amount="1000", signed_on="2026-10-01")
    assert draft.number == "CT-0001"
    with refuse("crm.transition_refused") as caught:
        desk.edit(draft, state="approved")
    assert caught.value.params["allowed"] == "submitted, void"
    desk.edit(draft, state="submitted")
    with refuse("crm.reason_missing"):
        desk.edit(draft, state="rejected")
    desk.edit(draft, state="rejected", rejected_reason="付款条件")
    for state in ("draft", "submitted", "approved", "closed"):
        desk.edit(draft, state=state)


def test_what_is_approved_does_not_change(desk: Desk) -> None:
    contract = desk.contract()
    with refuse("contract.frozen") as caught:
        desk.edit(contract, valid_until="2027-12-31", amount="5")
    assert caught.value.params["fields"] == "amount, valid_until"
    desk.edit(contract, state="draft")
    desk.edit(contract, valid_until="2027-12-31")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"valid_until": None}, "contract.dates_missing"),
        ({"valid_until": "2025-01-01"}, "contract.dates"),
        ({"amount": "-1"}, "contract.amount_negative"),
    ],
)
def test_what_nobody_can_approve(desk: Desk, values: Any, code: str) -> None:
    with refuse(code):
        desk.contract("submitted", **values)


# ---- execution -----------------------------------------------------------------------------------------------------


def test_orders_and_receipts_add_up(desk: Desk) -> None:
    contract = desk.contract(amount="1000")
    first = order(desk, contract)
    draft = order(desk, contract, state="draft")
    assert (desk.reload(contract).ordered, desk.reload(contract).received) == (Decimal(113), 0)
    desk.edit(draft, state="submitted")
    paid = succeed(desk.scene, pay(desk.scene, first, "100"))
    assert (desk.reload(contract).ordered, desk.reload(contract).received) == (Decimal(226), Decimal(100))
    desk.edit(paid, state="failed")
    desk.scene.void(draft)
    assert (desk.reload(contract).ordered, desk.reload(contract).received) == (Decimal(113), 0)
    desk.edit(first, contract_id=None)
    assert desk.reload(contract).ordered == 0


def test_no_more_is_ordered_than_the_contract_is_worth(desk: Desk) -> None:
    contract = desk.contract(amount="226")
    first = order(desk, contract)
    with refuse("contract.amount_exceeded") as caught:
        order(desk, contract, quantity="3")
    assert (caught.value.params["gross"], caught.value.params["promised"]) == (226, Decimal("282.5"))
    second = order(desk, contract)
    with refuse("contract.amount_exceeded"):
        desk.edit(first, lines=[{**LINE, "quantity": "2.01"}])
    desk.scene.void(second)
    desk.edit(first, lines=[{**LINE, "quantity": "4"}])
    assert desk.reload(contract).ordered == 226


def test_a_framework_without_an_amount_has_no_end(desk: Desk) -> None:
    contract = desk.contract()
    order(desk, contract, quantity="1000000")
    assert desk.reload(contract).ordered == 56_500_000


def test_of_two_orders_at_once_only_what_the_contract_is_worth_is_ordered(database_url: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, url=database_url)
    desk = Desk(scene)
    contract = desk.contract(amount="113")
    drafts = [order(desk, contract, state="draft") for _ in range(3)]

    def submit(draft: Any) -> str:
        mine = Desk(scene)
        mine.hub = scene.make_hub()
        try:
            return str(mine.edit(draft, state="submitted").state)
        except RuleBroken as error:
            return error.code

    with ThreadPoolExecutor(3) as pool:
        ended = sorted(pool.map(submit, drafts))
    assert ended == ["contract.amount_exceeded", "contract.amount_exceeded", "submitted"]
    assert desk.reload(contract).ordered == 113
    scene.hub.close()
    scene.store.close()


def test_an_order_in_another_currency_counts_in_the_contracts(desk: Desk) -> None:
    contract = desk.contract(amount="1000")
    order(desk, contract, currency="USD", rate="7")
    assert desk.reload(contract).ordered == Decimal("791.00")


def test_an_order_stands_under_its_own_customers_contract(desk: Desk) -> None:
    contract = desk.contract()
    with refuse("contract.other_customer"):
        order(desk, contract, account_id=desk.account("别家").id)


@pytest.mark.parametrize(
    ("state", "values"),
    [
        ("draft", {}),
        ("submitted", {}),
        ("approved", {"valid_until": "2026-10-31"}),
        ("approved", {"valid_from": "2026-11-02"}),
    ],
)
def test_an_order_stands_under_a_contract_that_is_in_force(desk: Desk, state: str, values: Any) -> None:
    contract = desk.contract(state, **values)
    with refuse("contract.not_in_force"):
        order(desk, contract)


def test_a_contract_that_has_orders_is_not_voided(desk: Desk) -> None:
    contract = desk.contract()
    made = order(desk, contract)
    with refuse("sync.has_children"):
        desk.scene.void(contract)
    desk.scene.void(made)
    desk.scene.void(contract)


def test_an_accepted_quote_can_stand_under_a_contract(desk: Desk) -> None:
    contract = desk.contract()
    quote = desk.quote(account_id=contract.account_id)
    made = desk.act(quote, "accept", contract_id=contract.id).results[0]
    desk.edit(made, state="submitted")
    assert desk.reload(contract).ordered == quote.gross


# ---- reminders -----------------------------------------------------------------------------------------------------


def test_a_task_is_made_once_before_the_end(desk: Desk) -> None:
    fang = desk.person()
    contract = desk.contract(valid_until="2026-12-15", remind_days=30, owner_id=fang.id, name="年度供货")
    assert desk.act(contract, "remind").made == ()
    desk.pass_days(15)
    (task,) = desk.act(contract, "remind").made
    assert (task.subject, str(task.due_on), task.owner_id) == (
        "合同 CT-0001 年度供货 将于 2026-12-15 到期",
        "2026-12-15",
        fang.id,
    )
    assert (task.about_kind, task.about_id, task.account_id) == ("contract", contract.id, contract.account_id)
    assert [row.id for row in desk.act(contract, "remind").results] == [task.id]
    desk.edit(task, state="done")
    assert desk.act(contract, "remind").made == (), "it was done, not forgotten"


def test_a_contract_that_goes_on_is_reminded_of_its_new_end(desk: Desk) -> None:
    contract = desk.contract(valid_until="2026-11-20")
    desk.act(contract, "remind")
    for changes in ({"state": "draft"}, {"valid_until": "2027-11-20"}, {"state": "submitted"}, {"state": "approved"}):
        desk.edit(contract, **changes)
    assert desk.act(contract, "remind").made == ()
    desk.pass_days(364)
    assert len(desk.act(contract, "remind").made) == 1
    assert len(desk.scene.records("task")) == 2


def test_the_daily_round_reminds_and_goes_on_where_it_stopped(desk: Desk) -> None:
    account = desk.account()
    for until in ("2026-11-20", "2027-11-20", "2026-11-25"):
        desk.contract(valid_until=until, account_id=account.id)
    desk.contract("draft", account_id=account.id)
    parts = [do_daily(desk.hub, limit=1) for _ in range(5)]
    assert [part.finished for part in parts][-1]
    assert sum(part.done["contract", "remind"] for part in parts) == 2
    assert sum(part.looked for part in parts) == 3
    assert do_daily(desk.hub).looked == 0, "done for today"
    assert do_daily(desk.hub, again=True).done["contract", "remind"] == 0
    desk.pass_days(1)
    assert do_daily(desk.hub).looked == 3
    assert len(desk.scene.records("task")) == 2


def test_two_schedulers_make_one_task(database_url: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, url=database_url)
    desk = Desk(scene)
    account = desk.account()
    for day in range(10, 16):
        desk.contract(valid_until=f"2026-11-{day}", account_id=account.id)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: do_daily(scene.make_hub(), again=True), range(3)))
    assert [part.refused for part in done] == [[], [], []]
    assert sum(part.done["contract", "remind"] for part in done) == 6
    assert len({task.about_id for task in scene.records("task")}) == len(scene.records("task")) == 6
    scene.hub.close()
    scene.store.close()


def test_one_that_fails_does_not_stop_the_others(desk: Desk) -> None:
    account = desk.account()
    first = desk.contract(valid_until="2026-11-20", account_id=account.id, owner_id=desk.person().id)
    desk.contract(valid_until="2026-11-20", account_id=account.id)
    found = desk.reload(first)
    with desk.scene.store.write() as tx:  # a row from before a rule was stricter
        tx.save(found.model_copy(update={"owner_id": desk.hub.new_id()}))
    part = do_daily(desk.hub)
    assert [(kind, label) for kind, label, _ in part.refused] == [("contract", "CT-0001")]
    assert part.done["contract", "remind"] == 1
