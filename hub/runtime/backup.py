"""A backup: one compressed file with the database of one moment and the files of the home.

What belongs in it: every row (records, bindings, published configurations, attachments, journal, secrets as they are
kept: encrypted), isthmus.toml, mappings, code tables, letters, own connectors. What does not: the master
key, and what ``env:`` and ``file:`` references stand for. Whoever finds the file can open nothing with it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hub.errors import ConfigInvalid
from hub.runtime.assemble import INSTALLATION
from hub.runtime.home import CONFIG_NAME, Home
from hub.runtime.secrets import read_key
from hub.store import Clock, Store
from hub.store.copies import count_rows, save_copy
from hub.store.migrations import HEAD
from hub.store.rows import Setting

FORMAT = 1
SUFFIX = ".isthmus.tar.gz"
MANIFEST = "backup.json"
DATABASE = "hub.sqlite"
FOLDERS = ("mappings", "codes", "letters", "connectors")
"""Folders of a home that are kept, whatever is in them."""
_LEVEL = 3
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. ``files``: name in the archive → SHA-256; ``key``: by which the master key is
    recognised and cannot be guessed."""

    format: int
    program: str
    revision: str
    taken_at: str
    installation: str
    rows: Mapping[str, int]
    files: Mapping[str, str]
    key: str | None


@dataclass(frozen=True)
class Kept:
    """A backup that was made."""

    file: Path
    taken_at: datetime
    installation: str
    rows: int
    size: int


def make_backup(home: Home, store: Store, clock: Clock, target: Path) -> Kept:
    """Write a backup to ``target``, a file that is not there yet or a folder; the hub may run meanwhile.

    The file has its name only when it is whole; only its owner can read it.
    """
    with store.read() as tx:
        kept = tx.get(Setting, name=INSTALLATION)
    installation = str(kept.value) if kept is not None else ""
    taken_at = clock.now()
    file = target / f"isthmus-{taken_at:%Y%m%d-%H%M%S}{SUFFIX}" if target.is_dir() else target
    if file.exists():
        raise ConfigInvalid("backup.exists", file=file)
    try:
        with tempfile.TemporaryDirectory(prefix=".isthmus-", dir=file.parent) as folder:
            copy = Path(folder) / DATABASE
            save_copy(store.engine, copy)
            files = {DATABASE: copy, **dict(list_home_files(home))}
            manifest = Manifest(
                format=FORMAT,
                program=version("isthmus"),
                revision=HEAD,
                taken_at=taken_at.isoformat(),
                installation=installation,
                rows=count_rows(copy),
                files={name: take_file_digest(path) for name, path in files.items()},
                key=tell_key(home),
            )
            _write_archive(Path(folder) / "archive", manifest, files, file)
    except OSError as error:
        raise ConfigInvalid("backup.unwritable", file=file, vendor=error.strerror) from error
    return Kept(file, taken_at, installation, sum(manifest.rows.values()), file.stat().st_size)


def list_home_files(home: Home) -> Iterator[tuple[str, Path]]:
    """(name in the archive, file) of what belongs to the home, in a fixed order."""
    if home.config_file.is_file():
        yield f"home/{CONFIG_NAME}", home.config_file
    for folder in FOLDERS:
        for path in sorted((home.folder / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                yield f"home/{path.relative_to(home.folder).as_posix()}", path


def _write_archive(made: Path, manifest: Manifest, files: Mapping[str, Path], file: Path) -> None:
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=_LEVEL) as archive:
            text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
            for name, path in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = path.stat().st_size
                with path.open("rb") as source:
                    archive.addfile(entry, source)
        out.flush()
        os.fsync(out.fileno())
    made.rename(file)


def take_file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while part := source.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()


def tell_key(home: Home) -> str | None:
    """By which the master key of a home is recognised; None where there is none that can be used."""
    try:
        read_key(home)
    except ConfigInvalid:
        return None
    given = home.environ.get("ISTHMUS_KEY") or home.key_file.read_text(encoding="ascii")
    return hashlib.sha256(b"isthmus master key " + given.strip().encode()).hexdigest()[:16]


# ---------------------------------------------------------------- reading one


@contextmanager
def opened_backup(file: Path) -> Iterator[tuple[Manifest, Path]]:
    """What a backup says of itself, and a folder with its files, every one of them as it was put in; ``ConfigInvalid``
    for anything else. The folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="isthmus-") as name:
        folder = Path(name)
        try:
            with tarfile.open(file, mode="r:gz") as archive:
                manifest = _read_manifest(archive, file)
                _extract(archive, manifest, folder, file)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise ConfigInvalid("backup.unreadable", file=file, what=str(error)) from error
        yield manifest, folder


def _read_manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    first = archive.next()
    source = archive.extractfile(first) if first is not None and first.name == MANIFEST and first.isfile() else None
    if source is None:
        raise ConfigInvalid("backup.unreadable", file=file, what=MANIFEST)
    try:
        told: dict[str, Any] = json.loads(source.read())
        if told["format"] != FORMAT:
            raise ConfigInvalid("backup.newer", file=file, program=told["program"])
        return Manifest(**told)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigInvalid("backup.unreadable", file=file, what=f"{MANIFEST}: {error}") from error


def _extract(archive: tarfile.TarFile, manifest: Manifest, folder: Path, file: Path) -> None:
    missing = dict(manifest.files)
    while (entry := archive.next()) is not None:
        digest = missing.pop(entry.name, None)
        source = archive.extractfile(entry) if digest is not None and entry.isfile() else None
        target = folder / entry.name
        if source is None or ".." in target.parts or not target.is_relative_to(folder):
            raise ConfigInvalid("backup.unreadable", file=file, what=entry.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while part := source.read(_CHUNK):
                out.write(part)
        if take_file_digest(target) != digest:
            raise ConfigInvalid("backup.unreadable", file=file, what=entry.name)
    if missing:
        raise ConfigInvalid("backup.unreadable", file=file, what=", ".join(sorted(missing)))
