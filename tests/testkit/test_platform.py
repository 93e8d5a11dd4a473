"""Each way of letting one process in at a time does so, and lets go when its holder dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.testkit.platform import LOCKS, NoUser, choose_user, hold_alone

HOLDER = """
import sys, time
from pathlib import Path
from hub.testkit.platform import LOCKS
with LOCKS[sys.argv[1]](Path(sys.argv[2])):
    print("inside", flush=True)
    sys.stdin.read()
print("left", flush=True)
"""


@pytest.mark.parametrize("way", sorted(LOCKS))
def test_one_at_a_time(way: str, tmp_path: Path):
    first = start(way, tmp_path)
    assert first.stdout
    assert first.stdout.readline() == "inside\n"
    second = start(way, tmp_path)
    assert second.stdout
    first.communicate("")
    assert second.stdout.readline() == "inside\n"
    second.communicate("")
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize("way", sorted(LOCKS))
def test_who_is_outside_waits(way: str, tmp_path: Path):
    with LOCKS[way](tmp_path / "gate"):
        waiting = start(way, tmp_path)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
    assert "left" in waiting.communicate("")[0]


@pytest.mark.parametrize("way", sorted(LOCKS))
def test_a_dead_holder_lets_go(way: str, tmp_path: Path):
    dying = start(way, tmp_path)
    assert dying.stdout
    assert dying.stdout.readline() == "inside\n"
    dying.kill()
    dying.communicate()
    with LOCKS[way](tmp_path / "gate"):
        pass


def test_there_is_always_a_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert "sqlite" in LOCKS
    monkeypatch.delitem(LOCKS, "flock", raising=False)
    with hold_alone(tmp_path / "gate"):
        assert (tmp_path / "gate.sqlite").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down")
def test_root_steps_down_to_the_first_user_that_exists():
    user = choose_user(["nobody-of-this-name", "nobody"])
    assert user is not None
    assert user.name == "nobody"
    assert user.uid > 0
    with pytest.raises(NoUser):
        choose_user(["nobody-of-this-name"])


def start(way: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, way, str(folder / "gate")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
