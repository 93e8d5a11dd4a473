"""Survivorship: the record is computed from what each source says, field by field, with provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.model.ownership import Owner

HUB = "hub"
_NOTHING: tuple[Any, ...] = (None, "", (), [], {})


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's values. ``changed``: field → when this source last changed it, as the hub learnt of it."""

    source: str
    connection: str | None
    values: Mapping[str, Any]
    changed: Mapping[str, datetime]
    merged: bool = False
    """It was said about a record that was merged into this one."""
    humble: bool = False
    """It only fills what nobody else says anything about (a business registry); what a person emptied stays empty."""

    pinned: frozenset[str] = frozenset()
    """Fields whose value a person pinned: it holds against everybody."""

    is_hub: bool = field(init=False)
    """An edit made here, of this record or of one that was merged into it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_hub", self.source.partition("#")[0] == HUB)


NEWEST, COMPLETE, VERIFIED, SURVIVOR = "newest", "complete", "verified", "survivor"
Preference = str | Sequence[str]
"""Which of several sources holds where none decides a field: ``newest``, ``complete`` (who says most), ``verified`` (a
business registry), or the names of connections (``hub``: edits made here), the best first."""
Preferences = Mapping[str, Preference]
"""By field; ``*`` for all others. Without one the newest holds, in a merged record what was said about the survivor."""
_NONE: Preferences = {}


@dataclass(frozen=True, slots=True)
class Resolved:
    """Field → value, and field → source that it came from."""

    values: Mapping[str, Any]
    provenance: Mapping[str, str]


def resolve_claims(
    claims: Sequence[Claim],
    owner_of: Callable[[str, str], Owner],
    *,
    number_field: str,
    preferences: Preferences = _NONE,
) -> Resolved:
    """``owner_of(connection, field)``. Rules, in order: what a person pinned; the number stays where it was first
    given; a void made in the hub holds; a connection that owns the field; the hub's own edit where a connection leaves
    the field to the hub; else the one that is preferred, shared sources before those that leave the field to the hub.
    Between two connections that own a field it is the preferred one as well."""
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in sorted({name for claim in claims for name in claim.values}):
        having = [claim for claim in claims if name in claim.values]
        chosen = having[0]
        if len(having) > 1:
            having.sort(key=lambda claim: (claim.changed[name], claim.source))
            chosen, _ = _choose(name, having, owner_of, number_field, preferences)
        values[name] = chosen.values[name]
        provenance[name] = chosen.source
    return Resolved(values, provenance)


def explain_choice(
    name: str,
    claims: Sequence[Claim],
    owner_of: Callable[[str, str], Owner],
    *,
    number_field: str,
    preferences: Preferences = _NONE,
) -> tuple[Claim, str, list[Claim]] | None:
    """For one field: whose value holds, which rule decided it (``only``, ``pinned``, ``first``, ``void``, ``owner``,
    ``edited``, ``newest``, ``survivor``, ``complete``, ``verified``, ``ranked``), and the others that say something
    about it, newest first. None: nobody does."""
    having = sorted((c for c in claims if name in c.values), key=lambda c: (c.changed[name], c.source))
    if not having:
        return None
    chosen, rule = _choose(name, having, owner_of, number_field, preferences)
    others = [claim for claim in reversed(having) if claim is not chosen]
    return chosen, rule if others else "only", others


def _leave_humble(name: str, having: Sequence[Claim]) -> Sequence[Claim]:
    """The humble ones alone where every other source has nothing, and no person said so; else all the others."""
    others = [claim for claim in having if not claim.humble]
    said = any(claim.is_hub or claim.values[name] not in _NOTHING for claim in others)
    return others if said else [claim for claim in having if claim.humble]


def _choose(
    name: str,
    having: Sequence[Claim],
    owner_of: Callable[[str, str], Owner],
    number_field: str,
    preferences: Preferences,
) -> tuple[Claim, str]:
    pinned = [claim for claim in having if name in claim.pinned]
    if pinned:
        return pinned[-1], "pinned"
    wanted = preferences.get(name, preferences.get("*", ""))
    if wanted == VERIFIED and (known := [c for c in having if c.humble and c.values[name] not in _NOTHING]):
        return known[-1], VERIFIED
    if [claim for claim in having if claim.humble]:
        having = _leave_humble(name, having)
    if name == number_field:
        mine = [claim for claim in having if not claim.merged]
        first = mine if any(claim.values[name] for claim in mine) else having
        return next((claim for claim in first if claim.is_hub), first[0]), "first"
    edits = [claim for claim in having if claim.is_hub]
    if len(edits) > 1:
        edits.sort(key=lambda claim: not claim.merged)  # stable: by time
    own = edits[-1] if edits else None
    if name == "state" and own is not None and own.values[name] == "void":
        return own, "void"
    owners = {claim.source: owner_of(claim.connection, name) for claim in having if claim.connection}
    remote = [claim for claim in having if owners.get(claim.source) is Owner.REMOTE]
    if remote:
        return (remote[-1], "owner") if len(remote) == 1 else (_prefer(name, remote, wanted)[0], "owner")
    if own is not None and set(owners.values()) == {Owner.HUB}:
        return own, "edited"
    free = [claim for claim in having if owners.get(claim.source) is not Owner.HUB]
    return _prefer(name, free or list(having), wanted)


def _prefer(name: str, having: Sequence[Claim], wanted: Preference) -> tuple[Claim, str]:
    """Of several that count alike (oldest first). Who says nothing does not win over another record's word: it was
    never about him."""
    saying = [claim for claim in having if claim.values[name] not in _NOTHING]
    if wanted == COMPLETE and saying:
        return max(saying, key=lambda claim: (_measure(claim.values[name]), claim.changed[name])), COMPLETE
    if not isinstance(wanted, str):
        order = {source: place for place, source in enumerate(wanted)}
        named = [claim for claim in saying if _name_source(claim) in order]
        if named:
            best = min(order[_name_source(claim)] for claim in named)
            return next(claim for claim in reversed(named) if order[_name_source(claim)] == best), "ranked"
    if not wanted and any(claim.merged for claim in having):
        return _prefer_survivor(name, having, saying)
    newest = having[-1]
    if newest.values[name] in _NOTHING and saying and not newest.is_hub and any(claim.merged for claim in having):
        return saying[-1], NEWEST
    return newest, NEWEST


def _prefer_survivor(name: str, having: Sequence[Claim], saying: Sequence[Claim]) -> tuple[Claim, str]:
    """What was said about the survivor itself; only where nothing was, what the others say."""
    mine = [claim for claim in having if not claim.merged]
    if mine and (mine[-1].is_hub or mine[-1].values[name] not in _NOTHING):
        return mine[-1], SURVIVOR
    told = [claim for claim in saying if not claim.merged] or list(saying) or list(having)
    return told[-1], SURVIVOR


def _name_source(claim: Claim) -> str:
    return claim.connection or HUB


def _measure(value: Any) -> int:
    """How much a value says: the characters that it takes to say it."""
    if isinstance(value, tuple | list):
        return sum(
            1 + sum(len(str(part)) for _, part in item) if hasattr(item, "model_fields_set") else 1 for item in value
        )
    return len(str(value))
