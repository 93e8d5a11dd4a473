"""Two real calendar servers, Radicale and Xandikos, from an environment of their own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.locale import render
from hub.testkit.environment import install_lock, keep_folder, take_digest
from hub.testkit.platform import hold_alone
from hub.testkit.servers import Server, ServerMissing, launch_program, start_server

LOCK_FILE = Path(__file__).parents[2] / "tests" / "locks" / "calendar.lock"
"""Not part of the wheel: tests run from a clone."""
USER = "isthmus"


@dataclass
class CalendarServer(Server):
    """``home`` is the path below which the user's calendars are; ``password`` is empty where none is asked for."""

    name: str
    home: str
    user: str
    password: str


Starter = Callable[[Path, Path], CalendarServer]
"""(python of the environment, folder of the server) → the running server."""


def provision_calendars(cache_dir: Path, *, progress: Callable[[str], None], lock_file: Path = LOCK_FILE) -> Path:
    """The Python that both servers run on; half a minute the first time. Several processes may call it at once."""
    if not lock_file.exists():
        raise ServerMissing("testkit_calendars.lock_missing", file=str(lock_file))
    folder = cache_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"calendars-{take_digest(lock_file.read_bytes(), sys.version_info[:2])}"

    def install(new: Path) -> None:
        progress(render("testkit_calendars.installing", "en"))
        if words := install_lock(new, lock_file, folder / "calendars-install.log"):
            raise ServerMissing("testkit_calendars.not_installable", words=words)

    with hold_alone(folder / "calendars.busy"):
        return keep_folder(folder / name, install) / "bin" / "python"


def start_radicale(python: Path, folder: Path) -> CalendarServer:
    """Radicale asks for name and password."""
    folder.mkdir(parents=True, exist_ok=True)
    password = f"{USER}-{take_digest(str(folder))}"
    (folder / "users").write_text(f"{USER}:{password}\n", encoding="utf-8")
    options = [
        *("--config", "", "--storage-filesystem-folder", str(folder / "data"), "--auth-type", "htpasswd"),
        *("--auth-htpasswd-filename", str(folder / "users"), "--auth-htpasswd-encryption", "plain"),
        *("--auth-delay", "0", "--server-delay-on-error", "0", "--logging-level", "warning"),
    ]

    def launch(port: int) -> CalendarServer:
        command = [str(python), "-m", "radicale", "--server-hosts", f"127.0.0.1:{port}", *options]
        process = launch_program(command, folder, None)
        url = f"http://127.0.0.1:{port}"
        return CalendarServer(url, port, folder, process, signal.SIGTERM, "radicale", f"/{USER}/", USER, password)

    return start_server("radicale", launch, _answers)


def start_xandikos(python: Path, folder: Path) -> CalendarServer:
    """Xandikos keeps everything in git, and asks for no password over plain HTTP."""
    folder.mkdir(parents=True, exist_ok=True)
    options = [
        *("-d", str(folder / "data"), "--state-dir", str(folder / "state"), "--defaults", "--no-detect-systemd"),
        *("-l", "127.0.0.1", "--current-user-principal", f"/{USER}/"),
    ]

    def launch(port: int) -> CalendarServer:
        command = [str(python), "-m", "xandikos", "serve", *options, "-p", str(port)]
        process = launch_program(command, folder, None)
        url, home = f"http://127.0.0.1:{port}", f"/{USER}/calendars/"
        return CalendarServer(url, port, folder, process, signal.SIGTERM, "xandikos", home, USER, "")

    return start_server("xandikos", launch, _answers)


STARTERS: dict[str, Starter] = {"radicale": start_radicale, "xandikos": start_xandikos}


def _answers(server: CalendarServer) -> bool:
    try:
        httpx.get(f"{server.url}/", timeout=5.0, trust_env=False)
    except httpx.TransportError:
        return False
    return True
