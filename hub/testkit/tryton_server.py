"""A real Tryton 8.2 for tests and demo: prepared once, copied and started in about two seconds.

Tryton lives in a virtual environment of its own and is spoken to over HTTP only; nothing of it is imported here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.testkit.servers import LOG_NAME, PORT_ATTEMPTS, Server, ServerFailed, free_port

DATABASE = "erp"
DATABASE_FILE = f"{DATABASE}.sqlite"
ACCESS_FILE = "access.json"
START_TIMEOUT_S = 60.0
ADMINISTRATOR, TECHNICAL, ACCOUNTANT = "admin", "isthmus", "wang"
RUNNER = Path(__file__).with_name("wsgi_serve.py")


@dataclass(frozen=True)
class PreparedTryton:
    """An installed Tryton and a seeded database at rest. Copied for every server, so nobody sees another's traces."""

    python: Path
    folder: Path

    @property
    def database_file(self) -> Path:
        return self.folder / DATABASE_FILE

    def password_of(self, login: str) -> str:
        passwords: dict[str, str] = json.loads((self.folder / ACCESS_FILE).read_text(encoding="utf-8"))
        return passwords[login]


@dataclass
class RunningTryton(Server):
    """A running Tryton. ``login`` is the hub's technical user, ``accountant_login`` a person who confirms."""

    prepared: PreparedTryton
    database: str = DATABASE
    login: str = TECHNICAL
    accountant_login: str = ACCOUNTANT

    @property
    def password(self) -> str:
        return self.prepared.password_of(self.login)

    @property
    def accountant_password(self) -> str:
        return self.prepared.password_of(self.accountant_login)

    @property
    def log_file(self) -> Path:
        return self.folder / LOG_NAME

    def restart(self) -> None:
        """Stop if it still runs, then start again on the same port and the same database."""
        self.stop()
        self.process = _launch(self.prepared.python, self.folder, self.port)
        if not _answers_in_time(self.url, self.process):
            raise _failed(self.folder)


def start_tryton(prepared: PreparedTryton, folder: Path, *, port: int | None = None) -> RunningTryton:
    """Start a server on a copy of the prepared database in ``folder``; a database already there is kept and used."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / DATABASE_FILE).exists():
        shutil.copyfile(prepared.database_file, folder / DATABASE_FILE)
    for _ in range(1 if port else PORT_ATTEMPTS):
        chosen = port or free_port()
        url = f"http://127.0.0.1:{chosen}"
        process = _launch(prepared.python, folder, chosen)
        server = RunningTryton(url, chosen, folder, process, signal.SIGTERM, prepared)
        if _answers_in_time(url, process):
            return server
        server.stop()
    raise _failed(folder)


def write_configuration(folder: Path, port: int) -> Path:
    """Tryton's configuration file for the database in ``folder``."""
    file = folder / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n\n[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8"
    )
    return file


def snapshot(database_file: Path, copy: Path) -> None:
    """Copy a database that a server has just left, with what still sits in its write-ahead log."""
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _launch(python: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        **os.environ,
        "TRYTOND_CONFIG": str(write_configuration(folder, port)),
        "TRYTOND_DATABASE_NAMES": DATABASE,
        "TRYTOND_LOGGING_LEVEL": "20",
    }
    command = [str(python), "-P", str(RUNNER), "trytond.application:app", "127.0.0.1", str(port)]
    with (folder / LOG_NAME).open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _answers_in_time(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    question = {"id": 1, "method": "common.server.version", "params": []}
    with httpx.Client(trust_env=False) as client:  # one for all attempts: making it is what costs
        while time.monotonic() < deadline and process.poll() is None:
            try:
                return client.post(f"{url}/rpc/", json=question).is_success
            except httpx.TransportError:
                time.sleep(0.02)
    return False


def _failed(folder: Path) -> ServerFailed:
    lines = (folder / LOG_NAME).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return ServerFailed("testkit.server_failed", server="trytond", words=" / ".join(lines[-3:]))
