"""What the connector makes of mailboxes as people keep them, on both servers."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from email.message import EmailMessage
from hashlib import sha256

import pytest

from hub.errors import ConfigInvalid, NeedsConsent, Transient
from hub.sdk import SourceRecord, Stage
from tests.connectors.imap.office import Mailbox, open_connector, pull, write_mail

pytestmark = pytest.mark.servers


def list_subjects(records: list[SourceRecord]) -> list[str]:
    return [record.payload["subject"] for record in records]


def test_only_what_came_since_is_read(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail(f"{number}") for number in range(7)])
    with open_connector(mailbox.server, mailbox.user) as connector:
        first, place = pull(connector, limit=3)
        assert list_subjects(first) == [str(number) for number in range(7)]
        assert len({record.external_id for record in first}) == 7
        again, place = pull(connector, place)
        assert again == []
        mailbox.put(write_mail("later", date="Mon, 05 Jan 2015 09:00:00 +0000"))
        mailbox.line.noop()
    with open_connector(mailbox.server, mailbox.user) as connector:
        fresh, place = pull(connector, place)
        assert list_subjects(fresh) == ["later"], "however old it says that it is"
        assert pull(connector, place)[0] == []


def test_a_reading_that_is_cut_off_goes_on_in_another_process(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail(f"{number}") for number in range(7)])
    found: list[str] = []
    position = None
    for _ in range(10):
        with open_connector(mailbox.server, mailbox.user) as connector:
            page = connector.streams()["message"].read_page(None, position, 2)
        found += list_subjects(list(page.records))
        position = page.position
        if position is None:
            break
    assert found == [str(number) for number in range(7)]


def test_several_folders_with_chinese_names(mailbox: Mailbox) -> None:
    mailbox.line.create_folder("客户往来")
    mailbox.line.create_folder("项目")
    mailbox.put(write_mail("一"), "客户往来")
    mailbox.put(write_mail("二"), "项目")
    mailbox.put(write_mail("三"))
    with open_connector(mailbox.server, mailbox.user, folders=("客户往来", "INBOX")) as connector:
        assert list_subjects(pull(connector)[0]) == ["一", "三"]
    with open_connector(mailbox.server, mailbox.user, folders=("*",), skip_folders=("项目",)) as connector:
        assert sorted(list_subjects(pull(connector)[0])) == ["一", "三"]
    with (
        open_connector(mailbox.server, mailbox.user, folders=("客户",)) as connector,
        pytest.raises(ConfigInvalid) as caught,
    ):
        pull(connector)
    assert caught.value.code == "imap.folder_missing"
    assert "客户往来" in str(caught.value)


def test_the_first_run_begins_at_a_date(mailbox: Mailbox) -> None:
    mailbox.line.append("INBOX", write_mail("old"), msg_time=_at(2025))
    mailbox.line.append("INBOX", write_mail("new"), msg_time=_at(2026))
    with open_connector(mailbox.server, mailbox.user, since=date(2026, 1, 1)) as connector:
        records, place = pull(connector)
        assert list_subjects(records) == ["new"]
        mailbox.line.append("INBOX", write_mail("moved in"), msg_time=_at(2024))
        assert list_subjects(pull(connector, place)[0]) == ["moved in"]


def _at(year: int) -> datetime:
    return datetime(year, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("removed", ["keep", "void"])
def test_what_was_removed_is_kept_or_ends(mailbox: Mailbox, removed: str) -> None:
    mailbox.put_many([write_mail(f"{number}") for number in range(6)])
    with open_connector(mailbox.server, mailbox.user, removed=removed) as connector:
        records, place = pull(connector)
        uids = [int(record.external_id.rpartition("/")[2]) for record in records]
        mailbox.remove([uids[1], uids[4]])
        mailbox.put(write_mail("new"))
        found, place = pull(connector, place)
        gone = [record.external_id for record in found if record.stage is Stage.GONE]
        wanted = [records[1].external_id, records[4].external_id] if removed == "void" else []
        assert sorted(gone) == sorted(wanted)
        assert [r.payload["subject"] for r in found if r.stage is Stage.EFFECTIVE] == ["new"]
        assert pull(connector, place)[0] == []


def test_what_nobody_wants_is_left_out(mailbox: Mailbox) -> None:
    mailbox.put(write_mail("news", sender="News <weekly@news.example>"))
    mailbox.put(write_mail("lunch", sender="wang@our.example", to="zhao@our.example"))
    mailbox.put(write_mail("[SPAM] win", sender="x@spam.example"))
    mailbox.put(write_mail("询价"))
    choices = {"skip_senders": ("*@news.example",), "skip_subjects": ("[[]SPAM]*",)}
    with open_connector(mailbox.server, mailbox.user, **choices) as connector:
        assert list_subjects(pull(connector)[0]) == ["询价"]
    with open_connector(mailbox.server, mailbox.user, internal="keep", **choices) as connector:
        assert list_subjects(pull(connector)[0]) == ["lunch", "询价"]


@pytest.mark.parametrize("bodies", ["none", "text", "all"])
def test_bodies_are_read_as_far_as_they_are_wanted(mailbox: Mailbox, bodies: str) -> None:
    big = b"x" * 300_000
    mailbox.put(_attach("报价单.pdf", big))
    with open_connector(mailbox.server, mailbox.user, bodies=bodies) as connector:
        ((record,), _) = pull(connector)
    payload = record.payload
    assert payload["text"] == ("" if bodies == "none" else "请见附件")
    named = [(one["name"], one["type"]) for one in payload["attachments"]]
    assert named == ([] if bodies == "none" else [("报价单.pdf", "application/pdf")])
    known = [(one["size"], one["digest"]) for one in payload["attachments"]]
    assert known == ([] if bodies == "none" else [(len(big), sha256(big).hexdigest())])
    assert payload["doubts"] == ""


def _attach(name: str, content: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "li@haiyue.example", "sales@our.example", "报价"
    mail["Message-ID"], mail["Date"] = "<big@haiyue.example>", "Mon, 02 Mar 2026 09:00:00 +0800"
    mail.set_content("请见附件")
    mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes()


def test_nothing_in_the_mailbox_changes(mailbox: Mailbox) -> None:
    mailbox.put(write_mail())
    with open_connector(mailbox.server, mailbox.user, bodies="all") as connector:
        pull(connector)
    mailbox.line.select_folder("INBOX", readonly=True)
    uids = mailbox.line.search()
    assert all(b"\\Seen" not in flags for flags in mailbox.line.get_flags(uids).values())


def test_a_refused_login_says_why(mailbox: Mailbox) -> None:
    with open_connector(
        mailbox.server,
        mailbox.user,
        password="wrong-password",  # pragma: allowlist secret
    ) as connector:  # pragma: allowlist secret
        with pytest.raises(NeedsConsent) as caught:
            pull(connector)
        (item,) = connector.check()
    assert caught.value.code == "imap.login_refused"
    assert (item.ok, item.code) == (False, "imap.login_refused")


def test_check_names_what_there_is_and_what_is_missing(mailbox: Mailbox) -> None:
    with open_connector(mailbox.server, mailbox.user) as connector:
        codes = {item.code for item in connector.check() if item.ok}
    assert {"imap.reached", "imap.folder_found"} <= codes
    assert ("imap.no_condstore" in codes) == (mailbox.server.name == "pymap")
    with open_connector(mailbox.server, mailbox.user, folders=("Kunden",)) as connector:
        last = connector.check()[-1]
    assert (last.ok, last.ours, last.code) == (False, True, "imap.folder_missing")


def test_a_server_that_is_away_is_tried_again(mailbox: Mailbox) -> None:
    with open_connector(mailbox.server, mailbox.user, port=1) as connector, pytest.raises(Transient) as caught:
        pull(connector)
    assert caught.value.code == "imap.unreachable"


def test_a_password_does_not_travel_readable(mailbox: Mailbox) -> None:
    away = open_connector(mailbox.server, mailbox.user, host="imap.example.com")
    with away as connector, pytest.raises(ConfigInvalid) as caught:
        pull(connector)
    assert caught.value.code == "imap.plain"


def test_one_mail_is_fetched_by_its_name(mailbox: Mailbox) -> None:
    mailbox.put(write_mail("one"))
    with open_connector(mailbox.server, mailbox.user) as connector:
        (record,), _ = pull(connector)
        stream = connector.streams()["message"]
        found = stream.fetch(record.external_id)
        assert found is not None
        assert found.payload == record.payload
        assert stream.list_ids() == [record.external_id]
        for other in ("INBOX/1/1", "nowhere/1/1", "x", f"{record.external_id}9"):
            assert stream.fetch(other) is None


def test_idle_tells_of_new_mail(mailbox: Mailbox) -> None:
    woken, stop = threading.Event(), threading.Event()
    with open_connector(mailbox.server, mailbox.user) as connector:
        assert connector.listens

        def hear() -> None:
            connector.listen(lambda kind: woken.set(), stop.is_set)

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            for _ in range(60):
                mailbox.put(write_mail())
                if woken.wait(0.5):
                    break
            assert woken.is_set()
        finally:
            stop.set()
            thread.join(10)
    assert not thread.is_alive()
