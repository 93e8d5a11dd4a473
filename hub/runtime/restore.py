"""Putting a backup back: as the hub that it was taken from, or as a clone beside it.

Everything that makes it safe is done to the copy before it takes the place of the database, in one step: there is no
moment at which a worker sees old rows that look like new ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigInvalid
from hub.protocol.reference import ALPHABET, INSTALLATION_LENGTH
from hub.runtime.assemble import INSTALLATION, Opening, Outfit, open_store, read_config
from hub.runtime.backup import (
    DATABASE,
    SUFFIX,
    Kept,
    Manifest,
    list_home_files,
    make_backup,
    opened_backup,
    tell_key,
)
from hub.runtime.home import Home
from hub.runtime.plugins import register_catalogues
from hub.runtime.secrets import Vault, read_tokens
from hub.store import Store
from hub.store.copies import put_copy, upgrade_copy
from hub.store.engine import parse_url
from hub.store.rows import Setting
from hub.sync.clone import let_go
from hub.sync.config import HubConfig
from hub.sync.context import Hub
from hub.sync.pause import pause_all
from hub.sync.rewound import note_all_rewound


@dataclass(frozen=True)
class Restored:
    """A backup that was put back. ``documents``: how many will be looked at again, of a clone: were let go. ``before``:
    the backup of what stood there. ``missing``: references to secrets that no backup holds, and that are not here."""

    manifest: Manifest
    installation: str
    documents: int
    before: Kept | None
    same_key: bool
    missing: tuple[str, ...]


def restore_backup(
    home: Home, file: Path, actor: str, *, as_clone: bool = False, outfit: Outfit | None = None
) -> Restored:
    """Make home and database what the backup holds, while the hub runs if it must.

    What stood there is kept as a backup of its own. A restored hub looks for everything that it may have written since,
    before it writes; a clone has another name, writes to none of the original's documents, and rests until somebody
    resumes it.
    """
    outfit = outfit or Outfit()
    with opened_backup(file) as (manifest, folder):
        copy = folder / DATABASE
        upgrade_copy(copy)
        before = _keep_what_stands(home, outfit)
        _put_files(home, folder / "home")
        register_catalogues(home)
        with Store.open(f"sqlite:///{copy}", clock=outfit.clock, durable=False) as store:
            hub = _open_copy(home, store, outfit)
            try:
                documents = _make_clone(hub, actor) if as_clone else note_all_rewound(hub, actor)
                with store.write() as tx:
                    tx.journal(actor, "hub.restored", taken_at=manifest.taken_at, clone=as_clone)
                    installation = tx.get(Setting, name=INSTALLATION)
                missing = tuple(sorted(_list_missing(home, hub.config)))
            finally:
                hub.close()
        target = open_store(home, outfit.clock, create=True)
        try:
            put_copy(copy, target.engine)
        finally:
            target.close()
    name = str(installation.value) if installation is not None else ""
    same_key = manifest.key is None or manifest.key == tell_key(home)
    return Restored(manifest, name, documents, before, same_key, missing)


def _keep_what_stands(home: Home, outfit: Outfit) -> Kept | None:
    """A backup of the hub that is to be replaced; None where there is none. A damaged file is moved aside."""
    stamp = f"{outfit.clock.now():%Y%m%d-%H%M%S-%f}"
    try:
        store = open_store(home, outfit.clock)
    except ConfigInvalid as error:
        if error.code == "store.damaged":
            _move_aside(Path(str(parse_url(home.database_url).database)), stamp)
        elif error.code not in ("runtime.home_missing", "store.file_missing"):
            raise
        return None
    try:
        home.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        return make_backup(home, store, outfit.clock, home.folder / f"before-restore-{stamp}{SUFFIX}")
    finally:
        store.close()


def _move_aside(file: Path, stamp: str) -> None:
    for path in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
        if path.exists():
            path.rename(path.with_name(f"{path.name}.damaged-{stamp}"))


def _put_files(home: Home, folder: Path) -> None:
    """The files of the backup, and no others: what is not in it would be published by the next ``apply``."""
    try:
        for name, path in list(list_home_files(home)):
            if not (folder.parent / name).exists():
                path.unlink()
        home.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for path in sorted(folder.rglob("*")):
            target = home.folder / path.relative_to(folder)
            if path.is_dir():
                target.mkdir(mode=0o700, exist_ok=True)
            else:
                target.write_bytes(path.read_bytes())
    except OSError as error:
        raise ConfigInvalid("runtime.home_unwritable", home=home.folder, vendor=error.strerror) from error


def _open_copy(home: Home, store: Store, outfit: Outfit) -> Hub:
    with store.read() as tx:
        config, tokens, kept = read_config(tx), read_tokens(tx), tx.get(Setting, name=INSTALLATION)
    opening = Opening(home, Vault(home, store, outfit.clock, tokens), config, outfit)
    name = str(kept.value) if kept is not None else ""
    return Hub(store, config, opening.open, outfit.clock, outfit.random, installation=name, timing=outfit.timing)


def _make_clone(hub: Hub, actor: str) -> int:
    name = draw_other(hub.installation, hub.random)
    with hub.store.write() as tx:
        tx.save(Setting(name=INSTALLATION, value=name))
        documents = let_go(tx)
        tx.journal(actor, "hub.cloned", was=hub.installation, now=name, documents=documents)
    pause_all(hub, actor)
    return documents


def draw_other(installation: str, chance: random.Random) -> str:
    """The name of another hub."""
    while True:
        name = "".join(chance.choice(ALPHABET) for _ in range(INSTALLATION_LENGTH))
        if name != installation:
            return name


def _list_missing(home: Home, config: HubConfig) -> Iterator[str]:
    """References of the connections to environment and files that stand for nothing here."""
    for settings in config.connections.values():
        for value in settings.config.values():
            scheme, _, rest = str(value).partition(":")
            if scheme == "env" and not home.environ.get(rest):
                yield str(value)
            if scheme == "file" and not (home.folder / Path(rest).expanduser()).is_file():
                yield str(value)
