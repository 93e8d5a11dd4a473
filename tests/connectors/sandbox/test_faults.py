"""Every fault: what the ERP did, what the hub is told, and that seeds repeat."""

from __future__ import annotations

import random
from typing import Any

import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import FAULTS, ErpRefused, Faults, SandboxApi, SandboxErp, SandboxSettings
from hub.errors import IsthmusError, OutcomeUnknown, Transient
from hub.sdk import Draft, Tools, Written
from hub.sdk.simulator import HandlerTransport
from tests.connectors.sandbox.conftest import Bench, ManualClock


def create(bench: Bench, *refs: str):
    customer = next((row["id"] for row in bench.erp.documents("partner")), None) or bench.add_partner()
    return bench.sale.create([Draft(ref, {"customer": customer}) for ref in refs])


def references(bench: Bench) -> list[str]:
    return [sale["our_ref"] for sale in bench.erp.documents("sale")]


@pytest.mark.parametrize(
    ("fault", "error", "applied"),
    [
        ("lost_before", OutcomeUnknown, False),
        ("lost_after", OutcomeUnknown, True),
        ("late", OutcomeUnknown, False),
        ("refused", Transient, False),
        ("server_error", OutcomeUnknown, False),
        ("server_error_after", OutcomeUnknown, True),
        ("garbage", OutcomeUnknown, True),
    ],
)
def test_what_each_fault_of_a_write_does_and_says(bench, fault, error, applied):
    bench.faults.order_next(fault)
    with pytest.raises(error):
        create(bench, "R1")
    assert references(bench) == (["R1"] if applied else [])
    assert bench.api.requests[-1].fault == fault
    assert bench.api.writes == 1
    assert isinstance(create(bench, "R2")[0], Written)


def test_an_erp_that_cannot_be_reached_was_not_written_to(bench):
    bench.faults.order_next("unreachable")
    with pytest.raises((Transient, OutcomeUnknown)) as caught:
        create(bench, "R1")
    on_port = bench.connector.tools.transport is None
    assert type(caught.value) is (OutcomeUnknown if on_port else Transient)
    assert references(bench) == []


def test_a_late_write_is_applied_within_the_bound(bench):
    bench.faults.order_next("late")
    with pytest.raises(OutcomeUnknown):
        create(bench, "R1")
    assert bench.erp.late_writes == 1
    bench.clock.sleep(bench.faults.d_max_s)
    assert [record.reference for record in bench.sale.find("R1")] == ["R1"]
    assert bench.erp.late_writes == 0


def test_a_late_write_that_is_refused_by_then_changes_nothing(bench):
    id = bench.add_sale()
    bench.faults.order_next("late")
    with pytest.raises(OutcomeUnknown):
        bench.sale.patch(id, {"note": "zu spät"}, if_version=1)
    bench.person.edit("sale", id, note="schneller")
    bench.clock.sleep(bench.faults.d_max_s)
    assert bench.sales.fetch(id).payload["note"] == "schneller"


def test_a_refusal_names_the_time_to_wait(bench):
    bench.faults.retry_after_s = 7
    bench.faults.order_next("refused")
    with pytest.raises(Transient) as caught:
        create(bench, "R1")
    assert caught.value.retry_after_s == 7


def test_a_lost_answer_loses_a_refusal_too(bench):
    id = bench.add_sale()
    bench.person.void(id)
    bench.faults.order_next("lost_after")
    with pytest.raises(OutcomeUnknown):
        bench.sale.patch(id, {"note": "x"}, if_version=None)


def test_a_batch_without_an_answer_is_applied_in_part(make_bench):
    bench = make_bench(config={"batch_size": 40})
    refs = [f"R{number:02d}" for number in range(40)]
    bench.faults.order_next("batch_partial")
    with pytest.raises(OutcomeUnknown):
        create(bench, *refs)
    now, late = len(references(bench)), bench.erp.late_writes
    assert 0 < now < 40
    assert late > 0
    bench.clock.sleep(bench.faults.d_max_s)
    bench.erp.tick()
    assert len(references(bench)) == now + late < 40


