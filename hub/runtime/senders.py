"""The three ways in which people are told: an address, a mailbox, a connector."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, Rejected, Transient, conceal, keep_secret
from hub.runtime.addresses import find_address
from hub.sdk.messages import Message
from hub.sync.context import Hub
from hub.sync.notify_config import TargetSettings

TIMEOUT_S = 10.0
SUBMISSION_PORT, TLS_PORT, PLAIN_PORT = 587, 465, 25
SHORTEST_KEY = 24
Resolve = Callable[[str], str]


def send_message(hub: Hub, name: str, target: TargetSettings, message: Message, resolve: Resolve) -> None:
    """Tell one target. ``Transient`` when it may work later; every other error of ours needs a person. ``resolve``
    gives the value behind a reference to a secret."""
    if target.url:
        _post(target, message, resolve(target.secret), hub.now())
    elif target.smtp:
        _mail(target, message, resolve(target.password) if target.password else "", hub.now())
    else:
        _hand_over(hub, name, target, message)


def check_target(hub: Hub, name: str, target: TargetSettings, resolve: Resolve) -> None:
    """Everything about a target that can be known without sending: secrets, name and address, the connector."""
    if target.url:
        read_key(resolve(target.secret))
        where = urlsplit(target.url)
        find_address(where.hostname or "", _port_of(target.url), private=target.private)
    elif target.smtp:
        host, port = split_server(target)
        find_address(host, port, private=target.private)
        if target.password:
            resolve(target.password)
    else:
        _find_connector(hub, name, target)


# ---------------------------------------------------------------- an address


def _post(target: TargetSettings, message: Message, secret: str, now: datetime) -> None:
    """One signed POST (Standard Webhooks). The name is resolved once, judged, and that very address is called."""
    where = urlsplit(target.url)
    host, port = where.hostname or "", _port_of(target.url)
    address = find_address(host, port, private=target.private)
    body = dump_message(message, now)
    stamp = str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "host": where.netloc,
        "user-agent": "isthmus",
        "webhook-id": message.id,
        "webhook-timestamp": stamp,
        "webhook-signature": sign(read_key(secret), message.id, stamp, body),
    }
    url = httpx.URL(target.url).copy_with(host=address, port=port)
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, verify=_trust()) as client,
            client.stream("POST", url, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            _judge_answer(answer, host)
    except httpx.HTTPError as error:
        raise Transient("runtime.notify_unreachable", vendor=f"{type(error).__name__} {error}", host=host) from error


def _judge_answer(answer: httpx.Response, host: str) -> None:
    """A 2xx took it; a redirect is an answer that nobody follows."""
    if answer.is_success:
        return
    status = answer.status_code
    if status == 429 or status >= 500:
        raise Transient("runtime.notify_refused", host=host, status=status)
    raise Rejected("runtime.notify_refused", host=host, status=status)


def _trust() -> ssl.SSLContext:
    """Also those of ``SSL_CERT_FILE``, for an office with a certificate authority of its own."""
    return ssl.create_default_context()


def _port_of(url: str) -> int:
    where = urlsplit(url)
    return where.port or (443 if where.scheme == "https" else 80)


def dump_message(message: Message, now: datetime) -> bytes:
    """The body: ``{"type": "isthmus.digest", "timestamp": …, "data": {…}}``."""
    document = {"type": "isthmus.digest", "timestamp": now.isoformat(timespec="seconds"), "data": asdict(message)}
    return conceal(json.dumps(document, ensure_ascii=False)).encode()


def sign(key: bytes, id: str, stamp: str, body: bytes) -> str:
    """The signature of Standard Webhooks."""
    digest = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def read_key(secret: str) -> bytes:
    """The key behind ``whsec_…`` or a plain text; ``ConfigInvalid`` when it is too short to protect anything."""
    try:
        key = base64.b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else secret.encode()
    except ValueError as error:
        raise ConfigInvalid("runtime.notify_key", least=SHORTEST_KEY) from error
    if len(key) < SHORTEST_KEY:
        raise ConfigInvalid("runtime.notify_key", least=SHORTEST_KEY)
    return key


# ---------------------------------------------------------------- a mailbox


def split_server(target: TargetSettings) -> tuple[str, int]:
    """Host and port of the mail server."""
    host, _, port = target.smtp.partition(":")
    usual = {"starttls": SUBMISSION_PORT, "implicit": TLS_PORT, "none": PLAIN_PORT}[target.tls]
    return host, int(port) if port else usual


def _mail(target: TargetSettings, message: Message, password: str, now: datetime) -> None:
    host, port = split_server(target)
    find_address(host, port, private=target.private)
    mail = make_mail(target, message, now)
    try:
        with _connect(target, host, port) as server:
            if target.login:
                _keep_forms(target.login, password)
                server.login(target.login, password)
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError as error:
        raise NeedsConsent("runtime.notify_login_refused", vendor=_tell(error), host=host) from error
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _judge_refusal(error, host) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected("runtime.notify_no_tls", vendor=str(error), host=host) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Transient("runtime.notify_unreachable", vendor=f"{type(error).__name__} {error}", host=host) from error


def _keep_forms(login: str, password: str) -> None:
    """As the password travels: what a server repeats of it is a secret too."""
    for form in (password, f"\0{login}\0{password}"):
        keep_secret(base64.b64encode(form.encode()).decode())


def _connect(target: TargetSettings, host: str, port: int) -> smtplib.SMTP:
    """A session that is as protected as was said; STARTTLS that the server does not offer is an error."""
    if target.tls == "implicit":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=_trust())
    server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        if target.tls == "starttls":
            server.starttls(context=_trust())
    except BaseException:  # whatever went wrong, the session is not left open
        server.close()
        raise
    return server


def make_mail(target: TargetSettings, message: Message, now: datetime) -> EmailMessage:
    """The message as mail; it asks machines not to answer."""
    mail = EmailMessage()
    mail["Subject"] = conceal(message.title)
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.recipients)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}@isthmus.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(conceal(message.text))
    return mail


def _judge_refusal(error: smtplib.SMTPException, host: str) -> IsthmusError:
    """A 4xx of a mail server means later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    else:
        codes = [cast(Any, error).smtp_code]
    failure = Transient if all(400 <= code < 500 for code in codes) else Rejected
    return failure("runtime.notify_mail_refused", vendor=_tell(error), host=host)


def _tell(error: smtplib.SMTPException) -> str:
    """The server's own words."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{who}: {code} {_decode(words)}" for who, (code, words) in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_decode(error.smtp_error)}"
    return str(error)


def _decode(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


# ---------------------------------------------------------------- a connector


def _find_connector(hub: Hub, name: str, target: TargetSettings) -> Any:
    from hub.sdk import Connector

    connector = hub.open(target.connection).connector
    if type(connector).notify is Connector.notify:
        told = {"target": name, "connection": target.connection, "connector": connector.name}
        raise ConfigInvalid("runtime.notify_cannot", **told)
    return connector


def _hand_over(hub: Hub, name: str, target: TargetSettings, message: Message) -> None:
    connector = _find_connector(hub, name, target)
    try:
        connector.notify(message)
    except IsthmusError:
        raise
    except Exception as error:  # a stranger's code may raise anything; the target counts as failing and nothing stops
        raise Transient(
            "runtime.notify_unreachable", vendor=f"{type(error).__name__} {error}", host=target.connection
        ) from error
