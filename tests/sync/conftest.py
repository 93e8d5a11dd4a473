"""A scene that the test sets by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sentences import heard
from tests.sync.scenes import Scene

SceneMaker = Callable[..., Scene]


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneMaker]:
    """``make_scene(erp={…}, order={…}, account={…}, product={…}, **options)``: settings of the ERP and of the syncs."""
    made: list[Scene] = []

    def make(erp: dict[str, Any] | None = None, **options: Any) -> Scene:
        syncs = {kind: options.pop(kind, {}) for kind in ("account", "product", "order")}
        scene = Scene(tmp_path, erp=erp, syncs=syncs, **options)
        made.append(scene)
        return scene

    yield make
    for scene in made:
        scene.hub.close()
        scene.store.close()


@pytest.fixture(autouse=True)
def _whole_sentences() -> Iterator[None]:
    with heard():
        yield


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    """A draft ERP whose drafts people approve, as shipped."""
    return make_scene()
