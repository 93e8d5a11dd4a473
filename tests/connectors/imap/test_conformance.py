"""The connector keeps what it declares, on both servers: with CONDSTORE and without."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.imap.connector import ImapConnector
from connectors.imap.streams import name_mail
from hub.testkit.conformance import Bench, Person, Site, make_suite
from tests.connectors.imap.conftest import run_server
from tests.connectors.imap.office import Mailbox, make_answers, write_mail

pytestmark = pytest.mark.servers


class Correspondent(Person):
    """李工, who writes mails, and a colleague who tidies up. Nobody edits a mail, so nobody here does."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        self.numbers = itertools.count(1)

    def create(self, kind: str) -> str:
        return self.create_many(kind, 1)[0]

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        told = self.box.line.folder_status("INBOX", ["UIDVALIDITY", "UIDNEXT"])
        first, validity = int(told[b"UIDNEXT"]), int(told[b"UIDVALIDITY"])
        for _ in range(count):
            self.box.put(write_mail(f"询价 {next(self.numbers)}"))
        return [name_mail("INBOX", validity, first + place) for place in range(count)]

    def delete(self, kind: str, id: str) -> None:
        self.box.remove([int(id.rpartition("/")[2])])
        self.box.line.close_folder()


class MailboxBench(Bench):
    """One of the servers, fresh for each class."""

    connector = ImapConnector

    def __init__(self, name: str, **more: Any) -> None:
        self.name = name
        self.more = more

    @contextmanager
    def start(self) -> Iterator[Site]:
        with run_server(self.name) as server:
            box = Mailbox(server, server.user)
            box.empty()  # pymap begins with mails of its own
            try:
                yield Site(make_answers(server, server.user, folders=("INBOX",), **self.more), Correspondent(box))
            finally:
                box.close()

    def refused(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Nothing is written."""


TestDovecot = make_suite(MailboxBench("dovecot", removed="void"))
TestPymap = make_suite(MailboxBench("pymap"))
