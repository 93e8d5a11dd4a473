"""What ``connector new`` writes: clean, loadable, unfinished, and never over anything."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.runtime.home import Home, find_home, make_home
from hub.runtime.plugins import find_connectors, load_connector, register_catalogues
from hub.runtime.scaffold import TEMPLATE, list_open_places, write_connector
from hub.runtime.secrets import make_key
from hub.sdk.simulator import load_simulator
from hub.testkit.conformance import SimulatorBench, measure
from hub.testkit.golden import check_golden
from tests.commands.stage import Terminal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = find_home(tmp_path / "home", {})
    make_home(home)
    make_key(home)
    return home


def test_what_it_writes_is_whole_and_loadable(home: Home):
    made = write_connector(home, "north_wind")
    folder = home.connectors / "north_wind"
    assert {str(path.relative_to(folder)) for path in made} == {
        *("__init__.py", "client.py", "config.py", "connector.py", "simulator.py", "sinks.py", "streams.py"),
        *("locale/en/north_wind.toml", "locale/zh/north_wind.toml", "mappings/account.toml"),
        *("tests/__init__.py", "tests/golden/account.json", "tests/test_conformance.py"),
    }
    assert not [path for path in made if "{{" in path.read_text(encoding="utf-8")]
    assert find_connectors(home)["north_wind"].origin == "site"
    loaded = load_connector("north_wind", home)
    assert (loaded.name, loaded.__name__) == ("north_wind", "NorthWindConnector")
    assert load_simulator(loaded) is not None
    register_catalogues(home)


def test_it_fails_until_it_is_filled_in(home: Home):
    write_connector(home, "unfinished")
    loaded = load_connector("unfinished", home)
    places = list_open_places(home.connectors / "unfinished")
    assert [what.partition(":")[0] for _, _, what in places] == ["1", "2", "3", "4", "5", "6"]
    assert any(done.bad for done in measure(SimulatorBench(loaded), checks=["round_trip", "page"]).checks)
    with pytest.raises(AssertionError, match=r"account\.json should hold"):
        check_golden(loaded, home.connectors / "unfinished" / "tests" / "golden")


@pytest.mark.parametrize("name", ["zeppelin", "a", "abc_2"])
def test_what_it_writes_passes_the_checkers_whatever_its_name(home: Home, name: str, tmp_path: Path):
    """The order of imports must not depend on the name."""
    write_connector(home, name)
    rules = ["--isolated", "--line-length", "120", "--no-cache"]
    checks = [
        ["ruff", "check", *rules, "--select", "B,E,F,I,UP,RUF,SIM", "--ignore", "RUF001,RUF002,RUF003,RUF012", name],
        ["ruff", "format", "--check", *rules, name],
        ["mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(tmp_path / "mypy"), "-p", name],
    ]
    for words in checks[: 3 if name == "zeppelin" else 2]:
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=home.connectors, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Acme", "1st", "a-b", "class", "a__b", "../x", ""])
def test_a_name_that_cannot_be_one_is_refused(home: Home, name: str):
    with pytest.raises(ConfigInvalid) as caught:
        write_connector(home, name)
    assert caught.value.code == "runtime.connector_name"


def test_nothing_is_overwritten(home: Home, tmp_path: Path):
    write_connector(home, "acme")
    for name, folder in (("acme", None), ("sandbox", None), ("sandbox", tmp_path), ("acme", home.connectors)):
        with pytest.raises(ConfigInvalid) as caught:
            write_connector(home, name, folder)
        assert caught.value.code == "runtime.connector_taken"


@pytest.mark.parametrize("name", ["hub", "json", "httpx"])
def test_a_name_that_would_hide_a_module_from_its_tests_is_refused(home: Home, name: str):
    with pytest.raises(ConfigInvalid) as caught:
        write_connector(home, name)
    assert caught.value.code == "runtime.connector_module"
    assert not (home.connectors / name).exists()


def test_another_folder(home: Home, tmp_path: Path):
    made = write_connector(home, "elsewhere", tmp_path / "mine")
    assert tmp_path / "mine" / "elsewhere" / "client.py" in made
    assert "elsewhere" not in find_connectors(home)


def test_a_folder_that_cannot_be_written_is_named(home: Home, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigInvalid) as caught:
        write_connector(home, "acme", tmp_path / "file")
    assert str(tmp_path / "file") in caught.value.text()


def test_the_command_says_what_is_left_to_do(tmp_path: Path):
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    said = terminal.call("connector", "new", "acme").out
    assert "sinks.py:30" in said
    assert "python -m pytest" in said
    assert "acme" in terminal.call("connector", "list").out
    assert "already" in terminal.call("connector", "new", "acme", code=2).err


def test_every_file_of_the_template_is_shipped():
    """The wheel takes what lies in the package."""
    assert TEMPLATE.is_dir()
    assert Path(importlib.import_module("hub").__file__ or "").parent in TEMPLATE.parents
