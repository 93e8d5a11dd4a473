"""A mail that is read in pieces is what it would be in one: every attachment by name, exact size and digest, in the
same memory however long it is. What the standard library makes of the whole mail is the measure."""

from __future__ import annotations

import base64
import binascii
import email
import tracemalloc
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.bodies import Body, BodyReader, read_body
from connectors.imap.transfer import find_decoder
from tests.connectors.imap.office import Mailbox, open_connector, pull, write_mail

MAILS = sorted(Path(__file__).with_name("mails").glob("*.eml"))
LONG_B = 37 << 20
"""As it travels it is 50 MB."""
PEAK_B = 12 << 20
"""Of the reader, for a mail of any length."""
FILES = {
    "报价单.pdf": ("application", "pdf", b"\x00\xff\r\n\n--b\r\n" * 30_000),
    "总装图（第二版）.dwg": ("image", "vnd.dwg", shake_256(b"drawing").digest(1_500_000)),
    "a b.txt": ("text", "plain", "价格\r\n".encode() * 15_000),
    "empty.bin": ("application", "octet-stream", b""),
}
ENCODINGS = ("base64", "quoted-printable", "8bit")


def read_pieces(content: bytes, sizes: list[int]) -> Body:
    """Cut after so many bytes, over and over."""
    reader = BodyReader(10_000, attached=True)
    place = turn = 0
    while place < len(content):
        size = sizes[turn % len(sizes)]
        reader.feed(content[place : place + size])
        place, turn = place + size, turn + 1
    return reader.close(whole=True)


def read_whole(content: bytes) -> Body:
    return read_pieces(content, [len(content) or 1])


def list_files(content: bytes) -> list[tuple[str, int, str]]:
    """By the parser of the standard library, which holds the whole mail."""
    parts = email.message_from_bytes(content, policy=default).iter_attachments()
    files = [(part.get_filename() or "", part.get_payload(decode=True)) for part in parts]
    return [(name, len(held), sha256(held).hexdigest()) for name, held in files if isinstance(held, bytes)]


def write_files(encoding: str) -> bytes:
    mail = EmailMessage(policy=default.clone(linesep="\r\n", cte_type="8bit"))
    mail["From"], mail["To"], mail["Subject"] = "li@haiyue.example", "sales@our.example", "图纸"
    mail.set_content("见附件")
    mail.add_alternative("<p>见附件</p>", subtype="html")
    for name, (main, sub, content) in FILES.items():
        way = "base64" if encoding == "8bit" and b"\r" in content[:10] else encoding
        way = "base64" if encoding == "8bit" and main == "image" else way
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name, cte=way)
    return mail.as_bytes()


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_difficult_mails_are_the_same_in_pieces_of_any_size(path: Path) -> None:
    content = path.read_bytes()
    whole = read_whole(content)
    for size in (1, 2, 3, 7, 64):
        assert read_pieces(content, [size]) == whole


@given(st.data())
def test_damaged_mails_are_the_same_in_pieces_of_any_size(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(MAILS)).read_bytes())
    odd = st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"=", b"\r\n\r\n", b"--b\r\n", b":"]) | st.binary(max_size=9)
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(odd)
    pieces = read_pieces(bytes(content), data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=5)))
    assert pieces == read_whole(bytes(content))


@given(
    st.sampled_from(["base64", "quoted-printable", "x-uuencode", "8bit", ""]),
    st.lists(st.sampled_from([b"=", b"QUF", b"\r", b"\n", b"a", b"=3", b"begin 6 a", b"end"]) | st.binary(max_size=3)),
)
def test_what_cannot_be_decoded_is_the_same_in_any_pieces(encoding: str, pieces: list[bytes]) -> None:
    slow, quick = find_decoder(encoding), find_decoder(encoding)
    found = b"".join(slow.feed(piece) for piece in pieces) + slow.end()
    assert found == quick.feed(b"".join(pieces)) + quick.end()


@given(st.binary(max_size=300), st.integers(1, 50))
def test_what_was_encoded_comes_back(content: bytes, size: int) -> None:
    uu = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    encoded = {
        "Base64 ": base64.encodebytes(content),
        "quoted-printable": binascii.b2a_qp(content, istext=False),
        "x-uuencode": b"begin 644 a.bin\n" + uu + b"`\nend\n",
        "binary": content,
    }
    for encoding, text in encoded.items():
        decoder = find_decoder(encoding)
        found = b"".join(decoder.feed(text[at : at + size]) for at in range(0, len(text), size)) + decoder.end()
        assert found == content, encoding


