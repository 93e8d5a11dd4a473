"""What ``connection check`` looks at: reads only, and each finding names the calendar or the setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.caldav.client import CalDavClient
from connectors.caldav.config import CalDavConfig
from connectors.caldav.discovery import choose_calendars, list_calendars
from hub.errors import ConfigInvalid, NeedsConsent, Rejected, Transient
from hub.sdk import CheckItem


def check_account(client: CalDavClient, config: CalDavConfig) -> Sequence[CheckItem]:
    """Every finding, up to the first that makes the rest unknowable."""
    found: list[CheckItem] = []
    try:
        for item in _look(client, config):
            found.append(item)  # noqa: PERF402 - what was found before an error counts
    except Transient as failed:
        words = failed.vendor or failed.text()
        found.append(CheckItem(False, "caldav.unreachable", {"url": config.url, "words": words}))
    except NeedsConsent as refused:
        found.append(CheckItem(False, "caldav.login_refused", {"user": config.user, "words": refused.vendor or "—"}))
    except Rejected as refused:
        found.append(CheckItem(False, "caldav.not_caldav", {"url": config.url, "words": refused.vendor or ""}))
    except ConfigInvalid as wrong:
        found.append(CheckItem(False, wrong.code, wrong.params))
    return found


def _look(client: CalDavClient, config: CalDavConfig) -> Iterator[CheckItem]:
    known = list_calendars(client, config)
    names = ", ".join(found.name for found in known) or "—"
    yield CheckItem(True, "caldav.reached", {"url": config.url, "calendars": names})
    chosen = choose_calendars(known, config.calendars)
    for calendar in chosen:
        count = len(client.list_paths(calendar.path, "VEVENT"))
        yield CheckItem(True, "caldav.calendar_found", {"name": calendar.name, "path": calendar.path, "count": count})
        if not calendar.tells_changes:
            yield CheckItem(True, "caldav.no_tokens", {"name": calendar.name})
    target = choose_calendars(chosen, [config.write_to])[0] if config.write_to else chosen[0]
    code = "caldav.writable" if target.writable else "caldav.not_writable"
    yield CheckItem(target.writable, code, {"name": target.name, "user": config.user})
