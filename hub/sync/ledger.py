"""The book of one comparison: what was counted, what was found, and what explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.sync.findings import DOUBLE, Finding, Money, Reason
from hub.sync.tallies import Tallies

EXPLAINED_KEPT = 1000
"""Explained differences that are named; all of them are counted."""


@dataclass
class Ledger:
    """One kind of one connection."""

    kind: str
    tallies: Tallies = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    """What nothing explains."""
    explained: list[Finding] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(why, code) of everything that is explained."""

    def __post_init__(self) -> None:
        self.tallies = Tallies(self.kind)
        self.has_money = bool(find_kind(self.kind).AMOUNT)

    def note(
        self,
        sort: str,
        label: str,
        reason: Reason | None,
        *,
        command: str,
        ours: Money | None = None,
        theirs: Money | None = None,
        record: Entity | None = None,
        **more: Any,
    ) -> None:
        """Add up both sides of one document and keep what was found about it. ``more``: fields of the finding."""
        self.tallies.add(ours, theirs, waits=reason is not None)
        money = ours or theirs or Money()
        finding = Finding(
            self.kind, sort, label, command, record_id=record.id if record is not None else None,
            amount_here=ours.amount if ours is not None and self.has_money else None,
            amount_there=theirs.amount if theirs is not None and self.has_money else None,
            currency=money.currency, day=money.day, **more,
        )  # fmt: skip
        self.keep(finding, reason)

    def keep(self, finding: Finding, reason: Reason | None) -> None:
        """Among what is explained, or what is not."""
        if reason is None:
            self.findings.append(finding)
            return
        self.reasons[reason.why, reason.code] += 1
        if len(self.explained) < EXPLAINED_KEPT:
            self.explained.append(replace(finding, why=reason.why, code=reason.code, params=dict(reason.params)))

    def fold(self, known: Collection[Finding], number: str, ids: Collection[str], command: str, **more: Any) -> None:
        """What was found about several things becomes one finding: there are too many of them. ``more``: its reason,
        and what is known of it besides."""
        reason: Reason | None = more.pop("reason", None)
        self.findings = [row for row in self.findings if row not in known]
        first = next(iter(known), None) or Finding(self.kind, DOUBLE, number, command, **more)
        self.keep(replace(first, sort=DOUBLE, label=number, others=tuple(ids), command=command), reason)
