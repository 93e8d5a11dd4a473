"""Signs by which a record here and one there could turn out to be the same: enough to ask, never enough to join."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from hub.identity.names import fold_name
from hub.model.base import Entity
from hub.model.identifiers import list_keys
from hub.model.kinds import find_kind
from hub.model.money import DEFAULT_PLACES, PLACES, places_of

IDENTIFIER = "identifier"
NUMBER = "number"
NAME = "name"
DEAL = "deal"
"""Customer, day and total of a document."""
HALF = Decimal("0.5")
_STEPS = {places: Decimal(1).scaleb(1 - places) for places in {DEFAULT_PLACES, *PLACES.values()}}
"""Ten of the smallest coin, by the digits after the point."""
STRONG = frozenset({NUMBER, DEAL})
"""Signs that a branch in the name does not explain away: a number is given once."""


def list_signs(kind: str, values: Mapping[str, Any], number: str | None = None) -> frozenset[str]:
    """``number|so-7``, ``identifier|uscc 9131…``, ``name|…`` (parties), ``deal|…`` (documents), from canonical values.

    ``number``: what the other system calls it, where the mapping reads no number.
    """
    model = find_kind(kind)
    signs = []
    told = values.get(model.NUMBER) or number
    if told and model.NUMBER != "name":
        signs.append(f"{NUMBER}|{fold_name(str(told))}")
    if "identifiers" in model.model_fields:
        keys = list_keys(values.get("identifiers") or ())
        signs += [f"{IDENTIFIER}|{code.value} {value}" for code, value in keys]
        if values.get("name"):
            signs.append(f"{NAME}|{fold_name(str(values['name']))}")
    if model.TRANSACTIONAL:
        signs += _list_deals(model, values)
    return frozenset(signs)


def _list_deals(model: type[Entity], values: Mapping[str, Any]) -> list[str]:
    """A document without a day or without money is like too many others. Each system rounds in its own way, so the
    total is told twice, in steps of ten of the smallest coin that begin at different places: totals that differ by no
    more than five of them share one, and those that differ by ten or more share none."""
    party, day, total = values.get("account_id"), values.get(model.DAY), values.get(model.AMOUNT)
    if party is None or day is None or not isinstance(total, Decimal) or not total:
        return []
    currency = str(values.get("currency") or "")
    step = _STEPS[places_of(currency)]
    coins, deal = total / step, f"{DEAL}|{party}|{day}|{currency}"
    told = (("≥", coins), ("≈", coins + HALF))
    return [f"{deal} {mark}{(many.to_integral_value(ROUND_FLOOR) * step).quantize(step):f}" for mark, many in told]


def sort_of(sign: str) -> str:
    """``number``, ``identifier``, ``name`` or ``deal``."""
    return sign.partition("|")[0]


def has_strong(signs: Iterable[str]) -> bool:
    return any(sort_of(sign) in STRONG for sign in signs)


def show_signs(signs: Iterable[str]) -> str:
    """For people: what the two have in common, deals without the id of the customer."""
    return ", ".join(sorted(_show(sign) for sign in signs))


def _show(sign: str) -> str:
    sort, _, value = sign.partition("|")
    return value.partition("|")[2].replace("|", " ") if sort == DEAL else value
