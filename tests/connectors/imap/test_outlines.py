"""Attachments of mails that are read no further than their beginning."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.outlines import list_attachments
from tests.connectors.imap.office import Mailbox, open_connector, pull

ODD = st.recursive(st.none() | st.binary(max_size=5) | st.integers(), lambda inner: st.lists(inner) | st.tuples(inner))


@pytest.mark.servers
def test_every_attachment_is_named_however_far_behind(mailbox: Mailbox) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "li@haiyue.example", "sales@our.example", "图纸"
    mail.set_content("见附件")
    mail.add_alternative("<p>见附件</p>", subtype="html")
    sizes = {"报价单.pdf": 300_000, "总装图（第二版）.dwg": 200_000, "a b.zip": 7}
    for name, size in sizes.items():
        mail.add_attachment(b"x" * size, maintype="application", subtype="octet-stream", filename=name)
    mailbox.put(mail.as_bytes())
    with open_connector(mailbox.server, mailbox.user) as connector:
        ((record,), _) = pull(connector)
    payload = record.payload
    assert (payload["text"], payload["doubts"]) == ("见附件", "cut")
    assert [one["name"] for one in payload["attachments"]] == list(sizes)
    for one in payload["attachments"]:
        assert one["size"] == pytest.approx(sizes[one["name"]], rel=0.02, abs=200)
        assert one["digest"] == ""


def test_what_a_server_may_say_of_a_mail() -> None:
    text = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", 5, 1, None, None, None)
    named = (b"TEXT", b"PLAIN", (b"NAME", b"=?gb2312?B?sai82w==?="), None, None, b"8BIT", 9, 1)
    other = (b"IMAGE", b"PNG", None, None, None, b"base64", 78, None, (b"inline", None), (b"en", b"zh"))
    coded = (b"APPLICATION", b"PDF", None, None, None, b"base64", 780, None,
             (b"ATTACHMENT", (b"FILENAME*", b"UTF-8''%E5%9B%BE.pdf")))  # fmt: skip
    assert list_attachments(([text, ([named, other], b"RELATED"), coded], b"MIXED")) == [
        ("报价", "text/plain", 9, ""), ("image/png", "image/png", 57, ""), ("图.pdf", "application/pdf", 570, ""),
    ]  # fmt: skip


@given(ODD)
def test_no_outline_stops_the_reading(outline: object) -> None:
    try:
        list_attachments(outline)
    except ValueError as told:
        assert "BODYSTRUCTURE" in str(told)  # noqa: PT017 - both ends are good ones
