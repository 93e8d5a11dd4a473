"""Mail addresses and web sites: what they say about a company or a person."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.identity.text import fold_text
from hub.identity.words import GENERIC_DOMAINS, ROLES

_ADDRESS = re.compile(r"([^\s@<>\"(),;:]+)@([^\s@<>\"(),;:/]+\.[^\s@<>\"(),;:/.]{2,})")
_SECOND_LEVEL = frozenset({"com", "net", "org", "gov", "edu", "co", "ac", "or", "ne", "gob", "gouv", "mil"})
_HOST_END = re.compile(r"[/?#]")
_DIGITS = re.compile(r"[0-9]+")
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")


class Mail(NamedTuple):
    """``domain``: the part that somebody has registered, also of a provider. ``generic``: the domain is that of a
    provider. ``role``: the mailbox is a department's. ``personal``: it is a person's."""

    address: str
    local: str
    domain: str
    generic: bool = False
    role: bool = False

    @property
    def personal(self) -> bool:
        return not self.role


@lru_cache(maxsize=2_048)
def parse_mail(text: str) -> Mail | None:
    """The first address in a text; None for none. Never raises."""
    plain = text.strip().lower() if text.isascii() else fold_text(text).replace(" ", "")
    found = _ADDRESS.search(plain)
    if found is None:
        return None
    local, host = found[1].removeprefix("mailto:"), found[2].strip(".-")
    domain = find_domain(host)
    if not local or not domain:
        return None
    stem = local.partition("+")[0].rstrip("0123456789")
    role = stem in ROLES or local in ROLES
    generic = host in GENERIC_DOMAINS or domain in GENERIC_DOMAINS
    return Mail(f"{local}@{host}", local, domain, generic, role and not _DIGITS.fullmatch(local))


@lru_cache(maxsize=2_048)
def find_domain(text: str) -> str:
    """The registered domain in the address of a site or the host of a mail address; empty for none. Never raises."""
    plain = text.strip().lower() if text.isascii() else fold_text(text).replace(" ", "")
    host = plain.partition("://")[2] or plain
    host = _HOST_END.split(host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(".")
    host = host.removeprefix("www.")
    if not _HOST.fullmatch(host) or _DIGITS.fullmatch(host.replace(".", "")):
        return ""
    labels = host.split(".")
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if long else -2 :])


@lru_cache(maxsize=2_048)
def parse_site(text: str) -> str:
    """The registered domain of a company's own site; empty for a page at a provider."""
    domain = find_domain(text)
    return "" if domain in GENERIC_DOMAINS else domain
