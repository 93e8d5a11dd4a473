"""Where the server keeps what was sent, an answer that was lost is looked up there."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from connectors.smtp.config import SmtpConfig
from hub.model.activity import Activity
from hub.protocol.binding import BindingState
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import find_home
from hub.sync.records import create_record
from hub.sync.run import run_sync
from hub.testkit.mailboxes import MailServer
from hub.testkit.servers import free_port
from tests.connectors.imap.conftest import USERS, run_server
from tests.connectors.imap.office import Mailbox, make_answers, write_mail
from tests.connectors.smtp.test_sending import ACTOR, Desk
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, read_page

pytestmark = pytest.mark.servers
PAGE, CHINESE = "docs/connectors/smtp.md", "docs/connectors/smtp.zh.md"


class Provider:
    """An SMTP server that puts what it takes into the folder of sent mails, as providers do."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.count = 0
        self.loses = ""
        """``answer``: it takes the mail and hangs up; ``mail``: it hangs up and took nothing."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        if self.loses != "mail":
            self.count += 1
            self.mailbox.put(content, "Sent")
        if self.loses:
            assert server.transport is not None
            server.transport.close()
        return "250 OK"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailServer]:
    with run_server("dovecot") as server:
        yield server


@pytest.fixture
def provider(dovecot: MailServer) -> Iterator[tuple[Provider, int]]:
    mailbox = Mailbox(dovecot, USERS[0])
    mailbox.empty()
    handler = Provider(mailbox)
    controller = Controller(
        handler, hostname="127.0.0.1", port=free_port(), auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )  # fmt: skip
    controller.start()
    yield handler, controller.port
    controller.stop()
    mailbox.close()


def make_desk(folder: Path, provider: tuple[Provider, int], dovecot: MailServer) -> Desk:
    (folder / "mail.secret").write_text(dovecot.password, encoding="utf-8")
    sent = {"sent_host": "127.0.0.1", "sent_port": dovecot.port, "sent_security": "none"}
    return Desk(folder, provider[1], user=USERS[0], password="file:mail.secret", **sent)  # pragma: allowlist secret


@pytest.mark.parametrize("loses", ["answer", "mail"])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    provider: tuple[Provider, int], dovecot: MailServer, tmp_path: Path, loses: str
) -> None:
    handler = provider[0]
    desk = make_desk(tmp_path, provider, dovecot)
    try:
        desk.write()
        handler.loses = loses
        desk.accept()
        (binding,) = desk.bindings()
        assert binding.state is BindingState.UNKNOWN
        handler.loses = ""
        desk.run()
        assert handler.count == (loses == "answer"), "it may still be on its way"
        desk.clock.pass_time(3600)
        for _ in range(3):
            desk.run()
        (binding,) = desk.bindings()
        assert (binding.state, handler.count) == (BindingState.BOUND, 1)
    finally:
        close_hub(desk.hub)


def test_the_answer_to_a_reminder_that_was_sent_hangs_on_its_invoice(
    provider: tuple[Provider, int], dovecot: MailServer, tmp_path: Path
) -> None:
    """Written, planned, sent, kept among the sent mails, answered from an address that nobody knows."""
    mailbox = provider[0].mailbox
    desk = make_desk(tmp_path, provider, dovecot)
    words = [f"{name}={value}" for name, value in make_answers(dovecot, USERS[0], own_domains="our.example").items()]
    words = [word for word in words if not word.startswith("password=")] + ["password=file:mail.secret"]
    desk.call("connection", "add", "mail", "--connector", "imap", *(part for word in words for part in ("--set", word)))
    desk.call("sync", "add", "mail", "activity", "--direction", "in")
    close_hub(desk.hub)
    desk.hub = open_hub(find_home(tmp_path, {}), outfit=Outfit(desk.clock, random.Random(9)))
    try:
        account = create_record(desk.hub, "account", {"name": "海岳精密", "email": "li@haiyue.example"}, ACTOR)
        line = {"name": "轴承", "quantity": "1", "unit_price": "100"}
        of = {"account_id": str(account.id), "number": "INV-0007", "currency": "CNY", "lines": [line]}
        invoice = create_record(desk.hub, "invoice", {**of, "due_on": "2026-10-31"}, ACTOR)
        desk.call("letter", "write", "payment-reminder", "invoice", "INV-0007", "--in", "zh")
        desk.accept()
        mailbox.line.select_folder("Sent", readonly=True)
        (envelope,) = [told[b"ENVELOPE"] for told in mailbox.line.fetch(mailbox.line.search(), ["ENVELOPE"]).values()]
        answer = (f"In-Reply-To: {envelope.message_id.decode()}",)
        mailbox.put(write_mail("Re: 付款", sender="cfo@gmail.com", text="本周付款。", more=answer))
        run_sync(desk.hub, "mail", None, ACTOR)
        with desk.hub.store.read() as tx:
            found = {row.subject: row for row in tx.find(Activity)}
        assert len(found) == 2, "the copy among the sent mails is the reminder itself"
        told = found["Re: 付款"]
        assert [(row.kind, row.record_id) for row in told.topics] == [("invoice", invoice.id)]
        assert told.account_id == account.id
        assert "Re: 付款" in json.dumps(desk.call("trace", "INV-0007"), ensure_ascii=False)
    finally:
        close_hub(desk.hub)


def test_the_page_works_as_it_stands(provider: tuple[Provider, int], dovecot: MailServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text(dovecot.password, encoding="utf-8")
    ours = {
        "sent_host=imap.example.com": f"sent_host=127.0.0.1 --set sent_port={dovecot.port} --set sent_security=none",
        "host=smtp.example.com": f"host=127.0.0.1 --set port={provider[1]} --set security=none",
        "env:MAIL_PASSWORD": f"file:{home}/secret",
    }
    visitor = Newcomer(home, [], "smtp")
    for command in list_commands(PAGE, "isthmus"):
        typed = command.removeprefix("isthmus ")
        for shown, real in ours.items():
            typed = typed.replace(shown, real)
        if "82ac" in typed:
            typed = typed.replace("82ac", visitor.ask("sync", "plan", "post")["item"]["plan"]["label"])
        visitor.type(typed.replace("{", "{{").replace("}", "}}"))
    assert provider[0].count == 1


def test_both_languages_show_the_same() -> None:
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    settings = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    assert settings.findall(read_page(PAGE)) == settings.findall(read_page(CHINESE)) == list(SmtpConfig.model_fields)
