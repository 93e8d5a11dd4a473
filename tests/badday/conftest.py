"""Bad days: what others send, what machines do, and a hub that says so clearly and goes on."""

from __future__ import annotations

from tests.sync.conftest import make_scene, scene

__all__ = ["make_scene", "scene"]
