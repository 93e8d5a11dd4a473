"""Mailboxes and mail servers that are nearly right: what a server answers line by line, and what lies in a mailbox."""

from __future__ import annotations

import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

from connectors.imap.bodies import read_body
from connectors.imap.choosing import Choice
from connectors.imap.config import ImapConfig
from connectors.imap.connector import ImapConnector
from connectors.imap.headers import read_head
from connectors.imap.shapes import shape_mail
from connectors.smtp.client import SmtpClient
from connectors.smtp.config import SmtpConfig
from hub.runtime.clock import SystemClock
from hub.sdk import Tools
from tests.fuzz.spoil import Try, spoil_bytes

MAILS = Path(__file__).parents[1] / "connectors" / "imap" / "mails"
PASSWORD = "fuzzing-1234567890"  # pragma: allowlist secret
LOCAL = {"host": "127.0.0.1", "security": "none", "user": "li", "password": PASSWORD}
WAIT_S = 5.0
LATEST = datetime(2026, 11, 3, tzinfo=UTC)
Answer = Callable[[bytes], bytes]
"""What a server says to a line."""


def list_mail_targets() -> Iterator[tuple[str, Try]]:
    texts = [path.read_bytes() for path in sorted(MAILS.glob("*.eml"))]
    config = ImapConfig.model_validate({**LOCAL, "own_domains": "our.example", "numbers": "order SO-\\d{4}"})
    yield "imap/mail", partial(_read_mail, texts, Choice(config))
    yield "imap/lines", partial(_read_mailbox, texts)
    yield "smtp/replies", _send


def _read_mail(texts: list[bytes], choice: Choice, draw: random.Random) -> None:
    content = draw.choice(texts)
    for _ in range(draw.choice((1, 1, 2, 3))):
        content = spoil_bytes(draw, content)
    head = read_head(content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", len(content), latest=LATEST)
    shape_mail(head, read_body(content, 10_000, whole=draw.random() < 0.5), None, choice)


# ---------------------------------------------------------------- servers that answer badly


@contextmanager
def _serve(greeting: bytes, answer: Answer, draw: random.Random) -> Iterator[int]:
    """The port of a server for some lines: each gets its answer, one in some of them a spoiled one, and then nothing
    more comes, so that nobody waits."""
    listener = socket.create_server(("127.0.0.1", 0))
    spoils_at = draw.randrange(0, 9)
    over = threading.Event()

    def talk() -> None:
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line, suppress(OSError):
                line.settimeout(WAIT_S)
                _talk(line, greeting, answer, spoils_at, draw)

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        talking.join()


def _talk(line: socket.socket, greeting: bytes, answer: Answer, spoils_at: int, draw: random.Random) -> None:
    said = 0
    told = greeting
    with line.makefile("rb") as lines:
        while True:
            if said == spoils_at:
                line.sendall(spoil_bytes(draw, told))
                return
            line.sendall(told)
            said += 1
            asked = lines.readline()
            if not asked:
                return
            told = answer(asked)


def _read_mailbox(texts: list[bytes], draw: random.Random) -> None:
    content = draw.choice(texts)
    with _serve(b"* OK [CAPABILITY IMAP4rev1] ready\r\n", partial(_answer_imap, content), draw) as port:
        config = ImapConfig.model_validate({**LOCAL, "port": port, "server_timeout_s": WAIT_S, "folders": "INBOX"})
        connector = ImapConnector(config, Tools(clock=SystemClock(), random=random.Random(1)))
        try:
            connector.streams()["message"].read_page(None, None, 10)
        finally:
            connector.close()


def _answer_imap(content: bytes, asked: bytes) -> bytes:
    tag, _, words = asked.partition(b" ")
    told = b""
    command = words.upper()
    if command.startswith(b"CAPABILITY"):
        told = b"* CAPABILITY IMAP4rev1 UNSELECT CONDSTORE\r\n"
    elif command.startswith(b"LIST"):
        told = b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\Sent) "/" "&XfJT0ZAB-"\r\n'
    elif command.startswith(b"STATUS"):
        told = b"* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 3 MESSAGES 2 HIGHESTMODSEQ 9)\r\n"
    elif command.startswith((b"SELECT", b"EXAMINE")):
        told = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 3] ok\r\n"
    elif b"SEARCH" in command:
        told = b"* SEARCH 1 2\r\n"
    elif b"FETCH" in command:
        told = b"".join(_write_fetched(uid, content, command) for uid in (1, 2))
    elif command.startswith(b"LOGOUT"):
        told = b"* BYE\r\n"
    return told + tag + b" OK done\r\n"


def _write_fetched(uid: int, content: bytes, command: bytes) -> bytes:
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    if b"HEADER" in command:
        named = re.search(rb"BODY\.PEEK(\[HEADER[^\]]*\])", command)
        what = b"BODY" + (named[1] if named else b"[HEADER]")
        parts = b'RFC822.SIZE %d INTERNALDATE "02-Nov-2026 08:00:00 +0800" ' % len(content)
    else:
        what, parts, head = b"BODY[]<0>", b"", content
    return b"* %d FETCH (UID %d %s%s {%d}\r\n%s)\r\n" % (uid, uid, parts, what, len(head), head)


def _send(draw: random.Random) -> None:
    with _serve(b"220 mail.example ESMTP\r\n", _answer_smtp, draw) as port:
        told = {**LOCAL, "port": port, "sender": "li@our.example", "server_timeout_s": WAIT_S}
        client = SmtpClient(SmtpConfig.model_validate(told), Tools(clock=SystemClock(), random=random.Random(1)))
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = "li@our.example", "a@b.example, c@d.example", "<1@our.example>"
        mail.set_content("text")
        client.send(mail)


def _answer_smtp(asked: bytes) -> bytes:
    command = asked[:4].upper()
    if command == b"EHLO":
        return b"250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10000000\r\n"
    if command == b"AUTH":
        return b"235 ok\r\n"
    if command == b"DATA":
        return b"354 go\r\n"
    if command in (b"MAIL", b"QUIT", b"RSET") or asked == b".\r\n":
        return b"250 ok\r\n"
    if command == b"RCPT":
        return b"550 no such user\r\n" if b"c@d" in asked else b"250 ok\r\n"
    return b""
