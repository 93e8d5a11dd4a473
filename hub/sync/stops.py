"""Mass stops as rows: what a guard found, kept as evidence for a person, lifted when it is no longer so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import RuleBroken
from hub.locale import Phrase
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import Image
from hub.sync.context import Hub
from hub.sync.mass import MEASURES, Limits, Weight, add_weight, flatten_changes, percent
from hub.sync.show import describe_record, show_field

IN, AGAIN, GONE, OUT = "in", "again", "gone", "out"
LIVING = (BindingState.PREPARED, BindingState.WAITING, BindingState.BOUND, BindingState.REVERSING)
EXAMPLES = 5
LOOK_AGAIN = timedelta(minutes=10)
_TEXTS = {IN: "sync.mass_in", AGAIN: "sync.mass_again", GONE: "sync.mass_gone", OUT: "sync.mass_out"}


def limits_of(hub: Hub, connection: str, kind: str) -> Limits:
    """What the admin takes for granted on one sync."""
    guard = hub.sync_of(connection, kind).guard
    return Limits(guard.lost, guard.changed, guard.minimum)


def count_known(tx: UnitOfWork, connection: str, kind: str) -> int:
    """How many living documents of the kind are bound there."""
    return tx.count(Binding, connection=connection, kind=kind, remote_id__null=False, state__in=LIVING)


@dataclass
class Evidence:
    """What a look ahead found; as large for a million records as for ten."""

    kind: str
    tally: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        tx: UnitOfWork,
        weight: Weight,
        changes: Mapping[str, tuple[Any, Any]],
        record_id: UUID | None,
        remote_id: str | None,
    ) -> None:
        """Count one record's difference; the first few of each measure are kept as examples."""
        if not weight.measures:
            return
        add_weight(self.tally, weight)
        self.fields.update({*weight.emptied, *weight.changed})
        record = tx.get(find_kind(self.kind), id=record_id) if record_id else None
        label, amount, currency = describe_record(record, remote_id or str(record_id))
        if amount is not None and currency:
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount
        measure = weight.measures[0]
        if self._has_room(measure):
            shown = {name: pair for name, pair in flatten_changes(changes).items() if _is_told(name, weight)}
            self.examples.append(
                {
                    "number": label,
                    "record_id": str(record_id) if record_id else None,
                    "remote_id": remote_id,
                    "measure": measure,
                    "changes": {
                        name: [show_field(tx, self.kind, name, old), show_field(tx, self.kind, name, new)]
                        for name, (old, new) in shown.items()
                    },
                    "amount": None if amount is None else str(amount),
                    "currency": currency,
                }
            )

    def _has_room(self, measure: str) -> bool:
        return len([example for example in self.examples if example["measure"] == measure]) < EXAMPLES

    def merge(self, other: Evidence) -> None:
        """Take over what was found in another page."""
        self.tally.update(other.tally)
        self.fields.update(other.fields)
        for code, amount in other.amounts.items():
            self.amounts[code] = self.amounts.get(code, Decimal(0)) + amount
        for example in other.examples:
            if self._has_room(example["measure"]):
                self.examples.append(example)


def _is_told(name: str, weight: Weight) -> bool:
    return name in weight.emptied or name in weight.changed or (weight.lost and name in ("state", "deleted_at"))


def find_stop(tx: UnitOfWork, connection: str, kind: str, way: str) -> MassStop | None:
    return tx.get(MassStop, connection=connection, kind=kind, way=way)


def make_stop(
    hub: Hub, tx: UnitOfWork, connection: str, kind: str, way: str, over: Sequence[str], known: int, found: Evidence
) -> MassStop:
    """The stop as it would be kept, its times included."""
    old, now = find_stop(tx, connection, kind, way), hub.now()
    return MassStop(
        connection=connection,
        kind=kind,
        way=way,
        over=list(over),
        counts={name: found.tally[name] for name in MEASURES if found.tally[name]},
        known=known,
        fields=dict(sorted(found.fields.items())),
        amounts={code: str(total) for code, total in sorted(found.amounts.items())},
        examples=found.examples,
        cause="" if way in (GONE, OUT) else _find_cause(tx, hub, connection, kind),
        first_at=old.first_at if old else now,
        last_at=now,
    )


