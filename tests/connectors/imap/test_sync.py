"""Mails on their way into the hub: each once, on the right customer, about the right documents."""

from __future__ import annotations

import json
import time

import pytest

from hub.model.activity import ActivityState, ActivityType, Way
from hub.sync.records import edit_record
from tests.connectors.imap.office import Mailbox, Office, write_mail

USCC = "91310115MA1K4XXB8W"
pytestmark = pytest.mark.servers


def test_a_mail_in_two_mailboxes_is_one_activity(office: Office, sales: Mailbox, wang: Mailbox) -> None:
    mail = write_mail("询价 SO-0042", id="a@haiyue.example", to="sales@our.example, wang@our.example")
    sales.put(mail)
    sales.put(mail)
    wang.put(mail)
    sales.put(mail, "Sent")
    office.run()
    found = office.find("询价 SO-0042")
    assert (found.type, found.state, found.way) == (ActivityType.MAIL, ActivityState.DONE, Way.IN)
    assert found.message_id == found.thread_id == "<a@haiyue.example>"
    assert [row.address for row in found.people] == ["li@haiyue.example", "sales@our.example", "wang@our.example"]
    assert len(office.bindings()) == 4
    assert not office.dead()
    assert all(report.run.counts == {} for report in office.run()), "the second run does nothing"
    assert len(office.records()) == 1


def test_a_thread_about_an_order_is_on_the_customer_and_in_the_order_s_story(office: Office, sales: Mailbox) -> None:
    account = office.create("account", name="海岳精密机械有限公司", identifiers=[{"kind": "uscc", "value": USCC}])
    office.create("contact", name="李工", email="Li@Haiyue.example", links=[{"account_id": str(account.id)}])
    order = office.create("order", account_id=str(account.id), number="SO-0042")
    sales.put(write_mail("关于 SO-0042", id="1@haiyue.example"))
    answer = ("In-Reply-To: <1@haiyue.example>", "References: <1@haiyue.example>")
    ours = {"sender": "sales@our.example", "to": "li@haiyue.example"}
    sales.put(write_mail("Re: 交期", id="2@our.example", more=answer, **ours))
    later = ("In-Reply-To: <2@our.example>",)
    sales.put(write_mail("Fwd: 交期", id="3@x.example", sender="zhao@gmail.com", more=later))
    office.run("sales")
    thread = [office.find(subject) for subject in ("关于 SO-0042", "Re: 交期", "Fwd: 交期")]
    assert {row.account_id for row in thread} == {account.id}
    assert {row.thread_id for row in thread} == {"<1@haiyue.example>"}
    assert [[topic.record_id for topic in row.topics] for row in thread] == [[order.id]] * 3
    assert [row.way for row in thread] == [Way.IN, Way.OUT, Way.IN]
    assert len(office.records("account")) == 1, "nobody is made up, least of all from a public mail domain"
    for words in (("trace", "SO-0042"), ("trace", "海岳精密机械有限公司")):
        told = json.dumps(office.call(*words), ensure_ascii=False)
        assert all(subject in told for subject in ("关于 SO-0042", "Re: 交期", "Fwd: 交期"))


def test_an_order_that_comes_after_the_mail_finds_it(office: Office, sales: Mailbox) -> None:
    sales.put(write_mail("order", text="see so-0043 and SO-0044, SO-99999"))
    office.run("sales")
    assert [row.number for row in office.find("order").mentions] == ["so-0043", "so-0044", "so-9999"]
    account = office.create("account", name="海岳精密机械有限公司", identifiers=[{"kind": "uscc", "value": USCC}])
    order = office.create("order", account_id=str(account.id), number="SO-0043")
    found = office.find("order")
    assert [topic.record_id for topic in found.topics] == [order.id]
    assert found.account_id == account.id


def test_what_a_person_added_stays_when_another_mailbox_has_the_mail_too(
    office: Office, sales: Mailbox, wang: Mailbox
) -> None:
    mail = write_mail("intern", id="a@haiyue.example")
    sales.put(mail)
    office.run("sales")
    account = office.create("account", name="海岳精密机械有限公司")
    edit_record(office.hub, "activity", office.find("intern").id, {"account_id": str(account.id)}, "cli:li")
    wang.put(mail)
    office.run("wang")
    assert [row.account_id for row in office.records()] == [account.id]
    assert len(office.bindings()) == 2


def test_a_folder_that_was_made_anew_is_read_anew_without_doubles(office: Office, sales: Mailbox) -> None:
    mails = [write_mail(f"mail {number}") for number in range(5)]
    sales.line.create_folder("Kunden")
    sales.put_many(mails, "Kunden")
    sales.put_many(mails[:2])
    office.configure("sales", folders=("INBOX", "Kunden"))
    office.run("sales")
    before = {row.id for row in office.records()}
    sales.line.delete_folder("Kunden")
    time.sleep(1.1)  # UIDVALIDITY counts seconds
    sales.line.create_folder("Kunden")
    sales.put_many([*mails, write_mail("mail 5")], "Kunden")
    (report,) = office.run("sales")
    assert not report.errors
    assert len(before) == 5
    assert len(office.records()) == 6
    assert before <= {row.id for row in office.records()}
