"""An event's text as a record: what the mapping reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, Todo
from icalendar.prop import vBroken

from hub.errors import MappingError

Span = tuple[date, date | None]
"""Beginning and end, both times or both days."""
TYPE = "X-ISTHMUS-TYPE"
"""Where the hub's word for what it is travels; people's calendars keep it and do not show it."""
TYPES = frozenset({"meeting", "call", "mail", "note", "follow_up"})
DAY = timedelta(days=1)
_PARTS = {"OPT-PARTICIPANT": "optional", "NON-PARTICIPANT": "optional"}
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_TASK_STATES = {"IN-PROCESS": "doing", "COMPLETED": "done", "CANCELLED": "dropped"}
_SERIES = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_PRIVATE = ("PRIVATE", "CONFIDENTIAL")


def list_events(calendar: Calendar) -> list[Event]:
    """The event itself first, then the instances of a series that people changed one by one."""
    events = [found for found in calendar.walk("VEVENT") if isinstance(found, Event)]
    return sorted(events, key=lambda event: "RECURRENCE-ID" in event)


def list_todos(calendar: Calendar) -> list[Todo]:
    """The task itself first, then the instances of a series that people changed one by one."""
    todos = [found for found in calendar.walk("VTODO") if isinstance(found, Todo)]
    return sorted(todos, key=lambda todo: "RECURRENCE-ID" in todo)


def name_instance(event: Component) -> str:
    """When the instance would have been (``20270302T010000Z``, ``20270302``); empty for what is none."""
    told = event.get("RECURRENCE-ID")
    moment = getattr(told, "dt", None) if not isinstance(told, vBroken) else None
    if not isinstance(moment, date) or not MINYEAR < moment.year < MAXYEAR:
        return ""
    if not isinstance(moment, datetime):
        return moment.strftime("%Y%m%d")
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if moment.tzinfo else moment.strftime("%Y%m%dT%H%M%S")


def pick_event(calendar: Calendar, instance: str) -> Event | None:
    """The event itself, or the instance of that name; None when there is none."""
    events = list_events(calendar)
    if not instance:
        return next(iter(events), None)
    return next((event for event in events[1:] if name_instance(event) == instance), None)


def shape_instance(event: Component, path: str, calendar_name: str, zone: tzinfo) -> dict[str, Any]:
    """One instance of a series that people moved or changed, with an identity of its own."""
    name = name_instance(event)
    payload = _shape_one(event, f"{path}#{name}", calendar_name, zone)
    return payload | {"uid": f"{name}/{payload['uid']}", "recurrence": "", "instances": []}


def shape_todo(todo: Component, path: str, calendar_name: str, zone: tzinfo) -> dict[str, Any]:
    """The payload of a task: ``due_on`` is a day, ``state`` open, doing, done or dropped."""
    due = read_moment(todo, "DUE", zone)
    return {
        "id": path,
        "calendar": calendar_name,
        "uid": read_words(todo, "UID"),
        "summary": read_words(todo, "SUMMARY"),
        "description": read_words(todo, "DESCRIPTION"),
        "due_on": (due.date() if isinstance(due, datetime) else due).isoformat() if due is not None else None,
        "state": _TASK_STATES.get(read_words(todo, "STATUS").upper(), "open"),
        "recurrence": read_recurrence(todo),
    }


def shape_event(calendar: Calendar, path: str, calendar_name: str, zone: tzinfo) -> dict[str, Any]:
    """The payload of a calendar with an event in it. Times without a zone are read in ``zone``.

    Times are UTC as ISO text, days are ISO dates and ``ends_on`` is the last one. ``state`` is there for a cancelled
    event only, ``type`` where the hub or a person gave one: what is absent says nothing.
    """
    main, *instances = list_events(calendar)
    return _shape_one(main, path, calendar_name, zone) | {
        "instances": [_shape_instance(event, zone) for event in instances]
    }


def _shape_one(main: Component, path: str, calendar_name: str, zone: tzinfo) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": path,
        "calendar": calendar_name,
        "uid": read_words(main, "UID"),
        "summary": read_words(main, "SUMMARY"),
        "description": read_words(main, "DESCRIPTION"),
        "location": read_words(main, "LOCATION"),
        **shape_times(main, zone),
        "zone": read_zone(main),
        "recurrence": read_recurrence(main),
        "people": list(_list_people(main)),
        "alarms": sum(found.name == "VALARM" for found in main.subcomponents),
        "sequence": read_words(main, "SEQUENCE"),
        "modified": read_words(main, "LAST-MODIFIED"),
    }
    if is_cancelled(main):
        payload["state"] = "cancelled"
    if read_words(main, TYPE) in TYPES:
        payload["type"] = read_words(main, TYPE)
    return payload


def is_cancelled(event: Component) -> bool:
    return read_words(event, "STATUS").upper() == "CANCELLED"


def is_private(event: Component) -> bool:
    return read_words(event, "CLASS").upper() in _PRIVATE


def is_series(event: Component) -> bool:
    """Whether it stands for more than itself, or for one of them."""
    return any(name in event for name in _SERIES)


def read_words(event: Component, name: str) -> str:
    """The text of a property as people wrote it; of several the first."""
    found = event.get(name)
    found = found[0] if isinstance(found, list) and found else found
    if found is None:
        return ""
    told = found if isinstance(found, str) else found.to_ical()
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    return text.replace("\r\n", "\n").strip()


def read_zone(event: Component) -> str:
    """Name of the time zone of the beginning: that of the world's list where it is one of it."""
    start = event.get("DTSTART")
    moment = getattr(start, "dt", None) if not isinstance(start, vBroken) else None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return ""
    if moment.tzinfo is UTC:
        return "UTC"
    return moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else str(start.params.get("TZID", ""))


