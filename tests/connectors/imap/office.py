"""Mailboxes of a company on a real server, the people who write into them, and a hub beside it."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from typer.testing import CliRunner

from connectors.imap.connector import ImapConnector
from hub.commands.app import build_app
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import find_home
from hub.sdk import SourceRecord, Tools
from hub.sdk.simulator import WallClock
from hub.store.rows import DeadRow
from hub.sync.context import Hub
from hub.sync.records import create_record
from hub.sync.run import RunReport, run_sync
from hub.testkit.mailboxes import MailServer

ACTOR = "cli:li"
_numbers = itertools.count(1)


def write_mail(
    subject: str = "询价",
    *,
    id: str = "",
    sender: str = "李工 <li@haiyue.example>",
    to: str = "sales@our.example",
    text: str = "您好",
    date: str = "Mon, 02 Mar 2026 09:00:00 +0800",
    more: Sequence[str] = (),
) -> bytes:
    """A plain mail in UTF-8, as a program of today writes it."""
    name = id or f"mail-{next(_numbers)}@haiyue.example"
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {date}", f"Message-ID: <{name}>", *more]
    kind = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return "\r\n".join([*lines, *kind, "", text, ""]).encode()


class Mailbox:
    """What somebody does with a mailbox in a mail program."""

    def __init__(self, server: MailServer, user: str) -> None:
        self.server = server
        self.user = user
        self.line = IMAPClient("127.0.0.1", port=server.port, ssl=False)
        self.line.login(user, server.password)

    def put(self, content: bytes, folder: str = "INBOX") -> None:
        self.line.append(folder, content)

    def put_many(self, contents: Sequence[bytes], folder: str = "INBOX") -> None:
        for start in range(0, len(contents), 200):
            self.line.multiappend(folder, contents[start : start + 200])

    def empty(self) -> None:
        """As it was on the first day."""
        for _, _, name in self.line.list_folders():
            self.line.select_folder(name)
            if uids := self.line.search():
                self.line.delete_messages(uids)
                self.line.expunge()
            self.line.close_folder()
            if name not in ("INBOX", "Sent", "Junk", "Trash", "Drafts"):
                self.line.delete_folder(name)

    def remove(self, uids: Sequence[int], folder: str = "INBOX") -> None:
        self.line.select_folder(folder)
        self.line.delete_messages(list(uids))
        self.line.expunge()

    def move(self, uids: Sequence[int], source: str, target: str) -> None:
        self.line.select_folder(source)
        self.line.move(list(uids), target)

    def close(self) -> None:
        self.line.logout()


def make_answers(server: MailServer, user: str, **more: Any) -> dict[str, Any]:
    """What an admin would answer."""
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "user": user,
        "password": server.password,
        "own_domains": ("our.example",),
        **more,
    }


@contextmanager
def open_connector(server: MailServer, user: str, **more: Any) -> Iterator[ImapConnector]:
    """The connector over one mailbox."""
    config = ImapConnector.Config.model_validate(make_answers(server, user, **more))
    connector = ImapConnector(config, Tools(WallClock(), random.Random(1)))
    try:
        yield connector
    finally:
        connector.close()


def pull(connector: ImapConnector, position: Any = None, limit: int = 100) -> tuple[list[SourceRecord], Any]:
    """All records of one reading, and the position with which the next one begins."""
    records: list[SourceRecord] = []
    while True:
        page = connector.streams()["message"].read_page(None, json.loads(json.dumps(position)), limit)
        records += page.records
        if page.position is None:
            return records, page.resume
        position = page.position


class Office:
    """A hub with a connection for each mailbox."""

    def __init__(self, folder: Path, server: MailServer, users: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder = folder
        self._terminal = build_app()
        self.call("init")
        (folder / "mail.secret").write_text(server.password, encoding="utf-8")
        for name, answers in users.items():
            self._add(name, {**make_answers(server, answers["user"]), "password": "file:mail.secret", **answers})
            self.call("sync", "add", name, "activity", "--direction", "in")
        self.hub = self._open()

    def _open(self) -> Hub:
        return open_hub(find_home(self.folder, {}), outfit=Outfit(random=random.Random(9)))

    def _add(self, name: str, given: Mapping[str, Any]) -> None:
        words = [word for key, value in given.items() for word in ("--set", f"{key}={_write(value)}")]
        self.call("connection", "add", name, "--connector", "imap", *words)

    def configure(self, name: str, **answers: Any) -> None:
        """Other answers for one mailbox."""
        self._add(name, {**self.hub.config.connections[name].config, **answers})
        close_hub(self.hub)
        self.hub = self._open()

    def call(self, *words: str, code: int = 0) -> dict[str, Any]:
        """The command line in this process; the document that it printed."""
        result = CliRunner().invoke(self._terminal, ["--home", str(self.folder), *words, "--json"], env={})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{words}: {result.output}"
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    def say(self, *words: str) -> str:
        """The same as people read it."""
        result = CliRunner().invoke(self._terminal, ["--home", str(self.folder), *words], env={"COLUMNS": "200"})
        return result.output

    def run(self, *names: str) -> list[RunReport]:
        """Every mailbox, or these, once."""
        return [run_sync(self.hub, name, None, ACTOR) for name in names or sorted(self.hub.config.connections)]

    def create(self, kind: str, **values: Any) -> Any:
        return create_record(self.hub, kind, values, ACTOR)

    def records(self, kind: str = "activity") -> list[Any]:
        with self.hub.store.read() as tx:
            return list(tx.find(find_kind(kind), order=["id"]))

    def find(self, subject: str) -> Any:
        found = [row for row in self.records() if row.subject == subject]
        assert len(found) == 1, f"{subject}: {len(found)} activities"
        return found[0]

    def bindings(self) -> list[Binding]:
        with self.hub.store.read() as tx:
            return list(tx.find(Binding, kind="activity"))

    def dead(self) -> list[DeadRow]:
        with self.hub.store.read() as tx:
            return list(tx.find(DeadRow))

    def close(self) -> None:
        close_hub(self.hub)


def _write(value: Any) -> str:
    return ";".join(value) if isinstance(value, tuple | list) else str(value)
