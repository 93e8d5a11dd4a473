"""Reading a stream: pages, the cursor that never goes back, and where a pull goes on that was cut off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.errors import CursorExpired
from hub.protocol.binding import Binding
from hub.sdk import Stage, Stream
from hub.store.rows import Cursor, DeadRow
from hub.sync.awaited import take_awaited
from hub.sync.kept import load_kept
from hub.sync.pull import pull_stream, take_one
from hub.sync.sweep import sweep_connection
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene


def cursor(scene: Scene, stream: str = "partner") -> Cursor:
    (found,) = scene.rows(Cursor, stream=stream)
    assert isinstance(found, Cursor)
    return found


def fill(scene: Scene, count: int, *, apart_s: float = 1.0) -> list[Any]:
    """Customers made one after the other."""
    made = []
    for number in range(count):
        made.append(scene.make_customer(f"客户{number}"))
        scene.clock.pass_time(apart_s)
    return made


def list_reads(scene: Scene) -> list[str]:
    return [row.target for row in scene.api.requests if row.method == "GET" and row.target.startswith("/api/partner?")]


def test_everything_is_read_page_by_page(scene: Scene) -> None:
    fill(scene, 7)
    scene.hub.page_size = 3
    report = pull_stream(scene.hub, "erp", "account", actor="test")
    assert (report.pages, report.counts["created"]) == (3, 7)
    at_end = cursor(scene)
    assert (at_end.under_way, at_end.position, at_end.complete_once) == (False, None, True)
    newest = max(row["modified_at"] for row in scene.erp.documents("partner"))
    assert at_end.high_water == datetime.fromisoformat(newest)


def test_records_of_the_same_instant_are_all_read(make_scene: SceneMaker) -> None:
    scene = make_scene({"granularity_s": 3600.0})
    fill(scene, 7, apart_s=0)
    assert len({row["modified_at"] for row in scene.erp.documents("partner")}) == 1
    scene.hub.page_size = 2
    scene.pull("account")
    assert len(scene.records("account")) == 7


@pytest.mark.parametrize("place", ["C12", "C13"])
@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_pull_that_was_cut_off_goes_on_at_its_page(scene: Scene, place: str, pages: int) -> None:
    fill(scene, 7)
    scene.hub.page_size = 3
    with scene.crash_at(place, after=pages):
        scene.pull("account")
    taken = 3 * (pages + (place == "C13"))
    assert len(scene.records("account")) == min(taken, 7)
    read = len(list_reads(scene))
    scene.hub.page_size = 3
    scene.pull("account")
    assert len(scene.records("account")) == 7
    again = len(list_reads(scene)) - read
    # All three pages once, the one that was lost twice; a pull that had ended starts a new one.
    assert again == (3 - taken // 3 or 3)
    assert not cursor(scene).under_way


def test_a_page_and_its_cursor_are_one(scene: Scene) -> None:
    fill(scene, 7)
    scene.hub.page_size = 3
    with scene.crash_at("C12", after=1):
        scene.pull("account")
    assert len(scene.records("account")) == 3
    assert cursor(scene).under_way
    assert cursor(scene).high_water is None, "no newer than what is complete"


def test_the_next_pull_reads_what_changed_since_with_an_overlap(scene: Scene) -> None:
    fill(scene, 3, apart_s=1000)
    scene.pull("account")
    high = cursor(scene).high_water
    assert high is not None
    overlap = timedelta(seconds=scene.hub.open("erp").policies["account"].overlap_s)
    assert overlap > timedelta(seconds=20)
    scene.clock.pass_time(1000)
    scene.wang.edit("partner", "P1", phone="0574-55550101")
    before = len(list_reads(scene))
    assert scene.pull("account") == {"updated": 1, "unchanged": 1}
    (asked,) = list_reads(scene)[before:]
    assert (high - overlap).isoformat()[:19] in asked.replace("%3A", ":")


def test_a_change_that_was_invisible_at_first_is_not_missed(make_scene: SceneMaker) -> None:
    scene = make_scene({"lag_s": 25.0})
    for _ in range(12):
        scene.make_customer()
        scene.clock.pass_time(4)
        scene.pull("account")
    scene.clock.pass_time(60)
    scene.pull("account")
    assert len(scene.records("account")) == 12


def test_the_cursor_never_goes_back(scene: Scene) -> None:
    highs = []
    for _ in range(4):
        fill(scene, 1, apart_s=5)
        scene.pull("account")
        highs.append(cursor(scene).high_water)
        scene.pull("account")
        highs.append(cursor(scene).high_water)
    # Even the newest record, to which it points, may be gone.
    scene.wang.delete("partner", "P4")
    scene.pull("account")
    highs.append(cursor(scene).high_water)
    for id_ in ("P1", "P2", "P3"):
        scene.wang.delete("partner", id_)
    scene.pull("account")
    highs.append(cursor(scene).high_water)
    assert all(high is not None for high in highs)
    assert highs == sorted(highs, key=str)


def test_streams_have_cursors_of_their_own(make_scene: SceneMaker) -> None:
    scene = make_scene(read=False)
    scene.make_sale()
    scene.pull("account")
    assert {row.stream for row in scene.rows(Cursor)} == {"partner"}
    scene.pull()
    assert {row.stream for row in scene.rows(Cursor)} == {"partner", "item", "sale"}


class Forgetful:
    """A stream whose other side has forgotten every cursor."""

    name = "partner"
    kind = "account"

    def __init__(self, inner: Stream) -> None:
        self._inner = inner

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Any:
        if since is not None:
            raise CursorExpired("sdk.cursor_expired")
        return self._inner.read_page(since, position, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_an_expired_cursor_starts_again_from_the_beginning(scene: Scene) -> None:
    fill(scene, 3, apart_s=1000)
    scene.pull("account")
    streams: Any = scene.hub.open("erp").streams
    streams["partner"] = Forgetful(streams["partner"])
    scene.clock.pass_time(1000)
    scene.make_customer()
    assert scene.pull("account") == {"unchanged": 3, "created": 1}


def test_what_was_deleted_while_the_cursor_expired_is_noticed(scene: Scene) -> None:
    """No page will ever show it: the list of ids does."""
    gone, *_ = fill(scene, 3, apart_s=1000)
    scene.pull("account")
    streams: Any = scene.hub.open("erp").streams
    streams["partner"] = Forgetful(streams["partner"])
    scene.clock.pass_time(1000)
    scene.wang.delete("partner", gone["id"])
    assert scene.pull("account") == {"unchanged": 2, "missing": 1}
    (binding,) = scene.rows(Binding, remote_id=gone["id"])
    assert isinstance(binding, Binding)
    assert binding.missing_since is not None
    (sweep,) = scene.rows(Cursor, stream="sweep:account")
    assert isinstance(sweep, Cursor)
    assert (sweep.under_way, sweep.high_water) == (True, None), "a round is due, whoever does it"
    scene.clock.pass_time(1000)
    sweep_connection(scene.hub, "erp", actor="test")
    (binding,) = scene.rows(Binding, remote_id=gone["id"])
    assert isinstance(binding, Binding)
    assert binding.stage == Stage.GONE


def test_what_a_page_refers_to_is_fetched_first_wherever_it_stands(make_scene: SceneMaker) -> None:
    scene = make_scene(read=False)
    sales = [scene.make_sale() for _ in range(3)]
    assert scene.pull("order") == {"created": 3}
    assert len(scene.records("account")) == len(sales)
    assert scene.rows(Cursor, stream="partner") == [], "its own pull still reads everything"
    assert scene.pull("account") == {"unchanged": 3}


def test_progress_and_life_signs_come_with_every_page(scene: Scene) -> None:
    fill(scene, 5)
    scene.hub.page_size = 2
    told: list[tuple[str, int]] = []
    alive: list[int] = []
    pull_stream(
        scene.hub, "erp", "account", actor="test", progress=lambda kind, done, total: told.append((kind, done)),
        keep_alive=lambda: alive.append(1),
    )  # fmt: skip
    assert told == [("account", 2), ("account", 4), ("account", 5)]
    assert len(alive) == 3


def test_what_waits_is_not_replaced_by_an_older_reading(scene: Scene) -> None:
    """Two ways in read the same record, and the one that read it first comes last."""
    sale = scene.make_sale(note="first")
    conn = scene.hub.open("erp")
    stream = conn.stream_of("order")
    older = stream.fetch(sale["id"])
    scene.edit_sale(sale["id"], note="second")
    newer = stream.fetch(sale["id"])
    assert older is not None
    assert newer is not None
    assert take_one(scene.hub, conn, "order", newer, "feed").outcome == "waiting"
    assert take_one(scene.hub, conn, "order", older, "feed").outcome == "stale"
    scene.pull("account", "product")
    with scene.store.read() as tx:
        (row,) = tx.find(DeadRow)
        kept = load_kept(tx, row)
    assert kept is not None
    assert kept.payload["note"] == "second"
    assert take_awaited(scene.hub, conn, "feed") == {"created": 1}
    assert [order.note for order in scene.records("order")] == ["second"]
