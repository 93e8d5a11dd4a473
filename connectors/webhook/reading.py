"""From the raw body of a call to its events, and from an event to what stands in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from hub.errors import MappingError
from hub.sdk.webhooks import Call

SELF = "."
HEADER = "header:"
DEEPEST = 60
"""Lists and tables inside each other."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOUD = "ce-"


@dataclass(frozen=True)
class Places:
    """Where things stand in the events of a scheme, unless the connection says otherwise."""

    type: str = "type"
    id: str = "data.id"
    version: str = "data.updated_at"
    data: str = "data"
    each: str = ""


PLACES: Mapping[str, Places] = {
    "stripe": Places(id="data.object.id", version="created", data="data.object"),
    "shopify": Places(type="header:x-shopify-topic", id="id", version="updated_at", data=SELF),
    "github": Places(type="header:x-github-event", id="id", version="updated_at", data=SELF),
    "hubspot-v3": Places("subscriptionType", "objectId", "occurredAt", SELF, each=SELF),
    "xero": Places("eventCategory", "resourceId", "eventDateUtc", SELF, each="events"),
    "frappe": Places(type="doctype", id="name", version="modified", data=SELF),
}
STANDARD = Places()


def read_body(call: Call) -> Any:
    """The body as data: JSON, or fields of a form. Decimals stay exact. ``MappingError`` when it is neither."""
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        found = json.loads(call.body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:  # also a number that is none: 1e99999999999999999999
        raise MappingError("webhook.no_json", what=type(error).__name__) from error
    if _is_deeper(found, DEEPEST):
        raise MappingError("webhook.no_json", what="RecursionError")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner if isinstance(one, dict | list))


def list_documents(call: Call, body: Any, each: str) -> Sequence[Any]:
    """The events of a call. CloudEvents come in three forms, all read as one: attributes beside ``data``."""
    if _CLOUD + "specversion" in call.headers:
        attributes = {name[len(_CLOUD) :]: value for name, value in call.headers.items() if name.startswith(_CLOUD)}
        return [{**attributes, "data": body}]
    batch = call.headers.get("content-type", "").startswith("application/cloudevents-batch+json")
    if not each and not batch:
        return [body]
    found = body if batch or each == SELF else find_place(body, each, call)
    if isinstance(found, list):
        return found
    if each == SELF and isinstance(found, dict):
        return [found]
    raise MappingError("webhook.no_list", path=each)


def find_place(document: Any, path: str, call: Call) -> Any:
    """What stands at a path such as ``data.items.0.id``, or in a header; None where nothing does."""
    if path.startswith(HEADER):
        return call.headers.get(path[len(HEADER) :].lower())
    if path == SELF:
        return document
    for step in path.split("."):
        if isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        elif isinstance(document, dict):
            document = document.get(step)
        else:
            return None
    return document


def read_text(value: Any) -> str:
    """A name or an id as text; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return str(value).strip()


def read_version(value: Any, zone: tzinfo) -> int | None:
    """A number as it is, a time in microseconds since 1970; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value if 0 <= value < 2**63 else None
    text = read_text(value)
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    moment = read_moment(text, zone)
    return None if moment is None else (moment - _EPOCH) // (datetime.resolution)


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """A time as ISO 8601 writes it, aware; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
