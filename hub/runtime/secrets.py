"""Secrets: where they may be, how ours are encrypted, and how a reference becomes a value.

``env:NAME`` and ``file:PATH`` stay outside the hub; ``secret:NAME`` is a row of the database, encrypted (Fernet) under
``ISTHMUS_KEY`` or the key file of the home. A lost key costs entering those secrets again and nothing else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from hub.errors import ConfigInvalid, keep_secret
from hub.runtime.home import Home
from hub.store import Clock, Store, UnitOfWork
from hub.store.rows import SecretRow


def make_key(home: Home) -> Path | None:
    """Make the key file (readable by its owner only) unless a key exists; the file when it was made."""
    if home.environ.get("ISTHMUS_KEY") or home.key_file.exists():
        return None
    handle = os.open(home.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    return home.key_file


def read_key(home: Home) -> Fernet:
    """The master key; ``ConfigInvalid`` when there is none, it is no key, or others can read its file."""
    given = home.environ.get("ISTHMUS_KEY")
    if given is None:
        given = _read_key_file(home.key_file)
    try:
        key = Fernet(given.strip().encode())
    except ValueError as error:
        raise ConfigInvalid("runtime.key_invalid") from error
    keep_secret(given.strip())
    return key


def _read_key_file(path: Path) -> str:
    if not path.is_file():
        raise ConfigInvalid("runtime.key_missing", file=path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigInvalid("runtime.key_exposed", file=path, mode=f"{mode:o}")
    return path.read_text(encoding="ascii", errors="replace")


def read_tokens(tx: UnitOfWork) -> dict[str, bytes]:
    """Every secret that is kept here, still encrypted, by name."""
    return {row.name: row.token for row in tx.find(SecretRow)}


class Vault:
    """Keeps and resolves the secrets of one home.

    ``tokens``: what was read from the database beforehand, for a caller that opens connections inside a transaction.
    """

    def __init__(self, home: Home, store: Store, clock: Clock, tokens: Mapping[str, bytes] | None = None) -> None:
        self._home = home
        self.store = store
        self._clock = clock
        self._tokens = tokens

    def put(self, name: str, value: str, actor: str) -> str:
        """Encrypt and keep a secret; the reference to write into the configuration."""
        keep_secret(value)
        token = read_key(self._home).encrypt(value.encode())
        with self.store.write() as tx:
            tx.save(SecretRow(name=name, token=token, at=self._clock.now()))
            tx.journal(actor, "secret.put", name=name)
        return f"secret:{name}"

    def seal(self, value: str) -> str:
        """Encrypted, for whoever keeps it himself."""
        return read_key(self._home).encrypt(value.encode()).decode()

    def unseal(self, sealed: str) -> str | None:
        """The value again; None when it was sealed under another key."""
        try:
            return read_key(self._home).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def names(self) -> list[str]:
        """Names of the secrets kept here, never their values."""
        with self.store.read() as tx:
            return [row.name for row in tx.find(SecretRow, order=["name"])]

    def resolve(self, reference: str) -> str:
        """The value behind a reference; ``ConfigInvalid`` names what is missing, never a value."""
        scheme, _, rest = reference.partition(":")
        value = {"env": self._from_env, "file": self._from_file, "secret": self._from_row}[scheme](rest)
        keep_secret(value)
        return value

    def resolve_config(self, config: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
        """A connector's configuration with the references of its secret fields replaced by their values."""
        return {key: self.resolve(str(value)) if key in secrets else value for key, value in config.items()}

    def _from_env(self, name: str) -> str:
        value = self._home.environ.get(name)
        if not value:
            raise ConfigInvalid("runtime.secret_env_missing", name=name)
        return value

    def _from_file(self, name: str) -> str:
        path = self._home.folder / Path(name).expanduser()
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid("runtime.secret_file_unreadable", file=path, what=type(error).__name__) from error

    def _from_row(self, name: str) -> str:
        token = self._find_token(name)
        if token is None:
            raise ConfigInvalid("runtime.secret_missing", name=name)
        try:
            return read_key(self._home).decrypt(token).decode()
        except InvalidToken as error:
            raise ConfigInvalid("runtime.secret_undecryptable", name=name) from error

    def _find_token(self, name: str) -> bytes | None:
        if self._tokens is not None:
            return self._tokens.get(name)
        with self.store.read() as tx:
            row = tx.get(SecretRow, name=name)
        return row.token if row else None
