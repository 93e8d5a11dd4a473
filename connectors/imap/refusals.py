"""What a server means when it refuses a login, as far as its words tell."""

from __future__ import annotations

import re
from ast import literal_eval

from connectors.imap.config import ImapConfig
from connectors.imap.decoding import decode_text
from hub.errors import NeedsConsent

_CAUSES = (
    ("imap.id_required", r"unsafe login|please (send|use) (the )?id\b|kefu@188\.com"),
    (
        "imap.app_password_required",
        r"app(lication)?[- ]specific password|app[- ]?password|authoriz(ed|ation) code|授权码|客户端专用密码|"
        r"third[- ]party client|invalidsecondfactor|web ?login required|login via your web browser",
    ),
    (
        "imap.imap_switched_off",
        r"imap (access |service |is )?(is )?(disabled|not enabled|closed|off)|not enabled for imap|service is not open|"
        r"未开启|basicauthblocked|basic authentication is disabled",
    ),
    (
        "imap.too_many_logins",
        r"too many (simultaneous )?(connections|logins)|login frequency limited|too frequent|频繁",
    ),
    ("imap.token_refused", r"invalid_token|expired.*token|token.*expired|\"status\":\"40[01]\""),
)


def explain_refusal(config: ImapConfig, words: str) -> NeedsConsent:
    """The cause, from the server's words; without any it is the password, or the token."""
    words = _undo_repr(words)
    plain = "imap.token_refused" if config.login == "xoauth2" else "imap.login_refused"
    code = next((code for code, pattern in _CAUSES if re.search(pattern, words, re.IGNORECASE)), plain)
    return NeedsConsent(code, vendor=words[:300], user=config.user, host=config.host)


def _undo_repr(words: str) -> str:
    """IMAPClient tells ``b'\\xe6…'`` for words that are not English."""
    if not re.fullmatch(r"b'.*'|b\".*\"", words, re.DOTALL):
        return words
    try:
        told = literal_eval(words)
    except (ValueError, SyntaxError):
        return words
    return decode_text(told)[0] if isinstance(told, bytes) else words
