"""Handing a mail over, and looking for it where sent mails are kept: what each failure means."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import ExitStack, suppress
from email.message import EmailMessage
from ipaddress import ip_address

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from connectors.smtp.config import SmtpConfig
from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import Tools
from hub.sdk.budget import LONGEST_WRITE_SLEEP_S

_TEMPORARY = range(400, 500)


class SmtpClient:
    """One account; a line of its own for every mail."""

    def __init__(self, config: SmtpConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools

    def send(self, mail: EmailMessage) -> None:
        """Definite once it returns. ``Transient``, ``NeedsConsent`` or ``Rejected``: certainly not sent;
        ``OutcomeUnknown``: the mail left and no answer came."""
        with self._tools.budget.call(LONGEST_WRITE_SLEEP_S), self.connect() as line:
            try:
                left_out = line.send_message(mail)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
                raise _read_refusal(refused) from refused
            except (smtplib.SMTPException, OSError) as broken:
                raise OutcomeUnknown("smtp.line_broken", vendor=str(broken)[:300], host=self._config.host) from broken
        for address, (code, words) in left_out.items():
            self._tools.log(f"{mail['Message-ID']}: not for {address}: {code} {_show(words)}")

    def connect(self) -> smtplib.SMTP:
        """A line that is logged in; nothing of a mail has left."""
        config = self._config
        check_line(config.host, config.security)
        where = f"{config.host}:{config.port}"
        try:
            with ExitStack() as unless_it_works:
                line = self._reach()
                unless_it_works.callback(line.close)
                if config.security == "starttls":
                    _protect(line)
                if config.user:
                    line.login(config.user, config.password.get_secret_value())
                unless_it_works.pop_all()
        except smtplib.SMTPAuthenticationError as refused:
            raise NeedsConsent(
                "smtp.login_refused", vendor=str(refused)[:300], user=config.user, host=config.host
            ) from refused
        except ssl.SSLCertVerificationError as error:
            raise Transient("smtp.certificate", vendor=str(error), where=where, words=error.verify_message) from error
        except (ssl.SSLError, _NoTls) as error:
            raise Transient("smtp.no_tls", where=where, asked=config.security, words=str(error)[:200]) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Transient("smtp.unreachable", where=where, words=str(error)[:200]) from error
        return line

    def _reach(self) -> smtplib.SMTP:
        config = self._config
        if config.security != "tls":
            return smtplib.SMTP(config.host, config.port, timeout=config.server_timeout_s)
        trust = ssl.create_default_context()
        return smtplib.SMTP_SSL(config.host, config.port, timeout=config.server_timeout_s, context=trust)

    def search_sent(self, text: str) -> list[str]:
        """Message-IDs of sent mails that contain a text."""
        config = self._config
        check_line(config.sent_host, config.sent_security)
        try:
            with self._tools.budget.call():
                line = IMAPClient(
                    config.sent_host, port=config.sent_port, ssl=config.sent_security == "tls",
                    timeout=config.server_timeout_s,
                )  # fmt: skip
                try:
                    if config.sent_security == "starttls":
                        line.starttls(ssl.create_default_context())
                    line.login(config.user, config.password.get_secret_value())
                    line.select_folder(config.sent_folder, readonly=True)
                    return self._read_ids(line, line.search(["HEADER", "Message-ID", text]))
                finally:
                    with suppress(OSError, IMAPClientError):
                        line.logout()
        except (OSError, IMAPClientError) as error:
            raise Transient("smtp.sent_unreachable", host=config.sent_host, words=str(error)[:200]) from error

    def _read_ids(self, line: IMAPClient, uids: list[int]) -> list[str]:
        item = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
        told = line.fetch(uids, [item]) if uids else {}
        heads = (value for parts in told.values() for key, value in parts.items() if key.startswith(b"BODY["))
        return [head.partition(b":")[2].strip().decode("ascii", "replace") for head in heads if head]


class _NoTls(smtplib.SMTPNotSupportedError):
    """The server knows no STARTTLS; of a login that it does not know either nothing is said."""


def _protect(line: smtplib.SMTP) -> None:
    try:
        line.starttls(context=ssl.create_default_context())
    except smtplib.SMTPNotSupportedError as missing:
        raise _NoTls(*missing.args) from missing


def check_line(host: str, security: str) -> None:
    """``ConfigInvalid`` when the password would travel readable."""
    try:
        near = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        near = False
    if security == "none" and not near:
        raise ConfigInvalid("smtp.plain", host=host)


def _read_refusal(refused: smtplib.SMTPException) -> IsthmusError:
    """What the server said of sender, recipients or content: none of it was accepted."""
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        answers = [code for code, _ in refused.recipients.values()]
        words = "; ".join(f"{name}: {code} {_show(text)}" for name, (code, text) in refused.recipients.items())
    else:
        answers = [int(getattr(refused, "smtp_code", 500))]
        words = f"{answers[0]} {_show(getattr(refused, 'smtp_error', b''))}"
    if all(code in _TEMPORARY for code in answers):
        return Transient("smtp.refused_for_now", vendor=words[:300])
    return Rejected("smtp.refused", vendor=words[:300])


def _show(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
