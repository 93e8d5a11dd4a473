"""Bindings, snapshots and policies as the tests of this room need them, and the space of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from hub.model.ids import RANDOM_BITS, make_uuid7
from hub.model.sales import OrderLine
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.diff import comparable
from hub.protocol.reference import make_reference
from hub.protocol.semantics import (
    ALL_FIELDS,
    Amend,
    Confirm,
    Direction,
    Owner,
    Policy,
    Stage,
    Tier,
    WriteSemantics,
)
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HUB_ID = make_uuid7(NOW, 7)
OTHER_ID = make_uuid7(NOW, 8)
OURS = "T01"
FOREIGN = "T02"
FIELDS = ("currency", "note", "lines", "reference")
OWNERS = {"currency": Owner.HUB, "note": Owner.SHARED, "lines": Owner.HUB, "reference": Owner.REMOTE}
LINE_FIELDS = {"lines": frozenset({"name", "quantity", "unit", "unit_price"})}
OPEN = frozenset({"note", "reference"})


def make_line(key: str, quantity: str = "1", **values: Any) -> OrderLine:
    price = values.pop("unit_price", "10")
    return OrderLine(key=key, quantity=Decimal(quantity), unit_price=Decimal(price), **values)


def make_policy(
    tier: Tier = Tier.DRAFT, confirm: Confirm = Confirm.AUDIT, amend: Amend = Amend.REFUSE, **values: Any
) -> Policy:
    """An order's policy. What an effective document still allows is its note and its reference."""
    declared = {name: values.pop(name) for name in list(values) if name in WriteSemantics.__dataclass_fields__}
    semantics: dict[str, Any] = {
        "tier": tier,
        "confirms": frozenset(Confirm),
        "amend": amend,
        "editable": {Stage.DRAFT: ALL_FIELDS, Stage.EFFECTIVE: OPEN},
        "voidable": frozenset({Stage.DRAFT}),
        "compare_and_set": True,
        "confirms_version": True,
        **declared,
    }
    choices: dict[str, Any] = {
        "kind": "order",
        "confirm": confirm,
        "owners": OWNERS,
        "mapped_out": frozenset(FIELDS),
        "mapped_in": frozenset({*FIELDS, "gross"}),
        "line_fields": LINE_FIELDS,
        **values,
    }
    return Policy(semantics=WriteSemantics(**semantics), **choices)


def make_binding(state: BindingState = BindingState.BOUND, **values: Any) -> Binding:
    bound = state in (BindingState.BOUND, BindingState.WAITING, BindingState.PREPARED, BindingState.REVERSING)
    usual: dict[str, Any] = {
        "id": OTHER_ID,
        "connection": "erp",
        "kind": "order",
        "hub_id": HUB_ID,
        "ref": make_reference(OURS, HUB_ID),
        "ours": True,
        "remote_id": "S1" if bound else None,
        "attempts": 1 if bound else 0,
        "state": state,
    }
    return Binding(**{**usual, **values})


def make_values(**values: Any) -> dict[str, Any]:
    return {"currency": "CNY", "note": "", "lines": (make_line("1"),), "reference": "", **values}


def make_intent(**values: Any) -> Intent:
    """``fields``: values of fields; the rest are fields of the intent. Everything is claimed unless told."""
    fields = make_values(**values.pop("fields", {}))
    return Intent(fields, **{"claims": frozenset(fields), **values})


def make_snapshot(stage: Stage = Stage.EFFECTIVE, **values: Any) -> Snapshot:
    usual: dict[str, Any] = {
        "external_id": "S1",
        "values": make_values(**values.pop("fields", {})),
        "stage": stage,
        "read_at": NOW,
        "version": 3,
        "reference": make_reference(OURS, HUB_ID),
        "created_by_us": True,
        "touched_by_person": False,
        "changed_by_us": True,
    }
    return Snapshot(**{**usual, **values})


def make_hit(external_id: str, stage: Stage, revision: int = 0, installation: str = OURS, **values: Any) -> Snapshot:
    """What a search finds."""
    reference = make_reference(installation, values.pop("hub_id", HUB_ID), revision)
    return make_snapshot(stage, external_id=external_id, reference=reference, **values)


def agree_on(policy: Policy, names: Iterable[str], **values: Any) -> dict[str, str]:
    """``base`` of a binding whose two sides agreed on these values."""
    known = make_values(**values)
    return {name: take_fingerprint(comparable(policy, name, known[name])) for name in names}