@pytest.mark.parametrize("fault", ["read_lost", "read_refused", "read_error"])
def test_a_read_is_tried_again_a_little(bench, fault):
    id = bench.add_sale()
    bench.faults.order_next(fault, times=2)
    assert bench.sales.fetch(id).external_id == id
    bench.faults.order_next(fault, times=3)
    with pytest.raises(Transient):
        bench.sales.fetch(id)


def test_a_read_of_garbage_says_so(bench):
    bench.faults.order_next("read_garbage")
    with pytest.raises(Transient, match="Gateway"):
        bench.sales.list_ids()


def test_a_stale_read_shows_the_past(make_bench):
    bench = make_bench(lag_s=30)
    id = bench.add_sale(note="alt")
    bench.clock.sleep(30)
    bench.person.edit("sale", id, note="neu")
    bench.faults.order_next("read_stale")
    stale, fresh = bench.sales.fetch(id), bench.sales.fetch(id)
    assert (stale.payload["note"], stale.version) == ("alt", 1)
    assert (fresh.payload["note"], fresh.version) == ("neu", 2)


def test_an_order_waits_for_the_request_it_means(bench):
    customer = bench.add_partner()
    bench.faults.order_next("lost_after", lambda request: request.method == "PATCH")
    (written,) = bench.sale.create([Draft("R1", {"customer": customer})])
    with pytest.raises(OutcomeUnknown):
        bench.sale.patch(written.external_id, {"note": "x"}, if_version=1)


def test_people_and_the_arrangement_of_faults_have_no_faults(make_bench):
    bench = make_bench(rates=dict.fromkeys(("lost_before", "read_lost"), 1.0))
    id = bench.add_sale()
    assert bench.erp.read("sale", id)["version"] == 1
    bench.faults.active = False
    assert bench.sales.fetch(id).version == 1


def test_unknown_faults_are_named():
    with pytest.raises(ValueError, match="earthquake"):
        Faults(rates={"earthquake": 1})
    with pytest.raises(ValueError, match="earthquake"):
        Faults().order_next("earthquake")


def run_history(seed: int) -> tuple[list, list, list]:
    """A short storm: what was told, what was done, what is true at the end."""
    clock = ManualClock()
    erp = SandboxErp(SandboxSettings(lag_s=9, granularity_s=2), clock, random.Random(seed))
    rates = dict.fromkeys((name for name in FAULTS if name not in ("unreachable",)), 0.05)
    api = SandboxApi(erp, Faults(random.Random(seed + 1), rates))
    tools = Tools(clock=clock, random=random.Random(seed + 2), transport=HandlerTransport(api.handle))
    connector = SandboxConnector(
        SandboxConnector.Config.model_validate({"url": "http://sandbox.test", "token": "sandbox"}), tools
    )
    sink, drive = connector.sinks()["order"], random.Random(seed + 3)
    told: list[Any] = []
    erp.create("partner", {"name": "西安澜帆商贸有限公司"}, "王销售")
    for step in range(150):
        clock.sleep(drive.random())
        try:
            match drive.choice(("create", "batch", "patch", "find")):
                case "create":
                    told.append(sink.create([Draft(f"R{step}", {"customer": "P1"})]))
                case "batch":
                    told.append(
                        [str(r) for r in sink.create([Draft(f"R{step}-{n}", {"customer": "P1"}) for n in "abc"])]
                    )
                case "patch":
                    told.append(sink.patch("S1", {"note": f"n{step}"}, if_version=None))
                case "find":
                    told.append([record.external_id for record in sink.find(f"R{drive.randrange(step + 1)}")])
        except (IsthmusError, ErpRefused) as error:
            told.append(repr(error))
    traces = [(trace.method, trace.fault, trace.status, trace.request_id) for trace in api.requests]
    return told, traces, erp.documents("sale")


def test_the_same_seed_gives_the_same_history():
    first, second = run_history(11), run_history(11)
    assert first == second
    assert {fault for _, fault, _, _ in first[1] if fault} >= {"late", "lost_after", "batch_partial", "read_lost"}
    assert run_history(12) != first
