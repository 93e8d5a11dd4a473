"""Which fields the hub wants to write, and which differ but may not be written: the pure core of ``decide``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.model.base import Line
from hub.protocol.binding import Binding
from hub.protocol.compare import digest_plain, normalise_value, take_fingerprint
from hub.protocol.semantics import NO_FIELDS, Amend, Owner, Policy, Stage
from hub.protocol.snapshot import Intent, Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """``want``: field → value to write; ``old``: what is there; ``held``: field → reason code."""

    want: Mapping[str, Any]
    old: Mapping[str, Any]
    held: Mapping[str, str]


def comparable(policy: Policy, name: str, value: Any) -> Any:
    """A value as the other system would show it."""
    return normalise_value(name, value, policy.semantics.normalisers, policy.line_fields)


def print_field(policy: Policy, name: str, value: Any) -> str:
    """Fingerprint of a value as the other system would show it."""
    return digest_plain(comparable(policy, name, value))


def compare_fields(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy) -> Difference:
    """Differences in the fields that are ours to write, split by whether the document's state allows it."""
    want: dict[str, Any] = {}
    old: dict[str, Any] = {}
    held: dict[str, str] = {}
    for name in sorted(policy.mapped_out & policy.mapped_in):
        if name not in intent.values or not _differs(binding, intent, seen, policy, name):
            continue
        reason = _find_obstacle(binding, intent, seen, policy, name)
        if reason:
            held[name] = reason
        else:
            want[name] = intent.values[name]
            old[name] = seen.values.get(name)
    return Difference(want, old, held)


def _differs(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy, name: str) -> bool:
    """Whether the hub asserts this field against what was seen."""
    owner = policy.owner_of(name)
    if owner is Owner.REMOTE or name not in intent.claims:
        return False
    if name in policy.semantics.silent and name not in seen.values:
        return False
    if is_same_there(policy, name, intent.values[name], seen.values.get(name)):
        return False
    ours = comparable(policy, name, intent.values[name])
    return owner is Owner.HUB or take_fingerprint(ours) != binding.base.get(name)


def holds_total(binding: Binding, seen: Snapshot) -> bool:
    """Whether the totals there are not what the lines give, and no person has accepted them as they are."""
    accepted = binding.not_retained.get("gross")
    return seen.total_differs is not None and accepted != take_fingerprint(seen.values.get("gross"))


def is_same_there(policy: Policy, name: str, ours: Any, theirs: Any) -> bool:
    """Whether the other system shows our value: as it keeps values, and whatever it fills in that we leave empty."""
    if ours is theirs or (type(ours) is type(theirs) and type(ours) in _PLAINLY_EQUAL and ours == theirs):
        return True
    if comparable(policy, name, ours) == comparable(policy, name, theirs):
        return True
    return name in policy.line_fields and _is_filled_in(policy, name, ours or (), theirs or ())


_PLAINLY_EQUAL = frozenset({str, Decimal, UUID, date, bool, tuple})
"""Types of values that look the same wherever they are equal."""


def differs_at_first(policy: Policy, name: str, ours: Any, theirs: Any) -> bool:
    """Whether nobody can tell whose value holds when a record and a document that people made meet for the first time:
    what the hub says of the field, and could write there, is not what is there."""
    if policy.owner_of(name) is Owner.REMOTE or _is_empty(ours):
        return False
    return not is_same_there(policy, name, ours, theirs)


def list_first_differences(policy: Policy, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """The fields, of those that travel both ways, about which a person must say whose value holds."""
    both = sorted(policy.mapped_in & policy.mapped_out & set(theirs))
    return [name for name in both if differs_at_first(policy, name, ours.get(name), theirs[name])]


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == () or value == {}


def _is_filled_in(policy: Policy, name: str, ours: Sequence[Line], theirs: Sequence[Line]) -> bool:
    """Whether the lines differ only in fields that we leave empty and the other system fills in by itself."""
    mine = {line.key: line for line in ours}
    if set(mine) != {line.key for line in theirs}:
        return False
    blanked = []
    for line in theirs:
        empty = {field for field in policy.line_fields[name] if getattr(mine[line.key], field) in ("", None)}
        blanked.append(line.model_copy(update={field: getattr(mine[line.key], field) for field in empty}))
    return bool(comparable(policy, name, ours) == comparable(policy, name, blanked))


def _find_obstacle(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy, name: str) -> str | None:
    if intent.frozen:
        return intent.frozen
    if binding.not_retained.get(name) == take_fingerprint(intent.values[name]):
        return "protocol.not_retained"
    allowed = policy.semantics.editable.get(seen.stage, NO_FIELDS)
    if name not in allowed and "*" not in allowed:
        return "protocol.locked"
    return "protocol.refused" if binding.held.get(name) == "protocol.refused" else None


def find_reversible(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy, held: Mapping[str, str]) -> bool:
    """Reverse (or reopen) only a document that the hub made, whose locked values are ones that the hub wrote, on which
    nothing hangs: a value that a person put there is his to defend."""
    if policy.semantics.amend not in (Amend.REVERSE, Amend.REOPEN) or seen.stage is not Stage.EFFECTIVE:
        return False
    if not binding.ours or seen.live_children or intent.live_children:
        return False
    locked = {name for name, reason in held.items() if reason == "protocol.locked"}
    return bool(locked) and locked == set(held) and locked <= intent.own_values
