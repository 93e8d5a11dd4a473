from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigInvalid
from hub.runtime.home import STARTING_CONFIG, find_home, make_home
from hub.runtime.settings import find_line, list_syncs, load_config, parse_config, parse_duration
from tests.runtime.stage import SANDBOX

FILE = Path("isthmus.toml")


def refusal(text: str) -> ConfigInvalid:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text, FILE)
    return caught.value


def test_the_starting_configuration_is_valid():
    config = parse_config(STARTING_CONFIG, FILE)
    assert config.organisation.currency == "CNY"
    assert config.connections == {}


def test_every_commented_line_of_the_starting_configuration_is_valid_too():
    lines = STARTING_CONFIG.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# [connections"))
    opened = [line.removeprefix("# ") for line in lines[start:] if line not in ("#", "") and "mappings/" not in line]
    config = parse_config("\n".join(lines[:start] + opened), FILE)
    sync = config.connections["erp"].syncs["order"]
    assert (sync.every_s, sync.owners["note"].value, str(sync.start_date)) == (300, "shared", "2026-01-01")
    assert config.connections["erp"].codes == {"unit": {"PCS": "piece"}}


def test_keys_of_the_connector_are_kept_apart_from_ours():
    connection = parse_config(SANDBOX, FILE).connections["erp"]
    assert connection.connector == "sandbox"
    assert connection.config == {"url": "http://127.0.0.1:9", "token": "env:SANDBOX_TOKEN"}
    assert set(connection.syncs) == {"account", "order"}


def test_decimals_stay_exact():
    text = '[connections.erp]\nconnector = "sandbox"\ntolerance = 0.10\n'
    assert parse_config(text, FILE).connections["erp"].tolerance == Decimal("0.10")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('[organisation]\nname = "A"\ncurrency = "yuan"\n', 3, "organisation.currency"),
        ('[connections.erp]\nconnector = "x"\nzone = "Mars"\n', 3, "connections.erp.zone"),
        ('[connections.erp]\nurl = "x"\n', 1, "connections.erp"),
        ('[connections.hub]\nconnector = "x"\n', 1, "connections.hub"),
        ('[connections.erp]\nconnector = "x"\n\n[connections.erp.syncs.ordre]\n', 4, "connections.erp.syncs.ordre"),
        (SANDBOX.replace('"5m"', '"soon"'), 11, "connections.erp.syncs.order.every"),
        (SANDBOX.replace('"5m"', '"1s"'), 11, "connections.erp.syncs.order.every"),
        (SANDBOX + 'confirm = "perhaps"\n', 12, "connections.erp.syncs.order.confirm"),
        (SANDBOX + 'owners = { note = "nobody" }\n', 12, "connections.erp.syncs.order.owners.note"),
        ("surprise = 1\n", 1, "surprise"),
    ],
)
def test_a_refusal_names_file_line_and_key(text: str, line: int, key: str):
    params = refusal(text).params
    assert (params["file"], params["line"], params["key"]) == ("isthmus.toml", line, key)


def test_broken_toml_is_a_refusal_with_its_line():
    error = refusal("[organisation\n")
    assert error.code == "runtime.toml_broken"
    assert "line 1" in error.text()


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172800), (90, 90)])
def test_durations(text: object, seconds: int):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "1.5h", True, None])
def test_what_is_no_duration(text: object):
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(0, 10**6), st.sampled_from("smhd"))
def test_a_duration_is_its_number_times_its_unit(count: int, unit: str):
    assert parse_duration(f"{count}{unit}") == count * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def test_find_line_prefers_the_key_over_its_table():
    text = '[a]\nb = 1\n[a."c d"]\ne = 2\n'
    assert find_line(text, ("a", "b")) == 2
    assert find_line(text, ("a", "c d", "e")) == 4
    assert find_line(text, ("a", "c d", "missing")) == 3
    assert find_line(text, ("x",)) is None


def test_site_mappings_become_layers_connector_first(tmp_path: Path):
    home = find_home(tmp_path / "home", {})
    make_home(home)
    home.config_file.write_text(SANDBOX, encoding="utf-8")
    for folder in ("sandbox", "erp", "other"):
        (home.mappings / folder).mkdir()
        (home.mappings / folder / "order.toml").write_text(f"# {folder}", encoding="utf-8")
    layers = load_config(home).connections["erp"].mappings["order"]
    assert layers == (("mappings/sandbox/order.toml", "# sandbox"), ("mappings/erp/order.toml", "# erp"))


def test_a_missing_home_names_the_command_that_makes_it(tmp_path: Path):
    with pytest.raises(ConfigInvalid) as caught:
        load_config(find_home(tmp_path / "nowhere", {}))
    assert "init" in caught.value.text()


def test_syncs_are_listed_with_their_connection():
    assert [(name, kind) for name, kind, _ in list_syncs(parse_config(SANDBOX, FILE))] == [
        ("erp", "account"),
        ("erp", "order"),
    ]
