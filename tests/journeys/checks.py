"""What must hold at the end of every journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

from hub.protocol.binding import BindingState
from hub.sync.reconcile import reconcile
from tests.journeys.desk import KINDS, NAME, Desk
from tests.journeys.erp import Erp

QUIET = ("unchanged", "stale")


def check_agreement(desk: Desk, erp: Erp, *, waits: Collection[str] = ()) -> None:
    """Both sides agree to the cent, nothing is there twice, and nothing is left to write. ``waits``: codes of what is
    expected to wait for a person; with any of them amounts may differ as far as reconcile explains it."""
    desk.wait_quiet()
    desk.run()
    check_silence(desk)
    check_bindings(desk, erp)
    check_references(erp)
    check_amounts(desk, erp)
    found = reconcile(desk.hub, NAME)
    assert not found.findings, found.findings
    for row in found.rows:
        assert not row.unexplained, row
        assert row.unexplained_count == 0, row
        assert row.unexplained_sum == 0, row
    assert sorted(item.code for item in desk.todo()) == sorted(waits)


def check_silence(desk: Desk) -> None:
    """A further run writes nothing, here or there."""
    report = desk.run()
    assert not report.errors
    assert report.run.state == "done"
    assert desk.attempts(report) == []
    counts = {name: count for name, count in report.run.counts.items() if name.startswith("in.") and count}
    assert [name for name in counts if not name.endswith(QUIET)] == [], counts


def check_bindings(desk: Desk, erp: Erp) -> None:
    """Every document there is one record's, and every record has at most one document (parties may have several)."""
    there = {
        "account": [customer.id for customer in erp.customers()],
        "product": erp.product_ids(),
        "order": [order.id for order in erp.orders()],
    }
    for kind in KINDS:
        bindings = [row for row in desk.bindings(kind) if row.remote_id is not None]
        assert Counter(row.remote_id for row in bindings) == Counter(there[kind]), kind
        if kind == "order":
            assert max(Counter(row.hub_id for row in bindings).values(), default=1) == 1


def check_references(erp: Erp) -> None:
    """No two documents of ours carry one reference."""
    references = Counter(order.reference for order in erp.orders() if order.ours)
    assert [text for text, count in references.items() if count > 1 or not text] == []


def check_amounts(desk: Desk, erp: Erp) -> None:
    """Order by order and in the sum, net, tax and gross; the states too."""
    there = {order.id: order for order in erp.orders()}
    settled = [row for row in desk.bindings("order") if row.remote_id is not None and not row.held and not row.parked]
    here_sum = there_sum = Decimal(0)
    orders = {order.id: order for order in desk.records("order")}
    for binding in settled:
        ours, theirs = orders[binding.hub_id], there[str(binding.remote_id)]
        label = f"{theirs.number or theirs.id} is {theirs}"
        assert (ours.net, ours.tax, ours.gross) == (theirs.net, theirs.tax, theirs.gross), label
        assert ours.state == theirs.state, label
        assert (binding.state is BindingState.TOMB) == (theirs.state == "void"), label
        here_sum += ours.gross
        there_sum += theirs.gross
    assert here_sum == there_sum
