"""Nothing in a mailbox changes unless an admin asks for a flag; then the mails that the hub holds get it, no other."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from imapclient.exceptions import IMAPClientError
from pydantic import ValidationError

from connectors.imap.config import ImapConfig
from hub.sdk import Page
from hub.testkit.mailboxes import MailServer
from tests.connectors.imap.office import Mailbox, Office, make_answers, open_connector, pull, write_mail
from tests.connectors.imap.test_refusals import run_provider
from tests.connectors.imap.wiretap import listen_in

FLAG = "$CRM"
READS = re.compile(
    r"(CAPABILITY|ID|LOGIN|ENABLE|LIST|STATUS|EXAMINE|UNSELECT|CLOSE|LOGOUT)\b|UID SEARCH |"
    r"UID FETCH \S+ \((BODY\.PEEK\[[^\]]*\](<\S+>)?|RFC822\.SIZE|INTERNALDATE|UID| )+\)( \(CHANGEDSINCE|$)"
)
"""Commands that leave a mailbox as it is; CLOSE does behind EXAMINE (RFC 9051, 6.4.1), and there is no SELECT."""


def show_flags(mailbox: Mailbox, folder: str = "INBOX") -> dict[str, set[str]]:
    """Subject → flags of each mail."""
    mailbox.line.select_folder(folder, readonly=True)
    found = mailbox.line.fetch(mailbox.line.search(), ["FLAGS", "ENVELOPE"])
    flags = {
        told[b"ENVELOPE"].subject.decode(): {flag.decode() for flag in told[b"FLAGS"]} - {"\\Recent"}
        for told in found.values()
    }
    with suppress(IMAPClientError):  # pymap does not close what is opened for reading
        mailbox.line.close_folder()
    return flags


def keep_all(ids: Any) -> set[str]:
    return set(ids)


def read_all(connector: Any, position: Any = None) -> tuple[Page, Any]:
    """The last page, and what was marked of it."""
    page = connector.streams()["message"].read_page(None, position, 100)
    return page, connector.streams()["message"].follow_up(page.resume, keep_all)


@pytest.mark.servers
@pytest.mark.parametrize("removed", ["keep", "void"])
def test_nothing_is_written_unless_asked(mailbox: Mailbox, removed: str) -> None:
    mailbox.put_many([write_mail("one"), write_mail("two", text="x" * 120_000)])
    before = show_flags(mailbox)
    items = ["UIDVALIDITY", "UIDNEXT", "MESSAGES", "UNSEEN"]
    items += ["HIGHESTMODSEQ"] if mailbox.server.name == "dovecot" else []
    told = mailbox.line.folder_status("INBOX", items)
    with listen_in(mailbox.server) as (tapped, commands):
        for bodies in ("none", "text", "all"):
            with open_connector(tapped, mailbox.user, bodies=bodies, removed=removed) as connector:
                records, place = pull(connector)
                assert len(records) == 2
                assert connector.check()
                assert connector.streams()["message"].follow_up(place, keep_all) is None
                assert pull(connector, place)[0] == []
                assert len(connector.streams()["message"].list_ids() or ()) == 2
                assert connector.streams()["message"].fetch(records[0].external_id) is not None
    assert [command for command in commands if not READS.match(command)] == []
    assert any(command.startswith("EXAMINE") for command in commands)
    assert show_flags(mailbox) == before == {"one": set(), "two": set()}
    assert mailbox.line.folder_status("INBOX", items) == told, "not even the count of changes has moved"


@pytest.mark.servers
@pytest.mark.parametrize("flag", ["\\Seen", "\\Flagged"])
def test_mails_that_are_kept_get_the_flag(mailbox: Mailbox, flag: str) -> None:
    mailbox.put_many([write_mail("kept"), write_mail("dead"), write_mail("news", sender="x@news.example")])
    mailbox.put(write_mail("lunch", sender="wang@our.example", to="zhao@our.example"))
    mailbox.put(write_mail("[SPAM] win"))
    choices = {"folders": ("INBOX",), "skip_senders": ("*@news.example",), "skip_subjects": ("[[]SPAM]*",)}
    with open_connector(mailbox.server, mailbox.user, mark=flag, **choices) as connector:
        stream: Any = connector.streams()["message"]
        page = stream.read_page(None, None, 100)
        dead = next(record.external_id for record in page.records if record.payload["subject"] == "dead")
        assert all(not flags for flags in show_flags(mailbox).values()), "not before they are kept"
        done = stream.follow_up(page.resume, lambda ids: set(ids) - {dead})
        assert (done.marked, done.unmarked) == (1, 0)
        assert {name for name, flags in show_flags(mailbox).items() if flag in flags} == {"kept"}
        assert stream.follow_up(done.position, keep_all) is None
        assert stream.follow_up(page.resume, lambda ids: set(ids) - {dead}).marked == 1, "twice does no harm"
        assert pull(connector, done.position)[0] == [], "our own change brings nothing back"
        assert len(show_flags(mailbox)) == 5


@pytest.mark.servers
def test_what_people_only_marked_as_deleted_stays(mailbox: Mailbox) -> None:
    mailbox.put_many([write_mail("one"), write_mail("two")])
    mailbox.line.select_folder("INBOX")
    mailbox.line.add_flags(mailbox.line.search()[:1], [b"\\Deleted"])
    mailbox.line.select_folder("INBOX", readonly=True)
    with open_connector(mailbox.server, mailbox.user, folders=("INBOX",), mark="\\Seen") as connector:
        _, done = read_all(connector)
    assert done.marked == 2
    assert show_flags(mailbox) == {"one": {"\\Deleted", "\\Seen"}, "two": {"\\Seen"}}


@pytest.mark.servers
def test_our_own_change_is_looked_at_once(sales: Mailbox) -> None:
    sales.put(write_mail("one"))
    with listen_in(sales.server) as (tapped, commands):
        with open_connector(tapped, sales.user, folders=("INBOX",), mark=FLAG) as connector:
            place = read_all(connector)[1].position
        for looks in (1, 0, 0):
            commands.clear()
            with open_connector(tapped, sales.user, folders=("INBOX",), mark=FLAG) as connector:
                page, done = read_all(connector, place)
            assert (page.records, done) == ([], None)
            assert len([one for one in commands if one.startswith("EXAMINE")]) == looks
            assert not [one for one in commands if one.startswith(("SELECT", "UID STORE"))]
            place = page.resume


@pytest.mark.servers
def test_a_folder_that_may_not_be_written_is_read_and_told(sales: Mailbox) -> None:
    sales.line.create_folder("Archiv")
    sales.put(write_mail("one"), "Archiv")
    folder = sales.server.folder / "mail" / sales.user / "Archiv"
    paths = [folder, *(path for path in folder.iterdir() if path.is_dir())]
    try:
        for path in paths:
            path.chmod(0o555)
        with open_connector(sales.server, sales.user, folders=("Archiv",), mark="\\Seen") as connector:
            page, done = read_all(connector)
            found = [item for item in connector.check() if not item.ok]
    finally:
        for path in paths:
            path.chmod(0o755)
    assert [record.payload["subject"] for record in page.records] == ["one"]
    assert (done.marked, done.unmarked) == (0, 1)
    assert [(item.code, item.params["folder"]) for item in found] == [("imap.folder_readonly", "Archiv")]
    assert show_flags(sales, "Archiv") == {"one": set()}


@pytest.mark.servers
def test_a_flag_that_a_server_does_not_keep_is_told(pymap: MailServer) -> None:
    mailbox = Mailbox(pymap, pymap.user)
    mailbox.empty()
    mailbox.put(write_mail("one"))
    with open_connector(pymap, pymap.user, folders=("INBOX",), mark=FLAG) as connector:
        _, done = read_all(connector)
        found = [item.code for item in connector.check() if not item.ok]
    assert (done.marked, done.unmarked, found) == (0, 1, ["imap.folder_readonly"])
    assert show_flags(mailbox) == {"one": set()}
    mailbox.close()


def test_a_server_that_refuses_is_told() -> None:
    refusals = ({"UID": "[NOPERM] not yours"}, {"SELECT": "[NOPERM] not yours"})
    for refused in refusals:
        with run_provider(refused) as provider, open_connector(provider, "x@our.example", mark=FLAG) as connector:
            position = {"marks": {}, "done": [], "unmarked": {"INBOX": [0, "1:3"]}}
            stream: Any = connector.streams()["message"]
            done = stream.follow_up(position, keep_all)
        assert (done.marked, done.unmarked) == (0, 3)
        assert done.position == {"marks": {}, "done": []}


@pytest.mark.parametrize("flag", ["\\Deleted", "\\Draft", "two words", "a)", "*", "\\*", "标记"])
def test_no_other_flag_can_be_asked_for(flag: str) -> None:
    server = MailServer("", 1, Path(), None, None, "x", ["x"], "x", True)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        ImapConfig.model_validate(make_answers(server, "x", mark=flag))


class Died(BaseException):
    """The end of a process."""


@pytest.mark.servers
def test_a_run_tells_how_many_were_marked_whatever_dies_on_the_way(office: Office, sales: Mailbox) -> None:
    office.configure("sales", mark=FLAG, skip_subjects=("skip*",))
    sales.put_many([write_mail("one"), write_mail("two"), write_mail("skip me")])

    def die(at: str) -> None:
        if at == "C13":  # the page is kept, and nothing marked yet
            raise Died

    usual, office.hub.checkpoint = office.hub.checkpoint, die
    with pytest.raises(Died):
        office.run("sales")
    office.hub.checkpoint = usual
    assert len(office.records()) == 2
    assert not any(show_flags(sales).values())
    (report,) = office.run("sales")
    assert report.run.counts == {"in.activity.marked": 2}
    assert show_flags(sales) == {"one": {FLAG}, "two": {FLAG}, "skip me": set()}
    sales.put(write_mail("three"))
    (report,) = office.run("sales")
    assert report.run.counts == {"in.activity.created": 1, "in.activity.marked": 1}
    assert "1 marked" in office.say("run", "list")
    assert [report.run.counts for report in office.run("sales") + office.run("sales")] == [{}, {}]
    assert len(office.records()) == 3


@pytest.mark.servers
def test_a_rehearsal_marks_nothing(office: Office, sales: Mailbox) -> None:
    office.configure("sales", mark=FLAG)
    sales.put(write_mail("one"))
    office.call("sync", "plan", "sales")
    assert show_flags(sales) == {"one": set()}
