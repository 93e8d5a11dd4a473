"""A line to a mail server: opened, protected and logged in, or the reason why not."""

from __future__ import annotations

import ssl
from contextlib import ExitStack, suppress
from ipaddress import ip_address

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from connectors.imap.config import ImapConfig
from connectors.imap.refusals import explain_refusal
from connectors.imap.tokens import fetch_token
from hub.errors import ConfigInvalid, Transient
from hub.sdk import Tools

NO_IMAP = (ValueError, IndexError, KeyError, TypeError, AttributeError)
"""What IMAPClient raises of an answer that it cannot take apart, beside errors of its own."""
_NAMED = {"name": "isthmus", "vendor": "isthmus"}


def connect(config: ImapConfig) -> IMAPClient:
    """``Transient`` when nothing can be reached, ``ConfigInvalid`` for a line that anybody could read."""
    if config.security == "none" and not _is_loopback(config.host):
        raise ConfigInvalid("imap.plain", host=config.host)
    where = f"{config.host}:{config.port}"
    try:
        line = IMAPClient(config.host, port=config.port, ssl=config.security == "tls", timeout=config.server_timeout_s)
        if config.security == "starttls":
            with ExitStack() as unless_it_works:
                unless_it_works.callback(end_line, line)
                line.starttls(ssl.create_default_context())
                unless_it_works.pop_all()
    except ssl.SSLCertVerificationError as error:
        raise Transient("imap.certificate", vendor=str(error), where=where, words=error.verify_message) from error
    except (ssl.SSLError, CapabilityError) as error:
        raise Transient("imap.no_tls", where=where, asked=config.security, words=str(error)[:200]) from error
    except (OSError, IMAPClientError) as error:
        raise Transient("imap.unreachable", where=where, words=str(error)[:200]) from error
    line.normalise_times = False
    return line


def log_in(line: IMAPClient, config: ImapConfig, tools: Tools) -> None:
    """``NeedsConsent`` with the cause, as far as the server names it."""
    try:
        if config.login == "xoauth2":
            token = fetch_token(config, tools)
            line.oauth2_login(config.user, token)
        else:
            line.login(config.user, config.password.get_secret_value())
    except IMAPClientAbortError:
        raise
    except (LoginError, IMAPClientError) as refused:
        raise explain_refusal(config, str(refused)) from refused
    if config.identify and line.has_capability("ID"):
        with suppress(IMAPClientError):  # whoever does not care says so, and goes on
            line.id_(_NAMED)
    if line.has_capability("QRESYNC"):
        line.enable("QRESYNC")
    elif line.has_capability("CONDSTORE") and line.has_capability("ENABLE"):
        line.enable("CONDSTORE")


def end_line(line: IMAPClient) -> None:
    """Whatever state it is in."""
    with suppress(OSError, IMAPClientError, *NO_IMAP):
        line.shutdown()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
