"""The other system let its certificate run out."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.errors import Transient
from hub.runtime.clock import SystemClock
from hub.sdk import HttpClient, Tools
from hub.sdk import http as sdk_http

DAY = timedelta(days=1)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "erp.example.cn")])
AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])


def write_certificate(folder: Path, *, until: datetime) -> tuple[Path, Path]:
    """(the authority that a client trusts, the server's certificate with its key)"""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = until - 90 * DAY
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    authority = (
        _begin(AUTHORITY, AUTHORITY, authority_key.public_key(), begin, datetime.now(UTC) + 365 * DAY)
        .add_extension(constraints, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    served = (
        _begin(NAME, AUTHORITY, key.public_key(), begin, until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    trusted, chain = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(private + served.public_bytes(serialization.Encoding.PEM))
    return trusted, chain


def _begin(name: x509.Name, issuer: x509.Name, key: Any, begin: datetime, until: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(until)


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
    trusted, chain = write_certificate(tmp_path, until=datetime.now(UTC) - DAY)
    trusting.setenv("SSL_CERT_FILE", str(trusted))
    with tls_server(chain) as url, pytest.raises(Transient) as caught:
        ask(url)
    assert caught.value.code == "sdk.certificate"
    assert "certificate has expired" in caught.value.text("en")
    assert "证书" in caught.value.text("zh")


def test_a_renewed_one_works(tmp_path: Path, trusting: pytest.MonkeyPatch) -> None:
    trusted, chain = write_certificate(tmp_path, until=datetime.now(UTC) + DAY)
    trusting.setenv("SSL_CERT_FILE", str(trusted))
    with tls_server(chain) as url:
        assert ask(url) == 200


def test_one_of_an_authority_that_nobody_trusts_is_named_too(tmp_path: Path, trusting: pytest.MonkeyPatch) -> None:
    _, chain = write_certificate(tmp_path, until=datetime.now(UTC) + DAY)
    with tls_server(chain) as url, pytest.raises(Transient) as caught:
        ask(url)
    assert caught.value.code == "sdk.certificate"
