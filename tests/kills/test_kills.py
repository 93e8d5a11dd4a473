"""Thirty kills: web, workers, schedulers, Redis and PostgreSQL apart, and everything in one process. The long run is
``python -m tests.kills``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from hub.testkit.tryton import PreparedTryton
from tests.kills.storm import play
from tests.kills.tryton_books import COMPANY, TrytonBooks

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


def test_nothing_is_lost_or_doubled_beside_a_real_tryton(prepared_tryton: PreparedTryton, tmp_path: Path):
    open_books = partial(TrytonBooks, prepared_tryton, tmp_path / "tryton")
    figures = play(tmp_path / "town", kills=5, seed=9, apart=False, open_books=open_books, company=COMPANY, pause_s=0.8)
    assert figures.kills == {"everything": 5}
    assert figures.records["order"] > 5
