from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, NotFound
from hub.locale import render
from hub.runtime.home import Home, find_home, make_home
from hub.runtime.plugins import find_connectors, find_mapping_files, load_connector, register_catalogues

GREETER = """
from hub.sdk import hookimpl

from .connector import Greeter


@hookimpl
def isthmus_connector():
    return Greeter
"""
CONNECTOR = """
from hub.sdk import Connector, ConnectorConfig


class Settings(ConnectorConfig):
    {field}: str = ""


class Greeter(Connector):
    name = "{name}"
    label = {{"en": "Greeter", "zh": "问候"}}
    Config = Settings

    def streams(self):
        return {{}}

    def sinks(self):
        return {{}}

    def check(self):
        return []
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = find_home(tmp_path / "home", {})
    make_home(home)
    return home


def write_connector(home: Home, folder: str, *, name: str = "", field: str = "greeting") -> None:
    where = home.connectors / folder
    where.mkdir()
    (where / "__init__.py").write_text(GREETER, encoding="utf-8")
    (where / "connector.py").write_text(CONNECTOR.format(name=name or folder, field=field), encoding="utf-8")


def test_built_in_connectors_are_found_by_looking(home: Home):
    found = find_connectors(home)
    folders = {path.parent.name for path in Path("connectors").glob("*/__init__.py")}
    assert "sandbox" in folders
    assert folders <= set(found)


def test_every_built_in_connector_loads_and_ships_mappings(home: Home):
    for name, found in find_connectors(home).items():
        if found.origin == "built-in":
            loaded = load_connector(name, home)
            assert loaded.name == name
            assert set(loaded.label) >= {"en", "zh"}
            assert find_mapping_files(name, loaded)


def test_a_connector_of_the_home_enters_by_the_same_door(home: Home):
    write_connector(home, "greeter_one")
    (home.connectors / "greeter_one" / "locale" / "en").mkdir(parents=True)
    (home.connectors / "greeter_one" / "locale" / "en" / "greeter_one.toml").write_text('hello = "Hello {name}"\n')
    assert find_connectors(home)["greeter_one"].origin == "site"
    assert load_connector("greeter_one", home).name == "greeter_one"
    register_catalogues(home)
    assert render("greeter_one.hello", name="Wang") == "Hello Wang"


def test_an_unknown_name_lists_the_known_ones(home: Home):
    with pytest.raises(NotFound) as caught:
        load_connector("nosuch", home)
    assert "sandbox" in caught.value.text()


def test_a_connector_that_cannot_be_imported_is_named(home: Home):
    (home.connectors / "broken").mkdir()
    (home.connectors / "broken" / "__init__.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(ConfigInvalid) as caught:
        load_connector("broken", home)
    assert "no_such_module_anywhere" in caught.value.text()


def test_a_connector_under_another_name_is_refused(home: Home):
    write_connector(home, "greeter_two", name="other")
    with pytest.raises(ConfigInvalid, match="greeter_two"):
        load_connector("greeter_two", home)


def test_a_configuration_that_takes_our_names_is_refused(home: Home):
    write_connector(home, "greeter_three", field="zone")
    with pytest.raises(ConfigInvalid, match="zone"):
        load_connector("greeter_three", home)
