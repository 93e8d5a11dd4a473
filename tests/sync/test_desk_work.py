"""Opportunities, tasks and tickets: what they remember by themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sync.scenes import Scene
from tests.sync.selling import Desk
from tests.sync.test_records import refuse


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def test_an_opportunity_keeps_the_way_it_went(desk: Desk) -> None:
    made = desk.make("opportunity", name="扩产", account_id=desk.account().id, amount="1000")
    assert (made.number, made.stage, made.chance, made.weighted) == ("OP-0001", "contact", Decimal("0.1"), 100)
    desk.edit(made, stage="proposal", amount="2000")
    desk.edit(made, note="没有别的")
    desk.edit(made, stage="need")
    won = desk.edit(made, state="won")
    assert [(row.key, row.stage, row.state.value, row.chance, row.amount) for row in won.history] == [
        ("1", "contact", "open", Decimal("0.1"), 1000),
        ("2", "proposal", "open", Decimal("0.5"), 2000),
        ("3", "need", "open", Decimal("0.25"), 2000),
        ("4", "need", "won", Decimal(1), 2000),
    ]
    assert [row.at for row in won.history] == sorted({row.at for row in won.history})
    assert {row.by for row in won.history} == {"li"}
    assert won.weighted == 2000
    assert desk.edit(made, state="open").chance == Decimal("0.25")


def test_a_person_may_know_better_than_the_stage(desk: Desk) -> None:
    made = desk.make("opportunity", name="扩产", account_id=desk.account().id, amount="99.99", probability="0.6")
    assert (made.chance, made.weighted) == (Decimal("0.6"), Decimal("59.99"))
    assert desk.edit(made, probability=None).chance == Decimal("0.1")


def test_an_unknown_stage_is_refused_with_the_known_ones(desk: Desk) -> None:
    made = desk.make("opportunity", name="扩产", account_id=desk.account().id)
    with refuse("opportunity.stage_unknown") as caught:
        desk.edit(made, stage="dreaming")
    assert caught.value.params["known"] == "contact, need, proposal, negotiation, decision"


@pytest.mark.parametrize("field", ["history", "weighted", "chance"])
def test_what_follows_cannot_be_typed(desk: Desk, field: str) -> None:
    with refuse("sync.field_derived"):
        desk.make("opportunity", name="扩产", account_id=desk.account().id, **{field: "1"})


def test_a_task_is_about_any_record(desk: Desk) -> None:
    quote = desk.quote()
    task = desk.make("task", subject="打电话", about_kind="quote", about_id=quote.id)
    done = desk.edit(task, state="done")
    assert done.ended_at is not None
    assert desk.edit(task, note="x").ended_at == done.ended_at
    assert desk.edit(task, state="open").ended_at is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"subject": " "}, "task.subject_missing"),
        ({"about_kind": "quote"}, "task.about_unfit"),
        ({"about_id": "01a1961f-5c00-78d2-bd74-cdb719578af7"}, "task.about_unfit"),
        ({"about_kind": "spaceship", "about_id": "01a1961f-5c00-78d2-bd74-cdb719578af7"}, "task.about_unfit"),
        ({"about_kind": "quote", "about_id": "01a1961f-5c00-78d2-bd74-cdb719578af7"}, "task.about_missing"),
    ],
)
def test_a_task_about_nothing_is_refused(desk: Desk, values: dict[str, str], code: str) -> None:
    with refuse(code):
        desk.make("task", **{"subject": "打电话", **values})


def test_a_ticket_knows_when_it_was_answered_and_resolved(desk: Desk) -> None:
    ticket = desk.make("ticket", subject="轴承异响", account_id=desk.account().id, priority="high")
    assert (ticket.number, ticket.state, ticket.first_response_at) == ("TK-0001", "new", None)
    working = desk.edit(ticket, state="working")
    assert working.first_response_at > ticket.opened_at
    resolved = desk.edit(ticket, state="resolved")
    assert resolved.resolved_at > working.first_response_at
    closed = desk.edit(ticket, state="closed")
    assert (closed.resolved_at, closed.first_response_at) == (resolved.resolved_at, working.first_response_at)
    again = desk.edit(ticket, state="working")
    assert (again.resolved_at, again.first_response_at) == (None, working.first_response_at)


def test_a_ticket_is_about_the_customers_own_order(desk: Desk) -> None:
    order = desk.act(desk.quote(), "accept").results[0]
    with refuse("ticket.other_customer"):
        desk.make("ticket", subject="异响", account_id=desk.account("别家").id, order_id=order.id)
    assert desk.make("ticket", subject="异响", account_id=order.account_id, order_id=order.id).number == "TK-0001"
    with refuse("ticket.subject_missing"):
        desk.make("ticket", subject="", account_id=order.account_id)
