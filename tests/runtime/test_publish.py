from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.runtime.assemble import close_hub, open_hub, open_store
from hub.runtime.clock import SystemClock
from hub.runtime.home import Home
from hub.runtime.publish import publish
from hub.store import Store
from hub.store.rows import ConfigVersion, JournalEntry
from tests.runtime.stage import SANDBOX, TOKEN, prepare_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path, SANDBOX)


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = open_store(home)
    yield store
    store.close()


def write(home: Home, text: str) -> None:
    home.config_file.write_text(text, encoding="utf-8")


def test_what_did_not_change_is_not_published_again(home: Home, store: Store):
    again = publish(home, store, SystemClock(), "test")
    assert (again.number, again.changed) == (1, False)
    write(home, SANDBOX.replace("1m", "2m"))
    changed = publish(home, store, SystemClock(), "test")
    assert (changed.number, changed.changed) == (2, True)
    with store.read() as tx:
        assert tx.count(ConfigVersion) == 2
        assert tx.count(JournalEntry, action="config.publish") == 2


def test_workers_read_what_was_published_and_not_the_file(home: Home):
    write(home, "# nothing\n")
    hub = open_hub(home)
    assert set(hub.config.connections) == {"erp"}
    close_hub(hub)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('token = "env:SANDBOX_TOKEN"', 'token = "my-own-token"', "runtime.secret_in_plain"),
        ('token = "env:SANDBOX_TOKEN"', "", "runtime.config_invalid"),
        ('url = "http://127.0.0.1:9"', "urll = 1", "runtime.config_invalid"),
        ('connector = "sandbox"', 'connector = "nosuch"', "runtime.connector_unknown"),
        ("syncs.order", "syncs.contact", "runtime.sync_without_mapping"),
        ('every = "5m"', 'confirm = "audit"\nowners = { nosuch = "hub" }', "sync.owner_field_unknown"),
    ],
)
def test_a_wrong_configuration_is_refused_and_the_old_one_stays(
    home: Home, store: Store, old: str, new: str, code: str
):
    write(home, SANDBOX.replace(old, new))
    with pytest.raises(ConfigInvalid) as caught:
        publish(home, store, SystemClock(), "test")
    assert caught.value.code == code
    assert "my-own-token" not in caught.value.text()
    with store.read() as tx:
        assert tx.count(ConfigVersion) == 1


def test_a_broken_site_mapping_is_refused_with_its_file(home: Home, store: Store):
    (home.mappings / "erp").mkdir()
    (home.mappings / "erp" / "order.toml").write_text('[fields]\nnosuch = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"mappings/erp/order.toml"):
        publish(home, store, SystemClock(), "test")


def test_the_published_body_holds_references_and_no_secret(home: Home, store: Store):
    with store.read() as tx:
        body = tx.find(ConfigVersion)[0].model_dump_json()
    assert "env:SANDBOX_TOKEN" in body
    assert TOKEN["SANDBOX_TOKEN"] not in body


def test_the_installation_id_is_drawn_once(home: Home):
    first, second = open_hub(home), open_hub(home)
    assert len(first.installation) == 3
    assert first.installation == second.installation
    close_hub(first)
    close_hub(second)


def test_an_open_connection_has_its_secret_mappings_and_policies(home: Home):
    hub = open_hub(home)
    opened = hub.open("erp")
    assert opened.connector.config.token.get_secret_value() == TOKEN["SANDBOX_TOKEN"]
    assert set(opened.policies) == {"account", "order"}
    assert opened.mapping_of("order").stream == "sale"
    close_hub(hub)


def test_a_connection_can_be_opened_inside_a_transaction(home: Home):
    hub = open_hub(home)
    with hub.store.write():
        assert hub.open("erp").name == "erp"
    close_hub(hub)
