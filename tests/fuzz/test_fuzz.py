"""A short run with fixed seeds; the long one is ``python -m tests.fuzz``. And pages that are nearly right: the cursor
stands still whenever one could not be read (``FUZZ_PAGES=1000`` tries so many)."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import IsthmusError
from hub.sdk.simulator import Request, Response
from hub.store.rows import Cursor
from tests.badday.twisted import twisted
from tests.fuzz.run import fuzz
from tests.fuzz.spoil import spoil_json
from tests.fuzz.targets import list_targets
from tests.sync.scenes import Scene

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*is a globally unique TZID")]
INPUTS = 10_000
PAGES = int(os.environ.get("FUZZ_PAGES", "60"))


def test_whatever_is_read_is_a_value_or_an_error_of_the_hub():
    found = fuzz(list_targets(), INPUTS, seed=20)
    assert found.failures == {}
    assert (found.inputs, found.uncaught, found.hangs) == (INPUTS, 0, 0)
    assert found.refused > INPUTS // 20, "inputs that are all right prove nothing"


def test_what_does_not_answer_or_breaks_is_found():
    def hang(draw: random.Random) -> None:
        while True:
            draw.random()

    def fail(draw: random.Random) -> None:
        [][draw.randrange(9)]

    assert fuzz({"hang": hang}, 1, 1).hangs == 1
    assert fuzz({"fail": fail}, 2, 1).uncaught == 2


def test_a_page_that_could_not_be_read_moves_no_cursor(tmp_path: Path):
    scene = Scene(tmp_path)
    scene.make_customer()
    scene.settle()
    draw, stopped = random.Random(20), 0

    def twist(_request: Request, answer: Response) -> Response:
        if answer.status != 200 or draw.random() < 0.3:
            return answer
        return replace(answer, body=spoil_json(draw, json.loads(answer.body)))

    for number in range(PAGES):
        scene.clock.pass_time(600)
        scene.wang.create("partner", name=f"客户 {number}")
        before = read_cursor(scene)
        with twisted(scene, twist):
            try:
                scene.pull("account")
            except IsthmusError:
                stopped += 1
                assert read_cursor(scene) == before, number
    assert stopped > PAGES // 10
    scene.clock.pass_time(600)
    scene.pull("account")
    assert len(scene.records("account")) >= PAGES // 2, "what was read is here, what was not is read now"


def read_cursor(scene: Scene) -> object:
    (found,) = scene.rows(Cursor, connection="erp", stream="partner")
    return found.high_water
