"""The connector keeps what it declares: with a folder of sent mails to look into, and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from connectors.smtp.connector import SmtpConnector
from hub.testkit.conformance import Bench, Site, make_suite
from hub.testkit.servers import free_port
from tests.connectors.imap.conftest import USERS, run_server
from tests.connectors.imap.office import Mailbox
from tests.connectors.smtp.test_sending import Post
from tests.connectors.smtp.test_sent import Provider
from tests.journeys.desk import MovedClock

pytestmark = pytest.mark.servers
GIVEN = {
    "activity": {
        "attachments": (), "bulk": False, "people.address": "li@haiyue.example", "people.part": "attendee"
    }
}  # fmt: skip


class PostBench(Bench):
    """aiosmtpd alone: nobody can look what was sent."""

    connector = SmtpConnector
    given: Mapping[str, Mapping[str, Any]] = GIVEN

    @contextmanager
    def start(self) -> Iterator[Site]:
        controller = Controller(Post(), hostname="127.0.0.1", port=free_port())
        controller.start()
        try:
            yield Site(
                {
                    "host": "127.0.0.1", "port": controller.port, "security": "none", "sender": "sales@our.example",
                    "per_minute": 1000,
                },
                clock=MovedClock(),
            )  # fmt: skip
        finally:
            controller.stop()


class ProviderBench(Bench):
    """aiosmtpd that keeps what it takes in a folder of Dovecot."""

    connector = SmtpConnector
    given: Mapping[str, Mapping[str, Any]] = GIVEN

    @contextmanager
    def start(self) -> Iterator[Site]:
        with run_server("dovecot") as dovecot:
            box = Mailbox(dovecot, USERS[0])
            controller = Controller(
                Provider(box), hostname="127.0.0.1", port=free_port(), auth_require_tls=False,
                authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
                    success=data.password.decode() == dovecot.password
                ),
            )  # fmt: skip
            controller.start()
            try:
                yield Site(
                    {
                        "host": "127.0.0.1", "port": controller.port, "security": "none", "sender": USERS[0],
                        "user": USERS[0], "password": dovecot.password, "per_minute": 1000,
                        "sent_host": "127.0.0.1", "sent_port": dovecot.port, "sent_security": "none",
                    },
                    clock=MovedClock(),
                )  # fmt: skip
            finally:
                controller.stop()
                box.close()


UNREAD = ("round_trip", "lag")
"""A mail that left is not read back but for the fact that it left; mailboxes bring the others (``connectors.imap``)."""

TestPost = make_suite(PostBench(), leave_out=UNREAD)
TestProvider = make_suite(ProviderBench(), leave_out=UNREAD)
