"""Mails that leave the hub: after a plan, once, and looked for before anything is sent again."""

from __future__ import annotations

import email
import json
import random
from collections.abc import Iterator
from email import policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typer.testing import CliRunner

from hub.commands.app import build_app
from hub.protocol.binding import Binding, BindingState
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import find_home
from hub.store.rows import Attempt
from hub.sync.plan import make_plan
from hub.sync.records import create_record
from hub.sync.run import run_sync
from hub.testkit.servers import free_port
from tests.journeys.desk import MovedClock

ACTOR = "cli:li"


class Post:
    """What an SMTP server does with a mail; ``answer`` is what it says, None: it hangs up instead."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answer: str | None = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if self.answer is None:
            self.taken.append(content)
            assert server.transport is not None
            server.transport.close()
            return "451 gone"
        if self.answer.startswith("250"):
            self.taken.append(content)
        return self.answer


class Desk:
    """A hub that sends."""

    def __init__(self, folder: Path, port: int, **more: Any) -> None:
        self.folder = folder
        self.clock = MovedClock()
        self._terminal = build_app()
        self.call("init")
        answers = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "sales@our.example", **more}
        words = [word for name, value in answers.items() for word in ("--set", f"{name}={value}")]
        self.call("connection", "add", "post", "--connector", "smtp", *words)
        self.call("sync", "add", "post", "activity")
        self.hub = open_hub(find_home(folder, {}), outfit=Outfit(self.clock, random.Random(9)))

    def call(self, *words: str) -> dict[str, Any]:
        result = CliRunner().invoke(self._terminal, ["--home", str(self.folder), *words, "--json"], env={})
        assert result.exit_code == 0, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    def write(self, **more: Any) -> Any:
        people = [{"address": "li@haiyue.example", "name": "李工"}]
        values = {"type": "mail", "way": "out", "subject": "付款提醒 INV-0007", "text": "您好，\n发票 <7> 已到期。"}
        return create_record(self.hub, "activity", {**values, "people": people, **more}, ACTOR)

    def accept(self) -> None:
        plan = make_plan(self.hub, "post", None, ACTOR)
        run_sync(self.hub, "post", None, ACTOR, accept=str(plan.plan.label))

    def run(self) -> None:
        run_sync(self.hub, "post", None, ACTOR)

    def bindings(self) -> list[Binding]:
        with self.hub.store.read() as tx:
            return list(tx.find(Binding, connection="post"))

    def read(self, record: Any) -> Any:
        with self.hub.store.read() as tx:
            return tx.get(type(record), id=record.id)

    def count_attempts(self) -> int:
        with self.hub.store.read() as tx:
            return int(tx.count(Attempt))


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture
def desk(post: tuple[Post, int], tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, post[1])
    yield made
    close_hub(made.hub)


def test_a_mail_leaves_once_and_only_after_a_plan(desk: Desk, post: tuple[Post, int]) -> None:
    handler = post[0]
    mail = desk.write()
    create_record(desk.hub, "activity", {"type": "meeting", "subject": "拜访"}, ACTOR)
    desk.run()
    assert handler.taken == [], "nobody has seen a plan"
    desk.accept()
    desk.run()
    (content,) = handler.taken
    sent = email.message_from_bytes(content, policy=policy.default)
    (binding,) = desk.bindings()
    assert (binding.state, binding.hub_id) == (BindingState.BOUND, mail.id)
    assert sent["Message-ID"] == f"<{binding.ref}@our.example>"
    assert (sent["Subject"], sent["To"]) == ("付款提醒 INV-0007", "李工 <li@haiyue.example>")
    plain, html = (part.get_content() for part in sent.iter_parts())
    assert "发票 <7> 已到期。" in plain
    assert "发票 &lt;7&gt; 已到期。" in html
    told = desk.read(mail)
    assert (told.state.value, told.message_id) == ("done", sent["Message-ID"])


def test_a_mail_whose_answer_was_lost_waits_for_a_person(desk: Desk, post: tuple[Post, int]) -> None:
    handler = post[0]
    desk.accept()
    handler.answer = None
    desk.write()
    desk.accept()
    desk.run()
    assert len(handler.taken) == 1
    (binding,) = desk.bindings()
    assert binding.parked or binding.state is BindingState.UNKNOWN
    handler.answer = "250 OK"
    desk.run()
    assert len(handler.taken) == 1, "nothing is sent blindly again"


def test_a_mail_that_is_refused_says_why(desk: Desk, post: tuple[Post, int]) -> None:
    post[0].answer = "554 5.7.1 looks like spam"
    desk.write()
    desk.accept()
    desk.run()
    assert post[0].taken == []
    (binding,) = desk.bindings()
    assert binding.remote_id is None
    with desk.hub.store.read() as tx:
        assert any("looks like spam" in str(row) for row in tx.find(Attempt))
