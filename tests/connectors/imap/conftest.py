"""Mail servers for the tests of the connector: each started once, with mailboxes that are emptied for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.testkit.mailboxes import MailServer, provision_dovecot, provision_pymap, start_dovecot, start_pymap
from hub.testkit.servers import ServerMissing
from tests.connectors.imap.office import Mailbox, Office

CACHE = Path(__file__).parents[3] / ".cache" / "mail"
USERS = ("sales@our.example", "wang@our.example")


def _or_skip(prepare: Callable[[], Any]) -> Any:
    try:
        return prepare()
    except ServerMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@contextmanager
def run_server(name: str, **more: Any) -> Iterator[MailServer]:
    """``dovecot`` or ``pymap``; a missing one skips on a laptop and fails where CI=true."""
    folder = Path(tempfile.mkdtemp(prefix="isthmus-"))
    folder.chmod(0o755)
    try:
        if name == "dovecot":
            package = _or_skip(lambda: provision_dovecot(CACHE, progress=print))
            server = start_dovecot(package, folder, **{"users": USERS, **more})
        else:
            server = start_pymap(_or_skip(lambda: provision_pymap(CACHE, progress=print)), folder)
        with server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[MailServer]:
    """Dovecot with two mailboxes."""
    with run_server("dovecot") as server:
        yield server


@pytest.fixture(scope="session")
def pymap() -> Iterator[MailServer]:
    """A server without CONDSTORE, with one mailbox."""
    with run_server("pymap") as server:
        yield server


@pytest.fixture(scope="session", params=["dovecot", "pymap"])
def mail_server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the servers."""
    server: MailServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def mailbox(mail_server: MailServer) -> Iterator[Mailbox]:
    """The first mailbox of each server, empty."""
    yield from _open_empty(mail_server, mail_server.user)


@pytest.fixture
def sales(dovecot: MailServer) -> Iterator[Mailbox]:
    yield from _open_empty(dovecot, USERS[0])


@pytest.fixture
def wang(dovecot: MailServer) -> Iterator[Mailbox]:
    yield from _open_empty(dovecot, USERS[1])


def _open_empty(server: MailServer, user: str) -> Iterator[Mailbox]:
    box = Mailbox(server, user)
    box.empty()
    yield box
    box.close()


@pytest.fixture
def office(dovecot: MailServer, sales: Mailbox, wang: Mailbox, tmp_path: Path) -> Iterator[Office]:
    """A hub that reads both mailboxes of Dovecot."""
    numbers = r"order SO-\d{4};invoice INV-\d{4}"
    users = {name: {"user": box.user, "numbers": numbers} for name, box in (("sales", sales), ("wang", wang))}
    made = Office(tmp_path, dovecot, users)
    yield made
    made.close()
