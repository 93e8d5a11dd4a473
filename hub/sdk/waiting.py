"""How long a system asks us to wait: ``Retry-After`` and its relatives, in every form that is met in the wild.

Nothing here sleeps and nothing reads a clock: the caller says what time it is. What cannot be understood is ignored
(None), because a guess would either hammer the system or stop the connection for no reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 86_400.0
"""Nobody waits longer on the word of a header: after a day we ask again."""
_EPOCH_FROM = 1e9
"""A plain number from here on is a moment, not a duration: 30 years of waiting are meant by nobody."""
_MILLISECONDS_FROM = 1e11
_MICROSECONDS_FROM = 1e14
_NUMBER = re.compile(r"\+?(\d+(?:[.,]\d+)?|[.,]\d+)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-zµ]+|小时|分钟|毫秒|秒|天|分)\.?", re.IGNORECASE | re.ASCII)
_BETWEEN = re.compile(r"[\s,]*(?:and\b)?[\s,]*", re.IGNORECASE | re.ASCII)
_UNITS_S: Mapping[str, float] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds", "毫秒"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分钟", "分"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时"), 3600.0),
    **dict.fromkeys(("d", "day", "days", "天"), 86_400.0),
}
_RESET_ITEM = re.compile(r"(?:^|[;,\s])(?:t|reset)\s*=\s*\"?([\d.]+)\"?", re.IGNORECASE | re.ASCII)
_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after")
_REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")


def find_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, from 0 to ``LONGEST_WAIT_S``, as these headers say; None when they say nothing usable.

    ``headers``: names in lower case, or a mapping that ignores case such as ``httpx.Headers``. ``now``: aware.
    ``Retry-After`` wins over the ``RateLimit`` family. Moments are compared with the ``Date`` of the answer when it
    has one, so that a clock that goes wrong on either side costs nothing.
    """
    there = _parse_date(headers.get("date", "")) or now
    waits = (
        _parse_number(headers.get("retry-after-ms", ""), scale=0.001),
        _parse_number(headers.get("x-ms-retry-after-ms", ""), scale=0.001),
        parse_wait_s(headers.get("retry-after", ""), there),
        parse_wait_s(headers.get("x-retry-after", ""), there),
        *(parse_wait_s(headers.get(name, ""), there) for name in _RESETS),
        _find_item(headers.get("ratelimit", ""), there),
    )
    return next((wait_s for wait_s in waits if wait_s is not None), None)


def is_used_up(headers: Mapping[str, str]) -> bool:
    """Whether the headers say that no call is left, or name a time to come back: a refusal is then no refusal."""
    return "retry-after" in headers or any(headers.get(name, "").strip() == "0" for name in _REMAINING)


def parse_wait_s(text: str, now: datetime) -> float | None:
    """Seconds named by one header value: ``120``, ``1.5``, ``Sun, 06 Nov 1994 08:49:37 GMT`` and the two older forms
    of it, ISO 8601, ``2 hours``, ``1h30m``, ``500ms``, ``0:02:00``, or seconds, milliseconds or microseconds since
    1970. A moment in the past is 0; a negative number is not an answer (None)."""
    text = text.strip().strip('"').strip()
    if not text:
        return None
    for parse in (_parse_number, _parse_amounts, _parse_clock):
        wait_s = parse(text)
        if wait_s is not None:
            return _bound(wait_s - now.timestamp()) if _is_moment(text, wait_s) else _bound(wait_s)
    moment = _parse_date(text)
    return None if moment is None else _bound((moment - now).total_seconds())


def _is_moment(text: str, seconds: float) -> bool:
    return seconds >= _EPOCH_FROM and _NUMBER.fullmatch(text) is not None


def _parse_number(text: str, *, scale: float = 1.0) -> float | None:
    """A plain number; one so large that it is a moment comes back as seconds since 1970."""
    text = text.strip()
    if len(text) > 30 or not _NUMBER.fullmatch(text):
        return None
    number = float(text.lstrip("+").replace(",", "."))
    if scale != 1.0:
        return _bound(number * scale)
    if number >= _MICROSECONDS_FROM:
        return number / 1e6
    return number / 1e3 if number >= _MILLISECONDS_FROM else number


def _parse_amounts(text: str) -> float | None:
    """``1h30m``, ``2 hours``, ``90 sec``, ``1 min and 30 s``."""
    total, at = 0.0, 0
    text = text.removeprefix("PT") if text.startswith("PT") else text
    while at < len(text):
        found = _AMOUNT.match(text, at)
        if found is None or len(found[1]) > 20:
            return None
        unit_s = _UNITS_S.get(found[2].lower())
        if unit_s is None:
            return None
        total += float(found[1].replace(",", ".")) * unit_s
        gap = _BETWEEN.match(text, found.end())
        at = gap.end() if gap else found.end()
    return total if at else None


def _parse_clock(text: str) -> float | None:
    """``1:30`` is minutes and seconds, ``0:01:30`` has hours."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    return float(first * 60 + second) if found[3] is None else float(first * 3600 + second * 60 + int(found[3]))


def _parse_date(text: str) -> datetime | None:
    """The three HTTP forms, and ISO 8601; without a zone it is UTC, as HTTP says."""
    if not text or len(text) > 60:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _find_item(text: str, now: datetime) -> float | None:
    """``RateLimit: limit=100, remaining=0, reset=50``, or ``"default";r=0;t=50``."""
    found = _RESET_ITEM.search(text)
    return None if found is None else parse_wait_s(found[1], now)


def _bound(wait_s: float) -> float | None:
    return min(max(0.0, wait_s), LONGEST_WAIT_S) if math.isfinite(wait_s) else None
