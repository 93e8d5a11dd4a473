"""Lines that are protected, and those that are not as they should be."""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from connectors.smtp.connector import SmtpConnector
from hub.sdk import CheckItem, Tools
from hub.sdk.simulator import WallClock
from hub.testkit.certificates import DAY, Certificate, write_certificate
from hub.testkit.servers import free_port
from tests.connectors.smtp.test_sending import Post

USER = "sales@our.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return write_certificate(tmp_path_factory.mktemp("tls"), until=datetime.now(UTC) + DAY)


@contextmanager
def run_post(certificate: Certificate | None, security: str) -> Iterator[int]:
    """An SMTP server that knows one password; the port."""
    protects: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain)
        protects = {"ssl_context": context} if security == "tls" else {"tls_context": context}

    def judge(server: object, session: object, envelope: object, mechanism: str, asked: Any) -> AuthResult:
        return AuthResult(success=asked.password == b"right", handled=False)

    protects["auth_require_tls"] = security == "starttls" and certificate is not None
    controller = Controller(Post(), hostname="127.0.0.1", port=free_port(), authenticator=judge, **protects)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def check(port: int, security: str, password: str) -> CheckItem:
    """The first finding."""
    answers = {"host": "127.0.0.1", "port": port, "security": security, "sender": USER, "user": USER}
    config = SmtpConnector.Config.model_validate({**answers, "password": password})
    connector = SmtpConnector(config, Tools(WallClock(), random.Random(1)))
    try:
        return connector.check()[0]
    finally:
        connector.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_protected_line_and_what_is_wrong_with_it(
    certificate: Certificate, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_post(certificate, security) as port:
        strange = check(port, security, "right")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
        assert check(port, security, "right").code == "smtp.reached"
        assert check(port, security, "wrong").code == "smtp.login_refused"
    assert (strange.ok, strange.code) == (False, "smtp.certificate")
    assert strange.params["words"] == "unable to get local issuer certificate"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_without_tls_is_named(security: str) -> None:
    with run_post(None, security) as port:
        item = check(port, security, "right")
    assert (item.ok, item.code, item.params["asked"]) == (False, "smtp.no_tls", security)


def test_a_certificate_that_ran_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write_certificate(tmp_path, until=datetime.now(UTC) - DAY)
    monkeypatch.setenv("SSL_CERT_FILE", str(old.authority))
    with run_post(old, "tls") as port:
        item = check(port, "tls", "right")
    assert (item.code, item.params["words"]) == ("smtp.certificate", "certificate has expired")
