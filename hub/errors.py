"""The error tree, split by what happens next.

Every error has a stable code; the sentence a person reads comes from the message catalogue (``hub.locale``) by that
code. ``vendor`` keeps the other system's own words. Secrets that were told to :func:`keep_secret` are blotted out of
both, so that no error, journal row or attempt can show one, whatever the other system repeats.
"""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

from hub.locale import Phrase, render

SHORTEST_SECRET = 8
"""Shorter values are not blotted out: they would shred ordinary text."""
BLOT = "***"
_secrets: set[str] = set()


def keep_secret(value: str) -> None:
    """Never show ``value`` again in this process, in the forms that URLs and JSON give it either."""
    if len(value) >= SHORTEST_SECRET:
        _secrets.update({value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]})


def conceal(text: str) -> str:
    """The same text without the secrets of this process, and without the beginning of one at its end: whoever quotes
    somebody cuts, and does not know where a secret stands."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, BLOT)
    cut = max((_measure_cut(text, secret) for secret in _secrets), default=0)
    return text[:-cut] + BLOT if cut else text


def _measure_cut(text: str, secret: str) -> int:
    """How many of the last characters are the beginning of the secret."""
    longest = min(len(secret) - 1, len(text))
    return next((size for size in range(longest, SHORTEST_SECRET - 1, -1) if text.endswith(secret[:size])), 0)


def _conceal_param(value: object) -> object:
    if isinstance(value, Phrase):
        return Phrase(value.code, **{name: _conceal_param(inner) for name, inner in value.params.items()})
    return conceal(value) if isinstance(value, str) else value


class IsthmusError(Exception):
    """Base of all our errors. ``code`` is stable, ``params`` fill the catalogue's sentence."""

    exit_code = 1

    def __init__(self, code: str, /, *, vendor: str | None = None, **params: object) -> None:
        self.code = code
        self.vendor = None if vendor is None else conceal(vendor)
        self.params = {name: _conceal_param(value) for name, value in params.items()}
        super().__init__(code, self.params)

    def text(self, lang: str = "en") -> str:
        """One sentence a person can act on, with the vendor's words behind it when there are any."""
        sentence = render(self.code, lang, **self.params)
        return f"{sentence} [{self.vendor}]" if self.vendor else sentence

    def __str__(self) -> str:
        return self.text()


class ConfigInvalid(IsthmusError):
    """Fix the configuration, the arguments or the file; trying again as it is cannot help."""

    exit_code = 2


class NotFound(ConfigInvalid):
    """A name, number or id that the caller gave does not exist."""


class NeedsConsent(IsthmusError):
    """Credentials or rights are missing: pause the connection and tell a person once."""

    exit_code = 3


class Transient(IsthmusError):
    """Certainly not applied; try again, not before ``retry_after_s`` when the other side named a time."""

    exit_code = 3

    def __init__(
        self, code: str, /, *, vendor: str | None = None, retry_after_s: float | None = None, **params: object
    ) -> None:
        super().__init__(code, vendor=vendor, **params)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(IsthmusError):
    """A write may or may not have been applied: look before deciding."""

    exit_code = 3


class NotReady(OutcomeUnknown):
    """There is no answer yet, and the call may be billed: the same again not before ``retry_after_s``. ``whole``:
    nothing at all of this system before then."""

    def __init__(
        self, code: str, /, *, retry_after_s: float, whole: bool = False, vendor: str | None = None, **params: object
    ) -> None:
        super().__init__(code, vendor=vendor, **params)
        self.retry_after_s, self.whole = retry_after_s, whole


class Duplicate(IsthmusError):
    """The other side says that the document exists: find it by reference and adopt it."""

    exit_code = 3


class Stale(IsthmusError):
    """Compare-and-set failed; certainly not applied: read again."""


class Rejected(IsthmusError):
    """A definite refusal, certainly not applied: park the row for a person, with the vendor's words."""

    exit_code = 3


class Locked(Rejected):
    """Refused because of the document's state; never tried again as it is."""


class PeriodClosed(Rejected):
    """The accounting period of the document is closed there; certainly not applied: hold it with the reason, and try
    again when the period may be open."""


class ConnectorDefect(IsthmusError):
    """A connector's own code failed while it read: park the one record at work; the traceback is in the log."""


class NegativeResult(IsthmusError):
    """The answer is a trustworthy "there is none": cache it."""


class CursorExpired(IsthmusError):
    """The cursor is no longer accepted: full resync with delete detection."""


class MappingError(IsthmusError):
    """A value that the mapping cannot translate: park this one record, go on with the rest."""


class RuleBroken(IsthmusError):
    """A business rule of the hub forbids it."""


class Unauthentic(IsthmusError):
    """A caller could not prove who it is."""
