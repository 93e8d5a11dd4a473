"""Records that are found by a text that they share with others: meetings and whoever took part in them."""

from __future__ import annotations

from typing import Any

from hub.sync.records import create_record, edit_record
from tests.sync.scenes import Scene


def meet(scene: Scene, *addresses: str) -> Any:
    people = [{"address": address} for address in addresses]
    return create_record(scene.hub, "activity", {"subject": "拜访", "people": people}, "li")


def read(scene: Scene, record: Any) -> Any:
    return next(row for row in scene.records(record.KIND) if row.id == record.id)


def make(scene: Scene, kind: str, **values: Any) -> Any:
    return create_record(scene.hub, kind, values, "li")


def test_a_meeting_finds_the_customer_by_whoever_was_there(scene: Scene) -> None:
    account = make(scene, "account", name="海岳精密机械有限公司")
    make(scene, "contact", name="李工", email="Li@Haiyue.example", links=[{"account_id": str(account.id)}])
    assert meet(scene, "LI@haiyue.example").account_id == account.id
    assert meet(scene, "zhang@haiyue.example").account_id is None


def test_who_becomes_known_later_is_found_in_old_meetings(scene: Scene) -> None:
    account = make(scene, "account", name="海岳精密机械有限公司")
    meeting = meet(scene, "li@haiyue.example")
    contact = make(scene, "contact", name="李工", email="Li@Haiyue.example")
    assert [row.contact_id for row in read(scene, meeting).people] == [contact.id]
    assert read(scene, meeting).account_id is None
    edit_record(scene.hub, "contact", contact.id, {"links": [{"account_id": str(account.id)}]}, "li")
    assert read(scene, meeting).account_id == account.id


def test_an_address_that_is_corrected_finds_its_meetings(scene: Scene) -> None:
    account = make(scene, "account", name="海岳精密机械有限公司", email="ofice@haiyue.example")
    meeting = meet(scene, "office@haiyue.example")
    assert meeting.account_id is None
    edit_record(scene.hub, "account", account.id, {"email": "Office@haiyue.example"}, "li")
    assert read(scene, meeting).account_id == account.id


def test_what_a_person_says_stays(scene: Scene) -> None:
    account = make(scene, "account", name="海岳精密机械有限公司", email="office@haiyue.example")
    other = make(scene, "account", name="华信电子有限公司")
    meeting = meet(scene, "office@haiyue.example")
    assert meeting.account_id == account.id
    edit_record(scene.hub, "activity", meeting.id, {"account_id": str(other.id)}, "li")
    edit_record(scene.hub, "account", account.id, {"phone": "021-55550100"}, "li")
    assert read(scene, meeting).account_id == other.id
