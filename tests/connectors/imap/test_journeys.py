"""Whole stories: an answer to a reminder, and one that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.imap.office import Mailbox, Office, write_mail

pytestmark = pytest.mark.servers


def test_an_answer_to_a_reminder_hangs_on_the_invoice(office: Office, sales: Mailbox) -> None:
    account = office.create("account", name="海岳精密机械有限公司", email="office@haiyue.example")
    line = {"name": "轴承", "quantity": "1", "unit_price": "100"}
    invoice = office.create("invoice", account_id=str(account.id), number="INV-0007", currency="CNY", lines=[line])
    topic = {"kind": "invoice", "record_id": str(invoice.id)}
    sent = {"state": "done", "way": "out", "message_id": "<reminder@our.example>"}
    office.create("activity", type="mail", subject="付款提醒", topics=[topic], account_id=str(account.id), **sent)
    answer = ("In-Reply-To: <reminder@our.example>",)
    sales.put(write_mail("Re: 付款提醒", sender="zhao@gmail.com", text="本周付款。", more=answer))
    office.run("sales")
    found = office.find("Re: 付款提醒")
    assert [(row.kind, row.record_id) for row in found.topics] == [("invoice", invoice.id)]
    assert found.account_id == account.id
    assert "Re: 付款提醒" in office.say("trace", "INV-0007")


def test_a_reminder_that_comes_back_flags_the_contact(office: Office, sales: Mailbox) -> None:
    contact = office.create("contact", name="李工", email="li@haiyue.example")
    sales.put((Path(__file__).with_name("mails") / "returned.eml").read_bytes())
    office.run("sales")
    (flagged,) = office.records("contact")
    assert flagged.id == contact.id
    assert flagged.undeliverable == "5.1.1 550 5.1.1 <li@haiyue.example>: user unknown"
    sales.put(write_mail("unrelated"))
    assert all(not report.errors for report in office.run("sales"))
