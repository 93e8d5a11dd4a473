"""Letters: written from templates, sent after a plan with what was written, and what comes back flags the contact."""

from __future__ import annotations

import email
import random
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from hub.commands.app import build_app
from hub.errors import Transient
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import find_home
from hub.store.rows import Attempt
from hub.sync.records import create_record, edit_record
from hub.sync.run import run_sync
from tests.connectors.smtp.test_sending import ACTOR, Desk, Post, post

__all__ = ["post"]
LINE = {"name": "轴承 6204", "quantity": "200", "unit": "件", "unit_price": "36.50", "tax_rate": "0.13"}


class Office(Desk):
    """A company with a customer, somebody who speaks for it, a quote and an invoice."""

    def __init__(self, folder: Path, port: int, **more: Any) -> None:
        super().__init__(folder, port, **more)
        self.account = self.make("account", name="海岳精密机械有限公司", email="office@haiyue.example")
        links = [{"account_id": str(self.account.id), "primary": True}]
        self.contact = self.make("contact", name="李 <工>", email="Li@haiyue.example", links=links)
        of = {"account_id": str(self.account.id), "currency": "CNY", "lines": [LINE]}
        self.quote = self.make("quote", valid_until="2099-01-31", **of)
        self.invoice = self.make("invoice", number="INV-0007", due_on="2026-10-31", **of)

    def make(self, kind: str, **values: Any) -> Any:
        return create_record(self.hub, kind, values, ACTOR)

    def letter(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("letter", "write", *words)["items"]
        return found

    def refuse(self, *words: str) -> str:
        result = CliRunner().invoke(
            build_app(), ["--home", str(self.folder), "letter", "write", *words], env={"COLUMNS": "200"}
        )
        assert result.exit_code != 0, result.output
        return result.output + result.stderr


@pytest.fixture
def office(post: tuple[Post, int], tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, post[1], unsubscribe="https://our.example/stop")
    yield made
    close_hub(made.hub)


def read(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize(("lang", "words"), [("zh", "随函附上报价单"), ("en", "please find enclosed our quote")])
def test_a_quote_goes_with_its_pdf(office: Office, post: tuple[Post, int], lang: str, words: str) -> None:
    (mail,) = office.letter("quote", "quote", office.quote.number, "--in", lang)
    office.run()
    assert post[0].taken == [], "nobody has seen a plan"
    office.accept()
    (content,) = post[0].taken
    sent = read(content)
    assert sent["To"] == '"李 <工>" <li@haiyue.example>'
    assert office.quote.number in sent["Subject"]
    plain = sent.get_body(("plain",)).get_content()
    html = sent.get_body(("html",)).get_content()
    assert words in plain
    assert words in html
    assert "¥8,249.00" in plain
    assert "李 &lt;工&gt;" in html, "what a record says is no markup"
    (paper,) = sent.iter_attachments()
    assert (paper.get_content_type(), paper.get_filename().endswith(".pdf")) == ("application/pdf", True)
    (page,) = PdfReader(BytesIO(paper.get_content())).pages
    assert office.quote.number in page.extract_text()
    assert sent["List-Unsubscribe"] is None
    assert mail["attachments"][0]["size"] == len(paper.get_content())


def test_what_was_written_is_what_leaves(office: Office, post: tuple[Post, int]) -> None:
    """The quote changes after its letter was written: the customer gets what the plan showed."""
    office.letter("quote", "quote", office.quote.number, "--in", "zh")
    lines = [{"key": office.quote.lines[0].key, **LINE, "unit_price": "1"}]
    edit_record(office.hub, "quote", office.quote.id, {"lines": lines}, ACTOR)
    office.accept()
    (paper,) = read(post[0].taken[0]).iter_attachments()
    assert "8,249.00" in PdfReader(BytesIO(paper.get_content())).pages[0].extract_text()


def test_a_reminder_is_about_its_invoice_and_waits_once(office: Office, post: tuple[Post, int]) -> None:
    (mail,) = office.letter("payment-reminder", "invoice", "INV-0007", "--in", "zh")
    assert "未付 ¥8,249.00" in mail["text"]
    assert [(row["kind"], row["record_id"]) for row in mail["topics"]] == [("invoice", str(office.invoice.id))]
    assert mail["account_id"] == str(office.account.id)
    assert "already" in office.refuse("payment-reminder", "invoice", "INV-0007")
    office.accept()
    assert len(post[0].taken) == 1
    office.letter("payment-reminder", "invoice", "INV-0007")  # the first was sent


def test_a_template_of_the_home_takes_the_place_of_the_shipped_one(office: Office) -> None:
    made = office.call("letter", "copy", "follow-up", "--in", "en")["item"]
    path = Path(made["file"])
    assert (made["made"], path.parent) == (True, office.folder / "letters")
    path.write_text(
        'kinds = ["account"]\nsubject = "Hello ${customer}"\ntext = "${contact}: costs 5 $$"\n', encoding="utf-8"
    )
    (mail,) = office.letter("follow-up", "account", office.account.name, "--in", "en")
    assert (mail["subject"], mail["text"]) == ("Hello 海岳精密机械有限公司", "李 <工>: costs 5 $")
    for wrong, told in (
        ('kinds = ["account"]\nsubject = "x"\ntext = "a\\nb $custmer"\n', "line 2: nothing is called custmer"),
        ('kinds = ["account"]\nsubject = "x"\ntext = "${website}"\n', "website is empty"),
        ('kinds = ["account"]\nsubject = "5 $"\ntext = "x"\n', "begins no name"),
        ('kinds = ["account"]\ntext = "x"\n', "subject"),
        ("kinds = [", "follow-up.en.toml"),
    ):
        path.write_text(wrong, encoding="utf-8")
        assert told in office.refuse("follow-up", "account", office.account.name, "--in", "en", "--anyway"), wrong


def test_mails_to_many_tell_how_to_receive_no_more(office: Office, post: tuple[Post, int]) -> None:
    quiet = office.make("account", name="不收", email="x@quiet.example", tags=["no-mailing"])
    other = office.make("account", name="另一", email="y@other.example")
    told = office.refuse("news", "account", office.account.name, other.name, quiet.name)
    assert "no-mailing" in told
    office.accept()
    assert sorted(str(read(content)["To"]) for content in post[0].taken) == [
        '"李 <工>" <li@haiyue.example>', "y@other.example",
    ]  # fmt: skip
    for content in post[0].taken:
        sent = read(content)
        assert sent["List-Unsubscribe"] == "<https://our.example/stop>"
        assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mails_to_many_without_a_way_out_are_not_sent(post: tuple[Post, int], tmp_path: Path) -> None:
    office = Office(tmp_path, post[1])
    try:
        office.letter("news", "account", office.account.name)
        office.accept()
        assert post[0].taken == []
        with office.hub.store.read() as tx:
            assert {row.error_code for row in tx.find(Attempt)} == {"smtp.no_way_out"}
    finally:
        close_hub(office.hub)


def test_no_more_than_so_many_leave_in_a_minute_whoever_sends(post: tuple[Post, int], tmp_path: Path) -> None:
    """Two workers send: each has a budget of its own, over one database."""
    office = Office(tmp_path, post[1], per_minute=2)
    other = open_hub(find_home(tmp_path, {}), outfit=Outfit(office.clock, random.Random(10)))
    try:
        for number in range(5):
            office.write(subject=f"mail {number}")
        office.accept()
        assert len(post[0].taken) == 2
        for hub in (office.hub, other):
            with pytest.raises(Transient, match="call budget"):
                run_sync(hub, "post", None, ACTOR)
            assert len(post[0].taken) == 2
        for number in range(8):
            before = len(post[0].taken)
            office.clock.pass_time(61)
            for hub in (other, office.hub) if number % 2 else (office.hub, other):
                with suppress(Transient):
                    run_sync(hub, "post", None, ACTOR)
            assert len(post[0].taken) <= before + 2
        assert len(post[0].taken) == 5
        assert len({read(content)["Message-ID"] for content in post[0].taken}) == 5
    finally:
        close_hub(other)
        close_hub(office.hub)


def test_whose_mails_come_back_is_not_written_to(office: Office) -> None:
    bounce = {"key": "1", "address": "LI@haiyue.example", "status": "5.1.1", "reason": "user unknown"}
    report = office.make("activity", type="mail", way="in", state="done", subject="Undelivered", bounces=[bounce])
    assert office.read(office.contact).undeliverable == "5.1.1 user unknown"
    assert "user unknown" in office.refuse("payment-reminder", "invoice", "INV-0007")
    office.letter("payment-reminder", "invoice", "INV-0007", "--to", "office@haiyue.example")
    edit_record(office.hub, "contact", office.contact.id, {"email": "li@new.example"}, ACTOR)
    assert office.read(office.contact).undeliverable == ""
    edit_record(office.hub, "contact", office.contact.id, {"email": "li@haiyue.example"}, ACTOR)
    assert office.read(office.contact).undeliverable != ""
    edit_record(office.hub, "activity", report.id, {"state": "void"}, ACTOR)
    assert office.read(office.contact).undeliverable == ""
