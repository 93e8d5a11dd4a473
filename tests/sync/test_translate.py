"""Between the vendor's shape and ours, with what only the store knows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import MappingError
from hub.protocol.reference import make_reference
from hub.sync.intent import build_intent
from hub.sync.translate import (
    is_reference_foreign,
    is_reference_ours,
    make_context,
    pair_lines,
    read_source,
    write_payload,
)
from tests.protocol.build import LINE_FIELDS, make_binding, make_snapshot
from tests.protocol.build import make_line as line
from tests.sync.scenes import Scene


def source_of(scene: Scene, sale: Any) -> Any:
    return scene.hub.open("erp").streams["sale"].fetch(sale["id"])


def test_a_sale_is_read_with_its_state_its_stage_and_its_figures(scene: Scene) -> None:
    sale = scene.make_sale("approved", note="急件")
    scene.pull()
    conn = scene.hub.open("erp")
    with scene.store.read() as tx:
        read = read_source(tx, scene.hub, conn, "order", source_of(scene, sale), None)
    snapshot = read.snapshot
    assert (snapshot.stage, snapshot.version, snapshot.number) == ("effective", sale["version"], sale["number"])
    assert (snapshot.created_by_us, snapshot.changed_by_us) == (False, False)
    assert snapshot.values["gross"] == Decimal("28.25")
    assert snapshot.values["lines"][0].key == f"erp:{sale['lines'][0]['id']}"
    assert not read.mapped.problems
    assert snapshot.total_differs is None


def test_totals_that_do_not_fit_the_lines_are_noticed(scene: Scene) -> None:
    source = source_of(scene, scene.make_sale())
    scene.pull()
    wrong = replace(source, payload={**source.payload, "gross": "29.00"})
    with scene.store.read() as tx:
        read = read_source(tx, scene.hub, scene.hub.open("erp"), "order", wrong, None)
    assert read.snapshot.total_differs is not None
    assert Decimal(read.snapshot.total_differs) == Decimal("0.75")


def test_references_go_by_bindings_the_primary_one_first(scene: Scene) -> None:
    account, _ = scene.trade()
    bound = scene.binding(account)
    second = bound.model_copy(update={"id": scene.hub.new_id(), "ref": None, "remote_id": "P0", "primary": False})
    scene.save(second)
    with scene.store.read() as tx:
        context = make_context(tx, scene.hub, scene.hub.open("erp"), None)
        assert context.find_ref("account", "P0") == account.id
        assert context.find_ref("account", "P1") == account.id
        assert context.find_ref("account", "P9") is None
        assert context.find_remote("account", account.id) == "P1"
        assert context.find_remote("order", account.id) is None


def test_a_payload_carries_only_what_is_to_be_written(scene: Scene) -> None:
    order = scene.make_order(note="eilt")
    binding, conn = scene.binding(order), scene.hub.open("erp")
    with scene.store.read() as tx:
        intent, _ = build_intent(tx, scene.hub, binding, conn.policies["order"])
        payload = write_payload(tx, scene.hub, conn, binding, intent.values, frozenset({"note", "account_id"}))
    assert payload == {"note": "eilt", "customer": "P1"}


def test_what_cannot_be_said_there_is_named(scene: Scene) -> None:
    order = scene.make_order()
    binding, conn = scene.binding(order), scene.hub.open("erp")
    with scene.store.read() as tx, pytest.raises(MappingError) as caught:
        write_payload(tx, scene.hub, conn, binding, {"account_id": scene.hub.new_id()}, frozenset({"account_id"}))
    assert caught.value.params["field"] == "account_id"


@pytest.mark.parametrize(
    ("installation", "by_us", "ours", "foreign"),
    [
        ("T01", True, True, False),
        ("T01", None, True, False),
        ("T01", False, False, False),
        ("T02", True, False, True),
        ("T02", None, False, True),
        ("T02", False, False, False),
        (None, True, False, False),
    ],
)
def test_whose_document_it_is(
    scene: Scene, installation: str | None, by_us: bool | None, ours: bool, foreign: bool
) -> None:
    reference = make_reference(installation, scene.hub.new_id()) if installation else "PO-1"
    source = replace(source_of(scene, scene.make_sale()), reference=reference, created_by_us=by_us)
    assert is_reference_ours(scene.hub, source) is ours
    assert is_reference_foreign(scene.hub, source) is foreign


def test_lines_of_our_own_document_get_our_keys_back() -> None:
    ours = {"lines": (line("1", "2"), line("2", "5"))}
    theirs = make_snapshot(fields={"lines": (line("erp:L8", "5"), line("erp:L9", "2"))})
    snapshot, known = pair_lines(theirs, ours, make_binding(), LINE_FIELDS)
    assert known == {"1": "L9", "2": "L8"}
    assert [row.key for row in snapshot.values["lines"]] == ["2", "1"]


def test_a_line_that_only_they_have_keeps_their_key() -> None:
    ours = {"lines": (line("1", "2"),)}
    theirs = make_snapshot(fields={"lines": (line("1", "2"), line("erp:L9", "7"))})
    snapshot, known = pair_lines(theirs, ours, make_binding(lines={"1": "L8"}), LINE_FIELDS)
    assert known == {"1": "L8"}
    assert [row.key for row in snapshot.values["lines"]] == ["1", "erp:L9"]
