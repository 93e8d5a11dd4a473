"""A person's data is erased everywhere in the hub, and nothing else is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.sandbox.simulator import make_uscc
from hub.errors import RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.store.copies import list_tables
from hub.sync.audit import seal_journal, verify_journal
from hub.sync.erase import erase_record
from hub.sync.records import create_record, edit_record, void_record
from tests.sync.scenes import Scene

NAME, PHONE, NOTE = "欧阳德林", "13800138000", "喜欢周五送货"


def tell_all(scene: Scene) -> str:
    """Every cell of the database as text."""
    with scene.hub.store.engine.connect() as connection:
        rows = [row for table in list_tables() for row in connection.execute(select(table)).all()]
    return " ".join(str(cell) for row in rows for cell in row)


def erase(scene: Scene, record: Any, kind: str = "account") -> dict[str, int]:
    return erase_record(scene.hub, kind, record.id, "cli:li")


def make_person(scene: Scene) -> Any:
    """Who is known here and there, was edited on both sides, and whose document there is gone."""
    there = scene.wang.create("partner", name=NAME, tax_id=make_uscc(random.Random(8)), phone=PHONE)
    scene.settle()
    person = scene.record_of("account", there)
    edit_record(scene.hub, "account", person.id, {"note": NOTE}, "cli:li")
    scene.settle()
    void_record(scene.hub, "account", person.id, "cli:li")
    return person


def test_nothing_of_a_person_is_left_and_the_journal_stays_valid(scene: Scene):
    other, _ = scene.trade()
    person = make_person(scene)
    scene.save(scene.binding(person), state=BindingState.TOMB, dirty=False)
    before = tell_all(scene)
    assert NAME in before
    assert NOTE in before
    seal_journal(scene.hub.store, scene.hub.now() + timedelta(hours=1), random.Random(1).randbytes)
    erase(scene, person)
    left = tell_all(scene)
    for word in (NAME, PHONE, NOTE):
        assert word not in left
    assert other.name in left
    verdict = verify_journal(scene.hub.store)
    assert verdict.erased > 0
    assert verdict.findings == []
    (entry, *_) = scene.journal("record.erased")
    assert (entry.actor, entry.record_kind) == ("cli:li", "account")
    assert scene.reload(person) is None or scene.reload(person).name == "—"


def test_who_still_lives_somewhere_is_not_erased(scene: Scene):
    person = make_person(scene)
    with pytest.raises(RuleBroken) as caught:
        erase(scene, person)
    assert caught.value.code == "erase.bound"
    assert scene.rows(Binding, hub_id=person.id)


def test_who_is_not_deleted_is_not_erased_nor_is_a_document(scene: Scene):
    person = create_record(scene.hub, "contact", {"name": NAME}, "cli:li", anyway=True)
    with pytest.raises(RuleBroken) as caught:
        erase(scene, person, "contact")
    assert caught.value.code == "erase.living"
    with pytest.raises(RuleBroken) as caught:
        erase(scene, scene.make_order(), "order")
    assert caught.value.code == "erase.document"


def test_a_person_that_only_the_hub_knew(scene: Scene):
    person = create_record(scene.hub, "contact", {"name": NAME, "phone": PHONE}, "cli:li", anyway=True)
    void_record(scene.hub, "contact", person.id, "cli:li")
    assert erase(scene, person, "contact")["journal"] > 0
    assert NAME not in tell_all(scene)
