"""Protected lines and logins by token, on a real Dovecot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from hub.errors import NeedsConsent, Transient
from hub.sdk.simulator import Request, Response, answer_json, serve
from hub.testkit.certificates import DAY, Certificate, write_certificate
from hub.testkit.mailboxes import MailServer
from tests.connectors.imap.conftest import USERS, run_server
from tests.connectors.imap.office import Mailbox, open_connector, pull, write_mail

pytestmark = pytest.mark.servers
TOKEN, REFRESH, WITHDRAWN = "token-of-sales", "refresh-of-sales", "withdrawn"  # pragma: allowlist secret


@dataclass
class Authority:
    """Gives tokens for refresh tokens, and tells the mail server whose a token is (RFC 7662)."""

    good: str = TOKEN
    grants: list[dict[str, list[str]]] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        asked = parse_qs(request.body.decode())
        if request.path == "/introspect":
            active = asked["token"] == [self.good]
            return answer_json(200, {"active": active, "email": USERS[0]} if active else {"active": False})
        self.grants.append(asked)
        if asked["refresh_token"] != [REFRESH]:
            return answer_json(400, {"error": "invalid_grant"})
        return answer_json(200, {"access_token": self.good, "expires_in": 3600})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return write_certificate(tmp_path_factory.mktemp("tls"), until=datetime.now(UTC) + DAY)


@pytest.fixture(scope="module")
def authority() -> Iterator[tuple[Authority, str]]:
    handler = Authority()
    with serve(handler) as server:
        yield handler, server.url


@pytest.fixture(scope="module")
def secure(authority: tuple[Authority, str], certificate: Certificate) -> Iterator[MailServer]:
    """Dovecot with TLS, STARTTLS and tokens; one mail in its first mailbox."""
    url = f"{authority[1]}/introspect"
    with run_server("dovecot", introspection_url=url, certificate=certificate) as server:
        mailbox = Mailbox(server, USERS[0])
        mailbox.put(write_mail("询价"))
        mailbox.close()
        yield server


@pytest.fixture
def trusting(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))


def find_port(server: MailServer, security: str) -> int:
    return server.tls_port if security == "tls" else server.port


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.usefixtures("trusting")
def test_a_protected_line_carries_a_password_or_a_token(secure: MailServer, security: str) -> None:
    where = {"port": find_port(secure, security), "security": security}
    for login in ({}, {"login": "xoauth2", "password": TOKEN}):
        with open_connector(secure, USERS[0], **where, **login) as connector:
            assert [record.payload["subject"] for record in pull(connector)[0]] == ["询价"]
            assert all(item.ok for item in connector.check())


def test_a_refresh_token_is_exchanged(secure: MailServer, authority: tuple[Authority, str]) -> None:
    handler, url = authority
    app = {"refresh_url": f"{url}/token", "client_id": "isthmus"}
    with open_connector(secure, USERS[0], login="xoauth2", password=REFRESH, **app) as connector:
        assert len(pull(connector)[0]) == 1
    assert handler.grants[-1] == {
        "grant_type": ["refresh_token"], "refresh_token": [REFRESH], "client_id": ["isthmus"]
    }  # fmt: skip
    with (
        open_connector(secure, USERS[0], login="xoauth2", password=WITHDRAWN, **app) as connector,
        pytest.raises(NeedsConsent) as caught,
    ):
        pull(connector)
    assert (caught.value.code, "invalid_grant" in (caught.value.vendor or "")) == ("imap.token_refused", True)


def test_a_token_that_is_good_no_more_is_named(secure: MailServer) -> None:
    with open_connector(secure, USERS[0], login="xoauth2", password="expired") as connector:  # pragma: allowlist secret
        (item,) = connector.check()
    assert (item.ok, item.code) == (False, "imap.token_refused")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_named(secure: MailServer, security: str) -> None:
    with open_connector(secure, USERS[0], port=find_port(secure, security), security=security) as connector:
        with pytest.raises(Transient) as caught:
            pull(connector)
        (item,) = connector.check()
    assert caught.value.code == item.code == "imap.certificate"
    assert (item.ok, item.params["words"]) == (False, "unable to get local issuer certificate")


@pytest.mark.parametrize(
    ("until", "address", "words"),
    [(-DAY, "127.0.0.1", "certificate has expired"), (DAY, "127.0.0.9", "IP address mismatch")],
)
def test_one_that_ran_out_or_is_somebody_else_s_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: timedelta, address: str, words: str
) -> None:
    wrong = write_certificate(tmp_path, until=datetime.now(UTC) + until, address=address)
    monkeypatch.setenv("SSL_CERT_FILE", str(wrong.authority))
    with (
        run_server("dovecot", certificate=wrong) as server,
        open_connector(server, USERS[0], port=server.tls_port, security="tls") as connector,
    ):
        (item,) = connector.check()
    assert (item.ok, item.code) == (False, "imap.certificate")
    assert words in str(item.params["words"])


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_without_tls_is_named(dovecot: MailServer, security: str) -> None:
    with open_connector(dovecot, USERS[0], security=security) as connector:
        (item,) = connector.check()
    assert (item.ok, item.code, item.params["asked"]) == (False, "imap.no_tls", security)
