"""Counts and sums of both sides, by currency and by day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hub.sync.findings import SORTS, Finding, Money

ZERO = Decimal(0)


@dataclass(frozen=True)
class ReconcileRow:
    """One kind, and for documents one currency (None: the kind has no money).

    Void and deleted ones are left out on both sides. ``waiting_here`` documents have no counterpart there and wait
    (not yet pushed, held, parked), ``waiting_there`` none here (they cannot be read, spare drafts). The rest of
    ``waiting_count`` are pairs whose values differ and that wait. Exactly:
    unexplained_count = hub_count - remote_count - waiting_here + waiting_there, and
    unexplained_sum = hub_sum - remote_sum - waiting_sum. ``unexplained`` names the documents, also those whose
    differences cancel out; ``sorts`` says how many there are of each sort of difference.
    """

    kind: str
    currency: str | None
    hub_count: int
    remote_count: int
    waiting_count: int
    hub_sum: Decimal
    remote_sum: Decimal
    waiting_sum: Decimal
    unexplained_sum: Decimal
    unexplained_count: int
    waiting_here: int = 0
    waiting_there: int = 0
    unexplained: tuple[str, ...] = ()
    sorts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DayRow:
    """One kind, currency and business day (None: the documents say none)."""

    kind: str
    currency: str | None
    day: date | None
    hub_count: int
    remote_count: int
    hub_sum: Decimal
    remote_sum: Decimal

    @property
    def differs(self) -> bool:
        return (self.hub_count, self.hub_sum) != (self.remote_count, self.remote_sum)


@dataclass
class _Sums:
    """What is added up for one currency, or for one day of it."""

    hub_count: int = 0
    remote_count: int = 0
    waiting_count: int = 0
    waiting_here: int = 0
    waiting_there: int = 0
    hub_sum: Decimal = ZERO
    remote_sum: Decimal = ZERO
    waiting_sum: Decimal = ZERO
    unexplained: list[str] = field(default_factory=list)
    sorts: Counter[str] = field(default_factory=Counter)


@dataclass
class Tallies:
    """Adds up one kind."""

    kind: str
    sums: dict[str | None, _Sums] = field(default_factory=dict)
    days: dict[tuple[str | None, date | None], _Sums] = field(default_factory=dict)

    def add(self, ours: Money | None, theirs: Money | None, *, waits: bool) -> None:
        """Both sides of one document, None where it does not count. One whose currency differs counts once on each
        side of its own currency."""
        if ours is not None and theirs is not None and ours.currency != theirs.currency:
            self.add(ours, None, waits=waits)
            self.add(None, theirs, waits=waits)
            return
        known = ours or theirs
        if known is None:
            return
        row = self.sums.setdefault(known.currency, _Sums())
        here, there = (ours.amount if ours else ZERO), (theirs.amount if theirs else ZERO)
        self._add_sides(row, ours, theirs)
        if ours is not None:
            self._add_sides(self.days.setdefault((ours.currency, ours.day), _Sums()), ours, None)
        if theirs is not None:
            self._add_sides(self.days.setdefault((theirs.currency, theirs.day), _Sums()), None, theirs)
        equal = ours is not None and theirs is not None and here == there
        if waits and not equal:
            row.waiting_count += 1
            row.waiting_here += theirs is None
            row.waiting_there += ours is None
            row.waiting_sum += here - there

    @staticmethod
    def _add_sides(row: _Sums, ours: Money | None, theirs: Money | None) -> None:
        if ours is not None:
            row.hub_count += 1
            row.hub_sum += ours.amount
        if theirs is not None:
            row.remote_count += 1
            row.remote_sum += theirs.amount

    def name(self, finding: Finding) -> None:
        """Count a finding that nothing explains."""
        row = self.sums.setdefault(finding.currency, _Sums())
        row.unexplained.append(finding.label)
        row.sorts[finding.sort] += 1

    def list_rows(self, *, has_money: bool) -> list[ReconcileRow]:
        if not self.sums and not has_money:
            self.sums[None] = _Sums()
        return [self._make_row(currency, self.sums[currency]) for currency in sorted(self.sums, key=str)]

    def list_days(self) -> list[DayRow]:
        ordered = sorted(self.days, key=lambda key: (str(key[0]), key[1] or date.min))
        return [
            DayRow(
                self.kind, currency, day, row.hub_count, row.remote_count, row.hub_sum, row.remote_sum
            )
            for currency, day in ordered
            for row in [self.days[currency, day]]
        ]  # fmt: skip

    def _make_row(self, currency: str | None, sums: _Sums) -> ReconcileRow:
        return ReconcileRow(
            kind=self.kind,
            currency=currency,
            hub_count=sums.hub_count,
            remote_count=sums.remote_count,
            waiting_count=sums.waiting_count,
            hub_sum=sums.hub_sum,
            remote_sum=sums.remote_sum,
            waiting_sum=sums.waiting_sum,
            unexplained_sum=sums.hub_sum - sums.remote_sum - sums.waiting_sum,
            unexplained_count=sums.hub_count - sums.remote_count - sums.waiting_here + sums.waiting_there,
            waiting_here=sums.waiting_here,
            waiting_there=sums.waiting_there,
            unexplained=tuple(sums.unexplained),
            sorts={sort: sums.sorts[sort] for sort in SORTS if sums.sorts[sort]},
        )
