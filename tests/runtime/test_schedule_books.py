"""Ledgers that book by themselves, as the scheduler makes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dramatiq import Broker

from hub.model.voucher import Voucher
from hub.runtime.actors import declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import open_broker
from hub.runtime.pool import HubPool
from hub.runtime.publish import publish
from hub.runtime.schedule import LEASE_S, Scheduler
from hub.sync.records import create_record, edit_record
from hub.sync.todo import list_todo
from tests.runtime.stage import TurnedClock, prepare_home

LEDGER = """
[ledgers.main]
since = 2026-01-01
automatic = true

[ledgers.main.accounts]
receivable = "1122"
output_vat = "22210106"
"""
LINE = {"name": "轴承", "quantity": "2", "unit_price": "50", "tax_rate": "0.13"}


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = open_broker(None)
    yield broker
    broker.close()


def test_what_was_held_is_booked_once_the_settings_say_how(tmp_path: Path, broker: Broker) -> None:
    clock = TurnedClock()
    home = prepare_home(tmp_path, LEDGER)
    pool = HubPool(home, Outfit(clock=clock))
    scheduler = Scheduler(pool, declare_actors(broker, pool))
    try:
        with pool.lend() as hub:
            account = create_record(hub, "account", {"name": "海岳"}, "li")
            told = {"account_id": account.id, "invoiced_on": "2026-11-02", "lines": [LINE]}
            edit_record(hub, "invoice", create_record(hub, "invoice", told, "li").id, {"state": "posted"}, "li")
        for _ in range(15):
            assert scheduler.tick()
            clock.turn(61)
        with pool.lend() as hub:
            assert [item.code for item in list_todo(hub)] == ["voucher.role_unmapped"]
        home.config_file.write_text(f'{home.config_file.read_text("utf-8")}revenue = "6001"\n', encoding="utf-8")
        publish(home, pool.store, clock, "li")
        for _ in range(2):
            assert scheduler.tick()
            clock.turn(max(61, LEASE_S))
        with pool.lend() as hub, hub.store.read() as tx:
            assert tx.count(Voucher) == 1
        with pool.lend() as hub:
            assert list_todo(hub) == []
    finally:
        pool.close()
