"""What is the same beyond doubt becomes one; where there is doubt a person is asked, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.errors import NotFound
from hub.protocol.binding import Binding
from hub.store.identity_rows import CandidateKey, CommonKey, IdentityDue, Merge, PairVerdict
from hub.sync.config import IdentitySettings
from hub.sync.merge import merge_records
from hub.sync.records import create_record, edit_record, find_record, void_record
from hub.sync.review import (
    answer_question,
    explain_pair,
    find_question,
    list_questions,
    merge_by_hand,
    read_tally,
    scan_identity,
)
from hub.sync.todo import list_todo
from hub.sync.unmerge import unmerge_record
from tests.sync.parties import make_partner, make_sale_for, open_scene
from tests.sync.scenes import Scene

NAME = "上海海岳精密机械有限公司"
SHORT = "海岳精密机械"
REACH = {"phone": "13812345678", "email": "wangfang@haiyue-jm.example"}


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with open_scene(tmp_path, database_url) as made:
        yield made


def make(scene: Scene, name: str = NAME, kind: str = "account", **values: Any) -> Any:
    """A record that somebody insists on."""
    return create_record(scene.hub, kind, {"name": name, **values}, "li", anyway=True)


def settle(scene: Scene, **settings: Any) -> None:
    """Another configuration; without settings the usual one."""
    scene.config = scene.config.model_copy(update={"identity": IdentitySettings(**settings)})
    scene.hub.close()
    scene.hub = scene.make_hub()


def living(scene: Scene) -> set[Any]:
    return {record.id for record in scene.records("account")}


def test_beyond_doubt_two_become_one(scene: Scene) -> None:
    one, other = make(scene, **REACH), make(scene, "海岳精密机械有限公司（上海）", **REACH)
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (1, 0)
    assert living(scene) == {one.id}
    assert find_record(scene.hub, "account", str(other.id)).id == one.id
    (said,) = scene.rows(PairVerdict)
    assert (said.verdict, said.decided_by) == ("same", "scan")
    assert said.weight == sum(fact["weight"] for fact in said.evidence)
    assert said.version
    assert scan_identity(scene.hub, "scan").looked == 0


def test_a_person_is_asked_where_there_is_doubt(scene: Scene) -> None:
    one, other = make(scene), make(scene, SHORT)
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (0, 1)
    (question,) = list_questions(scene.hub)
    assert (question.one.id, question.other.id) == (one.id, other.id)
    assert question.facts["name"] == (NAME, SHORT)
    (item,) = [item for item in list_todo(scene.hub) if item.code == "identity.same_party"]
    assert item.command == f"isthmus identity decide {question.short} same|different"
    assert NAME in item.text()


def test_no_question_twice(scene: Scene) -> None:
    one, other = make(scene), make(scene, SHORT)
    scan_identity(scene.hub, "scan")
    for record in (one, other, one):
        edit_record(scene.hub, "account", record.id, {"phone": f"1381234567{record.id.int % 10}"}, "li")
        assert scan_identity(scene.hub, "scan").asked == 0
    assert len(list_questions(scene.hub)) == 1


def test_different_stands_until_it_is_taken_back(scene: Scene) -> None:
    one, other = make(scene, **REACH), make(scene, **REACH)
    settle(scene, merge=False)
    scan_identity(scene.hub, "scan")
    question = find_question(scene.hub, list_questions(scene.hub)[0].short)
    answer_question(scene.hub, question, "different", "chen")
    settle(scene)
    for phone in ("13812345679", REACH["phone"]):
        edit_record(scene.hub, "account", one.id, {"phone": phone}, "li")
        done = scan_identity(scene.hub, "scan")
        assert (done.merged, done.asked) == (0, 0)
    assert living(scene) == {one.id, other.id}
    told = explain_pair(scene.hub, "account", one.id, other.id)
    assert (told.judged.band, told.judged.against) == ("separate", "identity.said_different")
    (row,) = scene.rows(PairVerdict, undone_at=None)
    answer_question(scene.hub, row, "open", "chen")
    assert scan_identity(scene.hub, "scan").merged == 1


def test_an_answer_implies_others(scene: Scene) -> None:
    """A = B and B ≠ C: whether A = C is not asked, whichever is said first."""
    settle(scene, merge=False)
    a, b, c = (make(scene, name) for name in (NAME, SHORT, "海岳精密机械有限公司"))
    scan_identity(scene.hub, "scan")
    assert len(list_questions(scene.hub)) == 3

    def say(one: Any, other: Any, answer: str) -> None:
        wanted = {one.id, other.id}
        (row,) = [row for row in scene.rows(PairVerdict, undone_at=None) if {row.one_id, row.other_id} == wanted]
        answer_question(scene.hub, row, answer, "chen")

    say(a, b, "same")
    assert len(list_questions(scene.hub)) == 1  # two questions about two records that are one by now
    say(b, c, "different")
    assert list_questions(scene.hub) == []
    edit_record(scene.hub, "account", a.id, {"phone": "13812345678"}, "li")
    edit_record(scene.hub, "account", c.id, {"phone": "13812345678"}, "li")
    assert scan_identity(scene.hub, "scan").asked == 0
    assert list_questions(scene.hub) == []


def test_what_was_parted_is_not_put_together_again(scene: Scene) -> None:
    one, other = make(scene, **REACH), make(scene, **REACH)
    scan_identity(scene.hub, "scan")
    unmerge_record(scene.hub, "account", other.id, "chen")
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (0, 0)
    assert living(scene) == {one.id, other.id}
    merge_by_hand(scene.hub, "account", one.id, other.id, "chen")
    assert living(scene) == {one.id}


def test_two_with_posted_documents_in_one_ledger_are_never_merged_without_a_person(scene: Scene) -> None:
    first = make_partner(scene, NAME, phone="13812345678")
    second = make_partner(scene, NAME + "（老客户）", phone="13812345678")
    scan = scan_identity(scene.hub, "scan")
    assert scan.merged == 1  # without documents nothing speaks against it
    unmerge_record(scene.hub, "account", second.id, "li")
    (said,) = scene.rows(PairVerdict, undone_at=None, verdict="different")
    answer_question(scene.hub, said, "open", "li")
    for account in (first, second):
        sale = make_sale_for(scene, account)
        (bound,) = scene.rows(Binding, kind="order", hub_id=sale.id)
        scene.wang.approve(bound.remote_id)
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("order")
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (0, 1)
    (question,) = list_questions(scene.hub)
    assert question.judged.against == "identity.posted_in_both"
    answer_question(scene.hub, find_question(scene.hub, question.short), "same", "chen")
    assert living(scene) == {first.id}


def test_two_codes_are_two_legal_entities(scene: Scene) -> None:
    for _ in range(2):
        make(scene, identifiers=[{"kind": "uscc", "value": make_uscc(scene.random)}], **REACH)
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (0, 0)


def test_later_is_asked_last(scene: Scene) -> None:
    for name in (NAME, SHORT, "宁波江北贸易有限公司", "江北贸易"):
        make(scene, name)
    scan_identity(scene.hub, "scan")
    first, second = list_questions(scene.hub)
    answer_question(scene.hub, find_question(scene.hub, first.id.hex), "later", "chen")
    assert [(row.id, row.later) for row in list_questions(scene.hub)] == [(second.id, False), (first.id, True)]


def test_an_explanation_adds_up(scene: Scene) -> None:
    one, other = make(scene, **REACH), make(scene, "海岳精密机械")
    told = explain_pair(scene.hub, "account", one.id, other.id)
    assert told.judged.weight == sum(fact["weight"] for fact in told.judged.evidence)
    assert told.judged.version


def test_contacts_too(scene: Scene) -> None:
    account = make(scene)
    links = [{"account_id": str(account.id)}]
    one = make(scene, "王芳", "contact", mobile="13812345678", links=links)
    other = make(scene, "王 芳", "contact", mobile="+86 138-1234-5678", email="wf@haiyue.example")
    assert scan_identity(scene.hub, "scan").merged == 1
    (left,) = scene.records("contact")
    assert (left.id, left.email) == (one.id, "wf@haiyue.example")
    assert find_record(scene.hub, "contact", str(other.id)).id == one.id


def test_keys_follow_the_record(scene: Scene) -> None:
    record = make(scene, **REACH)
    before = {row.key for row in scene.rows(CandidateKey, record_id=record.id)}
    edit_record(scene.hub, "account", record.id, {"phone": "13900000000"}, "li")
    after = {row.key for row in scene.rows(CandidateKey, record_id=record.id)}
    assert (len(before - after), len(after - before)) == (1, 1)
    edit_record(scene.hub, "account", record.id, {"note": "大客户"}, "li")
    assert {row.key for row in scene.rows(CandidateKey, record_id=record.id)} == after
    partner = make_partner(scene, "宁波江北贸易有限公司")
    assert scene.rows(CandidateKey, record_id=partner.id)
    void_record(scene.hub, "account", record.id, "li")
    assert not scene.rows(CandidateKey, record_id=record.id)
    scan_identity(scene.hub, "scan")
    assert not scene.rows(IdentityDue)


def test_a_key_that_many_carry_is_switched_off_and_counted(scene: Scene) -> None:
    settle(scene, common=5)  # a switchboard of thousands, in small
    names = "东南西北中春夏秋冬甲乙"
    for place, name in enumerate(names):
        make(scene, f"{name}{names[-place - 1]}{name}贸易有限公司", phone="021-52345678")
    scan_identity(scene.hub, "scan")
    (common,) = [row for row in scene.rows(CommonKey) if row.name == "phone"]
    assert (common.value, common.count) == ("+862152345678", len(names))
    assert read_tally(scene.hub).looked >= len(names)


def test_two_saved_at_the_same_moment_end_as_one(scene: Scene) -> None:
    """However the two meet: the second sees the first, or both are looked at when both are there."""
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def save() -> None:
        hub = scene.make_hub()
        try:
            start.wait()
            create_record(hub, "account", {"name": NAME, **REACH}, "li", anyway=True)
            scan_identity(hub, "scan")
        except BaseException as error:
            failed.append(error)
        finally:
            hub.close()

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    scan_identity(scene.hub, "scan")
    assert len(living(scene)) == 1
    assert len(scene.rows(Merge, undone_at=None)) == 3


def test_merging_by_id_of_what_is_not_there(scene: Scene) -> None:
    record = make(scene)
    with pytest.raises(NotFound):
        merge_records(scene.hub, "account", record.id, scene.hub.new_id(), "li")
    with pytest.raises(NotFound):
        find_question(scene.hub, "0123abcd")
