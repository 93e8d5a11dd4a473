"""One entry of the todo list with everything that belongs to it, as people read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.commands.output import shorten, to_json
from hub.commands.session import Session
from hub.locale import tell_kept

PAYLOAD_LINES = 30
_EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


def describe_dossier(session: Session, dossier: Any) -> dict[str, Any]:
    """The whole of it, as programs read it."""
    from hub.commands.todo import describe

    lang = session.options.lang
    return {
        "item": describe(session, dossier.item),
        "fields": [{**vars(pair), "text": pair.text(lang)} for pair in dossier.fields],
        "words": dossier.words,
        "payload": dossier.payload,
        "candidates": [dict(zip(("where", "id", "label"), row, strict=True)) for row in dossier.candidates],
        "history": [{"at": event.at, "what": event.what, "text": event.text(lang)} for event in dossier.history],
        "decisions": [row.model_dump(exclude={"before", "after"}) for row in dossier.decisions],
        "choices": [{**vars(choice), "text": choice.text(lang)} for choice in dossier.choices],
        "cell": dossier.cell,
    }


def print_dossier(session: Session, dossier: Any) -> None:
    """Why, the values, the evidence, the history, and what can be done."""
    from hub.commands.todo import name_wait

    session.write(f"{dossier.item.short} {name_wait(session, dossier.item)}")
    session.write(f"  {dossier.item.text(session.options.lang)}")
    if dossier.cell is not None:
        session.say("todo.say_cell", **dossier.cell)
    print_fields(session, dossier.fields)
    if dossier.words:
        _print_title(session, "todo.say_words")
        for words in dossier.words:
            session.write(f"  {words}")
    if dossier.candidates:
        _print_title(session, "todo.say_candidates")
        for where, id_, label in dossier.candidates:
            session.write(f"  {where} {id_} {label}".rstrip())
    if dossier.payload is not None:
        print_payload(session, dossier.payload)
    if dossier.history:
        _print_title(session, "todo.say_history")
        session.table(["at", "what"], [(event.at, event.text(session.options.lang)) for event in dossier.history])
    _print_title(session, "todo.say_choices")
    for choice in dossier.choices:
        session.write(f"  → {choice.command}")
        session.write(f"    {choice.text(session.options.lang)}")


def _print_title(session: Session, code: str) -> None:
    session.write()
    session.say(code)


def print_fields(session: Session, fields: Any) -> None:
    """Both values; what differs is marked."""
    if not fields:
        return
    session.write()
    rows = [
        ("≠" if pair.differs else "", pair.field, shorten(pair.here, 60), shorten(pair.there, 60),
         pair.text(session.options.lang))
        for pair in fields
    ]  # fmt: skip
    session.table(["differs", "field", "hub", "remote", "why"], rows)


def print_payload(session: Session, payload: Mapping[str, Any]) -> None:
    """The record as it came, its beginning; --json has all of it."""
    told = tell_kept(to_json(payload), session.options.lang)
    lines = json.dumps(told, ensure_ascii=False, indent=2).splitlines()
    _print_title(session, "todo.say_payload")
    for line in lines[:PAYLOAD_LINES]:
        session.write(f"  {line}")
    if len(lines) > PAYLOAD_LINES:
        session.say("todo.say_payload_more", count=len(lines) - PAYLOAD_LINES)


def print_changes(session: Session, changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Old and new, field by field; what was and stays empty is left out."""
    told = [(name, old, new) for name, (old, new) in changes.items() if old not in _EMPTY or new not in _EMPTY]
    session.table(["field", "old", "new"], [(name, _show(old), _show(new)) for name, old, new in told])


def _show(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return " | ".join(_show_line(line) for line in value)
    return shorten(value, 80)


def _show_line(line: Mapping[str, Any]) -> str:
    told = ("product_id", "name", "quantity", "unit", "unit_price", "value", "street")
    return " ".join(str(line[name]) for name in told if line.get(name) not in _EMPTY)
