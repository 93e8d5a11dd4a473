"""Survivorship: the record is computed from what each source says, field by field, with provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.model.ownership import Owner

HUB = "hub"


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's values. ``changed``: field → when this source last changed it, as the hub learnt of it."""

    source: str
    connection: str | None
    values: Mapping[str, Any]
    changed: Mapping[str, datetime]
    merged: bool = False
    """It was said about a record that was merged into this one."""

    @property
    def is_hub(self) -> bool:
        """An edit made here, of this record or of one that was merged into it."""
        return self.source.partition("#")[0] == HUB


@dataclass(frozen=True, slots=True)
class Resolved:
    """Field → value, and field → source that it came from."""

    values: Mapping[str, Any]
    provenance: Mapping[str, str]


def resolve_claims(claims: Sequence[Claim], owner_of: Callable[[str, str], Owner], *, number_field: str) -> Resolved:
    """``owner_of(connection, field)``. Rules, in order: the number stays where it was first given; a void made in the
    hub holds; a connection that owns the field; the hub's own edit where a connection leaves the field to the hub;
    else the newest change, shared sources before those that leave the field to the hub."""
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in sorted({name for claim in claims for name in claim.values}):
        having = sorted((c for c in claims if name in c.values), key=lambda c: (c.changed[name], c.source))
        chosen, _ = _choose(name, having, owner_of, number_field)
        values[name] = chosen.values[name]
        provenance[name] = chosen.source
    return Resolved(values, provenance)


def explain_choice(
    name: str, claims: Sequence[Claim], owner_of: Callable[[str, str], Owner], *, number_field: str
) -> tuple[Claim, str, list[Claim]] | None:
    """For one field: whose value holds, which rule decided it (``only``, ``first``, ``void``, ``owner``, ``edited``,
    ``newest``), and the others that say something about it, newest first. None: nobody does."""
    having = sorted((c for c in claims if name in c.values), key=lambda c: (c.changed[name], c.source))
    if not having:
        return None
    chosen, rule = _choose(name, having, owner_of, number_field)
    others = [claim for claim in reversed(having) if claim is not chosen]
    return chosen, rule if others else "only", others


def _choose(
    name: str, having: Sequence[Claim], owner_of: Callable[[str, str], Owner], number_field: str
) -> tuple[Claim, str]:
    if name == number_field:
        mine = [claim for claim in having if not claim.merged]
        first = mine if any(claim.values[name] for claim in mine) else having
        return next((claim for claim in first if claim.is_hub), first[0]), "first"
    own = next((claim for claim in reversed(having) if claim.is_hub), None)
    if name == "state" and own is not None and own.values[name] == "void":
        return own, "void"
    owners = {claim.source: owner_of(claim.connection, name) for claim in having if claim.connection}
    remote = [claim for claim in having if owners.get(claim.source) is Owner.REMOTE]
    if remote:
        return remote[-1], "owner"
    if own is not None and Owner.HUB in owners.values():
        return own, "edited"
    free = [claim for claim in having if owners.get(claim.source) is not Owner.HUB]
    return (free or list(having))[-1], "newest"