# ---- the space ---------------------------------------------------------------------------------------------------

uuids7 = st.builds(
    make_uuid7,
    st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)),
    st.integers(0, (1 << RANDOM_BITS) - 1),
)
texts = st.sampled_from(["", "a", "A ", "urgent", "x" * 40])
lists = st.lists(
    st.builds(make_line, st.sampled_from("1234"), st.sampled_from(["1", "2.0", "2"]), name=st.sampled_from(["", "n"])),
    max_size=3,
    unique_by=lambda line: line.key,
).map(tuple)
field_values = st.fixed_dictionaries(
    {}, optional={"currency": st.sampled_from(["CNY", "EUR"]), "note": texts, "lines": lists, "reference": texts}
)
prints = st.sampled_from(
    [take_fingerprint(value) for value in ("", "a", "urgent", "CNY", "EUR", {"note": "a"}, {"currency": "EUR"})]
)
moments = st.none() | st.integers(-200, 200).map(lambda seconds: NOW + timedelta(seconds=seconds))
reasons = st.sampled_from(
    ["protocol.locked", "protocol.refused", "protocol.not_retained", "protocol.void_refused", "sync.needs_match"]
)
names = st.sampled_from([*FIELDS, "state", "*"])

policies = st.builds(
    make_policy,
    st.sampled_from(Tier),
    st.sampled_from(Confirm),
    st.sampled_from(Amend),
    direction=st.sampled_from(Direction),
    exclusive_confirm=st.booleans(),
    versioned=st.booleans(),
    compare_and_set=st.booleans(),
    confirms_version=st.booleans(),
    transactional=st.booleans(),
    remote_wins=st.booleans(),
    voidable=st.frozensets(st.sampled_from(Stage)),
    editable=st.dictionaries(st.sampled_from(Stage), st.sampled_from([ALL_FIELDS, OPEN, frozenset()])),
)
bindings = st.builds(
    make_binding,
    st.sampled_from(BindingState),
    ref=st.sampled_from([make_reference(OURS, HUB_ID), make_reference(OURS, HUB_ID, 1), None]),
    revision=st.integers(0, 2),
    ours=st.booleans(),
    primary=st.sampled_from([True, True, True, False]),
    attempts=st.integers(0, 3),
    dirty=st.booleans(),
    void_wanted=st.booleans(),
    sent_at=moments,
    not_before=moments,
    remote_version=st.integers(0, 5),
    acked_version=st.integers(0, 5),
    acked_patch=prints | st.just(""),
    same_patches=st.integers(0, 4),
    base=st.dictionaries(names, prints),
    sent=st.dictionaries(names, st.lists(prints, max_size=3)),
    held=st.dictionaries(names, reasons),
    not_retained=st.dictionaries(names, prints),
    parked=st.none() | st.just("protocol.refused_by_remote"),
)
intents = st.builds(
    Intent,
    field_values,
    claims=st.frozensets(st.sampled_from(FIELDS)),
    void=st.booleans(),
    revision=st.integers(0, 5),
    parent=st.sampled_from(Parent),
    hold=st.none() | st.just("sync.needs_match"),
    live_children=st.booleans(),
    frozen=st.sampled_from([None, None, "sync.is_history"]),
    own_values=st.frozensets(st.sampled_from(FIELDS)),
)


def _make_any_snapshot(
    stage: Stage, external_id: str, hub_id: UUID, revision: int, installation: str, fields: dict[str, Any], **more: Any
) -> Snapshot:
    reference = make_reference(installation, hub_id, revision) if installation else None
    return Snapshot(external_id, fields, stage, reference=reference, **more)


snapshots = st.builds(
    _make_any_snapshot,
    st.sampled_from(Stage),
    st.sampled_from(["S1", "S2", "S10", "x"]),
    st.sampled_from([HUB_ID, HUB_ID, OTHER_ID]),
    st.integers(0, 3),
    st.sampled_from([OURS, OURS, FOREIGN, ""]),
    field_values,
    read_at=moments.map(lambda at: at or NOW),
    version=st.none() | st.integers(0, 5),
    created_by_us=st.none() | st.booleans(),
    touched_by_person=st.none() | st.booleans(),
    changed_by_us=st.none() | st.booleans(),
    live_children=st.booleans(),
    total_differs=st.none() | st.just("0.05"),
)
searches = st.builds(Search, st.lists(snapshots, max_size=4), st.lists(snapshots, max_size=2), st.booleans())
seens = st.none() | snapshots | searches
