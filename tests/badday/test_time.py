"""Clocks that jump, hours that come twice, and a system that says eight in the morning and means Beijing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.sandbox.client import SandboxClient
from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.streams import PartnerStream
from hub.runtime.assemble import equip_connection
from hub.sdk import Page, SourceRecord, Stream
from hub.store.rows import JournalEntry
from hub.sync.context import OpenConnection
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import TIMING

HOUR_S = 3600.0
NEW_YORK = ZoneInfo("America/New_York")
BEIJING = ZoneInfo("Asia/Shanghai")
CLOCK_PUT_BACK = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
"""Two o'clock in New York becomes one o'clock again."""


class LocalStream(PartnerStream):
    """It shows and takes times of its own place, without saying which."""

    zone = NEW_YORK
    erp: Any = None

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        rows = [(self._local(row["modified_at"]), row) for row in self.erp.documents("partner")]
        asked = since.astimezone(self.zone).replace(tzinfo=None) if since is not None else None
        found = sorted((shown, row["id"], row) for shown, row in rows if asked is None or shown >= asked)
        records = [self._show(row, shown, started) for shown, _, row in found]
        return Page(records, None, max((record.modified_at for record in records if record.modified_at), default=None))

    def _local(self, text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _show(self, row: Any, shown: datetime, started: datetime) -> SourceRecord:
        payload = {**row, "modified_at": shown.isoformat(" ")}
        moment = shown.replace(tzinfo=self.zone)
        return SourceRecord(self.name, row["id"], payload, started, modified_at=moment, version=row["version"])


def make_local(scene: Scene, zone: ZoneInfo) -> None:
    """The scene's ERP speaks in local time from now on, and the connection says which."""
    usual = scene._open

    def open_local(name: str) -> OpenConnection:
        opened = usual(name)

        class LocalConnector(SandboxConnector):
            def streams(self) -> Mapping[str, Stream]:
                made = LocalStream(SandboxClient(self.config, self.tools), self.config, self.tools)
                made.zone, made.erp = zone, scene.erp
                return {**super().streams(), made.name: made}

        connector = LocalConnector(opened.connector.config, opened.connector.tools)
        settings = opened.settings.model_copy(update={"zone": zone.key})
        return equip_connection(name, settings, connector, TIMING)

    settings = scene.config.connections["erp"].model_copy(update={"zone": zone.key})
    scene.config = scene.config.model_copy(update={"connections": {"erp": settings}})
    scene._open = open_local  # type: ignore[method-assign]  # another connector for this scene alone
    scene.hub = scene.make_hub()


def names(scene: Scene) -> set[str]:
    return {record.name for record in scene.records("account")}


def test_what_is_changed_in_the_hour_that_comes_twice_is_not_missed(make_scene: SceneMaker) -> None:
    scene = make_scene(read=False)
    make_local(scene, NEW_YORK)
    scene.clock.at = CLOCK_PUT_BACK - timedelta(minutes=10)  # ten to two, for the first time
    scene.make_customer("before")
    scene.pull("account")
    scene.clock.at = CLOCK_PUT_BACK + timedelta(minutes=10)  # ten past one, for the second time
    scene.make_customer("in it")
    scene.clock.at = CLOCK_PUT_BACK + timedelta(minutes=15)
    scene.pull("account")
    assert names(scene) == {"before", "in it"}
    scene.clock.at = CLOCK_PUT_BACK + timedelta(minutes=75)
    scene.make_customer("after")
    scene.pull("account")
    assert names(scene) == {"before", "in it", "after"}


def test_every_change_of_such_a_night_comes_in_once(make_scene: SceneMaker) -> None:
    scene = make_scene(read=False)
    make_local(scene, NEW_YORK)
    scene.clock.at = CLOCK_PUT_BACK - timedelta(hours=2)
    for number in range(24):
        scene.clock.pass_time(HOUR_S / 6)
        scene.make_customer(f"客户{number}")
        if number % 3 == 2:
            scene.pull("account")
    scene.pull("account")
    created = scene.rows(JournalEntry, action="record.created")
    assert (len(names(scene)), len(created)) == (24, 24)


def test_eight_in_the_morning_is_beijings(make_scene: SceneMaker) -> None:
    scene = make_scene(read=False)
    make_local(scene, BEIJING)
    scene.clock.at = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)  # half past midnight there, the next day
    scene.make_customer("night")
    scene.pull("account")
    scene.clock.pass_time(60)
    scene.make_customer("later")
    assert scene.pull("account")["created"] == 1
    assert names(scene) == {"night", "later"}


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
def test_a_clock_that_jumps_an_hour_loses_and_doubles_nothing(make_scene: SceneMaker, jump_s: float) -> None:
    """Ours and theirs jump together, as on one machine; what was under way when it happened comes to its end."""
    scene = make_scene(erp={"tier": "plain"}, order={"confirm": "save"})
    order = scene.make_order("2")
    with scene.crash_at("C5"):  # it was sent, and nobody learnt what became of it
        scene.push()
    scene.clock.pass_time(jump_s)
    scene.settle(6)
    scene.clock.pass_time(2 * HOUR_S)
    scene.settle(3)
    assert len(scene.sales()) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]
    scene.make_customer("nach dem Sprung")
    scene.settle(2)
    assert "nach dem Sprung" in names(scene)
    entries = scene.rows(JournalEntry)
    assert len({entry.id for entry in entries}) == len(entries)
