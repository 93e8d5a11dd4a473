"""A text as a calendar, and back: whatever it claims to be, it is read or refused, and its zones are its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from icalendar import Calendar
from icalendar.error import GloballyUniqueTZIDGuessed
from icalendar.timezone import tzp

from hub.errors import MappingError

# A vendor's own prefix before the name of a zone that everybody knows; icalendar says aloud that it takes it away.
warnings.filterwarnings("ignore", category=GloballyUniqueTZIDGuessed)
_BROKEN = (ValueError, OverflowError, AttributeError, KeyError, TypeError, IndexError, OSError)
"""What icalendar raises for texts that no program writes on purpose."""
_turn = Lock()


def read_calendar(text: str) -> Calendar:
    """``MappingError`` for a text that cannot be read as iCalendar. Of several calendars in one text one is made."""
    with _telling():
        whole, *others = _parse(text)
    for other in others:
        whole.subcomponents += other.subcomponents
    return whole


def write_calendar(calendar: Calendar) -> bytes:
    """In the order in which it was read, with the definition of each zone that it names. ``MappingError`` where what
    was read of it cannot be written again."""
    with _turn, _telling():
        calendar.add_missing_timezones()
        text: bytes = calendar.to_ical(sorted=False)
    return text


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise MappingError("caldav.event_broken", vendor=f"{type(error).__name__}: {error}"[:300]) from error


def _parse(text: str) -> list[Calendar]:
    """icalendar keeps the first zone of every name for the whole process, although "Customized Time Zone" is another
    one in every mailbox. So it forgets them before each text, and reads a text twice whose zones are told last."""
    upper = text.upper()
    twice = upper.rfind("BEGIN:VTIMEZONE") > upper.find("BEGIN:VEVENT") >= 0
    with _turn:
        tzp.use_default()
        if twice:
            Calendar.from_ical(text, multiple=True)
        return list(Calendar.from_ical(text, multiple=True))
