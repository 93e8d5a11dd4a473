from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hub.errors import ConfigInvalid, Rejected, conceal, keep_secret
from hub.runtime.clock import SystemClock
from hub.runtime.home import Home, find_home, make_home
from hub.runtime.secrets import Vault, make_key, read_key, read_tokens
from hub.store import Store
from hub.store.rows import JournalEntry, SecretRow

CANARY = "canary/äpfel&birnen 2026"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = find_home(tmp_path / "home", {"CANARY": CANARY})
    make_home(made)
    make_key(made)
    return made


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = Store.open(home.database_url, clock=SystemClock())
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def vault(home: Home, store: Store) -> Vault:
    return Vault(home, store, SystemClock())


def test_a_secret_comes_back_and_lies_encrypted(vault: Vault, store: Store, home: Home):
    assert vault.put("erp.token", CANARY, "test") == "secret:erp.token"
    assert vault.resolve("secret:erp.token") == CANARY
    with store.read() as tx:
        row = tx.get(SecretRow, name="erp.token")
        assert row is not None
        assert CANARY.encode() not in row.token
        assert CANARY not in "".join(entry.model_dump_json() for entry in tx.find(JournalEntry))
    for path in home.folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()


def test_references_to_the_environment_and_to_files(vault: Vault, home: Home):
    (home.folder / "token.txt").write_text(f"{CANARY}\n", encoding="utf-8")
    assert vault.resolve("env:CANARY") == CANARY
    assert vault.resolve("file:token.txt") == CANARY


@pytest.mark.parametrize("reference", ["env:NOT_SET", "file:not-there", "secret:never.kept"])
def test_a_dangling_reference_is_named(vault: Vault, reference: str):
    with pytest.raises(ConfigInvalid) as caught:
        vault.resolve(reference)
    assert reference.partition(":")[2] in caught.value.text()


def test_another_key_cannot_read_it_and_the_fix_is_named(vault: Vault, store: Store, home: Home):
    vault.put("erp.token", CANARY, "test")
    other = Home(home.folder, {"ISTHMUS_KEY": Fernet.generate_key().decode()})
    with pytest.raises(ConfigInvalid) as caught:
        Vault(other, store, SystemClock()).resolve("secret:erp.token")
    assert "secret set erp.token" in caught.value.text()


def test_tokens_read_beforehand_need_no_database(vault: Vault, store: Store, home: Home):
    vault.put("erp.token", CANARY, "test")
    with store.write() as tx:
        ready = Vault(home, store, SystemClock(), read_tokens(tx))
        assert ready.resolve("secret:erp.token") == CANARY


def test_the_key_file_is_private_and_made_once(home: Home):
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    before = home.key_file.read_bytes()
    assert make_key(home) is None
    assert home.key_file.read_bytes() == before


def test_a_key_file_that_others_can_read_is_refused(home: Home):
    home.key_file.chmod(0o644)
    with pytest.raises(ConfigInvalid) as caught:
        read_key(home)
    assert "chmod 600" in caught.value.text()


def test_a_key_in_the_environment_wins_and_no_file_is_made(tmp_path: Path):
    home = find_home(tmp_path, {"ISTHMUS_KEY": Fernet.generate_key().decode()})
    assert make_key(home) is None
    assert not home.key_file.exists()
    assert read_key(home).decrypt(read_key(home).encrypt(b"x")) == b"x"


@pytest.mark.parametrize("key", ["", "too-short", "é" * 44])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, key: str):
    with pytest.raises(ConfigInvalid) as caught:
        read_key(find_home(tmp_path, {"ISTHMUS_KEY": key}))
    assert not key or key not in caught.value.text()


def test_no_error_shows_a_secret_in_any_form():
    keep_secret(CANARY)
    vendor = f"bad token {CANARY} in /login?token=canary%2F%C3%A4pfel%26birnen%202026"
    error = Rejected("sdk.rejected", vendor=vendor, status=400, where=f"GET /{CANARY}")
    for text in (error.text("en"), error.text("zh"), repr(error), str(error.args), error.vendor or ""):
        assert "canary" not in text
    assert conceal("nothing to hide") == "nothing to hide"
