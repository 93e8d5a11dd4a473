"""What only some operating systems have, each with its alternative. No other module of ours may use these things
(``tests/house/test_platform.py`` lists them)."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import fcntl
    import pwd


@contextmanager
def _hold_by_flock(file: Path) -> Iterator[None]:
    with file.open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


@contextmanager
def _hold_by_sqlite(file: Path) -> Iterator[None]:
    """SQLite locks files on every system, and a process that dies lets go, as with flock."""
    day_s = 86_400.0
    with closing(sqlite3.connect(file.with_name(f"{file.name}.sqlite"), timeout=day_s, isolation_level=None)) as gate:
        gate.execute("BEGIN EXCLUSIVE")
        yield


LOCKS: dict[str, Callable[[Path], AbstractContextManager[None]]] = {"sqlite": _hold_by_sqlite}
"""Ways to let one process at a time go on."""
if sys.platform != "win32":
    LOCKS["flock"] = _hold_by_flock


def hold_alone(file: Path) -> AbstractContextManager[None]:
    """One process at a time is inside; the others wait. ``file`` is left behind."""
    return LOCKS.get("flock", _hold_by_sqlite)(file)


@dataclass(frozen=True)
class User:
    """Somebody on this machine as whom a server may run."""

    name: str
    uid: int
    gid: int


class NoUser(LookupError):
    """None of the names is a user here."""


def choose_user(names: Sequence[str]) -> User | None:
    """The first of these users, where we are root and have to step down; None where we stay who we are."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoUser


def hand_over(folder: Path, user: User) -> None:
    """Make the folder that user's."""
    if sys.platform != "win32":
        os.chown(folder, user.uid, user.gid)
