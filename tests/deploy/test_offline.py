"""The offline folder: complete, checked before it is used, and refused where it does not fit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.dist import COMPANIONS, find_needed
from tests.deploy.outside import Outside


@pytest.fixture
def copy(offline: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may spoil; the foreign wheels are left out of it."""
    folder = tmp_path / "copy"
    shutil.copytree(offline, folder, ignore=lambda _, names: [name for name in names if name.endswith(".whl")])
    (folder / "SHA256SUMS").write_text("".join(line for line in _sums(offline) if ".whl" not in line), encoding="utf-8")
    return folder


def _sums(folder: Path) -> list[str]:
    return (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines(keepends=True)


def test_the_folder_is_complete(offline: Path):
    wheels = list((offline / "wheels").glob("*.whl"))
    assert len(wheels) == len(find_needed("isthmus")) + 1
    lines = (offline / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(wheels)
    assert all(" --hash=sha256:" in line for line in lines)
    assert {*COMPANIONS, "README.md", "PYTHON"} <= {path.name for path in offline.iterdir()}
    assert subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=offline, check=False).returncode == 0
    assert len(_sums(offline)) == sum(path.is_file() for path in offline.rglob("*")) - 1


def test_a_damaged_folder_is_refused(copy: Path, tmp_path: Path):
    (copy / "requirements.txt").write_text("httpx\n", encoding="utf-8")
    _refuses(copy, tmp_path, "a file of this folder is not what it was")


def test_another_python_is_refused(copy: Path, tmp_path: Path):
    (copy / "PYTHON").write_text("3.99 plan9-pdp11\n", encoding="utf-8")
    (copy / "SHA256SUMS").write_text("".join(line for line in _sums(copy) if "PYTHON" not in line), encoding="utf-8")
    _refuses(copy, tmp_path, "need Python 3.99 on plan9-pdp11")


def _refuses(folder: Path, home: Path, words: str) -> None:
    outside = Outside(home)
    done = outside.run("sh", str(folder / "install.sh"), str(outside.environment))
    assert done.returncode == 2
    assert words in done.stderr
    assert not outside.environment.exists(), "nothing was begun"
