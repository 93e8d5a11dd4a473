"""What ``connection check`` makes of the words with which providers refuse."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from hub.testkit.mailboxes import MailServer
from tests.connectors.imap.office import open_connector

USER = "sales@our.example"


class Provider(socketserver.StreamRequestHandler):
    """Knows as much of IMAP as a refusal takes; ``refuses``: command → what it says instead of yes."""

    refuses: ClassVar[dict[str, str]] = {}
    says: ClassVar[dict[str, str]] = {"CAPABILITY": "CAPABILITY IMAP4rev1", "LIST": 'LIST () "/" INBOX'}

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode():
            tag, command = line.split()[:2]
            if told := self.says.get(command):
                self.wfile.write(f"* {told}\r\n".encode())
            refused = self.refuses.get(command)
            self.wfile.write(f"{tag} {f'NO {refused}' if refused else 'OK done'}\r\n".encode())


@contextmanager
def run_provider(refuses: dict[str, str]) -> Iterator[MailServer]:
    handler = type("Refusing", (Provider,), {"refuses": refuses})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        port = server.server_address[1]
        # Only the address and the password count: it is no process that could be stopped.
        yield MailServer("", port, Path(), None, None, "provider", [USER], "x", True)  # type: ignore[arg-type]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", "imap.login_refused"),
        ("LOGIN Login error or password error", "imap.login_refused"),
        ("[ALERT] Application-specific password required: https://example.com", "imap.app_password_required"),
        ("Login fail. Please using authorized code to login.", "imap.app_password_required"),
        ("LOGIN 请使用授权码登录", "imap.app_password_required"),
        ("LOGIN 未开启 IMAP 服务", "imap.imap_switched_off"),
        ("[AUTHENTICATIONFAILED] InvalidSecondFactor", "imap.app_password_required"),
        ("[ALERT] Please log in via your web browser: Web login required", "imap.app_password_required"),
        ("[ALERT] Your account is not enabled for IMAP use.", "imap.imap_switched_off"),
        ("Login fail. Service is not open", "imap.imap_switched_off"),
        ("LOGIN failed: BasicAuthBlocked", "imap.imap_switched_off"),
        ("[UNAVAILABLE] Too many simultaneous connections", "imap.too_many_logins"),
        ("LOGIN Unsafe Login. Please contact kefu@188.com for help", "imap.id_required"),
    ],
)
def test_the_cause_of_a_refused_login_is_named(words: str, code: str) -> None:
    with run_provider({"LOGIN": words}) as provider, open_connector(provider, USER) as connector:
        (item,) = connector.check()
    assert (item.ok, item.code, item.params["user"]) == (False, code, USER)


def test_a_provider_that_wants_to_know_which_program_this_is_is_named() -> None:
    refused = "EXAMINE Unsafe Login. Please contact kefu@188.com for help"
    with (
        run_provider({"EXAMINE": refused, "SELECT": refused, "STATUS": refused}) as provider,
        open_connector(provider, USER, folders=("INBOX",)) as connector,
    ):
        found = connector.check()
    assert [(item.ok, item.code) for item in found] == [(True, "imap.reached"), (False, "imap.id_required")]
