"""One senseless value stops nothing: its record is kept aside with the reason and its raw text, the others come in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import pytest

from hub.sdk.simulator import Request, Response
from hub.store.rows import DeadRow
from hub.sync.places import find_unreadable
from hub.sync.run import run_sync
from hub.sync.todo import list_todo
from tests.badday.twisted import spoil, twisted
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

DEEP = b"[" * 3000 + b'"]"' + b"]" * 3000
LONG = b"9" * 6000
MAPPED: Mapping[str, tuple[str, bytes, str]] = {
    "nan": ("gross", b"NaN", "nan"),
    "infinity": ("lines.price", b"-Infinity", "inf"),
    "half a character": ("customer_ref", b'"half \\ud83d"', "half of a character"),
    "half a character in a line": ("lines.text", b'"\\udc00"', "half of a character"),
    "nul": ("note", b'"a\\u0000b"', "NUL"),
    "a number of thousands of digits": ("gross", LONG, "cannot be read"),
    "a quantity of thousands of digits": ("lines.quantity", LONG, "cannot be read"),
    "deep lists": ("note", DEEP, "cannot be read"),
    "a number that is none": ("number", b'"S-\\ud800"', "number"),
    "a version beyond every column": ("version", b"99999999999999999999", "version"),
}
"""What is wrong → where, what is sent, and what the message must name."""


def make_sales(scene: Scene, count: int) -> list[str]:
    partner, item = scene.make_customer(), scene.make_item()
    lines = [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}]
    return [str(scene.wang.create("sale", customer=partner["id"], lines=lines)["id"]) for _ in range(count)]


def reasons(scene: Scene) -> dict[str | None, str]:
    return {item.remote_id: item.text("en") for item in list_todo(scene.hub) if item.kind_of_wait == "dead"}


def test_a_page_with_every_senseless_value_is_taken_in_but_for_them(make_scene: SceneMaker, database_url: str) -> None:
    scene = make_scene(url=database_url)
    ids = make_sales(scene, 2 * len(MAPPED))
    bad = dict(zip(ids[::2], MAPPED.values(), strict=True))
    with twisted(scene, spoil({id_: {path: raw} for id_, (path, raw, _) in bad.items()})):
        found = scene.pull()
        assert (found["dead"], len(scene.records("order"))) == (len(bad), len(bad))
        told = reasons(scene)
        assert told.keys() == bad.keys()
        for id_, (_, _, words) in bad.items():
            assert words in told[id_], f"{words!r} is not in {told[id_]!r}"
        with scene.store.read() as tx:
            for id_, (path, *_) in bad.items():
                kept = tx.latest_payload("erp", "sale", id_)
                assert kept is not None, f"{id_} ({path}) is not kept"
        assert scene.pull().get("dead", 0) == len(bad)  # the same again: nothing new, nothing lost
    for id_ in ids:
        scene.edit_sale(id_, note="put right")
    scene.clock.pass_time(60)
    assert scene.pull()["created"] == len(bad)
    assert (len(scene.records("order")), scene.dead()) == (len(ids), [])


def test_raw_text_is_kept_as_it_came(scene: Scene) -> None:
    nan, half, long, deep = make_sales(scene, 4)
    values = {nan: b"NaN", half: b'"half \\ud83d"', long: LONG, deep: DEEP}
    with twisted(scene, spoil({id_: {"gross": raw} for id_, raw in values.items()})):
        scene.pull()
    with scene.store.read() as tx:
        kept = {id_: (tx.latest_payload("erp", "sale", id_) or {})["gross"] for id_ in values}
    assert kept[nan] != kept[nan]
    assert (kept[half], kept[long]) == ("half \ud83d", LONG.decode())
    inner = kept[deep]
    while isinstance(inner, list):
        inner = inner[0]
    assert '"]"' in inner["too_deep"]


@pytest.mark.parametrize("raw", [b"NaN", LONG, DEEP, b'"\\ud800"'], ids=["nan", "long", "deep", "half"])
def test_what_no_mapping_reads_holds_nothing_up(scene: Scene, raw: bytes) -> None:
    (id_,) = make_sales(scene, 1)
    with twisted(scene, spoil({id_: {"statistics": raw}})):
        assert scene.pull()["created"] == 3
        assert scene.pull() == {"unchanged": 3}
    assert scene.dead() == []


def test_an_id_that_no_database_keeps_is_spelled_out(scene: Scene) -> None:
    first, second = make_sales(scene, 2)
    with twisted(scene, spoil({first: {"id": b'"S\\udfff"'}})):
        assert scene.pull("account", "product", "order")["dead"] == 1
        (row,) = scene.rows(DeadRow)
        assert row.external_id == "S\\udfff"
    assert len(scene.records("order")) == 1, f"{second} came in"


def test_one_poisoned_record_in_a_hundred_leaves_the_others_to_the_same_run(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"direction": "in"})
    ids = make_sales(scene, 300)
    wrong: list[Any] = list(MAPPED.values())[:3]
    poisoned = dict(zip(ids[50::100], wrong, strict=True))
    with twisted(scene, spoil({id_: {path: raw} for id_, (path, raw, _) in poisoned.items()})):
        report = run_sync(scene.hub, "erp", ["account", "product", "order"], "li")
    assert (report.run.counts["in.order.created"], report.run.counts["in.order.dead"]) == (297, 3)
    assert {row.external_id for row in scene.dead()} == poisoned.keys()


def count_work(scene: Scene, poison: Mapping[int, bytes]) -> tuple[int, int, int]:
    """What it takes to read 200 orders, some of them poisoned: requests, calls of functions, how many came in. Counted,
    because how long it takes depends on who else is at work."""
    ids = make_sales(scene, 200)
    requests = calls = 0
    spoils = spoil({ids[place]: {"gross": raw} for place, raw in poison.items()})

    def weigh(request: Request, answer: Response) -> Response:
        nonlocal requests
        requests += 1
        return spoils(request, answer)

    def tally(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    with twisted(scene, weigh):
        sys.setprofile(tally)
        try:
            report = run_sync(scene.hub, "erp", ["account", "product", "order"], "li")
        finally:
            sys.setprofile(None)
    return requests, calls, report.run.counts["in.order.created"]


def test_a_stream_of_which_one_in_a_hundred_is_poisoned_costs_the_others_less_than_a_tenth(
    make_scene: SceneMaker,
) -> None:
    count_work(make_scene(order={"direction": "in"}), {50: b"NaN"})  # the messages are read once in a process
    requests, calls, came = count_work(make_scene(order={"direction": "in"}), {})
    poisoned = count_work(make_scene(order={"direction": "in"}), {50: b"NaN", 150: b"NaN"})
    assert (came, poisoned[2]) == (200, 198)
    assert poisoned[0] == requests
    assert poisoned[1] < 1.1 * calls


def test_a_record_that_can_be_kept_is_left_as_it_is(scene: Scene) -> None:
    make_sales(scene, 1)
    stream = scene.hub.open("erp").stream_of("order")
    (record,) = stream.read_page(None, None, 10).records
    assert find_unreadable(record) is None
