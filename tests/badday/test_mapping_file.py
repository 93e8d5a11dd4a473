"""A mapping file that was edited badly: named with its line, and nothing else stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.errors import ConfigInvalid
from hub.runtime.assemble import equip_connection
from hub.sync.context import OpenConnection
from hub.sync.run import run_sync
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import TIMING

BROKEN = {
    "no TOML": ('[fields]\nnote = "note\n', "order.toml:2"),
    "a verb that does not exist": ('[fields]\nnote = { from = "note", turn = "upside" }\n', "order.toml:2"),
    "a field that does not exist": ('[fields]\nnumber = "number"\ncolour = "colour"\n', "order.toml:3"),
    "a list where a text belongs": ("[fields]\nnote = [1, 2]\n", "order.toml:2"),
    "nothing that a person typed": ("\ufeff\x00\x01", "order.toml:1"),
}


@contextmanager
def mapped_by(scene: Scene, text: str) -> Iterator[None]:
    """The admin's own file for orders says this."""
    usual = scene._open

    def open_with(name: str) -> OpenConnection:
        opened = usual(name)
        settings = opened.settings.model_copy(update={"mappings": {"order": (("mappings/erp/order.toml", text),)}})
        return equip_connection(name, settings, opened.connector, TIMING)

    scene._open = open_with  # type: ignore[method-assign]  # another file for this scene alone
    scene.hub = scene.make_hub()
    try:
        yield
    finally:
        scene._open = usual  # type: ignore[method-assign]  # as it was
        scene.hub = scene.make_hub()


@pytest.mark.parametrize(("text", "place"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_its_line_and_nothing_is_lost(
    make_scene: SceneMaker, text: str, place: str
) -> None:
    scene = make_scene()
    scene.make_sale()
    with mapped_by(scene, text):
        report = run_sync(scene.hub, "erp", ["account", "order"], "li")
        (error,) = report.errors
        assert isinstance(error, ConfigInvalid)
        assert (report.run.state, report.run.error_code) == ("failed", error.code)
        for lang in ("en", "zh"):
            assert place in error.text(lang)
        assert {item.kind_of_wait for item in list_todo(scene.hub)} == {"plan"}  # other commands still work
    assert scene.pull() == {"created": 3}
