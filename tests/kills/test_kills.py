"""Thirty kills: web, workers, schedulers, Redis and PostgreSQL apart, and everything in one process. The long run is
``python -m tests.kills``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills.storm import play

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("postgres_server", "redis_server")
def test_nothing_is_lost_or_doubled_whoever_is_killed(server_folder: Path):
    """Two servers of its own, which wait for the disk; those of the session only say whether there are any."""
    figures = play(server_folder / "town", kills=22, seed=7, apart=True, pause_s=0.25)
    assert sum(figures.kills.values()) == 22
    assert len(figures.kills) >= 5, figures
    assert figures.records["order"] > 5


def test_nothing_is_lost_or_doubled_in_one_process(tmp_path: Path):
    figures = play(tmp_path / "town", kills=8, seed=8, apart=False, pause_s=0.5)
    assert figures.kills == {"everything": 8}
    assert figures.records["order"] > 5
