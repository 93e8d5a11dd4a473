"""Nothing here calls out: the installed program works where every socket that is not loopback is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deploy.outside import Outside

SEAL = Path(__file__).parent / "sealed"


def run_sealed(outside: Outside, folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The program in a sealed process, and what was noted: one ``begin`` for each process, and every attempt."""
    notes = folder / "sealed.txt"
    done = outside.run(*words, PYTHONPATH=str(SEAL), SEALED=str(notes), ISTHMUS_HOME=str(folder / "home"))
    return done, notes.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("call", ["create_connection(('192.0.2.1', 80), 1)", "getaddrinfo('example.org', 80)"])
def test_the_seal_holds(installed: Outside, tmp_path: Path, call: str):
    python = str(installed.environment / "bin" / "python")
    done, notes = run_sealed(installed, tmp_path, python, "-c", f"import socket; socket.{call}")
    assert done.returncode == 1
    assert "PermissionError: sealed" in done.stderr
    assert len(notes) == 2


def test_the_seal_lets_loopback_through(installed: Outside, tmp_path: Path):
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"
    done, notes = run_sealed(installed, tmp_path, str(installed.environment / "bin" / "python"), "-c", code)
    assert (done.returncode, notes) == (0, ["begin"]), done.stderr


def test_the_first_commands_call_nobody(installed: Outside, tmp_path: Path):
    for words in (["init"], ["doctor"], ["connector", "list"], ["todo"], ["apply"]):
        done, notes = run_sealed(installed, tmp_path, installed.program, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert notes == ["begin"] * 5


def test_the_demo_of_files_calls_nobody(installed: Outside, tmp_path: Path):
    """Two messy lists in, one clean list and a report out, in an empty environment and without any server."""
    folder = tmp_path / "demo"
    done, notes = run_sealed(installed, tmp_path, installed.program, "demo", "files", "--folder", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(notes) == {"begin"}, "no process of it spoke to anybody"
    assert {"clean.xlsx", "report.csv"} <= {path.name for path in (folder / "out").iterdir()}
