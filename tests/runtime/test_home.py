from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.runtime.assemble import close_hub, open_hub
from hub.runtime.home import find_home, make_home
from tests.commands.stage import Terminal


def test_the_option_wins_over_the_environment_and_that_over_the_default(tmp_path: Path):
    environ = {"ISTHMUS_HOME": str(tmp_path / "environment")}
    assert find_home(tmp_path / "option", environ).folder == tmp_path / "option"
    assert find_home(None, environ).folder == tmp_path / "environment"
    assert find_home(None, {}).folder == Path.home() / ".isthmus"


def test_addresses_come_from_the_environment(tmp_path: Path):
    assert find_home(tmp_path, {}).database_url == f"sqlite:///{tmp_path}/hub.sqlite"
    assert find_home(tmp_path, {}).broker_url is None
    environ = {"ISTHMUS_DATABASE_URL": "postgresql://db/hub", "ISTHMUS_BROKER_URL": "redis://queue"}
    assert find_home(tmp_path, environ).database_url == "postgresql://db/hub"
    assert find_home(tmp_path, environ).broker_url == "redis://queue"


def test_making_a_home_twice_changes_nothing(tmp_path: Path):
    home = find_home(tmp_path / "home", {})
    assert len(make_home(home)) == 4
    home.config_file.write_text("# mine\n", encoding="utf-8")
    assert make_home(home) == []
    assert home.config_file.read_text(encoding="utf-8") == "# mine\n"


def test_a_new_home_is_private(tmp_path: Path):
    home = find_home(tmp_path / "home", {})
    make_home(home)
    assert stat.S_IMODE(home.folder.stat().st_mode) & 0o077 == 0


def test_a_database_that_is_gone_is_not_made_anew_in_silence(tmp_path: Path):
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    (tmp_path / "home" / "hub.sqlite").unlink()
    told = terminal.call("todo", code=2)
    assert "hub.sqlite" in told.err
    assert "isthmus init" in told.err
    assert not (tmp_path / "home" / "hub.sqlite").exists()
    terminal.call("init")
    terminal.call("todo")


def test_a_machine_with_a_database_needs_no_home(tmp_path: Path):
    Terminal(tmp_path / "home").call("init")
    environ = {"ISTHMUS_DATABASE_URL": f"sqlite:///{tmp_path / 'home' / 'hub.sqlite'}"}
    machine = find_home(tmp_path / "nowhere", environ)
    hub = open_hub(machine)
    assert hub.config.connections == {}
    close_hub(hub)
    with pytest.raises(ConfigInvalid) as caught:
        find_home(tmp_path / "nowhere", {}).require_database()
    assert caught.value.code == "runtime.home_missing"
    assert not (tmp_path / "nowhere").exists()
