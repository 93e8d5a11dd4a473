"""Compare both sides really: count, add up, and name every document that they do not agree about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.errors import ConfigInvalid
from hub.model.kinds import find_kind
from hub.store.scratch import Scratch
from hub.sync.accept import order_kinds
from hub.sync.comparison import Comparison, Progress
from hub.sync.context import Hub
from hub.sync.findings import SORTS, Finding
from hub.sync.pause import check_rest
from hub.sync.tallies import DayRow, ReconcileRow


@dataclass
class Reconciliation:
    """The two sides, kind by kind.

    ``findings``: what nothing explains, most serious sort first. ``explained``: the first differences that are as they
    should be for now (waiting in the todo list, in conflict, from before the start date, not yet due);
    ``reasons`` counts all of them by (why, code).
    """

    rows: list[ReconcileRow] = field(default_factory=list)
    days: list[DayRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    explained: list[Finding] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def agrees(self) -> bool:
        """Whether everything that differs is explained."""
        return not self.findings and not any(row.unexplained_count or row.unexplained_sum for row in self.rows)


def reconcile(
    hub: Hub,
    connection: str,
    kinds: Sequence[str] | None = None,
    *,
    since: date | None = None,
    progress: Progress | None = None,
) -> Reconciliation:
    """Read everything that the other system has of these kinds (None: of every sync) and compare it with what is here,
    by the same rules by which the hub writes. ``since``: documents dated earlier on both sides are left out. Changes
    nothing on either side."""
    conn = hub.open(connection)
    check_rest(hub, connection)
    for kind in kinds or ():
        hub.sync_of(connection, kind)
    wanted = order_kinds(kinds or hub.settings_of(connection).syncs)
    if not wanted:
        raise ConfigInvalid("sync.no_syncs", connection=connection)
    conn.load_codes()
    found = Reconciliation()
    for kind in wanted:
        with Scratch() as scratch:
            ledger = Comparison(hub, conn, kind, scratch, since, progress).run()
        ordered = sorted(ledger.findings, key=lambda row: (SORTS.index(row.sort), row.label))
        for finding in ordered:
            ledger.tallies.name(finding)
        found.rows += ledger.tallies.list_rows(has_money=bool(find_kind(kind).AMOUNT))
        found.days += ledger.tallies.list_days()
        found.findings += ordered
        found.explained += ledger.explained
        found.reasons += ledger.reasons
    return found