def _find_cause(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> str:
    mapping = hub.open(connection).mapping_of(kind)
    other: dict[str, Any] = {"stream": mapping.stream, "mapping_version__ne": mapping.version}
    return "mapping" if tx.find(Image, connection=connection, record_kind=kind, limit=1, **other) else ""


def keep_stop(hub: Hub, tx: UnitOfWork, stop: MassStop, actor: str, *, wait: timedelta = LOOK_AGAIN) -> MassStop:
    """Put it in front of a person; the journal tells it once."""
    if find_stop(tx, stop.connection, stop.kind, stop.way) is None:
        tx.journal(
            actor, "guard.stopped", kind=stop.kind, connection=stop.connection, way=stop.way, counts=stop.counts,
            known=stop.known, over=stop.over,
        )  # fmt: skip
    return tx.save(stop.model_copy(update={"look_again_at": hub.now() + wait, "allowed": {}, "allowed_by": None}))


def lift_stop(tx: UnitOfWork, stop: MassStop, actor: str) -> None:
    """It is over: what a person let pass has passed, or the other side is as it was."""
    if tx.delete(MassStop, connection=stop.connection, kind=stop.kind, way=stop.way):
        action = "guard.passed" if stop.allowed_by else "guard.lifted"
        tx.journal(
            stop.allowed_by or actor, action, kind=stop.kind, connection=stop.connection, way=stop.way,
            counts=stop.counts,
        )  # fmt: skip


def allow_stop(tx: UnitOfWork, connection: str, kind: str, way: str, counts: Mapping[str, int], actor: str) -> None:
    """A person lets pass, once, what was shown."""
    stop = tx.get(MassStop, connection=connection, kind=kind, way=way, lock=True)
    if stop is not None:
        tx.save(stop.model_copy(update={"allowed": dict(counts), "allowed_by": actor, "look_again_at": None}))


def describe_stop(stop: MassStop) -> tuple[str, dict[str, Any]]:
    """(code, parameters) of the sentence that says what would happen, to how many, with an example."""
    what: str = Phrase("sync.mass_nothing")
    for measure in reversed([name for name in MEASURES if stop.counts.get(name)]):
        count = stop.counts[measure]
        one = Phrase(f"sync.mass_{measure}", count=count, share=percent(count, stop.known))
        what = Phrase("sync.mass_and", one=one, other=what) if what.code != "sync.mass_nothing" else one  # type: ignore[attr-defined]
    params: dict[str, Any] = {
        "connection": stop.connection,
        "kind": stop.kind,
        "known": stop.known,
        "what": what,
        "example": _tell_example(stop),
        "command": command_of(stop),
    }
    return _TEXTS[stop.way], params


def command_of(stop: MassStop) -> str:
    """The command that shows it and leads to letting it pass."""
    if stop.cause == "mapping":
        return f"isthmus remap {stop.kind} --connection {stop.connection}"
    return f"isthmus sync plan {stop.connection} --kind {stop.kind}"


def _tell_example(stop: MassStop) -> str:
    if not stop.examples:
        return "–"
    first = next((item for item in stop.examples if item["measure"] in stop.over), stop.examples[0])
    changes = "; ".join(f"{name}: {_short(old)} → {_short(new)}" for name, (old, new) in first["changes"].items())
    return f"{first['number']} ({changes})" if changes else str(first["number"])


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"
    return "–" if value is None or value == "" else str(value)[:40]


def make_error(stop: MassStop) -> RuleBroken:
    """The stop as an error of the run that found it."""
    code, params = describe_stop(stop)
    return RuleBroken(code, **params)
