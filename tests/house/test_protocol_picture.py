"""The picture on the protocol page is what the code does."""

from __future__ import annotations

from tests.storm.diagram import TARGET, draw


def test_the_picture_is_drawn_from_this_code():
    assert TARGET.read_text(encoding="utf-8") == draw(), "stale: python -m tests.storm.diagram"
