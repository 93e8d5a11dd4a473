"""``connection probe`` on a real Tryton: one draft, measured, gone; also when it is cut off in the middle."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.errors import OutcomeUnknown
from hub.protocol.semantics import Timing
from hub.runtime.assemble import equip_connection
from hub.runtime.clock import SystemClock
from hub.store import Store
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.inspect import inspect_reading
from hub.sync.probe import probe_kind
from hub.testkit.fault_proxy import FaultProxy, calls
from hub.testkit.tryton import RunningTryton
from hub.testkit.tryton_people import TrytonPerson
from tests.connectors.tryton.conftest import Bench, MakeConnector

MakeHub = Callable[..., Hub]
SALES = [["reference", "like", "IPRB%"]]


@pytest.fixture
def make_hub(make_connector: MakeConnector, tmp_path: Path) -> Iterator[MakeHub]:
    """A hub with the one connection ``erp``; keywords replace answers of its configuration."""
    stores: list[Store] = []
    syncs = {kind: SyncSettings() for kind in ("account", "product", "order")}
    settings = ConnectionSettings(connector="tryton", syncs=syncs)

    def make(**answers: object) -> Hub:
        def open_connection(name: str) -> OpenConnection:
            return equip_connection(name, settings, make_connector(**answers), Timing())

        clock = SystemClock()
        store = Store.open(f"sqlite:///{tmp_path}/hub.sqlite", clock=clock, durable=False)
        store.migrate()
        stores.append(store)
        config = HubConfig(connections={"erp": settings})
        return Hub(store, config, open_connection, clock, random.Random(len(stores)), "T01")

    yield make
    for store in stores:
        store.close()


def test_a_sale_is_probed_and_removed(make_hub: MakeHub, bench: Bench, wang: TrytonPerson):
    bench.make_sale()
    before = wang.count("sale.sale")
    report = probe_kind(make_hub(), "erp", "order", "ada")
    assert report.passed, report.measured.sentences()
    assert wang.count("sale.sale") == before
    facts = {one.fact: (one.declared, one.measured) for one in report.measured.findings if one.fact}
    assert facts["tier"] == ("draft", "draft")
    assert facts["compare_and_set"] == facts["versioned"] == facts["delete draft"] == ("yes", "yes")
    assert facts["editable draft lines"] == ("yes", "yes")


def test_a_probe_whose_answer_was_lost_is_cleared_by_the_next(
    make_hub: MakeHub, proxy: FaultProxy, server: RunningTryton, bench: Bench, wang: TrytonPerson
):
    bench.make_sale()
    proxy.lose_next_answer(calls("model.sale.sale.create"))
    with pytest.raises(OutcomeUnknown):
        probe_kind(make_hub(url=proxy.url), "erp", "order", "ada")
    assert wang.count("sale.sale", SALES) == 1
    assert probe_kind(make_hub(url=server.url), "erp", "order", "ada").passed
    assert wang.count("sale.sale", SALES) == 0


def test_the_reading_part_finds_nothing_wrong(make_hub: MakeHub, bench: Bench):
    bench.make_sale()
    measured = inspect_reading(make_hub(), "erp")
    assert {one.kind for one in measured} == {"account", "product", "order"}
    assert [one.sentences() for one in measured if one.bad] == []
