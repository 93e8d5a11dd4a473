"""Leads: what is refused, and exactly what becomes of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Alike, Change, Make, Taken
from hub.crm.rules import rules_for
from hub.model.lead import LeadState
from hub.model.party import Account, Contact, ContactLink
from tests.crm.books import FIRST_NEW, Books, act, find_act, make, refused

RULES = rules_for("lead")
NEW, NEXT, THIRD = (UUID(int=FIRST_NEW + place) for place in range(3))
FANG, WU, KNOWN, PERSON = (UUID(int=number) for number in (1, 2, 3, 4))
TOLD = {"name": "海岳精密", "phone": "0574-1", "website": "haiyue.example", "owner_id": FANG}
SPEAKS = {"title": "采购", "mobile": "138", "phone": "0574-1", "email": "li@haiyue.example"}


def lead(**more: Any) -> Any:
    return make("lead", 10, **{"number": "LD-1", **TOLD, **more})


FULL = lead(person="李四", **SPEAKS, source="fair", wants="轴承")
ACCOUNT = {**TOLD, "identifiers": (), "email": "", "state": "prospect"}
CONTACT = {**SPEAKS, "name": "李四", "links": [{"account_id": NEW, "primary": True}]}
DEAL = {"name": "轴承", "account_id": NEW, "contact_id": NEXT, "owner_id": FANG, "source": "fair"}


def test_a_lead_becomes_three_records() -> None:
    books = Books()
    became = {"account_id": NEW, "contact_id": NEXT, "opportunity_id": THIRD}
    assert act(FULL, "convert", books) == Taken(
        (
            Make("account", NEW, ACCOUNT),
            Make("contact", NEXT, CONTACT),
            Make("opportunity", THIRD, DEAL),
            Change("lead", FULL.id, {**became, "state": LeadState.CONVERTED}),
        ),
        (("account", NEW), ("contact", NEXT), ("opportunity", THIRD)),
    )
    assert books.compared == [("account", {**ACCOUNT, "email": SPEAKS["email"]}), ("contact", CONTACT)]


def test_only_what_there_is_to_make() -> None:
    taken = act(lead(email="office@haiyue.example"), "convert", Books(), without_opportunity=True)
    account, change = taken.steps
    assert account == Make("account", NEW, {**ACCOUNT, "email": "office@haiyue.example"})
    assert change.values == {
        "account_id": NEW, "contact_id": None, "opportunity_id": None, "state": LeadState.CONVERTED,
    }  # fmt: skip
    assert taken.results == (("account", NEW),)


@pytest.mark.parametrize(
    ("options", "wants", "told"),
    [
        ({}, "", {"name": "海岳精密"}),
        ({"opportunity": "大单", "amount": "12.5"}, "轴承", {"name": "大单", "amount": Decimal("12.5")}),
        ({}, "轴承", {"name": "轴承"}),
    ],
)
def test_what_the_opportunity_is_called(options: dict[str, Any], wants: str, told: dict[str, Any]) -> None:
    taken = act(lead(wants=wants), "convert", Books(), **options)
    assert taken.steps[1] == Make(
        "opportunity", NEXT, {"account_id": NEW, "contact_id": None, "owner_id": FANG, "source": "", **told}
    )


def test_a_converted_lead_says_what_it_became() -> None:
    done = lead(state="converted", account_id=KNOWN, opportunity_id=NEW)
    assert act(done, "convert", Books()) == Taken(results=(("account", KNOWN), ("opportunity", NEW)))


def test_the_owner_of_a_known_customer_gets_the_opportunity() -> None:
    books = Books([Account(id=KNOWN, name="海岳", owner_id=WU)])
    for by, owner in ((None, WU), (FANG, FANG)):
        deal, _ = act(lead(owner_id=by), "convert", books, account_id=KNOWN).steps
        assert isinstance(deal, Make)
        assert (deal.kind, deal.values["account_id"], deal.values["owner_id"]) == ("opportunity", KNOWN, owner)
    deal, _ = act(lead(owner_id=None), "convert", Books(), account_id=KNOWN).steps
    assert deal.values["owner_id"] is None


def test_a_known_person_works_for_the_customer_too() -> None:
    link = ContactLink(key="1", account_id=WU, role="采购", primary=True)
    added = {"key": f"lead-{KNOWN}", "account_id": KNOWN}
    for links, changed in (
        ((), [{**added, "primary": True}]),
        ((link,), [link.model_dump(), {**added, "primary": False}]),
    ):
        contact = Contact(id=PERSON, name="李四", links=links)
        taken = act(FULL, "convert", Books([contact]), account_id=KNOWN, contact_id=PERSON)
        assert taken.steps[0] == Change("contact", PERSON, {"links": changed})
        assert taken.results[:2] == (("account", KNOWN), ("contact", PERSON))
    there = Contact(id=PERSON, name="李四", links=(ContactLink(key="1", account_id=KNOWN),))
    for books in (Books([there]), Books()):
        taken = act(FULL, "convert", books, account_id=KNOWN, contact_id=PERSON)
        assert [step.kind for step in taken.steps] == ["opportunity", "lead"]


ALIKE = Alike(UUID(int=99), "海岳精密机械", "phone")
SHOWN = f"海岳精密机械 [{str(ALIKE.record_id)[:13]}] (phone)"


def test_who_looks_alike_is_shown() -> None:
    two = Books(alike=[ALIKE, ALIKE])
    with refused("lead.alike", number="LD-1", kind="account", candidates=f"{SHOWN}; {SHOWN}"):
        act(FULL, "convert", two)
    with refused("lead.alike", number="LD-1", kind="contact", candidates=f"{SHOWN}; {SHOWN}"):
        act(FULL, "convert", two, new_account=True)
    assert len(act(FULL, "convert", two, new_account=True, new_contact=True).steps) == 4


def test_one_of_two_answers() -> None:
    for kind in ("account", "contact"):
        with refused("lead.choose_one", number="LD-1", kind=kind):
            options: dict[str, Any] = {"new_account": True, f"new_{kind}": True, f"{kind}_id": KNOWN}
            act(FULL, "convert", Books(), **options)


def test_what_a_lead_cannot_be() -> None:
    with refused("crm.name_missing", kind="lead"):
        RULES.check(lead(name=" "))
    with refused("crm.reason_missing", kind="lead", field="lost_reason"):
        RULES.check(lead(state="lost"))
    with refused("lead.convert_first", number="LD-1"):
        RULES.check(lead(state="converted"))
    RULES.check(lead(state="lost", lost_reason="price"))
    RULES.check(lead(state="converted", account_id=KNOWN))
    RULES.check(lead(state="lost"), remote=True)
    RULES.check(lead(state="converted"), remote=True)
    rows = ({"key": "1", "kind": "other", "value": "A"}, {"key": "1", "kind": "other", "value": "B"})
    with refused("crm.line_key_twice", kind="lead", field="identifiers", key="1"):
        RULES.check(make("lead", 1, name="海岳").model_validate({"id": NEW, "name": "海岳", "identifiers": rows}))


def test_in_which_states_something_can_be_done() -> None:
    convert = find_act("lead", "convert")
    assert convert.states == frozenset(LeadState) - {LeadState.LOST}
    assert [action.name for action in RULES.actions] == ["convert", "claim", "release"]
    assert (convert.daily, convert.alone, convert.text_code) == (None, True, "lead.act_convert")