def read_recurrence(event: Component) -> str:
    """The rule as iCalendar writes it, one line for each property; instances are not spelt out."""
    lines = [line for line in event.content_lines(sorted=False) if line.partition(":")[0].split(";")[0] in _SERIES]
    return "\n".join(lines)


# ---------------------------------------------------------------- times


def read_span(event: Component, zone: tzinfo) -> Span | None:
    """Beginning and end: two aware times, or the first and the last day; no end where none is told. None when it has no
    time at all."""
    start = read_moment(event, "DTSTART", zone)
    if start is None:
        return None
    try:
        return _find_span(start, read_moment(event, "DTEND", zone), read_duration(event))
    except OverflowError as beyond:
        told = read_words(event, "DURATION")
        raise MappingError("caldav.time_broken", value=told, property="DURATION") from beyond


def _find_span(start: date, end: date | None, lasts: timedelta | None) -> Span:
    if end is None and lasts is None:
        return start, None
    if isinstance(start, datetime):
        until = end if end is not None else start + (lasts or timedelta(0))
        return start, until if isinstance(until, datetime) else datetime.combine(until, start.timetz())
    behind = end if end is not None else start + max(lasts or DAY, DAY)
    return start, max(start, (behind.date() if isinstance(behind, datetime) else behind) - DAY)


def read_moment(event: Component, name: str, zone: tzinfo) -> date | None:
    """An aware time or a day."""
    found = event.get(name)
    if found is None:
        return None
    moment = None if isinstance(found, vBroken) else getattr(found, "dt", None)
    if not isinstance(moment, date) or not MINYEAR < moment.year < MAXYEAR:  # in some zone it would be no time at all
        raise MappingError("caldav.time_broken", value=read_words(event, name), property=name)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return moment
    if "TZID" in found.params:
        raise MappingError("caldav.zone_unknown", zone=str(found.params["TZID"]), property=name)
    return moment.replace(tzinfo=zone)


def read_duration(event: Component) -> timedelta | None:
    told = event.get("DURATION")
    found = getattr(told, "dt", None) if not isinstance(told, vBroken) else None
    return found if isinstance(found, timedelta) else None


def shape_times(event: Component, zone: tzinfo) -> dict[str, str | None]:
    """Both sorts are named, so that one empties the other."""
    span = read_span(event, zone)
    times: dict[str, str | None] = dict.fromkeys(("starts_at", "ends_at", "starts_on", "ends_on"))
    if span is None:
        return times
    sort = "at" if isinstance(span[0], datetime) else "on"
    return times | {f"starts_{sort}": write_moment(span[0]), f"ends_{sort}": write_moment(span[1])}


def write_moment(moment: date | None) -> str | None:
    """UTC as ISO text, or a day."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat()
    return moment.isoformat() if moment is not None else None


def _shape_instance(event: Event, zone: tzinfo) -> dict[str, Any]:
    return {
        "recurrence_id": read_words(event, "RECURRENCE-ID"),
        "summary": read_words(event, "SUMMARY"),
        "location": read_words(event, "LOCATION"),
        "cancelled": is_cancelled(event),
        **shape_times(event, zone),
    }


# ---------------------------------------------------------------- people


def _list_people(event: Component) -> Iterator[Mapping[str, str]]:
    """Who called it and who is asked to come; somebody who is both is the organiser, and nobody stands here twice."""
    seen: dict[str, dict[str, str]] = {}
    answers = {read_address(found): found for found in _list_values(event, "ATTENDEE")}
    for found in _list_values(event, "ORGANIZER"):
        address = read_address(found)
        seen.setdefault(address, _shape_person(found, address, "organiser", answers.get(address)))
    for address, found in answers.items():
        part = _PARTS.get(str(found.params.get("ROLE", "")).upper(), "attendee")
        seen.setdefault(address, _shape_person(found, address, part, found))
    yield from (person for address, person in seen.items() if address)


def _shape_person(found: Any, address: str, part: str, answer: Any) -> dict[str, str]:
    told = str(answer.params.get("PARTSTAT", "")).upper() if answer is not None else ""
    name = str(found.params.get("CN", "")).strip()
    return {"address": address, "name": name, "part": part, "answer": _ANSWERS.get(told, "open")}


def _list_values(event: Component, name: str) -> Sequence[Any]:
    found = event.get(name)
    values = found if isinstance(found, list) else [found] if found is not None else []
    return [value for value in values if not isinstance(value, vBroken)]


def read_address(value: Any) -> str:
    """``mailto:Li@Example.com`` → ``li@example.com``; the EMAIL parameter where the value is no mail address."""
    text = str(value).strip()
    if text.lower().startswith("mailto:"):
        return text[7:].lower()
    return str(value.params.get("EMAIL", "")).lower() or text.lower()
