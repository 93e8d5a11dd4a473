"""Mails from the wild, made by us: what is read of them, and that nothing whatever stops the reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.bodies import read_body
from connectors.imap.choosing import Choice
from connectors.imap.config import ImapConfig
from connectors.imap.decoding import decode_header, decode_text
from connectors.imap.headers import read_head
from connectors.imap.shapes import shape_mail
from connectors.imap.uids import list_uids, write_uids

MAILS = Path(__file__).with_name("mails")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHOICE = Choice(
    ImapConfig.model_validate(
        {"host": "x", "user": "me@our.example", "password": "file:x", "own_domains": "our.example"}
    )
)


def shape(content: bytes) -> dict[str, Any]:
    head = content.split(b"\r\n\r\n" if b"\r\n\r\n" in content else b"\n\n")[0]
    return shape_mail(read_head(head, len(content), latest=NOW), read_body(content, 10_000, whole=True), NOW, CHOICE)


def read(name: str) -> dict[str, Any]:
    return shape((MAILS / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    ("name", "subject", "text", "doubts"),
    [
        ("gb2312-label-gb18030-content", "询价：鎔基㐂", "您好，请报价：鎔基、㐂、龥 各10件。", ""),
        ("gbk-raw-headers", "询价单", "请报价", "charset"),
        ("words-cut-inside-a-character", "关于交期的确认函", "ok", ""),
        ("unknown-charset", "报价", "报价", "charset"),
        ("mislabelled-utf8", "x", "价格表", "charset"),
        ("codec-that-is-no-charset", "uryyb", "hello", "charset"),
        ("html-only", "x", "您好\n第二行 & more", ""),
        ("nested-multipart", "x", "正文", ""),
        ("winmail-dat", "x", "hello", "tnef"),
        ("two-subjects-and-nul", "onetwo", "ab", ""),
        ("truncated-base64", "x", "报价", ""),
        ("missing-boundary-end", "x", "hello", ""),
        ("mail-in-mail", "Fwd", "see below", ""),
        ("bare-newlines", "unix folded", "hello\nworld", ""),
        ("empty", "", "", ""),
    ],
)
def test_what_is_read(name: str, subject: str, text: str, doubts: str) -> None:
    found = read(name)
    assert (found["subject"], found["text"].rstrip("\ufffd"), found["doubts"]) == (subject, text, doubts)


def test_names_of_attachments_in_every_way_of_writing() -> None:
    found = [(one["name"], one["size"]) for one in read("nested-multipart")["attachments"]]
    assert found == [("报价单.pdf", 13), ("图纸.dwg", 3)]
    assert [one["name"] for one in read("winmail-dat")["attachments"]] == ["winmail.dat"]
    assert [one["type"] for one in read("mail-in-mail")["attachments"]] == ["message/rfc822"]


def test_people_are_found_in_broken_headers() -> None:
    found = [person["address"] for person in read("broken-headers")["people"]]
    assert found == ["li@haiyue.example", "wang@our.example", "zhao@our.example"]
    assert read("gbk-raw-headers")["people"][0] == {
        "address": "li@haiyue.example", "name": "李工", "part": "organiser"
    }  # fmt: skip


def test_a_time_that_cannot_be_is_that_of_the_arrival() -> None:
    for name in ("broken-headers", "date-in-the-future"):
        assert read(name)["date"] == NOW.isoformat()


def test_a_mail_without_an_id_is_known_by_what_it_says() -> None:
    content = (MAILS / "no-message-id.eml").read_bytes()
    first, second = shape(content)["message_id"], shape(content)["message_id"]
    assert first == second
    assert first.endswith("@no-message-id.invalid>")
    assert shape(content.replace(b"Subject: x", b"Subject: y"))["message_id"] != first


def test_a_mail_that_came_back_names_whom_it_did_not_reach() -> None:
    found = read("returned")
    assert found["reply_to"] == "<reminder@our.example>"
    assert [(one["address"], one["status"], one["reason"]) for one in found["bounces"]] == [
        ("li@haiyue.example", "5.1.1", "550 5.1.1 <li@haiyue.example>: user unknown"),
        ("wang@haiyue.example", "5.2.2", ""),
    ], "who is only late is not named"
    other = read("returned-headers-only")
    assert (other["reply_to"], other["text"]) == ("<folded@our.example>", "用户不存在")
    assert [(one["address"], one["reason"]) for one in other["bounces"]] == [
        ("zhao@haiyue.example", "blocked by policy")
    ]
    assert read("receipt")["bounces"] == []
    assert read("mail-in-mail")["bounces"] == [], "a report that somebody forwards is none"


def test_a_mail_that_came_back_is_no_internal_mail() -> None:
    heads = {name: (MAILS / f"{name}.eml").read_bytes() for name in ("returned", "empty")}
    assert not CHOICE.leaves_out(read_head(heads["returned"], 1, latest=NOW))
    among_us = heads["returned"].replace(b"multipart/report", b"multipart/mixed")
    assert CHOICE.leaves_out(read_head(among_us, 1, latest=NOW))


@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reading(content: bytes) -> None:
    found = shape(content)
    assert "\0" not in found["subject"] + found["text"]


@given(st.data())
def test_no_damage_stops_the_reading(data: st.DataObject) -> None:
    names = sorted(MAILS.glob("*.eml"))
    content = bytearray(data.draw(st.sampled_from(names)).read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    found = shape(bytes(content))
    assert len(found["message_id"]) <= 2_000
    assert found["date"] <= (NOW + timedelta(days=5)).isoformat()
    (found["subject"] + found["text"] + str(found["people"])).encode()


@given(st.text(max_size=60), st.sampled_from(["utf-8", "gb18030", "big5hkscs", "shift_jis", "latin-1"]))
def test_what_was_labelled_right_is_read_as_it_was_written(text: str, charset: str) -> None:
    clean = "".join(sign for sign in text if sign.isprintable())
    try:
        content = clean.encode(charset)
    except UnicodeEncodeError:
        return
    assert decode_text(content, charset)[0] == content.decode(charset)


@given(st.binary(max_size=200))
def test_no_header_stops_the_reading(raw: bytes) -> None:
    decode_header(raw)


def test_parts_within_parts_end_somewhere() -> None:
    deep = b"hello"
    for level in range(400):
        mark = b"b%d" % level
        kind = b"Content-Type: multipart/mixed; boundary=" + mark
        deep = kind + b"\r\n\r\n--" + mark + b"\r\n" + deep + b"\r\n--" + mark + b"--\r\n"
    assert read_body(deep, 100, whole=True).text in ("", "hello")


@given(st.sets(st.integers(1, 10_000)))
def test_sets_of_uids_come_back(uids: set[int]) -> None:
    assert list_uids(write_uids(uids)) == sorted(uids)
