"""The token of an XOAUTH2 login: as it was given, or exchanged for a refresh token (RFC 6749, section 6)."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.imap.config import ImapConfig
from hub.errors import NeedsConsent, Rejected
from hub.sdk import HttpClient, Tools


def fetch_token(config: ImapConfig, tools: Tools) -> str:
    """``NeedsConsent`` when the exchange is refused."""
    given = config.password.get_secret_value()
    if not config.refresh_url:
        return given
    address = urlsplit(config.refresh_url)
    form = {"grant_type": "refresh_token", "refresh_token": given, "client_id": config.client_id}
    if secret := config.client_secret.get_secret_value():
        form["client_secret"] = secret
    client = HttpClient(f"{address.scheme}://{address.netloc}", tools)
    who = {"user": config.user, "host": address.netloc}
    path = address.path + (f"?{address.query}" if address.query else "")
    try:
        told = client.read("POST", path, data=form).json()
    except Rejected as refused:
        raise NeedsConsent("imap.token_refused", vendor=refused.vendor, **who) from refused
    except ValueError as garbage:
        raise NeedsConsent("imap.token_refused", vendor="no JSON", **who) from garbage
    finally:
        client.close()
    token = str(told.get("access_token") or "") if isinstance(told, dict) else ""
    if not token:
        raise NeedsConsent("imap.token_refused", vendor="no access_token", **who)
    return token
