"""Tickets, tasks and opportunities: what is remembered of their own past, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Moment
from hub.crm.opportunity import STAGES
from hub.crm.rules import rules_for
from hub.model.kinds import load_kinds
from hub.model.opportunity import OpportunityState, StageEntry
from hub.model.task import TaskState
from hub.model.ticket import TicketState
from tests.crm.books import NOON, Books, make, refused

ACME, BETA = UUID(int=1), UUID(int=2)
NOW = NOON.now
EARLIER, LATER = NOW - timedelta(days=3), Moment(NOW + timedelta(days=1), date(2026, 11, 3), "方")


# ------------------------------------------------------------ tickets


def ticket(**more: Any) -> Any:
    return make("ticket", 5, **{"number": "TK-1", "subject": "异响", "account_id": ACME, **more})


def stamp_ticket(state: str | None, previous: Any) -> tuple[Any, Any, Any]:
    values = {} if state is None else {"state": TicketState(state)}
    found = rules_for("ticket").stamping(values, previous, NOON)
    return found["opened_at"], found["first_response_at"], found["resolved_at"]


@pytest.mark.parametrize(
    ("state", "stamps"),
    [
        (None, (NOW, None, None)),
        ("new", (NOW, None, None)),
        ("working", (NOW, NOW, None)),
        ("waiting", (NOW, NOW, None)),
        ("resolved", (NOW, NOW, NOW)),
        ("closed", (NOW, NOW, NOW)),
    ],
)
def test_what_a_ticket_remembers_first(state: str | None, stamps: Any) -> None:
    assert stamp_ticket(state, None) == stamps
    assert stamp_ticket(state, ticket()) == stamps


def test_what_a_ticket_remembers_stays() -> None:
    known = ticket(state="resolved", opened_at=EARLIER, first_response_at=EARLIER, resolved_at=EARLIER)
    assert stamp_ticket("closed", known) == (EARLIER, EARLIER, EARLIER)
    assert stamp_ticket("working", known) == (EARLIER, EARLIER, None)
    opened = ticket(opened_at=EARLIER)
    assert stamp_ticket("resolved", opened) == (EARLIER, NOW, NOW)
    assert stamp_ticket("new", known) == (EARLIER, EARLIER, None)


def test_what_a_ticket_cannot_be() -> None:
    with refused("ticket.subject_missing", number="TK-1"):
        rules_for("ticket").check(ticket(subject=" "))
    order = make("order", 30, number="SO-1", account_id=ACME, currency="CNY")
    relate = rules_for("ticket").check_relations
    relate(ticket(order_id=order.id), Books([order]).get)
    relate(ticket(account_id=BETA), Books([order]).get)
    relate(ticket(order_id=UUID(int=99), account_id=BETA), Books([order]).get)
    with refused("ticket.other_customer", number="TK-1", order="SO-1"):
        relate(ticket(order_id=order.id, account_id=BETA), Books([order]).get)


# ------------------------------------------------------------ tasks


def task(**more: Any) -> Any:
    return make("task", 5, **{"subject": "回电", **more})


@pytest.mark.parametrize("state", list(TaskState))
def test_when_a_task_ended(state: TaskState) -> None:
    ended = state in (TaskState.DONE, TaskState.DROPPED)
    stamp = rules_for("task").stamping
    assert stamp({"state": state}, None, NOON) == {"ended_at": NOW if ended else None}
    assert stamp({"state": state}, task(), NOON) == {"ended_at": NOW if ended else None}
    done = task(state="done", ended_at=EARLIER)
    assert stamp({"state": state}, done, NOON) == {"ended_at": EARLIER if ended else None}
    assert stamp({}, done, NOON) == {"ended_at": None}


def test_what_a_task_cannot_be() -> None:
    rules = rules_for("task")
    with refused("task.subject_missing"):
        rules.check(task(subject=" "))
    known = ", ".join(load_kinds())
    for about, kind in (({"about_id": ACME}, "—"), ({"about_kind": "cake", "about_id": ACME}, "cake")):
        with refused("task.about_unfit", kind=kind, known=known):
            rules.check(task(**about))
    order = task(about_kind="order", about_id=ACME)
    rules.check(order)
    with refused("task.about_missing", kind="order", id=str(ACME)):
        rules.check_relations(order, Books().get)
    rules.check_relations(order, Books([make("order", 1, account_id=ACME, currency="CNY")]).get)
    rules.check_relations(task(), Books().get)


# ------------------------------------------------------------ opportunities


def deal(**more: Any) -> Any:
    return make("opportunity", 5, **{"number": "OP-1", "name": "海岳", "account_id": ACME, "currency": "CNY", **more})


@pytest.mark.parametrize(
    ("values", "chance"),
    [
        *(({"stage": stage}, chance) for stage, chance in STAGES.items()),
        ({}, Decimal("0.1")),
        ({"stage": ""}, Decimal("0.1")),
        ({"stage": "nowhere"}, Decimal(0)),
        ({"stage": "need", "probability": Decimal("0.3")}, Decimal("0.3")),
        ({"stage": "need", "probability": Decimal(0)}, Decimal(0)),
        ({"stage": "need", "probability": Decimal("0.3"), "state": "won"}, Decimal(1)),
        ({"stage": "need", "state": "lost"}, Decimal(0)),
        ({"stage": "need", "state": "open"}, Decimal("0.25")),
    ],
)
def test_the_chance_and_what_it_is_worth(values: dict[str, Any], chance: Decimal) -> None:
    complete = rules_for("opportunity").complete
    found = complete({"amount": Decimal("33.33"), "currency": "CNY", **values})
    assert (found["stage"], found["chance"]) == (values.get("stage") or "contact", chance)
    assert found["weighted"] == (Decimal("33.33") * chance).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert complete(values)["weighted"] == 0
    assert complete({"amount": Decimal("0.5"), **values})["weighted"] == Decimal("0.5") * chance


def test_every_stage_leaves_its_trace() -> None:
    stamp = rules_for("opportunity").stamping
    first = stamp({"stage": "contact", "chance": Decimal("0.1"), "amount": Decimal(5)}, None, NOON)
    entry = StageEntry(
        key="1", stage="contact", state=OpportunityState.OPEN, chance=Decimal("0.1"), amount=Decimal(5), at=NOW,
        by="王会计",
    )  # fmt: skip
    assert first == {"history": (entry,)}
    known = deal(**first)
    same = {"stage": "contact", "state": "open", "chance": Decimal("0.2"), "amount": Decimal(9)}
    assert stamp(same, known, LATER) == first
    later = StageEntry(
        key="2", stage="need", state=OpportunityState.OPEN, chance=Decimal("0.25"), amount=Decimal(0), at=LATER.now,
        by="方",
    )  # fmt: skip
    assert stamp({"stage": "need", "chance": Decimal("0.25")}, known, LATER) == {"history": (entry, later)}
    won = stamp({"stage": "contact", "state": "won", "chance": Decimal(1)}, known, LATER)["history"][1]
    assert (won.key, won.stage, won.state, won.amount) == ("2", "contact", OpportunityState.WON, Decimal(0))


def test_what_an_opportunity_cannot_be() -> None:
    check = rules_for("opportunity").check
    with refused("opportunity.stage_unknown", stage="nowhere", known=", ".join(STAGES)):
        check(deal(stage="nowhere"))
    with refused("opportunity.amount_negative", number="OP-1", value=Decimal(-1)):
        check(deal(amount=Decimal(-1)))
    with refused("crm.reason_missing", kind="opportunity", field="lost_reason"):
        check(deal(state="lost"))
    check(deal(state="lost"), remote=True)
    check(deal(amount=Decimal(0), probability=Decimal(1)))
