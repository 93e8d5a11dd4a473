"""What every action shares: what it may do, that it is one transaction, and that it is written down."""

from __future__ import annotations

from typing import Any

import pytest

from hub.crm.rules import load_rules
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.locale import load_texts
from hub.sync.actions import describe_next
from tests.sync.scenes import Scene
from tests.sync.selling import Desk
from tests.sync.test_records import refuse


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def test_an_unknown_action_is_refused_with_the_known_ones(desk: Desk) -> None:
    with refuse("crm.action_unknown", ConfigInvalid) as caught:
        desk.act(desk.quote(), "sell")
    assert caught.value.params["known"] == "accept, revise"
    with refuse("crm.action_unknown", ConfigInvalid) as caught:
        desk.act(desk.person(), "claim")
    assert caught.value.params["known"] == "—"


def test_an_action_out_of_season_is_refused_with_those_that_may_be_taken(desk: Desk) -> None:
    with refuse("crm.action_refused") as caught:
        desk.act(desk.quote("draft"), "accept")
    assert caught.value.params["allowed"] == "—"
    quote = desk.edit(desk.quote(), state="lost", lost_reason="价格")
    with refuse("crm.action_refused") as caught:
        desk.act(quote, "accept")
    assert (caught.value.params["state"], caught.value.params["allowed"]) == ("lost", "revise")


@pytest.mark.parametrize("options", [{}, {"owner_id": "nobody"}, {"owner": "王芳"}])
def test_an_option_that_does_not_fit_is_named(desk: Desk, options: Any) -> None:
    pool = desk.make("pool", name="华东")
    account = desk.account(pool_id=pool.id)
    with refuse("sync.option_refused") as caught:
        desk.act(account, "claim", **options)
    assert caught.value.params["known"] == "owner_id"


def test_a_person_that_is_not_there_cannot_claim(desk: Desk) -> None:
    account = desk.account(pool_id=desk.make("pool", name="华东").id)
    with refuse("sync.record_unknown", NotFound):
        desk.act(account, "claim", owner_id=desk.hub.new_id())
    assert desk.reload(account).owner_id is None


def test_looking_ahead_leaves_nothing_behind(desk: Desk) -> None:
    quote = desk.quote()
    before = len(desk.scene.journal("record.created"))
    ahead = desk.act(quote, "accept", dry_run=True)
    assert [row.KIND for row in (*ahead.made, *ahead.changed)] == ["order", "quote"]
    assert ahead.record.state == "accepted"
    assert desk.scene.records("order") == []
    assert desk.reload(quote) == quote
    assert len(desk.scene.journal("record.created")) == before
    assert desk.act(quote, "accept").made[0].number == "SO-0001", "no number was used up"


def test_what_was_done_is_in_the_journal_with_who_did_it(desk: Desk) -> None:
    quote = desk.quote()
    done = desk.act(quote, "accept", by="zhao", reference="PO-7")
    (entry,) = desk.scene.journal("record.acted")
    assert (entry.actor, entry.record_kind, entry.record_id) == ("zhao", "quote", quote.id)
    assert (entry.detail["name"], entry.detail["options"]) == ("accept", {"reference": "PO-7"})
    assert [row["label"] for row in entry.detail["records"]] == ["SO-0001", "QU-0001"]
    assert {row.actor for row in desk.scene.journal("record.created") if row.record_id == done.made[0].id} == {"zhao"}
    desk.act(quote, "accept")
    assert len(desk.scene.journal("record.acted")) == 1, "nothing was done the second time"


def test_an_order_made_by_an_action_gets_its_intent_as_any_other(desk: Desk) -> None:
    desk.scene.trade()
    done = desk.act(desk.quote(), "accept")
    (binding,) = [row for row in desk.scene.rows(type(desk.scene.binding(done.made[0]))) if row.kind == "order"]
    assert binding.id in done.due


def test_a_record_that_was_deleted_takes_no_action(desk: Desk) -> None:
    lead = desk.make("lead", name="线索")
    desk.scene.void(lead)
    with refuse("sync.record_unknown", NotFound):
        desk.act(lead, "convert")


def test_what_comes_next_is_told(desk: Desk) -> None:
    quote = desk.quote()
    told = describe_next(quote)
    assert told.transitions == ("accepted", "lost", "replaced", "void")
    assert told.actions == ("accept", "revise")
    assert told.options == {"accept": ("reference", "contract_id"), "revise": ("valid_until",)}
    pool = desk.make("pool", name="华东")
    assert describe_next(desk.account(pool_id=pool.id)).options["claim"] == ("owner_id!",)


def test_every_action_has_a_text_in_both_languages() -> None:
    codes = {action.text_code for rules in load_rules().values() for action in rules.actions}
    assert {"pool.act_claim", "lead.act_convert"} <= codes
    for lang in ("en", "zh"):
        assert codes <= load_texts(lang).keys()


def test_a_refusal_in_the_middle_undoes_the_beginning(desk: Desk) -> None:
    """The order would stand under a contract of another customer."""
    contract, quote = desk.contract(), desk.quote()
    with pytest.raises(RuleBroken, match="different customers"):
        desk.act(quote, "accept", contract_id=contract.id)
    assert desk.scene.records("order") == []
    assert desk.reload(quote).state == "submitted"
