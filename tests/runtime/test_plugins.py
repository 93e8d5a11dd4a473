from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, NotFound
from hub.locale import render
from hub.runtime.home import Home, find_home, make_home
from hub.runtime.plugins import find_connectors, find_mapping_files, load_connector, register_catalogues
from hub.sdk import Connector

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
            assert find_mapping_files(name, loaded) or loaded.registry is not Connector.registry, "a registry has none"


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


BROKEN = {
    "syntax": "def f(:\n",
    "import_error": "import no_such_module_anywhere\n",
    "name_error": "undefined_name\n",
    "raises": "raise RuntimeError('no licence')\n",
    "exits": "1 / 0\n",
    "no_hook": "x = 1\n",
    "wrong_class": """
from hub.sdk import hookimpl

@hookimpl
def isthmus_connector():
    return dict
""",
    "late": """
from hub.sdk import hookimpl

@hookimpl
def isthmus_connector():
    from .nowhere import Connector
    return Connector
""",
    "unfinished": """
from hub.sdk import Connector, hookimpl

class Unfinished(Connector):
    name = "unfinished"

@hookimpl
def isthmus_connector():
    return Unfinished
""",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_connector_is_named_and_the_others_go_on(home: Home, name: str):
    (home.connectors / name).mkdir()
    (home.connectors / name / "__init__.py").write_text(BROKEN[name], encoding="utf-8")
    write_connector(home, "greeter_beside")
    with pytest.raises(ConfigInvalid) as caught:
        load_connector(name, home)
    assert name in caught.value.text()
    assert caught.value.code == "runtime.connector_broken"
    assert load_connector("greeter_beside", home).name == "greeter_beside"
    assert load_connector("sandbox", home).name == "sandbox"
    register_catalogues(home)


def test_where_it_broke_is_said(home: Home):
    (home.connectors / "zero").mkdir()
    (home.connectors / "zero" / "__init__.py").write_text("from . import deep\n", encoding="utf-8")
    (home.connectors / "zero" / "deep.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"ZeroDivisionError.*deep\.py, line 2"):
        load_connector("zero", home)


@pytest.mark.parametrize(
    ("path", "text"),
    [("en/{}.toml", "hello = \n"), ("zh/{}.toml", "hello = 3\n"), ("en/sync.toml", 'x = "y"\n'),
     ("en/{}.toml", 'hello = "{"\n'), ("en/{}.toml", b"\xff\xfe")],
)  # fmt: skip
def test_broken_texts_break_their_own_connector_only(home: Home, path: str, text: str | bytes):
    name = f"mute_{abs(hash((path, text))) % 10**6}"
    write_connector(home, name)
    file = home.connectors / name / "locale" / path.format(name)
    file.parent.mkdir(parents=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    register_catalogues(home)
    assert render("sync.all_paused", actor="li", at="now")
    with pytest.raises(ConfigInvalid, match="locale"):
        load_connector(name, home)
    assert load_connector("sandbox", home)


def install_package(folder: Path, name: str, module: str, code: str) -> None:
    """What an installer leaves behind: a module, and metadata that names it as an entry point."""
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[isthmus.connectors]\n{name} = {module}\n", encoding="utf-8")


def test_an_installed_package_enters_by_its_entry_point(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = CONNECTOR.format(name="parcel", field="greeting") + GREETER.replace("from .connector import Greeter\n", "")
    install_package(tmp_path / "site", "parcel", "parcel_of_a_stranger", code)
    install_package(tmp_path / "site", "wreck", "wreck_of_a_stranger", "import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = find_connectors(home)
    assert (found["parcel"].origin, found["wreck"].origin) == ("package", "package")
    assert load_connector("parcel", home).label["en"] == "Greeter"
    with pytest.raises(ConfigInvalid, match="no_such_module_anywhere"):
        load_connector("wreck", home)


def test_nothing_is_imported_before_it_is_asked_for(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    install_package(tmp_path / "site", "silent", "silent_stranger", "raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (home.connectors / "bomb").mkdir()
    (home.connectors / "bomb" / "__init__.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    assert {"silent", "bomb", "sandbox"} <= set(find_connectors(home))
    register_catalogues(home)


def test_a_built_in_connector_wins_over_one_of_its_name(home: Home):
    write_connector(home, "sandbox")
    assert find_connectors(home)["sandbox"].origin == "built-in"


def test_every_question_of_every_connector_is_asked_in_both_languages(home: Home):
    for name in find_connectors(home):
        for field, info in load_connector(name, home).Config.model_fields.items():
            extra = info.json_schema_extra
            assert info.description, f"{name}.{field} has no description"
            assert isinstance(extra, dict), f"{name}.{field} has no question in Chinese"
            assert str(extra.get("zh", "")).strip(), f"{name}.{field} has no question in Chinese"
