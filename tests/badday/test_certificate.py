"""The other system let its certificate run out."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import Transient
from hub.runtime.clock import SystemClock
from hub.sdk import HttpClient, Tools
from hub.sdk import http as sdk_http
from hub.testkit.certificates import DAY, write_certificate


@contextmanager
def tls_server(chain: Path) -> Iterator[str]:
    """Answers every request with an empty object, to whoever comes as far as asking."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_all, args=(listener, context), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _answer_all(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return  # the test is over
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        except OSError:
            plain.close()  # the client hung up: it does not trust us


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Certificates that are trusted are read anew, now and afterwards."""
    sdk_http._load_trust.cache_clear()
    yield monkeypatch
    sdk_http._load_trust.cache_clear()


def ask(url: str) -> int:
    client = HttpClient(url, Tools(clock=SystemClock(), random=random.Random(1)))
    try:
        return client.write("POST", "/orders").status_code
    finally:
        client.close()


def test_a_certificate_that_ran_out_is_named_and_nothing_was_sent(tmp_path: Path, trusting: pytest.MonkeyPatch) -> None:
    made = write_certificate(tmp_path, until=datetime.now(UTC) - DAY)
    trusting.setenv("SSL_CERT_FILE", str(made.authority))
    with tls_server(made.chain) as url, pytest.raises(Transient) as caught:
        ask(url)
    assert caught.value.code == "sdk.certificate"
    assert "certificate has expired" in caught.value.text("en")
    assert "证书" in caught.value.text("zh")


def test_a_renewed_one_works(tmp_path: Path, trusting: pytest.MonkeyPatch) -> None:
    made = write_certificate(tmp_path, until=datetime.now(UTC) + DAY)
    trusting.setenv("SSL_CERT_FILE", str(made.authority))
    with tls_server(made.chain) as url:
        assert ask(url) == 200


def test_one_of_an_authority_that_nobody_trusts_is_named_too(tmp_path: Path, trusting: pytest.MonkeyPatch) -> None:
    made = write_certificate(tmp_path, until=datetime.now(UTC) + DAY)
    with tls_server(made.chain) as url, pytest.raises(Transient) as caught:
        ask(url)
    assert caught.value.code == "sdk.certificate"