def test_runs_of_base64_that_end_one_by_one_are_one_content() -> None:
    lines = b"".join(base64.encodebytes(one) for one in (b"a", b"bc", b"def", b"g"))
    decoder = find_decoder("base64")
    assert decoder.feed(lines) + decoder.end() == b"abcdefg"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_attachments_are_those_of_the_standard_library(encoding: str) -> None:
    content = write_files(encoding)
    wanted = [file for file in list_files(content) if file[1] or file[0]]
    assert [name for name, _, _ in wanted] == list(FILES)
    for size in (len(content), 1 << 16, 4_001):
        body = read_pieces(content, [size])
        assert [(name, length, digest) for name, _, length, digest in body.attachments] == wanted
    if encoding == "base64":
        assert [digest for _, _, digest in wanted] == [sha256(held).hexdigest() for _, _, held in FILES.values()]


def test_what_was_cut_off_has_no_digest() -> None:
    content = write_files("base64")
    body = read_body(content[: len(content) // 2], 100, whole=False)
    assert [(name, bool(size), bool(digest)) for name, _, size, digest in body.attachments] == [
        ("报价单.pdf", True, True), ("总装图（第二版）.dwg", False, False)
    ]  # fmt: skip
    assert body.doubts == {"cut"}


def test_a_mail_that_is_attached_is_digested_as_it_lies_there() -> None:
    inner = write_mail("inside", text="see SO-0007\r\n--b--not\r\n")
    head = b"Subject: Fwd\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n--b\r\n"
    content = head + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    (found,) = read_body(content, 1_000, whole=True).attachments
    assert found == ("message/rfc822", "message/rfc822", len(inner), sha256(inner).hexdigest())
    assert "SO-0007" not in read_body(content, 1_000, whole=True).text
    assert read_whole(content).text.startswith("see below\nsee SO-0007"), "bodies = all"


@pytest.mark.servers
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_every_attachment_of_a_long_mail_is_counted_and_digested(mailbox: Mailbox, encoding: str) -> None:
    content = write_files(encoding)
    mailbox.put(content)
    with open_connector(mailbox.server, mailbox.user) as connector:
        ((record,), _) = pull(connector)
    payload = record.payload
    assert (payload["text"], payload["doubts"]) == ("见附件", "")
    assert [(one["name"], one["size"], one["digest"]) for one in payload["attachments"]] == list_files(content)


@pytest.mark.servers
def test_a_mail_of_50_mb_is_read_in_flat_memory_and_stops_no_folder(sales: Mailbox) -> None:
    file = shake_256(b"a").digest(1 << 16) * (LONG_B >> 16)
    parts = ["Content-Type: text/plain; charset=utf-8", "", "见附件", "--b", "Content-Type: application/pdf"]
    head = ["From: li@haiyue.example", "Subject: 图纸", "Message-ID: <huge@haiyue.example>", "MIME-Version: 1.0"]
    kind = ["Content-Type: multipart/mixed; boundary=b", "", "--b", *parts, "Content-Transfer-Encoding: base64"]
    sales.put(write_mail("before"))
    kind += ["Content-Disposition: attachment; filename=a.pdf", "", ""]
    sales.put("\r\n".join([*head, *kind]).encode() + base64.encodebytes(file).replace(b"\n", b"\r\n") + b"--b--\r\n")
    sales.put(write_mail("after"))
    before, found, after, peak_b = _pull_traced(sales)
    assert [one["subject"] for one in (before, found, after)] == ["before", "图纸", "after"]
    assert (found["text"], found["doubts"]) == ("见附件", "")
    assert [(one["name"], one["size"], one["digest"]) for one in found["attachments"]] == [
        ("a.pdf", LONG_B, sha256(file).hexdigest())
    ]
    assert peak_b < PEAK_B


def _pull_traced(mailbox: Mailbox) -> tuple[Any, Any, Any, int]:
    with open_connector(mailbox.server, mailbox.user, folders=("INBOX",)) as connector:
        tracemalloc.start()
        try:
            records, _ = pull(connector)
            peak_b = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    before, found, after = (record.payload for record in records)
    return before, found, after, peak_b
