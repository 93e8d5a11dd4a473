"""From an address to the calendars that the admin named: RFC 6764, 5397 and 4791."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.caldav import dav
from connectors.caldav.client import WELL_KNOWN, CalDavClient
from connectors.caldav.config import CalDavConfig
from hub.errors import ConfigInvalid, Rejected

_WANTED = (dav.TYPE, dav.NAME, dav.REPORTS, dav.RIGHTS, dav.COMPONENTS)
_WRITES = {f"{dav.D}all", f"{dav.D}write", f"{dav.D}write-content", f"{dav.D}bind"}


@dataclass(frozen=True)
class Calendar:
    """One calendar of the account."""

    path: str
    name: str
    writable: bool
    tells_changes: bool
    """It answers what changed since a token."""
    components: frozenset[str] = frozenset()
    """What it holds (VEVENT, VTODO); empty: the server does not say."""

    def holds(self, component: str) -> bool:
        return not self.components or component in self.components


def list_calendars(client: CalDavClient, config: CalDavConfig) -> list[Calendar]:
    """Every calendar and task list of the account; the address may also be that of a calendar itself."""
    start = _describe_start(client)
    found = [_make_calendar(answer) for answer in start if _holds_any(answer)]
    if found:
        return found
    principals = [path for answer in start for path in answer.list_paths(dav.PRINCIPAL)]
    homes = [path for answer in start for path in answer.list_paths(dav.HOME)]
    if not homes and principals:
        homes = [path for answer in client.describe(principals[0], [dav.HOME]) for path in answer.list_paths(dav.HOME)]
    if not homes:
        raise ConfigInvalid("caldav.not_caldav", url=config.url)
    below = [answer for home in dict.fromkeys(homes) for answer in client.describe(home, _WANTED, depth=1)]
    unique = {answer.path: answer for answer in below if _holds_any(answer)}
    return [_make_calendar(answer) for answer in unique.values()]


def choose_calendars(calendars: Sequence[Calendar], names: Sequence[str]) -> list[Calendar]:
    """Those that are named, in that order; ``ConfigInvalid`` for a name that none or several have."""
    chosen = []
    for name in names:
        path = dav.clean_path(name).strip("/")
        fitting = [found for found in calendars if name == found.name or path == found.path.strip("/")]
        fitting = fitting or [found for found in calendars if path == found.path.strip("/").rpartition("/")[2]]
        if len(fitting) != 1:
            known = ", ".join(f"{found.name} ({found.path})" for found in (fitting or calendars)) or "—"
            raise ConfigInvalid(
                "caldav.calendar_ambiguous" if fitting else "caldav.calendar_unknown", name=name, known=known
            )
        chosen.append(fitting[0])
    return list(dict.fromkeys(chosen))


def _describe_start(client: CalDavClient) -> Sequence[dav.Answer]:
    """What the given address says; where it says nothing of use, what the well-known one does."""
    wanted = (*_WANTED, dav.PRINCIPAL, dav.HOME)
    try:
        answers = client.describe(client.path, wanted)
        if any(answer.list_paths(dav.PRINCIPAL) or _holds_any(answer) for answer in answers):
            return answers
    except Rejected:
        if client.path != "/":
            raise
    return client.describe(WELL_KNOWN, wanted)


def _holds_any(answer: dav.Answer) -> bool:
    if f"{dav.C}calendar" not in answer.list_names(dav.TYPE):
        return False
    kinds = _list_components(answer)
    return not kinds or bool(kinds & {"VEVENT", "VTODO"})


def _list_components(answer: dav.Answer) -> frozenset[str]:
    found = answer.props.get(dav.COMPONENTS)
    names = (inner.get("name") for inner in found.iter(f"{dav.C}comp")) if found is not None else ()
    return frozenset(name for name in names if name)


def _make_calendar(answer: dav.Answer) -> Calendar:
    rights = answer.list_names(dav.RIGHTS)
    name = answer.text(dav.NAME) or answer.path.strip("/").rpartition("/")[2]
    tells = f"{dav.D}sync-collection" in answer.list_names(dav.REPORTS)
    writable = not rights or bool(rights & _WRITES)
    return Calendar(answer.path, name, writable, tells, _list_components(answer))
