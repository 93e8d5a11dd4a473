"""The tutorial is followed to the letter: every command is typed, every block goes where the page says, in an empty
folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.newcomer import Newcomer
from tests.docs.pages import read_page

PAGE = "docs/tutorial.md"
PLACE = re.compile(r"^```(?:python|toml)\n# (\S+), place (\d+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN_PLACES = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "8801"


def list_blocks() -> list[list[str]]:
    """The lines of each block of commands."""
    return [block.splitlines() for block in COMMANDS.findall(read_page(PAGE))]


def fill_in(folder: Path) -> int:
    """Put every block of the page where it says; how many there were."""
    places = PLACE.findall(read_page(PAGE))
    for name, number, text in places:
        path = folder / name
        lines = path.read_text(encoding="utf-8").splitlines()
        (at,) = [index for index, line in enumerate(lines) if f"FILL IN {number}:" in line]
        indent = re.match(r"\s*", lines[at])[0]  # type: ignore[index]
        lines[at : at + 1] = [indent + line if line else "" for line in text.splitlines()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(places)


def run_suite(visitor: Newcomer, line: str) -> subprocess.CompletedProcess[str]:
    """``python -m pytest …`` as the page shows it."""
    words = [str(visitor.folder / word[2:]) if word.startswith("~/") else word for word in shlex.split(line)]
    return subprocess.run(
        [sys.executable, *words[1:], "-p", "no:cacheprovider", "-rs"],
        env={**visitor.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=visitor.folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path, [], "acme")


def test_every_place_of_the_scaffold_is_on_the_page(newcomer: Newcomer):
    newcomer.type("init")
    said = newcomer.ask("connector", "new", "acme")["item"]
    folder = Path(said["folder"])
    told = [f"  {Path(one['file']).relative_to(folder)}:{one['line']}  {one['what']}" for one in said["places"]]
    (shown,) = SHOWN_PLACES.findall(read_page(PAGE))
    assert shown.splitlines() == told
    assert {(Path(one["file"]).name, one["what"].partition(":")[0]) for one in said["places"]} == {
        (Path(name).name, number) for name, number, _ in PLACE.findall(read_page(PAGE))
    }


@pytest.mark.slow
def test_the_tutorial_works_from_an_empty_folder(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch):
    start, look, (failing,), (passing,), (serve,), use = list_blocks()
    for line in (*start, *look):
        newcomer.type(line.removeprefix("isthmus "))
    folder = newcomer.folder / ".isthmus" / "connectors" / "acme"

    before = run_suite(newcomer, failing)
    assert before.returncode == 1
    assert "failed" in before.stdout
    assert fill_in(folder) == 6
    after = run_suite(newcomer, passing)
    assert after.returncode == 0, after.stdout[-4000:]
    assert int(re.search(r"(\d+) passed", after.stdout)[1]) > 20, after.stdout  # type: ignore[index]

    assert f"--port {PORT}" in serve
    with newcomer.running(serve.removeprefix("isthmus ").replace(PORT, "0")) as (url, said):
        export, *commands = use
        name, _, token = export.removeprefix("export ").partition("=")
        assert f'"token": "{token}"' in said, "the simulator prints the token of the page"
        monkeypatch.setenv(name, token)
        for line in commands:
            printed = newcomer.type(line.removeprefix("isthmus ").replace(f"http://127.0.0.1:{PORT}", url))
    assert printed.count("Customer 7-") == 5, printed


@pytest.mark.slow
def test_what_was_filled_in_passes_the_checkers(newcomer: Newcomer):
    newcomer.type("init")
    newcomer.type("connector new acme")
    connectors = newcomer.folder / ".isthmus" / "connectors"
    fill_in(connectors / "acme")
    rules = ["--isolated", "--line-length", "120", "--no-cache"]
    checks = [
        ["ruff", "check", *rules, "--select", "B,E,F,I,UP,RUF,SIM", "--ignore", "RUF001,RUF002,RUF003,RUF012", "acme"],
        ["ruff", "format", "--check", *rules, "acme"],
        ["mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(newcomer.folder / "mypy"), "-p", "acme"],
    ]
    for words in checks:
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=connectors, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
