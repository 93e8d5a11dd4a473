"""Adopt: what both sides have is bound, what is in doubt is asked, and nothing is written on either side."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.errors import ConfigInvalid, IsthmusError, RuleBroken, Transient
from hub.protocol.binding import Binding, BindingState
from hub.sdk.tables import write_table
from hub.store.rows import Cursor, DeadRow, IdentityVerdict, JournalEntry
from hub.sync.adopt import AdoptReport, adopt
from hub.sync.bindings import add_binding, show_binding
from hub.sync.pairs_file import read_pairs
from hub.sync.pause import pause_connection
from hub.sync.records import create_record
from hub.sync.settle import settle_binding
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import KINDS, Scene

NAME = "海岳精密机械有限公司"
LINE = {"quantity": "2", "price": "12.50", "tax_percent": "13", "text": "轴承", "unit": "pcs"}


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    """Nothing was ever read."""
    return make_scene(read=False)


def make_account(scene: Scene, name: str = NAME, uscc: str | None = None, **values: Any) -> Any:
    if uscc is not None:
        values["identifiers"] = [{"kind": "uscc", "value": uscc}]
    return create_record(scene.hub, "account", {"name": name, **values}, "li", anyway=True)


def share_customer(scene: Scene, name: str = NAME, **there: Any) -> tuple[Any, Any]:
    uscc = make_uscc(scene.random)
    return make_account(scene, name, uscc), scene.wang.create("partner", name=name, tax_id=uscc, **there)


def share_order(scene: Scene, customer: tuple[Any, Any], day: str = "2026-10-05", **here: Any) -> tuple[Any, Any]:
    """One order on both sides under one number, on one item that both have."""
    items = scene.erp.documents("item")
    item = items[0] if items else scene.make_item()
    products = scene.records("product") or [
        create_record(
            scene.hub, "product",
            {"name": item["name"], "number": item["code"], "unit": "pcs", "list_price": "12.50"}, "li",
        )
    ]  # fmt: skip
    sale = scene.wang.create("sale", customer=customer[1]["id"], date=day, lines=[{"item": item["id"], **LINE}])
    line = {"product_id": products[0].id, "name": "轴承", "unit": "pcs", "quantity": "2", "unit_price": "12.50"}
    values = {
        "account_id": customer[0].id, "number": sale["number"], "ordered_on": day,
        "lines": [{**line, "tax_rate": "0.13"}], **here,
    }  # fmt: skip
    return create_record(scene.hub, "order", values, "li"), sale


def run_adopt(scene: Scene, *kinds: str, **options: Any) -> AdoptReport:
    return adopt(scene.hub, "erp", list(kinds) or None, "li", **options)


def outcomes(report: AdoptReport) -> Counter[tuple[str, str]]:
    return Counter((item.kind, item.outcome) for item in report.items)


def snapshot(scene: Scene) -> Any:
    """Everything that people or the ERP could notice."""
    records = {kind: [row.model_dump() for row in scene.records(kind)] for kind in KINDS}
    documents = {kind: [dict(row) for row in scene.erp.documents(kind)] for kind in ("partner", "item", "sale")}
    return records, documents, len(scene.erp.log), scene.api.writes


# ---- what is bound -------------------------------------------------------------------------------------------------


def test_what_both_have_is_bound_and_neither_side_changes(scene: Scene) -> None:
    customer = share_customer(scene)
    order, sale = share_order(scene, customer)
    before = snapshot(scene)
    report = run_adopt(scene)
    assert snapshot(scene) == before
    assert outcomes(report) == {("account", "bound"): 1, ("product", "bound"): 1, ("order", "bound"): 1}
    bound = scene.binding(order)
    assert (bound.remote_id, bound.ours, bound.state, bound.parked, bound.ref) == (
        sale["id"], False, BindingState.BOUND, None, None,
    )  # fmt: skip
    (verdict,) = scene.rows(IdentityVerdict, record_id=customer[0].id)
    assert (verdict.verdict, verdict.decided_by, verdict.evidence["rule"]) == ("same", "li", "identifier")
    assert {row.actor for row in scene.rows(JournalEntry, action="sync.adopted")} == {"li"}


def test_the_run_after_it_writes_nothing_there_and_takes_in_what_only_they_say(scene: Scene) -> None:
    customer = share_customer(scene, phone="0574-1")
    order, sale = share_order(scene, customer)
    scene.wang.approve(sale["id"])
    run_adopt(scene)
    writes = scene.api.writes
    view, report = scene.accept()
    assert not report.errors
    assert [item.action for item in view.items if item.side == "there"] == []
    assert scene.api.writes == writes
    assert scene.reload(order).state == "approved"
    assert scene.reload(customer[0]).phone == "0574-1"
    assert scene.pull("order") == {"unchanged": 1}


def test_calling_it_again_changes_nothing(scene: Scene) -> None:
    share_order(scene, share_customer(scene))
    make_account(scene, "晨澜自动化设备有限公司")
    scene.wang.create("partner", name="晨澜自动化设备有限公司", tax_id="")
    first = run_adopt(scene)
    tables = (Binding, IdentityVerdict, DeadRow, JournalEntry, Cursor)
    before = [scene.rows(table) for table in tables]
    again = run_adopt(scene)
    assert [scene.rows(table) for table in tables] == before
    assert outcomes(again) == {("account", "ambiguous"): 1}
    assert first.kinds[2].sums["bound"].amounts_there == again.kinds[2].sums["already"].amounts_there != {}


def test_the_same_customer_twice_there_is_one_record_of_which_one_is_written(scene: Scene) -> None:
    account, first = share_customer(scene)
    second = scene.wang.create("partner", name=NAME, tax_id=first["tax_id"])
    assert outcomes(run_adopt(scene)) == {("account", "bound"): 2}
    bound = {row.remote_id: row.primary for row in scene.rows(Binding, hub_id=account.id)}
    assert bound == {first["id"]: True, second["id"]: False}


def test_a_number_joins_where_no_identifier_does(scene: Scene) -> None:
    account = make_account(scene, number="C-9")
    partner = scene.wang.create("partner", name=NAME, tax_id="", code="C-9")
    assert outcomes(run_adopt(scene, "account", by="identifier")) == {("account", "ambiguous"): 1}
    assert outcomes(run_adopt(scene, "account")) == {("account", "bound"): 1}
    assert scene.binding(account).remote_id == partner["id"]
    assert list_todo(scene.hub, connection="erp")[0].kind_of_wait == "plan"


def test_what_was_void_on_both_sides_is_one_history(scene: Scene) -> None:
    order, sale = share_order(scene, share_customer(scene))
    scene.void(order)
    scene.wang.void(sale["id"])
    run_adopt(scene)
    assert (scene.binding(order).remote_id, scene.binding(order).state) == (sale["id"], BindingState.TOMB)
    scene.accept()
    assert len(scene.records("order")) == 1


def test_what_was_held_before_is_bound_and_read_by_the_next_run(scene: Scene) -> None:
    """The first run came before anybody thought of adopting."""
    customer = share_customer(scene)
    order, sale = share_order(scene, customer)
    scene.accept()
    assert scene.binding(order).remote_id is None
    assert len(scene.sales()) == 1
    run_adopt(scene)
    assert scene.dead() == []
    scene.wang.approve(sale["id"])
    scene.run()
    assert scene.reload(order).state == "approved"
    assert len(scene.records("product")) == 1


# ---- what differs --------------------------------------------------------------------------------------------------


def test_a_pair_whose_values_differ_is_bound_and_parked(scene: Scene) -> None:
    account, partner = share_customer(scene, "海岳精密机械有限公司（旧）", phone="1")
    scene.wang.edit("partner", partner["id"], name=NAME)
    order, sale = share_order(scene, (account, partner))
    scene.edit_sale(sale["id"], note="dort")
    scene.edit(order, note="hier")
    report = run_adopt(scene)
    told = {item.kind: item.params["fields"] for item in report.items if item.outcome == "differs"}
    assert told == {"account": "name", "order": "note"}
    assert scene.binding(order).parked == "sync.values_differ"
    assert show_binding(scene.hub, str(scene.binding(order).id)).code == "sync.values_differ"
    writes = scene.api.writes
    scene.accept()
    assert scene.api.writes == writes
    assert (scene.reload(order).note, scene.sale(sale["id"])["note"]) == ("hier", "dort")


@pytest.mark.parametrize("take", ["hub", "remote"])
@pytest.mark.parametrize("runs_first", [True, False])
def test_a_person_says_whose_values_hold_before_or_after_the_run(scene: Scene, take: str, runs_first: bool) -> None:
    order, sale = share_order(scene, share_customer(scene))
    scene.edit_sale(sale["id"], note="dort")
    scene.edit(order, note="hier")
    run_adopt(scene)
    if runs_first:
        scene.accept()
    settle_binding(scene.hub, scene.binding(order).id, take, "li")
    scene.accept()
    scene.settle()
    wanted = "hier" if take == "hub" else "dort"
    assert (scene.reload(order).note, scene.sale(sale["id"])["note"]) == (wanted, wanted)
    assert scene.binding(order).parked is None
    assert scene.conflicts() == [] or all(row.decided_at for row in scene.conflicts())


def test_an_order_whose_lines_cannot_be_read_yet_differs(scene: Scene) -> None:
    customer = share_customer(scene)
    order, _ = share_order(scene, customer)
    report = run_adopt(scene, "account", "order")
    (item,) = [item for item in report.items if item.kind == "order"]
    assert (item.outcome, item.params["fields"]) == ("differs", "lines")
    assert scene.binding(order).parked == "sync.values_differ"


# ---- what is in doubt ----------------------------------------------------------------------------------------------


def test_two_records_for_one_there_are_a_question(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    one = make_account(scene, uscc=uscc)
    two = one.model_copy(update={"id": scene.hub.new_id(), "revision": 0})
    with scene.store.write() as tx:
        tx.save_record(two)
    scene.wang.create("partner", name=NAME, tax_id=uscc)
    (item,) = run_adopt(scene, "account").items
    assert (item.outcome, item.code) == ("ambiguous", "sync.adopt_several")
    (asked,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "review"]
    assert NAME in asked.text()
    writes = scene.api.writes
    scene.accept()
    scene.settle()
    assert scene.api.writes == writes, "neither is made there"
    assert len(scene.records("account")) == 2, "nor is it taken in as a third"


def test_two_there_with_one_number_are_a_question(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"create": True}, read=False)
    account = make_account(scene, number="C-9")
    first, second = (scene.wang.create("partner", name=name, tax_id="", code="C-9") for name in ("A Ltd", "B Ltd"))
    report = run_adopt(scene, "account")
    assert [(item.outcome, item.code) for item in report.items] == [("ambiguous", "sync.adopt_several")] * 2
    scene.accept()
    assert (len(scene.erp.documents("partner")), len(scene.records("account"))) == (2, 1)
    add_binding(scene.hub, "erp", "account", str(account.id), first["id"], "li")
    assert outcomes(run_adopt(scene, "account")) == {("account", "ambiguous"): 1}, "the other one is still a question"
    add_binding(scene.hub, "erp", "account", "new", second["id"], "li")
    assert outcomes(run_adopt(scene, "account")) == {}


@pytest.mark.parametrize("known", [True, False])
def test_an_equal_number_of_another_customer_is_a_question(scene: Scene, known: bool) -> None:
    customer = share_customer(scene)
    other = scene.wang.create("partner", name="青松贸易有限公司", tax_id="", code="Q-1")
    if known:
        make_account(scene, "青松贸易有限公司", number=other["code"])
    _, sale = share_order(scene, customer)
    scene.edit_sale(sale["id"], customer=other["id"])
    (item,) = [item for item in run_adopt(scene).items if item.kind == "order"]
    code = "sync.adopt_customer_differs" if known else "sync.adopt_customer_unknown"
    assert (item.outcome, item.code) == ("ambiguous", code)
    assert item.code in {row.code for row in scene.dead()}
    scene.accept()
    assert len(scene.sales()) == len(scene.records("order")) == 1


def test_a_branch_and_its_parent_are_a_question_about_the_code(scene: Scene) -> None:
    account, partner = share_customer(scene)
    scene.wang.edit("partner", partner["id"], name=f"{NAME}宁波分公司")
    (item,) = run_adopt(scene, "account").items
    assert (item.outcome, item.code) == ("ambiguous", "identity.branch_differs")
    with pytest.raises(RuleBroken):
        add_binding(scene.hub, "erp", "account", str(account.id), partner["id"], "li")
    add_binding(scene.hub, "erp", "account", "new", partner["id"], "li")
    assert len(scene.records("account")) == 2


def test_only_one_of_them_void_is_a_question(scene: Scene) -> None:
    order, sale = share_order(scene, share_customer(scene))
    scene.wang.void(sale["id"])
    (item,) = [item for item in run_adopt(scene).items if item.kind == "order"]
    assert (item.outcome, item.code) == ("ambiguous", "sync.adopt_one_ended")
    scene.accept()
    assert [row["status"] for row in scene.sales(living=False)] == ["void"]
    assert scene.binding(order).remote_id is None


# ---- what only one side has ----------------------------------------------------------------------------------------


def test_every_document_of_both_sides_is_told_once_with_its_money(scene: Scene) -> None:
    customer = share_customer(scene)
    share_order(scene, customer)
    only_here, _ = share_order(scene, customer, day="2026-10-06")
    scene.wang.void(scene.erp.documents("sale")[-1]["id"])
    item = scene.erp.documents("item")[0]
    scene.wang.create(
        "sale", customer=customer[1]["id"], date="2026-10-09", lines=[{"item": item["id"], **LINE, "quantity": "7"}]
    )
    orders = next(told for told in run_adopt(scene).kinds if told.kind == "order")
    here = sum(total.amounts_here.get("CNY", 0) for total in orders.sums.values())
    living = sum(total.amounts_there.get("CNY", 0) for name, total in orders.sums.items())
    assert here == sum(row.gross for row in scene.records("order"))
    assert living == sum(Decimal(sale["gross"]) for sale in scene.sales(living=False))
    assert (orders.sums["there"].there, orders.sums["ambiguous"].here) == (1, 1)
    assert only_here.number in {item.params["names"] for item in run_adopt(scene).items if item.outcome == "ambiguous"}


def test_older_documents_are_left_out_when_asked(scene: Scene) -> None:
    customer = share_customer(scene)
    share_order(scene, customer, day="2026-09-05")
    share_order(scene, customer, day="2026-10-05")
    report = run_adopt(scene, since=date(2026, 10, 1))
    assert outcomes(report)["order", "bound"] == 1
    assert report.kinds[2].older == 1


# ---- pairs from a file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_of_pairs_binds_what_nothing_else_would(scene: Scene, tmp_path: Path, form: str) -> None:
    one, two = make_account(scene, "甲", number="K-1"), make_account(scene, "乙")
    there = [scene.wang.create("partner", name=name, tax_id="", code=f"{name[0]}-1") for name in ("A Ltd", "B Ltd")]
    path = tmp_path / f"pairs.{form}"
    rows = [{"CRM": "K-1", "ERP": there[0]["id"]}, {"CRM": "乙", "ERP": there[1]["code"]}]
    write_table(path, ["CRM", "ERP"], [list(row.values()) for row in rows])
    report = run_adopt(scene, "account", pairs=read_pairs(path))
    assert outcomes(report) == {("account", "differs"): 2}
    assert [scene.binding(record).remote_id for record in (one, two)] == [row["id"] for row in there]


def test_a_bad_row_is_named_and_the_rest_is_bound(scene: Scene, tmp_path: Path) -> None:
    account = make_account(scene, "甲", number="K-1")
    partner = scene.wang.create("partner", name="甲", tax_id="")
    path = tmp_path / "pairs.csv"
    path.write_text(f"kind,here,there\naccount,K-1,{partner['id']}\naccount,K-2,P9\n", encoding="utf-8")
    report = run_adopt(scene, "account", pairs=read_pairs(path))
    assert scene.binding(account).remote_id == partner["id"]
    (refused,) = [item for item in report.items if item.outcome == "refused"]
    assert (refused.code, refused.params["place"]) == ("sync.pair_unknown_here", "pairs.csv:3")


def test_a_pair_says_of_which_kind_it_is(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("here,there\nK-1,P1\n", encoding="utf-8")
    with pytest.raises(ConfigInvalid) as refused:
        run_adopt(scene, pairs=read_pairs(path))
    assert refused.value.code == "sync.pair_without_kind"
    path.write_text("here,there\nK-1,\n", encoding="utf-8")
    with pytest.raises(ConfigInvalid) as refused:
        read_pairs(path)
    assert (refused.value.code, refused.value.params["place"]) == ("sync.pair_half", "pairs.csv:2")
    path.write_text("here,there\n", encoding="utf-8")
    with pytest.raises(ConfigInvalid) as refused:
        read_pairs(path)
    assert refused.value.code == "sync.pairs_none"


# ---- cut off, refused ----------------------------------------------------------------------------------------------


def test_it_goes_on_where_it_was_cut_off(scene: Scene) -> None:
    scene.hub.page_size = 2
    pairs = [share_customer(scene, f"客户{place}") for place in range(7)]
    stream = scene.hub.open("erp").stream_of("account")
    read, pages = stream.read_page, iter(range(6))

    def fail(*args: Any) -> Any:
        if next(pages, None) is None:
            raise Transient("sdk.unreachable", where="erp")
        return read(*args)

    stream.read_page = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(IsthmusError):
        run_adopt(scene, "account")
    stream.read_page = read  # type: ignore[method-assign]
    bound = len([row for row in scene.rows(Binding) if row.remote_id])
    assert 0 < bound < 7
    report = run_adopt(scene, "account")
    assert report.kinds[0].sums["already"].there == bound
    assert {scene.binding(account).remote_id for account, _ in pairs} == {partner["id"] for _, partner in pairs}


def test_it_waits_for_no_run_and_lets_none_in(scene: Scene) -> None:
    with scene.store.write() as tx:
        tx.acquire_lease("run:erp", "another", scene.clock.now().replace(year=2027))
    with pytest.raises(Transient) as refused:
        run_adopt(scene, "account")
    assert refused.value.code == "sync.run_under_way"


def test_a_paused_connection_is_not_read(scene: Scene) -> None:
    pause_connection(scene.hub, "erp", "li")
    with pytest.raises(IsthmusError):
        run_adopt(scene, "account")


# ---- on either database --------------------------------------------------------------------------------------------


def test_a_first_week_on_either_database(database_url: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, url=database_url, read=False)
    try:
        customer = share_customer(scene)
        order, sale = share_order(scene, customer)
        scene.edit_sale(sale["id"], note="dort")
        scene.edit(order, note="hier")
        make_account(scene, "晨澜")
        scene.wang.create("partner", name="晨澜", tax_id="")
        first = run_adopt(scene)
        assert outcomes(first) == {
            ("account", "bound"): 1, ("account", "ambiguous"): 1, ("product", "bound"): 1, ("order", "differs"): 1,
        }  # fmt: skip
        assert outcomes(run_adopt(scene)) == {("account", "ambiguous"): 1}
        settle_binding(scene.hub, scene.binding(order).id, "remote", "li")
        (asked,) = scene.dead()
        add_binding(scene.hub, "erp", "account", "new", asked.external_id, "li")
        writes = scene.api.writes
        _, report = scene.accept()
        assert not report.errors
        assert scene.api.writes == writes
        assert scene.reload(order).note == "dort"
        assert len(scene.records("account")) == 3
    finally:
        scene.hub.close()
        scene.store.close()


# ---- a whole company -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_muddled_company_has_no_doubles_afterwards(make_scene: SceneMaker, seed: int) -> None:
    """Typos in names, customers twice on one side, customers that only one side has: adopt, plan, accept, run."""
    scene, chance = make_scene(account={"create": True}, read=False), random.Random(seed)
    for place in range(40):
        name, uscc = f"{chance.choice('甲乙丙丁')}{place}有限公司", make_uscc(chance)
        case = chance.choice(("both", "both", "both", "typo", "twice there", "twice here", "here", "there", "bare"))
        if case != "there":
            make_account(scene, name, None if case in ("bare", "twice here") else uscc)
        if case == "twice here":
            make_account(scene, name)
        if case != "here":
            shown = name.replace("有限", "有線") if case == "typo" else name
            code = "" if case in ("bare", "twice here") else uscc
            scene.wang.create("partner", name=shown, tax_id=code)
            if case == "twice there":
                scene.wang.create("partner", name=name, tax_id=uscc)
    there, here = len(scene.erp.documents("partner")), len(scene.records("account"))
    report = run_adopt(scene, "account")
    only_here = sum(item.outcome == "here" for item in report.items)
    only_there = sum(item.outcome == "there" for item in report.items)
    _, done = scene.accept()
    assert not done.errors
    assert len(scene.erp.documents("partner")) == there + only_here
    assert len(scene.records("account")) == here + only_there
    writes = scene.api.writes
    scene.settle()
    assert scene.api.writes == writes
    assert outcomes(run_adopt(scene, "account"))["account", "here"] == 0
