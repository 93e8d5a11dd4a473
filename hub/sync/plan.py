"""Plan: read, decide, write nothing anywhere; keep the decisions so that a person can accept them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.errors import ConfigInvalid, NotFound, Transient
from hub.identity.pairing import ALIKE_HERE, ONE_ENDED, PARTY_DIFFERS, PARTY_UNKNOWN, SEVERAL
from hub.protocol.semantics import Direction
from hub.store.rows import Plan, PlanItem
from hub.sync.accept import current_settings, order_kinds
from hub.sync.codes import show_coverage
from hub.sync.context import Hub
from hub.sync.lookalike import ALIKE_THERE
from hub.sync.pause import check_rest
from hub.sync.push import note_trouble
from hub.sync.rehearse import Line, rehearse

_LABEL_LENGTH = 4
ALIKE = frozenset({ALIKE_THERE, ALIKE_HERE, SEVERAL, ONE_ENDED, PARTY_UNKNOWN, PARTY_DIFFERS})
"""Reasons that say: it could be there already."""


@dataclass(frozen=True)
class PlanView:
    """A plan and all of its decisions."""

    plan: Plan
    items: Sequence[PlanItem]


def choose_kinds(hub: Hub, connection: str, kinds: Sequence[str] | None) -> list[str]:
    """The kinds of a connection's syncs, or those asked for; parents first. ``ConfigInvalid`` for an unknown one."""
    configured = hub.settings_of(connection).syncs
    if not configured:
        raise ConfigInvalid("sync.no_syncs", connection=connection)
    for kind in kinds or ():
        hub.sync_of(connection, kind)
    return order_kinds(kinds or configured)


def make_plan(
    hub: Hub, connection: str, kinds: Sequence[str] | None, actor: str, *, out_only: bool = False
) -> PlanView:
    """What a run would do now. Neither the other system nor any record of the hub is changed."""
    chosen = choose_kinds(hub, connection, kinds)
    conn = hub.open(connection)
    check_rest(hub, connection)
    try:
        found = rehearse(hub, conn, chosen, actor)
    except Transient as error:
        if error.retry_after_s is not None:
            note_trouble(hub, connection, error)
        raise
    lines = sorted(found.lines, key=lambda line: (line.side != "there", line.action == "import"))
    if out_only:
        lines = [line for line in lines if line.side == "there"]
    plan_id = hub.new_id()
    with hub.store.write() as tx:
        label = _make_label(hub)
        while tx.find(Plan, label=label, limit=1):
            label = _make_label(hub)
        plan = Plan(
            id=plan_id,
            label=label,
            connection=connection,
            kinds=chosen,
            made_at=hub.now(),
            made_by=actor,
            settings={
                kind: current_settings(hub, connection, kind)
                for kind in chosen
                if conn.policies[kind].direction is not Direction.IN
            },
            summary=summarise_lines(lines),
            masses=[stop.model_dump(mode="json") for stop in found.masses],
            codes=[show_coverage(row) for row in found.codes],
        )
        tx.insert(plan)
        items = [tx.insert(_make_item(plan, place, line)) for place, line in enumerate(lines, 1)]
    return PlanView(plan, items)


def _make_label(hub: Hub) -> str:
    return f"{hub.random.getrandbits(4 * _LABEL_LENGTH):0{_LABEL_LENGTH}x}"


def _make_item(plan: Plan, place: int, line: Line) -> PlanItem:
    return PlanItem(
        plan_id=plan.id,
        position=place,
        kind=line.kind,
        binding_id=line.binding_id,
        record_id=line.record_id,
        remote_id=line.remote_id,
        side=line.side,
        action=line.action,
        label=line.label,
        reason=line.reason,
        reason_params=dict(line.reason_params),
        changes=dict(line.changes),
        amount=line.amount,
        currency=line.currency,
        fingerprint=line.fingerprint,
    )


def summarise_lines(lines: Sequence[Line]) -> dict[str, Any]:
    """``<side>.<kind>.<action>`` → {count, amounts by currency as text}."""
    counts: Counter[str] = Counter()
    sums: dict[str, dict[str, Decimal]] = {}
    for line in lines:
        name = f"{line.side}.{line.kind}.{name_group(line.action, line.reason)}"
        counts[name] += 1
        if line.amount is not None and line.currency:
            by_currency = sums.setdefault(name, {})
            by_currency[line.currency] = by_currency.get(line.currency, Decimal(0)) + line.amount
    return {
        name: {"count": count, "amounts": {code: str(total) for code, total in sums.get(name, {}).items()}}
        for name, count in sorted(counts.items())
    }


def name_group(action: str, reason: str | None) -> str:
    """The word under which a decision is counted: what is held for a look-alike is counted by itself."""
    return "alike" if action == "hold" and reason in ALIKE else action


def load_plan(hub: Hub, label: str) -> PlanView:
    """A plan by the short id that people type."""
    with hub.store.read() as tx:
        found = tx.find(Plan, label=label.strip().lower(), limit=1)
        if not found:
            raise NotFound("sync.plan_unknown", label=label)
        return PlanView(found[0], tx.find(PlanItem, plan_id=found[0].id, order=["position"]))
