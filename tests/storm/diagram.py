"""``python -m tests.storm.diagram`` draws docs/protocol-states.svg: the states of a binding and every way from one to
another, found by asking the code itself about every combination of policy, stage and answer."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import escape

from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op, decide
from hub.protocol.reference import make_reference
from hub.protocol.semantics import ALL_FIELDS, Amend, Confirm, Owner, Policy, Stage, Tier, WriteSemantics
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot
from hub.sync.match import adopt_document
from hub.sync.stages import move_state

TARGET = Path(__file__).parents[2] / "docs" / "protocol-states.svg"
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
HUB_ID = UUID("01a1961f-5c00-7000-8000-000000000001")
REF = make_reference("T01", HUB_ID)
PARKED = "parked"
Edge = tuple[str, str]
S = BindingState

BY_ANSWER = {
    (S.NEW.value, S.SENDING.value): "create: marked before the request leaves",
    (S.SENDING.value, S.NEW.value): "create refused, not applied",
    (S.SENDING.value, S.UNKNOWN.value): "no answer; or found so after its worker died",
}
"""What follows from an answer to a create, beside an adoption of what it made."""
AFTER = {
    Op.BACK_TO_NEW: S.NEW.value,
    Op.MARK_UNKNOWN: S.UNKNOWN.value,
    Op.CREATE: S.SENDING.value,
    Op.BEGIN_REVERSE: S.REVERSING.value,
    Op.NEXT_REVISION: S.NEW.value,
    Op.PARK: PARKED,
    Op.TOMB: S.TOMB.value,
}
"""The state in which a step leaves a binding; those that are not here leave it where it was, or adopt."""
WORDS = {
    Op.BACK_TO_NEW: "search: nothing is there",
    Op.MARK_UNKNOWN: "its worker died",
    Op.CREATE: "create: marked before the request leaves",
    Op.BEGIN_REVERSE: "amend = reverse",
    Op.NEXT_REVISION: "seen void: next revision",
    Op.PARK: "needs a person",
    Op.TOMB: "cancelled, and nothing is there",
    Op.REOPEN: "amend = reopen",
    Op.ADOPT: "search: adopted",
}


def list_policies() -> Iterator[Policy]:
    """One of every tier, confirm and amend."""
    for tier, confirm, amend in itertools.product(Tier, Confirm, Amend):
        drafts = tier is Tier.DRAFT
        if (confirm is not Confirm.SAVE and not drafts) or (amend is Amend.REOPEN and not drafts):
            continue
        early = {Stage.DRAFT: ALL_FIELDS} if drafts else {}
        voids = {Stage.DRAFT, *((Stage.EFFECTIVE,) if amend in (Amend.REVERSE, Amend.REOPEN) else ())}
        semantics = WriteSemantics(
            tier, confirms=frozenset(Confirm), amend=amend, editable=early, voidable=frozenset(voids),
            compare_and_set=True, confirms_version=True, shows_modifier=True,
        )  # fmt: skip
        fields = frozenset({"amount"})
        yield Policy("order", semantics, confirm=confirm, default_owner=Owner.HUB, mapped_in=fields, mapped_out=fields)


def list_bindings() -> Iterator[Binding]:
    for state, sent, void, submitted in itertools.product(BindingState, (0, 1), (False, True), (0, 1)):
        if state is S.FOREIGN:
            continue  # an image of another hub's document: nothing follows
        there = state not in (S.NEW, S.SENDING, S.UNKNOWN)
        yield Binding(
            id=HUB_ID, connection="erp", kind="order", hub_id=HUB_ID, ref=REF, ours=True, state=state, attempts=sent,
            void_wanted=void, remote_id="R1" if there else None, submitted_revision=submitted,
            sent={"amount": ["x"]},
        )  # fmt: skip


def list_snapshots() -> Iterator[Snapshot]:
    for stage, us, touched, amount in itertools.product(Stage, (False, True), (False, True), ("1", "2")):
        yield Snapshot(
            "R1", {"amount": amount}, stage, NOW, version=3, reference=REF, created_by_us=True, changed_by_us=us,
            touched_by_person=touched,
        )  # fmt: skip


def find_edges() -> dict[Edge, set[str]]:
    """(from, to) → why."""
    edges: dict[Edge, set[str]] = defaultdict(set)
    snapshots = list(list_snapshots())
    for policy, binding in itertools.product(list_policies(), list_bindings()):
        before = binding.state.value
        _follow_decisions(edges, policy, binding, before)
        for snapshot in snapshots if binding.remote_id is not None else ():
            _follow_reading(edges, move_state(binding, snapshot, policy, 1), snapshot, before)
    for (before, after), why in BY_ANSWER.items():
        edges[before, after] = {why}
    return {edge: why for edge, why in edges.items() if edge[0] != edge[1]}


def _follow_reading(edges: dict[Edge, set[str]], moved: Binding, snapshot: Snapshot, before: str) -> None:
    after = PARKED if moved.parked else moved.state.value
    by = "us" if snapshot.changed_by_us else "a person"
    ended = snapshot.stage in (Stage.VOID, Stage.GONE)
    told = f"read: {'deleted' if snapshot.stage is Stage.GONE else 'void'}" if ended else f"read: {snapshot.stage}"
    edges[before, after].add(f"{told}, by {by}" if after == PARKED and ended else told)


def _follow_decisions(edges: dict[Edge, set[str]], policy: Policy, binding: Binding, before: str) -> None:
    values = {"amount": "2"}
    intents = [
        Intent(values, claims=frozenset(values), revision=1, void=binding.void_wanted, parent=parent, own_values=own)
        for parent, own in itertools.product(Parent, (frozenset(), frozenset(values)))
    ]
    nothing = Search()
    early = binding.remote_id is None
    looked_up: list[Search | Snapshot] = (
        list(_searches()) if early else [s for s in list_snapshots() if s.touched_by_person]
    )
    for intent, seen in itertools.product(intents, (None, nothing, *looked_up)):
        moved = move_state(binding, seen, policy, 1) if isinstance(seen, Snapshot) else binding
        action = decide(moved, intent, seen, policy, NOW)
        for after in _find_next(policy, moved, action) if not moved.parked else ():
            edges[moved.state.value, after].add(WORDS[action.op])
    if binding.state is S.SENDING:
        for hit in _made(policy):
            after = adopt_document(policy, binding, hit, ours=True).state.value
            edges[before, after].add("create answered")


def _made(policy: Policy) -> list[Snapshot]:
    stage = Stage.DRAFT if policy.semantics.tier is Tier.DRAFT else Stage.EFFECTIVE
    return [Snapshot("R1", {}, stage, NOW, reference=REF)]


def _searches() -> list[Search]:
    return [Search((snapshot,)) for snapshot in list_snapshots() if snapshot.values["amount"] == "1"]


def _find_next(policy: Policy, binding: Binding, action: Action) -> list[str]:
    if action.op is Op.ADOPT and action.adopt is not None:
        hit = dataclasses.replace(action.adopt, version=None)
        return [adopt_document(policy, binding, hit, ours=True).state.value]
    if action.op is Op.REOPEN:
        return [(S.PREPARED if policy.confirm is not Confirm.SAVE else S.WAITING).value]
    return [AFTER[action.op]] if action.op in AFTER else []


# ---- the picture -----------------------------------------------------------------------------------------------------

PLACES = {
    "new": (110, 90), "sending": (360, 90), "unknown": (235, 235), "prepared": (620, 90), "waiting": (620, 300),
    "bound": (860, 190), "reversing": (860, 430), "tomb": (400, 480), PARKED: (110, 480),
}  # fmt: skip
WIDTH, ROW, TOP = 980, 17, 570
BOX = (104, 40)


def draw() -> str:
    """The picture, with every edge numbered and told below it."""
    edges = sorted(find_edges().items(), key=lambda item: [list(PLACES).index(name) for name in item[0]])
    height = TOP + ROW * (math.ceil(len(edges) / 2) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#456"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="20" y="32" font-size="17" fill="#234">States of a binding</text>',
    ]
    for number, ((before, after), _) in enumerate(edges, 1):
        parts += _draw_edge(number, PLACES[before], PLACES[after])
    for name, (x, y) in PLACES.items():
        parts += _draw_box(name, x, y)
    half = math.ceil(len(edges) / 2)
    for number, ((before, after), why) in enumerate(edges, 1):
        column, row = divmod(number - 1, half)
        text = f"{number}  {before} → {after}: {_shorten(why)}"
        x, y = 20 + column * (WIDTH // 2), TOP + row * ROW
        parts.append(f'<text x="{x}" y="{y}" font-size="11" fill="#333">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _shorten(why: set[str]) -> str:
    texts = sorted(why)
    return "; ".join(texts[:3]) + (f"; {len(texts) - 3} more" if len(texts) > 3 else "")


def _draw_box(name: str, x: int, y: int) -> list[str]:
    width, height = BOX
    fill = {"bound": "#dff2df", "tomb": "#e6e6e6", PARKED: "#fbe3d6"}.get(name, "#e3edf8")
    return [
        f'<rect x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}" rx="8" fill="{fill}" '
        'stroke="#456"/>',
        f'<text x="{x}" y="{y + 5}" text-anchor="middle" font-size="14" fill="#123">{name}</text>',
    ]


def _draw_edge(number: int, start: tuple[int, int], end: tuple[int, int]) -> list[str]:
    """A bow from box to box, so that the ways there and back lie apart; its number stands on it."""
    (ax, ay), (bx, by) = start, end
    length = math.hypot(bx - ax, by - ay)
    side_x, side_y = (by - ay) / length, (ax - bx) / length
    mid_x, mid_y = (ax + bx) / 2 + side_x * 34, (ay + by) / 2 + side_y * 34
    from_x, from_y = _leave_box(start, (mid_x, mid_y))
    to_x, to_y = _leave_box(end, (mid_x, mid_y))
    on_x, on_y = (from_x + 2 * mid_x + to_x) / 4, (from_y + 2 * mid_y + to_y) / 4
    return [
        f'<path d="M{from_x:.0f} {from_y:.0f} Q{mid_x:.0f} {mid_y:.0f} {to_x:.0f} {to_y:.0f}" fill="none" '
        'stroke="#456" marker-end="url(#tip)"/>',
        f'<circle cx="{on_x:.0f}" cy="{on_y:.0f}" r="9" fill="#fff" stroke="#9ab"/>',
        f'<text x="{on_x:.0f}" y="{on_y + 4:.0f}" text-anchor="middle" font-size="10" fill="#234">{number}</text>',
    ]


def _leave_box(box: tuple[int, int], towards: tuple[float, float]) -> tuple[float, float]:
    """Where a line from the middle of a box to a point crosses its border."""
    x, y = box
    dx, dy = towards[0] - x, towards[1] - y
    scale = min(BOX[0] / 2 / abs(dx) if dx else math.inf, BOX[1] / 2 / abs(dy) if dy else math.inf)
    return x + dx * scale, y + dy * scale


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
