"""Quotes: to the customer, and what comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sync.scenes import Scene
from tests.sync.selling import LINE, Desk
from tests.sync.test_records import refuse


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def test_a_quote_has_a_number_a_day_and_its_sums(desk: Desk) -> None:
    quote = desk.quote("draft")
    assert (quote.number, quote.version, str(quote.quoted_on)) == ("QU-0001", 1, "2026-11-01")
    assert (quote.net, quote.tax, quote.gross) == (Decimal(100), Decimal(13), Decimal(113))


def test_an_accepted_quote_becomes_one_order(desk: Desk) -> None:
    quote = desk.quote(terms="30 天")
    done = desk.act(quote, "accept", reference="PO-7")
    (order,) = done.results
    assert (order.number, order.state, order.reference) == ("SO-0001", "draft", "PO-7")
    assert (order.account_id, order.gross, order.lines[0].name) == (quote.account_id, quote.gross, "轴承")
    assert (done.record.state, done.record.order_id) == ("accepted", order.id)
    again = desk.act(quote, "accept")
    assert ((again.made, again.changed), [row.id for row in again.results]) == (((), ()), [order.id])
    assert len(desk.scene.records("order")) == 1


def test_accepting_wins_the_opportunity(desk: Desk) -> None:
    account = desk.account()
    opportunity = desk.make("opportunity", name="扩产", account_id=account.id, amount="100")
    quote = desk.quote(account_id=account.id, opportunity_id=opportunity.id)
    desk.act(quote, "accept")
    won = desk.reload(opportunity)
    assert (won.state, won.chance, won.weighted) == ("won", 1, 100)


def test_the_state_alone_accepts_nothing(desk: Desk) -> None:
    with refuse("quote.accept_first"):
        desk.edit(desk.quote(), state="accepted")


def test_a_quote_that_is_over_is_not_accepted(desk: Desk) -> None:
    quote = desk.quote(valid_until="2026-11-10")
    desk.pass_days(10)
    with refuse("quote.expired"):
        desk.act(quote, "accept")
    desk.edit(quote, valid_until="2026-11-30")
    desk.act(quote, "accept")


@pytest.mark.parametrize("changes", [{"lines": [LINE, {**LINE, "quantity": "1"}]}, {"currency": "USD"}, {"terms": "x"}])
def test_what_the_customer_has_does_not_change(desk: Desk, changes: Any) -> None:
    quote = desk.quote()
    with refuse("quote.frozen"):
        desk.edit(quote, **changes)
    desk.edit(quote, note="我们自己的话")


def test_a_change_is_a_new_version(desk: Desk) -> None:
    quote = desk.quote(terms="30 天")
    done = desk.act(quote, "revise", valid_until="2026-12-01")
    (second,) = done.results
    assert (second.number, second.version, second.revises_id, second.state) == ("QU-0001-2", 2, quote.id, "draft")
    assert (second.gross, second.terms, str(second.valid_until)) == (quote.gross, "30 天", "2026-12-01")
    assert done.record.state == "replaced"
    assert [row.id for row in desk.act(quote, "revise").results] == [second.id]
    with refuse("crm.action_refused"):
        desk.act(quote, "accept")
    third = desk.act(desk.edit(second, state="submitted"), "revise").results[0]
    assert (third.number, third.version) == ("QU-0001-3", 3)
    assert len(desk.scene.records("quote")) == 3


def test_a_lost_quote_says_why_and_may_be_offered_anew(desk: Desk) -> None:
    quote = desk.quote()
    with refuse("crm.reason_missing"):
        desk.edit(quote, state="lost")
    desk.edit(quote, state="lost", lost_reason="价格")
    with refuse("crm.transition_refused") as caught:
        desk.edit(quote, state="submitted")
    assert caught.value.params["allowed"] == "replaced"
    assert desk.act(quote, "revise").results[0].state == "draft"


def test_an_empty_quote_goes_to_nobody(desk: Desk) -> None:
    quote = desk.make("quote", account_id=desk.account().id)
    with refuse("quote.empty"):
        desk.edit(quote, state="submitted")


def test_dates_are_in_their_order(desk: Desk) -> None:
    with refuse("quote.dates"):
        desk.quote("draft", quoted_on="2026-11-01", valid_until="2026-10-01")


def test_accepted_by_two_at_once_it_is_still_one_order(database_url: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, url=database_url)
    desk = Desk(scene)
    account = desk.account()

    def accept(quote: Any) -> Any:
        mine = Desk(scene)
        mine.hub = scene.make_hub()
        return mine.act(quote, "accept").results[0].id

    for _ in range(4):
        quote = desk.quote(account_id=account.id)
        with ThreadPoolExecutor(3) as pool:
            orders = set(pool.map(accept, [quote] * 3))
        assert orders == {desk.reload(quote).order_id}
    assert len(scene.records("order")) == 4
    scene.hub.close()
    scene.store.close()
