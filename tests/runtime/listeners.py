"""Servers that are told something: a page of a web server and a mail server, on real ports, with and without TLS."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Page:
    """What was posted, and how it is answered: statuses one after the other, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: Mapping[str, str] = field(default_factory=dict)
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listen(page: Page, tls: ssl.SSLContext | None = None) -> Iterator[Page]:
    """``page`` behind a web server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            page.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = page.statuses.pop(0) if len(page.statuses) > 1 else page.statuses[0]
            self.send_response(status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    page.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}/isthmus?from=hub"
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """Mails that came, and how the server behaves."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    password: bytes | None = None
    """What it accepts as a password; None: no login."""
    answers: list[str] = field(default_factory=list)
    """To DATA, one after the other; then 250."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.mails.append(envelope)
        return answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        if given.password == self.password:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 no, not {given.password.decode()}")


@contextmanager
def take_mail(
    box: Mailbox, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> Iterator[Mailbox]:
    """``box`` behind a mail server; ``tls`` from the first byte, ``starttls`` when asked."""
    login: dict[str, Any] = {}
    if box.password is not None:
        login = {
            "authenticator": box.authenticate,
            "auth_required": starttls is not None,
            "auth_require_tls": starttls is not None,
        }
    server = Controller(box, hostname="127.0.0.1", port=_free_port(), ssl_context=tls, tls_context=starttls, **login)
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def make_certificate(folder: Path, names: Sequence[str] = ("localhost",)) -> Path:
    """A certificate of its own, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    others = [x509.DNSName(name) for name in names] + [x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def serve_with(certificate: Path) -> ssl.SSLContext:
    """What a server does with it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context
