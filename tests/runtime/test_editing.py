from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import tomlkit

from hub.errors import ConfigInvalid
from hub.runtime.editing import read_document, set_connection, set_sync, write_text
from hub.runtime.home import STARTING_CONFIG


def test_comments_and_order_stay():
    document = tomlkit.parse(STARTING_CONFIG)
    set_connection(document, "erp", {"connector": "sandbox", "url": "http://x"})
    assert document.as_string().startswith(STARTING_CONFIG)


def test_what_was_added_is_what_is_read():
    document = tomlkit.parse(STARTING_CONFIG)
    set_connection(document, "erp", {"connector": "sandbox"})
    set_sync(document, "erp", "order", {"direction": "both", "every": "5m"})
    set_connection(document, "crm", {"connector": "other"})
    set_sync(document, "erp", "account", {})
    read = tomllib.loads(document.as_string())["connections"]
    assert read == {
        "erp": {"connector": "sandbox", "syncs": {"order": {"direction": "both", "every": "5m"}, "account": {}}},
        "crm": {"connector": "other"},
    }


def test_a_second_edit_changes_only_what_it_names():
    document = tomlkit.parse('[connections.erp]\nconnector = "sandbox"  # ours\nurl = "http://old"\n')
    set_connection(document, "erp", {"url": "http://new"})
    assert document.as_string() == '[connections.erp]\nconnector = "sandbox"  # ours\nurl = "http://new"\n'


def test_the_file_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path: Path):
    path = tmp_path / "isthmus.toml"
    path.write_text("old\n")
    path.chmod(0o600)
    write_text(path, "新\n")
    assert path.read_text(encoding="utf-8") == "新\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_file_is_named(tmp_path: Path):
    path = tmp_path / "isthmus.toml"
    path.write_text("[broken\n")
    with pytest.raises(ConfigInvalid) as caught:
        read_document(path)
    assert caught.value.params["file"] == "isthmus.toml"
