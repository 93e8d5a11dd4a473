"""The rules of the simulated ERP itself, without any wire."""

from __future__ import annotations

import random
import threading

import pytest

from connectors.sandbox.simulator import USER, ErpRefused, Person, SandboxErp, SandboxSettings
from tests.connectors.sandbox.conftest import ManualClock

LINE = {"text": "螺栓", "quantity": "2", "price": "1.25", "tax_percent": "13"}


def make_erp(clock: ManualClock, **settings) -> SandboxErp:
    erp = SandboxErp(SandboxSettings(**settings), clock, random.Random(1))
    erp.create("partner", {"name": "苏州岚川电子科技有限公司"}, "王销售")
    return erp


def make_sale(erp: SandboxErp, by: str = USER, **values) -> str:
    ref = values.pop("our_ref", "")
    return str(erp.create("sale", {"customer": "P1", "lines": [LINE], **values}, by, our_ref=ref)["id"])


def refused(code: str):
    return pytest.raises(ErpRefused, check=lambda error: error.code == code)


def test_a_sale_gets_a_number_totals_and_the_day(clock):
    sale = make_erp(clock).create("sale", {"customer": "P1", "lines": [LINE]})
    assert (sale["number"], sale["date"], sale["status"]) == ("SO0001", "2026-11-01", "draft")
    assert (sale["net"], sale["tax"], sale["gross"]) == ("2.50", "0.33", "2.83")
    assert sale["created_by"] == sale["changed_by"] == USER
    assert sale["touched"] is False


