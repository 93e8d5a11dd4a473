"""Letters: mails written from a template and a record. What is filled in is what the record says, never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from html import escape
from string import Template
from typing import Any

from hub.crm.actions import Look
from hub.crm.paper import name_of
from hub.errors import ConfigInvalid, RuleBroken
from hub.model.base import SYSTEM_FIELDS, Entity
from hub.model.kinds import is_money
from hub.model.money import format_money
from hub.model.values import Value

PARTS = ("subject", "text", "html")


class LetterTemplate(Value):
    """One template in one language. ``$name`` or ``${name}`` stands for a value, ``$$`` for a dollar."""

    kinds: tuple[str, ...]
    """What it may be written about."""
    subject: str
    text: str
    html: str = ""
    """Empty: the text is put into paragraphs."""
    enclose: bool = False
    """Send the document itself along, as PDF; for kinds that are printed."""
    bulk: bool = False
    """For many at once: it tells how to receive no more, and leaves out who asked for that."""


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def list_values(record: Entity, look: Look, ours: str, person: str, today: date) -> dict[str, str]:
    """Name → text of everything that a template may name: each plain field of the record, and what it leads to.
    ``person``: the name of the recipient; empty where it is not known."""
    currency = str(getattr(record, "currency", ""))
    plain = {name: value for name, value in record if name not in SYSTEM_FIELDS}
    values = {name: show(value, currency if is_money(type(record), name) else "") for name, value in plain.items()}
    account = record.id if record.KIND == "account" else getattr(record, "account_id", None)
    number = str(getattr(record, record.NUMBER, ""))
    customer = name_of(look, "account", account)
    values |= {
        "number": str(getattr(record, "number", "") or number),
        "customer": customer,
        "contact": person or customer,
        "owner": name_of(look, "user", getattr(record, "owner_id", None)) or ours,
        "company": name_of(look, "organisation", getattr(record, "organisation_id", None)) or ours,
        "today": today.isoformat(),
    }
    if record.AMOUNT:
        values["amount"] = show(getattr(record, record.AMOUNT), currency)
    if isinstance(paid := getattr(record, "paid", None), Decimal) and record.AMOUNT:
        left = getattr(record, record.AMOUNT) - paid - getattr(record, "credited", Decimal(0))
        values["open"] = show(left, currency)
    return values


def show(value: Any, currency: str) -> str:
    """As people read it; lists and references have no text."""
    if isinstance(value, Decimal):
        return format_money(value, currency) if currency else f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Enum):
        return str(value.value)
    return str(value) if isinstance(value, str | int | date) else ""


def fill(template: LetterTemplate, values: Mapping[str, str], file: str) -> Letter:
    """``ConfigInvalid`` for a name that nothing has, ``RuleBroken`` for one that is empty in this record: half a
    sentence is not sent to a customer."""
    safe = {name: escape(value).replace("\n", "<br>") for name, value in values.items()}
    told = {part: _fill_part(template, part, safe if part == "html" else values, file) for part in PARTS}
    return Letter(" ".join(told["subject"].split()), told["text"].strip() + "\n", told["html"].strip())


def _fill_part(template: LetterTemplate, part: str, values: Mapping[str, str], file: str) -> str:
    text: str = getattr(template, part)
    for match in Template.pattern.finditer(text):
        name = match["named"] or match["braced"]
        line = text.count("\n", 0, match.start()) + 1
        if match["invalid"] is not None:
            raise ConfigInvalid("letter.dollar_alone", file=file, field=part, line=line)
        if name is None:
            continue
        if name not in values:
            known = ", ".join(sorted(key for key, value in values.items() if value))
            raise ConfigInvalid("letter.name_unknown", file=file, field=part, line=line, name=name, known=known)
        if not values[name]:
            raise RuleBroken("letter.value_missing", file=file, field=part, line=line, name=name)
    return Template(text).substitute(values)


def check_kind(template: LetterTemplate, kind: str, name: str) -> None:
    """``ConfigInvalid`` names what it can be written about."""
    if kind not in template.kinds:
        raise ConfigInvalid("letter.kind_unfit", name=name, kind=kind, known=", ".join(template.kinds))


def name_file(title: str, number: str) -> str:
    """What the document is called as a file."""
    return re.sub(r"[^\w.-]+", "-", f"{title} {number}").strip("-") + ".pdf"
