"""Changing an event's text: only what is named, everything else as people and their programs left it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, Todo, vDate, vDatetime, vDDDTypes, vInt, vText

from connectors.caldav.parsing import write_calendar
from connectors.caldav.shapes import (
    DAY,
    TYPE,
    Span,
    is_series,
    read_moment,
    read_span,
    read_words,
    read_zone,
)
from hub.errors import Locked, Rejected

PRODUCT = "-//Isthmus//CRM integration hub//EN"
WORDS = {"summary": "SUMMARY", "description": "DESCRIPTION", "location": "LOCATION", "type": TYPE}
TASK_STATES = {"open": "NEEDS-ACTION", "doing": "IN-PROCESS", "done": "COMPLETED", "dropped": "CANCELLED"}
TIMES = ("starts_at", "ends_at", "starts_on", "ends_on", "zone")
Payload = Mapping[str, Any]


def make_event(uid: str, payload: Payload, zone: tzinfo, now: datetime) -> bytes:
    """A new event. ``zone`` holds where the payload names none."""
    calendar, event = Calendar(), Event()
    calendar["VERSION"], calendar["PRODID"] = vText("2.0"), vText(PRODUCT)
    event["UID"] = vText(uid)
    event["CREATED"] = vDatetime(now.astimezone(UTC).replace(microsecond=0))
    _put_words(event, payload)
    _put_times(event, payload, zone)
    if "DTSTART" not in event:
        raise Rejected("caldav.time_missing", subject=read_words(event, "SUMMARY"))
    _stamp(event, now)
    calendar.add_component(event)
    return write_calendar(calendar)


def edit_event(calendar: Calendar, event: Event, payload: Payload, zone: tzinfo, now: datetime) -> bytes:
    """``Locked`` for the times of a series: the calendar that keeps it knows what a change would do to the rest. An
    instance that people changed stands for itself."""
    if _stands_for_more(event) and any(name in payload for name in TIMES):
        raise Locked("caldav.series", subject=read_words(event, "SUMMARY"))
    _put_words(event, payload)
    _put_times(event, payload, zone)
    _stamp(event, now)
    return write_calendar(calendar)


def _stands_for_more(event: Event) -> bool:
    return is_series(event) and "RECURRENCE-ID" not in event


def cancel_event(calendar: Calendar, event: Event, now: datetime) -> bytes:
    """Cancelled and still to be seen."""
    if _stands_for_more(event):
        raise Locked("caldav.series", subject=read_words(event, "SUMMARY"))
    event["STATUS"] = vText("CANCELLED")
    _raise_sequence(event)
    _stamp(event, now)
    return write_calendar(calendar)


def make_todo(uid: str, payload: Payload, now: datetime) -> bytes:
    """A new task."""
    calendar, todo = Calendar(), Todo()
    calendar["VERSION"], calendar["PRODID"] = vText("2.0"), vText(PRODUCT)
    todo["UID"] = vText(uid)
    todo["CREATED"] = vDatetime(now.astimezone(UTC).replace(microsecond=0))
    calendar.add_component(todo)
    return edit_todo(calendar, todo, payload, now)


def edit_todo(calendar: Calendar, todo: Todo, payload: Payload, now: datetime) -> bytes:
    """Words, the day it is due, and how far it has come."""
    _put_words(todo, {name: payload[name] for name in ("summary", "description") if name in payload})
    if "due_on" in payload:
        _put_due(todo, date.fromisoformat(str(payload["due_on"])) if payload["due_on"] else None)
    if "state" in payload:
        _put_state(todo, str(payload["state"]), now)
    _stamp(todo, now)
    return write_calendar(calendar)


def _put_due(todo: Todo, due: date | None) -> None:
    """Another day at the same time of day, where it had one."""
    known = getattr(todo.get("DUE"), "dt", None)
    todo.pop("DUE", None)
    todo.pop("DURATION", None)
    if due is None:
        return
    if isinstance(known, datetime):
        todo["DUE"] = vDDDTypes(known.replace(year=due.year, month=due.month, day=due.day))
    else:
        todo["DUE"] = _write_moment(due, UTC)


def _put_state(todo: Todo, state: str, now: datetime) -> None:
    for name in ("STATUS", "COMPLETED", "PERCENT-COMPLETE"):
        todo.pop(name, None)
    todo["STATUS"] = vText(TASK_STATES.get(state, "NEEDS-ACTION"))
    if state == "done":
        todo["COMPLETED"] = vDatetime(now.astimezone(UTC).replace(microsecond=0))
        todo["PERCENT-COMPLETE"] = vInt(100)


def _put_words(event: Component, payload: Payload) -> None:
    for name, target in WORDS.items():
        if name not in payload:
            continue
        words = str(payload[name] or "").strip()
        if words == read_words(event, target):
            continue
        params = getattr(event.get(target), "params", {})
        event.pop(target, None)
        if words:
            event[target] = vText(words, params={key: value for key, value in params.items() if key == "LANGUAGE"})


def _put_times(event: Event, payload: Payload, zone: tzinfo) -> None:
    """The wanted times, each that is not named as it stands; a duration becomes an end."""
    if not any(name in payload for name in TIMES):
        return
    wanted = _read_wanted(event, payload, zone)
    had_start = "DTSTART" in event
    home = _choose_zone(event, payload, zone)
    if wanted is None:
        raise Rejected("caldav.time_missing", subject=read_words(event, "SUMMARY"))
    start, end = wanted
    if end is not None and end < start:
        raise Rejected("caldav.ends_before", subject=read_words(event, "SUMMARY"), start=start, end=end)
    for name in ("DTEND", "DURATION"):
        event.pop(name, None)
    event["DTSTART"] = _write_moment(start, home)
    if isinstance(end, datetime) and end == start:
        event["DURATION"] = vDDDTypes(timedelta(0))  # an end must lie behind the beginning (RFC 5545, 3.6.1)
    elif end is not None:
        event["DTEND"] = _write_moment(end if isinstance(end, datetime) else end + DAY, home)
    if had_start:
        _raise_sequence(event)


def _write_moment(moment: date, zone: tzinfo) -> vDDDTypes | vDate:
    if isinstance(moment, datetime):
        return vDDDTypes(moment.astimezone(zone))
    written = vDate(moment)
    written.params["VALUE"] = "DATE"
    return written


def _read_wanted(event: Event, payload: Payload, zone: tzinfo) -> Span | None:
    start, end = (read_span(event, zone) if "DTSTART" in event else None) or (None, None)
    start_at = _pick_time(payload, "starts_at", start)
    start_on = _pick_day(payload, "starts_on", start)
    if start_at is not None and (start_on is None or payload.get("starts_at")):
        return start_at, _pick_time(payload, "ends_at", end)
    return (start_on, _pick_day(payload, "ends_on", end)) if start_on is not None else None


def _pick_time(payload: Payload, name: str, known: date | None) -> datetime | None:
    if name not in payload:
        return known if isinstance(known, datetime) else None
    return datetime.fromisoformat(str(payload[name])) if payload[name] else None


def _pick_day(payload: Payload, name: str, known: date | None) -> date | None:
    if name not in payload:
        return None if isinstance(known, datetime) else known
    return date.fromisoformat(str(payload[name])) if payload[name] else None


def _choose_zone(event: Event, payload: Payload, zone: tzinfo) -> tzinfo:
    """The zone that is asked for, else the one that the event has, else the connection's."""
    name = str(payload.get("zone") or "")
    if name and name != read_zone(event):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise Rejected("caldav.zone_not_known", zone=name) from error
    known = read_moment(event, "DTSTART", zone) if "DTSTART" in event else None
    return (known.tzinfo if isinstance(known, datetime) else None) or zone


def _raise_sequence(event: Event) -> None:
    """Whoever was invited sees by it that the time is another one."""
    known = read_words(event, "SEQUENCE")
    event["SEQUENCE"] = vInt(int(known) + 1 if known.isdigit() else 1)


def _stamp(event: Component, now: datetime) -> None:
    moment = now.astimezone(UTC).replace(microsecond=0)
    event["DTSTAMP"], event["LAST-MODIFIED"] = vDatetime(moment), vDatetime(moment)
