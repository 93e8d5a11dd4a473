"""Answers that are none, very large ones, and half a million changes of one moment."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from hub.errors import Transient
from hub.sdk.simulator import Request, Response
from hub.store.rows import Cursor
from hub.sync.run import run_sync
from tests.badday.twisted import Twist, answer_with, cut_off, twisted
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

GATEWAY = b"<!DOCTYPE html><html><body><h1>System maintenance</h1></body></html>"
ROWS = int(os.environ.get("ISTHMUS_BADDAY_ROWS", "2000"))
"""Changes of one moment: as many as show how pages are cut. Set it to 500000 for a real bad day, and take your time."""
PAGE_MB = 50


def cursor_of(scene: Scene, stream: str) -> Cursor:
    (found,) = scene.rows(Cursor, connection="erp", stream=stream)
    return found


@pytest.mark.parametrize(
    "twist",
    [
        answer_with(200, GATEWAY),
        answer_with(200, b""),
        answer_with(200, b"[]", "application/json"),
        answer_with(200, b'{"error": "license expired"}', "application/json"),
        answer_with(502, GATEWAY),
        answer_with(200, b"\xff\xfe\x00garbage", "application/json"),
        cut_off,
    ],
    ids=["html", "nothing", "a list", "an error with 200", "bad gateway", "garbage", "cut off"],
)
def test_an_answer_that_is_none_moves_nothing_and_the_next_run_goes_on(make_scene: SceneMaker, twist: Twist) -> None:
    scene = make_scene(order={"direction": "in"}, account={"direction": "in"}, product={"direction": "in"})
    scene.make_customer()
    scene.pull()
    scene.make_sale()
    before = cursor_of(scene, "partner")
    with twisted(scene, twist):
        report = run_sync(scene.hub, "erp", None, "li")
    (error,) = report.errors
    assert isinstance(error, Transient)
    assert report.run.state == "failed"
    assert "/api/partner" in error.text("en")
    assert "/api/partner" in error.text("zh")
    assert cursor_of(scene, "partner").high_water == before.high_water
    scene.clock.pass_time(600)
    assert run_sync(scene.hub, "erp", None, "li").errors == []
    assert len(scene.records("order")) == 1


def test_a_page_of_fifty_megabytes_is_a_page(make_scene: SceneMaker) -> None:
    scene = make_scene()
    note = "很长的备注，" * (PAGE_MB * 1_000_000 // 18 // 10)
    partners = [scene.make_customer(f"客户{number}", note=note) for number in range(10)]
    sizes: list[int] = []

    def weigh(request: Request, answer: Response) -> Response:
        sizes.append(len(answer.body))
        return replace(answer)

    with twisted(scene, weigh):
        assert scene.pull("account") == {"created": len(partners)}
    assert max(sizes) > PAGE_MB * 900_000
    assert {record.note for record in scene.records("account")} == {note}


def test_changes_of_one_moment_are_read_through_whatever_their_number(make_scene: SceneMaker) -> None:
    """Pages are cut by time and id together; a reading that is cut off in the middle goes on behind its last page."""
    scene = make_scene(erp={"granularity_s": 3600.0, "max_page": 500}, read=False)
    for number in range(ROWS):
        scene.wang.create("partner", name=f"客户{number}")
    assert len({row["modified_at"] for row in scene.erp.documents("partner")}) == 1
    pages = 0

    def give_up(request: Request, answer: Response) -> Response:
        nonlocal pages
        pages += request.path == "/api/partner"
        return answer if pages < 3 else replace(answer, status=503, body=b"")

    with twisted(scene, give_up), pytest.raises(Transient):
        scene.pull("account")
    assert cursor_of(scene, "partner").under_way
    came = len(scene.records("account"))
    assert 0 < came < ROWS
    assert scene.pull("account") == {"created": ROWS - came}
    assert scene.pull("account") == {"unchanged": ROWS}