def test_a_line_takes_from_its_item_what_it_does_not_say(clock):
    erp = make_erp(clock)
    erp.create("item", {"name": "导轨", "unit": "套", "price": "255", "tax_percent": "13"}, "王销售")
    sale = erp.create("sale", {"customer": "P1", "lines": [{"item": "I1", "quantity": "2", "price": "200"}]})
    (line,) = sale["lines"]
    assert (line["text"], line["unit"], line["price"], line["tax_percent"]) == ("导轨", "套", "200.00", "13")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "customer"),
        ({"customer": "P9"}, "customer"),
        ({"customer": "P1", "number": "SO9"}, "number"),
        ({"customer": "P1", "date": "1.11.2026"}, "date"),
        ({"customer": "P1", "currency": "人民币"}, "currency"),
        ({"customer": "P1", "lines": [{"quantity": 0}]}, "quantity"),
        ({"customer": "P1", "note": 3}, "note"),
        ({"customer": "P1", "lines": [{"quantity": "viele"}]}, "quantity"),
        ({"customer": "P1", "lines": [{"quantity": "NaN"}]}, "quantity"),
        ({"customer": "P1", "lines": [{"item": "I9"}]}, "lines.item"),
        ({"customer": "P1", "lines": [{"net": "1"}]}, "net"),
        ({"customer": "P1", "lines": [{"id": "L9"}]}, "lines"),
        ({"customer": "P1", "lines": "L9"}, "lines"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_field(clock, values, field):
    erp = make_erp(clock)
    with refused("invalid") as caught:
        erp.create("sale", values)
    assert caught.value.field == field
    assert erp.documents("sale") == []


def test_null_means_empty(clock):
    erp = make_erp(clock)
    id = make_sale(erp, note=None, lines=[{**LINE, "item": None, "tax_percent": None}])
    sale = erp.read("sale", id)
    assert (sale["note"], sale["lines"][0]["item"], sale["lines"][0]["tax_percent"]) == ("", "", "0")
    assert erp.change("partner", "P1", {"phone": None, "active": None})["version"] == 1


def test_versions_rise_with_every_change_of_document_or_line_and_with_nothing_else(clock):
    erp = make_erp(clock)
    id = make_sale(erp)
    assert erp.change("sale", id, {"note": "急"})["version"] == 2
    assert erp.change("sale", id, {"note": " 急 "})["version"] == 2
    line = erp.read("sale", id)["lines"][0]["id"]
    assert erp.change("sale", id, {"lines": [{"id": line, "quantity": "5"}]})["version"] == 3
    assert erp.change("sale", id, {"lines": [{"id": line}]})["version"] == 3


def test_a_list_of_lines_is_the_complete_wanted_list(clock):
    erp = make_erp(clock)
    id = make_sale(erp, lines=[LINE, {**LINE, "text": "螺母"}])
    first, second = (line["id"] for line in erp.read("sale", id)["lines"])
    lines = erp.change("sale", id, {"lines": [{"id": second, "quantity": "9"}, {"text": "垫圈", "price": "1"}]})[
        "lines"
    ]
    assert [line["text"] for line in lines] == ["螺母", "垫圈"]
    assert lines[0]["id"] == second
    assert lines[0]["quantity"] == "9"
    assert lines[1]["id"] not in (first, second)
    with refused("invalid"):
        erp.change("sale", id, {"lines": [{"id": second}, {"id": second}]})


def test_the_stored_versions_are_never_changed_afterwards(clock):
    erp = make_erp(clock)
    before = erp.read("sale", make_sale(erp))
    copy = repr(before)
    erp.change("sale", before["id"], {"note": "x", "lines": []})
    assert repr(before) == copy


@pytest.mark.parametrize(
    ("amend", "edits", "reopens", "voids"),
    [
        ("free", True, False, True),
        ("reopen", False, True, True),
        ("reverse", False, False, True),
        ("refuse", False, False, False),
        ("park", False, False, False),
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_what_an_approved_sale_allows_the_integration_user(clock, amend, edits, reopens, voids, closed):
    def approved() -> tuple[SandboxErp, str]:
        erp = make_erp(clock, amend=amend)
        id = make_sale(erp)
        erp.act("approve", id)
        if closed:
            Person(erp).close(id)
        return erp, id

    erp, id = approved()
    assert erp.change("sale", id, {"note": "总是可以", "customer_ref": "PO-1"})["note"] == "总是可以"
    for allowed, act in (
        (edits, lambda erp, id: erp.change("sale", id, {"date": "2026-12-01"})),
        (reopens, lambda erp, id: erp.act("reopen", id)),
        (voids, lambda erp, id: erp.act("void", id)),
    ):
        erp, id = approved()
        if allowed:
            act(erp, id)
        else:
            with refused("locked"):
                act(erp, id)


def test_a_submitted_sale_is_the_approvers_alone(clock):
    erp = make_erp(clock, amend="free")
    id = make_sale(erp)
    erp.act("submit", id)
    for act in (
        lambda: erp.change("sale", id, {"note": "x"}),
        lambda: erp.act("void", id),
        lambda: erp.delete("sale", id),
    ):
        with refused("locked"):
            act()
    person = Person(erp)
    person.edit("sale", id, note="改")
    assert person.approve(id)["status"] == "approved"
    assert erp.act("submit", id)["status"] == "approved"
    assert erp.act("approve", id)["version"] == erp.read("sale", id)["version"]


def test_nothing_moves_a_void_sale(clock):
    erp = make_erp(clock, amend="free")
    id = make_sale(erp)
    version = erp.act("void", id)["version"]
    assert erp.act("void", id)["version"] == version
    for act in (
        lambda: erp.change("sale", id, {"note": "x"}),
        lambda: erp.act("approve", id),
        lambda: erp.act("submit", id),
        lambda: Person(erp).send_back(id),
        lambda: Person(erp).ship(id),
    ):
        with refused("locked"):
            act()


def test_an_invoice_forbids_void_and_reopening_to_everybody(clock):
    erp = make_erp(clock, amend="reverse")
    id, person = make_sale(erp), Person(erp)
    erp.act("approve", id)
    assert person.invoice(id)["live_children"] is True
    for act in (lambda: erp.act("void", id), lambda: person.void(id), lambda: person.send_back(id)):
        with refused("locked"):
            act()
    person.cancel_invoice(id)
    assert erp.act("void", id)["status"] == "void"


def test_without_drafts_a_sale_is_effective_at_once(clock):
    erp = make_erp(clock, tier="plain")
    id = make_sale(erp)
    assert erp.read("sale", id)["status"] == "approved"
    assert erp.effective_once == {id}
    with refused("locked"):
        erp.delete("sale", id)


def test_only_drafts_are_deleted_and_a_deleted_one_is_gone(clock):
    erp = make_erp(clock)
    id = make_sale(erp, our_ref="R1")
    erp.delete("sale", id)
    with refused("not_found"):
        erp.read("sale", id)
    assert erp.find("sale", "R1") == []
    assert erp.list_ids("sale") == []
    assert [sale["deleted"] for sale in erp.documents("sale")] == [True]
    other = make_sale(erp)
    erp.act("approve", other)
    with refused("locked"):
        erp.delete("sale", other)


def test_a_partner_in_use_is_not_deleted(clock):
    erp = make_erp(clock)
    id, person = make_sale(erp), Person(erp)
    with refused("locked"):
        person.delete("partner", "P1")
    person.void(id)
    with refused("locked"):
        erp.delete("partner", "P1")
    person.delete("partner", "P1")
    with refused("invalid"):
        make_sale(erp)


def test_a_unique_reference_is_refused_twice_to_the_integration_user_only(clock):
    erp = make_erp(clock, tier="unique", amend="reverse")
    id = make_sale(erp, our_ref="R1")
    erp.act("void", id)
    with refused("duplicate"):
        make_sale(erp, our_ref="R1")
    copied = Person(erp, "赵六").copy(id)
    assert (copied["our_ref"], copied["created_by"], copied["status"]) == ("R1", "赵六", "approved")
    assert [sale["id"] for sale in erp.find("sale", "R")] == [id, copied["id"]]


@pytest.mark.parametrize("tier", ["draft", "plain"])
def test_elsewhere_the_same_reference_is_taken_twice(clock, tier):
    erp = make_erp(clock, tier=tier)
    assert make_sale(erp, our_ref="R1") != make_sale(erp, our_ref="R1")


def test_a_blind_erp_knows_no_reference(clock):
    erp = make_erp(clock, tier="blind")
    with refused("invalid"):
        make_sale(erp, our_ref="R1")
    with refused("invalid"):
        erp.find("sale", "R1")


def test_an_old_version_is_refused_where_the_erp_looks_at_it(clock):
    erp = make_erp(clock)
    id = make_sale(erp)
    erp.change("sale", id, {"note": "x"}, if_version=1)
    for act in (
        lambda: erp.change("sale", id, {"note": "y"}, if_version=1),
        lambda: erp.act("approve", id, if_version=1),
        lambda: erp.delete("sale", id, if_version=1),
    ):
        with refused("stale"):
            act()
    lax = make_erp(clock, compare_and_set=False, confirms_version=False)
    id = make_sale(lax)
    lax.change("sale", id, {"note": "x"}, if_version=7)
    assert lax.act("approve", id, if_version=7)["status"] == "approved"


def test_texts_are_kept_as_this_erp_keeps_them(clock):
    erp = make_erp(clock, text_max=5, text_upper=True)
    sale = erp.read("sale", make_sale(erp, note="  abcd efg ", customer_ref="po-1"))
    assert (sale["note"], sale["customer_ref"]) == ("ABCD", "PO-1")


def test_people_are_seen_in_what_they_do(clock):
    erp = make_erp(clock)
    id = make_sale(erp)
    changed = Person(erp, "李会计").edit("sale", id, note="x")
    assert (changed["created_by"], changed["changed_by"], changed["touched"]) == (USER, "李会计", True)
    again = erp.change("sale", id, {"note": "y"})
    assert (again["changed_by"], again["touched"]) == (USER, True)
    own = Person(erp, "赵六").create("sale", customer="P1")
    assert (own["created_by"], own["touched"]) == ("赵六", False)
    with pytest.raises(ValueError, match="integration user"):
        Person(erp, USER)


def test_people_may_lack_the_right_to_approve_our_drafts(clock):
    erp = make_erp(clock, exclusive_confirm=True)
    ours, person = make_sale(erp), Person(erp)
    theirs = person.create("sale", customer="P1")["id"]
    with refused("locked"):
        person.approve(ours)
    assert person.approve(theirs)["status"] == "approved"
    assert erp.act("approve", ours)["status"] == "approved"


def test_change_times_are_as_coarse_as_told(clock):
    erp = make_erp(clock, granularity_s=60)
    clock.sleep(59.5)
    assert erp.read("sale", make_sale(erp))["modified_at"] == "2026-11-01T08:00:00.000000Z"
    clock.sleep(1)
    assert erp.read("sale", make_sale(erp))["modified_at"] == "2026-11-01T08:01:00.000000Z"


def test_lists_and_searches_lag_behind_and_reads_do_not(clock):
    erp = make_erp(clock, lag_s=30)
    clock.sleep(30)
    id = make_sale(erp, our_ref="R1")
    assert erp.find("sale", "R1") == []
    assert erp.list_changes("sale", "", None, 10) == []
    assert erp.read("sale", id)["version"] == 1
    with refused("not_found"):
        erp.read("sale", id, lagging=True)
    clock.sleep(30)
    erp.change("sale", id, {"note": "neu"})
    assert erp.read("sale", id, lagging=True)["note"] == ""
    assert [sale["version"] for sale in erp.find("sale", "R1")] == [1]
    clock.sleep(30)
    assert [sale["note"] for sale in erp.list_changes("sale", "", None, 10)] == ["neu"]
    assert erp.read("sale", id, lagging=True)["version"] == 2


def test_late_writes_come_in_order_when_their_time_has_come(clock):
    erp = make_erp(clock)
    id = make_sale(erp)
    erp.postpone(20, lambda: erp.change("sale", id, {"note": "second"}))
    erp.postpone(10, lambda: erp.change("sale", id, {"note": "first"}))
    erp.postpone(15, lambda: erp.change("sale", id, {"note": "stale"}, if_version=1))
    clock.sleep(9)
    assert erp.tick() == 0
    clock.sleep(6)
    assert erp.tick() == 2
    assert erp.read("sale", id)["note"] == "first"
    assert erp.late_writes == 1
    clock.sleep(5)
    erp.tick()
    assert erp.read("sale", id)["note"] == "second"


def test_the_log_tells_who_did_what(clock):
    erp = make_erp(clock)
    id = make_sale(erp)
    Person(erp, "李会计").approve(id)
    assert [(entry.by, entry.action, entry.id, entry.version) for entry in erp.log][1:] == [
        (USER, "create", id, 1),
        ("李会计", "approve", id, 2),
    ]


def test_no_change_is_lost_between_threads(clock):
    erp = make_erp(clock)
    id = make_sale(erp)

    def edit(name: str) -> None:
        for number in range(100):
            erp.change("sale", id, {"note": f"{name}{number}"})

    threads = [threading.Thread(target=edit, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert erp.read("sale", id)["version"] == 401
