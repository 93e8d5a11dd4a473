"""What the rows say about one order: every kind of row is a sentence of its own, in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.model.sales import Order
from hub.protocol.binding import Binding, BindingState
from hub.store.event_rows import Event
from hub.store.rows import (
    Attempt,
    Conflict,
    DeadRow,
    IdentityVerdict,
    Image,
    JournalEntry,
    Orphan,
    Payload,
    Plan,
    PlanItem,
    Run,
)
from hub.sync.story import TraceEvent, tell_story
from tests.sync.scenes import Scene

ORDER, ACME, BOUND, OTHER, RUN, PLAN = (UUID(int=number) for number in (10, 1, 20, 21, 30, 40))


def told(scene: Scene, *rows: Any, binding: dict[str, Any] | None = None, record: Order | None = None) -> list[Any]:
    """(minute, what, connection, detail) of each event about the order."""
    start = scene.clock.now()
    order = record or Order(id=ORDER, number="SO-1", account_id=ACME, currency="CNY")
    with scene.store.write() as tx:
        if binding is not None:
            given = {"id": BOUND, "connection": "erp", "kind": "order", "hub_id": ORDER, **binding}
            tx.insert(Binding.model_validate(given))
        for row in rows:
            tx.insert(row)
    with scene.store.read() as tx:
        events = tell_story(tx, scene.hub, order)
    check_words(events)
    return [(round((event.at - start).total_seconds() / 60), event.what, event.connection, dict(event.detail))
            for event in events]  # fmt: skip


def check_words(events: Sequence[TraceEvent]) -> None:
    for event in events:
        for lang in ("en", "zh"):
            assert "{" not in event.text(lang)


@pytest.fixture
def at(scene: Scene) -> Any:
    start = scene.clock.now()

    def minute(number: int) -> datetime:
        return start + timedelta(minutes=number)

    return minute


def entry(number: int, at: datetime, action: str, **more: Any) -> JournalEntry:
    return JournalEntry.model_validate(
        {"id": UUID(int=100 + number), "at": at, "actor": "li", "action": action, "record_id": ORDER, **more}
    )


def make_run(at: Any) -> Run:
    return Run(id=RUN, number=7, connection="erp", kinds=["order"], actor="wang", started_at=at(0))


def test_what_the_journal_says(scene: Scene, at: Any) -> None:
    changed = {"changes": {"note": ["", "x"], "amount": ["1", "2"]}}
    approved, moved = {"changes": {"state": ["draft", "approved"]}}, {"changes": {"state": ["approved", "closed"]}}
    new = {"changes": {"state": [None, "draft"]}}
    rows = [
        make_run(at), entry(1, at(1), "record.created"),
        entry(2, at(2), "record.created", connection="erp", detail=new),
        entry(3, at(3), "record.changed", detail=changed),
        entry(4, at(4), "record.changed", connection="erp", run_id=RUN, detail=changed),
        entry(5, at(5), "record.changed", connection="erp", detail=approved),
        entry(6, at(6), "record.changed", connection="erp", detail=moved),
        entry(7, at(7), "todo.drop", connection="erp", detail={"reason": "spam", "choice": None, "verb": "drop"}),
        entry(8, at(8), "todo.take"), entry(9, at(9), "record.deleted"),
        entry(10, at(10), "spare.removed", connection="erp", detail={"b": 2, "a": "x", "changes": {}}),
        entry(11, at(11), "letter.sent", detail={"to": "li"}),
    ]  # fmt: skip
    by_run = "wang, run 7"
    assert told(scene, *rows) == [
        (1, "created", None, {"actor": "li"}),
        (2, "taken_in", "erp", {"actor": "li"}),
        (3, "edited", None, {"actor": "li", "fields": "amount, note"}),
        (4, "changed_there", "erp", {"actor": by_run.replace("wang", "li"), "fields": "amount, note"}),
        (5, "changed_there", "erp", {"actor": "li", "fields": "state"}),
        (5, "approved_there", "erp", {"old": "draft", "new": "approved"}),
        (6, "changed_there", "erp", {"actor": "li", "fields": "state"}),
        (6, "moved_there", "erp", {"old": "approved", "new": "closed"}),
        (7, "given_up", "erp", {"actor": "li", "choice": "-", "reason": "spam", "verb": "drop"}),
        (9, "deleted", None, {"actor": "li", "action": "record.deleted", "more": ""}),
        (10, "spare_removed", "erp", {"actor": "li", "action": "spare.removed", "more": "a=x, b=2"}),
        (11, "noted", None, {"actor": "li", "action": "letter.sent", "more": "to=li"}),
    ]


def attempt(number: int, at: Any, **more: Any) -> Attempt:
    given = {
        "id": UUID(int=200 + number), "binding_id": BOUND, "connection": "erp", "kind": "order", "number": number,
        "op": "create", "request_digest": "x", "sent_at": at(number * 10), **more,
    }  # fmt: skip
    return Attempt.model_validate(given)


def payload(number: int, at: datetime, version: int = 0, **more: Any) -> Payload:
    given = {"connection": "erp", "stream": "sale", "external_id": "S1", "version": version, "digest": str(number)}
    return Payload.model_validate({"id": UUID(int=300 + number), "body": b"", "at": at, **given, **more})


def test_what_was_sent_and_what_came_of_it(scene: Scene, at: Any) -> None:
    rows = [
        make_run(at),
        attempt(1, at, run_id=RUN, summary={"new": {"note": 1, "lines": 2}}, outcome="unknown", answered_at=at(11),
                error_code="sdk.unreachable", error_words="gone"),
        attempt(2, at, op="patch", summary={"changes": {"note": ["", "x"]}}, outcome="ok", answered_at=at(21),
                remote_id="S1"),
        attempt(3, at, op="void", outcome="refused"),
        attempt(4, at, outcome="unsent"),
        attempt(5, at, op="confirm"),
        attempt(6, at, binding_id=OTHER),
        payload(1, at(15), 1), payload(2, at(25), 2), payload(3, at(26), 3), payload(4, at(27), 4),
        payload(5, at(14), external_id="S2"),
    ]  # fmt: skip
    bound = {"remote_id": "S1", "remote_number": "XS-1", "state": "bound"}
    assert told(scene, *rows, binding=bound) == [
        (10, "sent", "erp", {"op": "create", "fields": "lines, note", "number": "1", "who": "wang, run 7"}),
        (11, "no_answer", "erp", {"op": "create", "outcome": "unknown", "remote_id": "-", "words": "gone",
                                  "error": "sdk.unreachable"}),
        (15, "found_again", "erp", {"remote_id": "S1", "version": "1"}),
        (20, "sent", "erp", {"op": "patch", "fields": "note", "number": "2", "who": "worker"}),
        (21, "answered", "erp", {"op": "patch", "outcome": "ok", "remote_id": "S1", "words": "", "error": ""}),
        (25, "read_back", "erp", {"remote_id": "S1", "version": "2"}),
        (27, "last_seen", "erp", {"remote_id": "S1", "version": "4", "count": "4"}),
        (30, "sent", "erp", {"op": "void", "fields": "", "number": "3", "who": "worker"}),
        (30, "refused", "erp", {"op": "void", "outcome": "refused", "remote_id": "-", "words": "", "error": ""}),
        (50, "sent", "erp", {"op": "confirm", "fields": "", "number": "5", "who": "worker"}),
        (50, "no_answer", "erp", {"op": "confirm", "outcome": "sent", "remote_id": "-", "words": "", "error": ""}),
    ]  # fmt: skip


def test_a_document_of_theirs_is_seen_first_and_last(scene: Scene, at: Any) -> None:
    rows = [payload(1, at(1), 1), payload(2, at(2), 2), payload(3, at(3), 3)]
    assert told(scene, *rows, binding={"remote_id": "S1"}) == [
        (1, "seen", "erp", {"remote_id": "S1", "version": "1"}),
        (3, "last_seen", "erp", {"remote_id": "S1", "version": "3", "count": "3"}),
    ]


def test_calls_images_plans_and_verdicts(scene: Scene, at: Any) -> None:
    def call(number: int, minute: int, *outcomes: str, record: UUID = ORDER, **more: Any) -> Event:
        done = [{"record_id": str(record), "outcome": outcome} for outcome in outcomes]
        given = {"connection": "erp", "key": f"k{number}", "received_at": at(minute), "outcomes": done, **more}
        return Event.model_validate({"id": UUID(int=500 + number), **given})

    plan = Plan(id=PLAN, label="ab12", connection="erp", kinds=["order"], made_at=at(5), made_by="li")
    later = plan.model_copy(
        update={"id": UUID(int=41), "label": "cd34", "made_at": at(6), "accepted_at": at(8), "accepted_by": "wang"}
    )
    items = [
        PlanItem(
            plan_id=row, position=1, kind="order", binding_id=BOUND, side="there", action="create", fingerprint="f"
        )
        for row in (plan.id, later.id)
    ]
    source = "erp/sale/S1"
    verdict = {"record_kind": "order", "record_id": ORDER, "source": source, "decided_by": "fang"}
    image = Image(record_kind="order", record_id=ORDER, source=source, connection="erp", values={"a": 1, "b": 2},
                  mapping_version="v3", at=at(4))  # fmt: skip
    here = Image(record_kind="order", record_id=ORDER, source="hub", values={"a": 1}, at=at(4))
    rows = [
        call(1, 1, "updated", "updated", done_at=at(2)), call(2, 3, "updated"), call(3, 3, "updated", record=ACME),
        call(4, -60 * 25, "updated"), plan, later, *items, image, here,
        IdentityVerdict.model_validate({"id": UUID(int=600), "verdict": "same", "at": at(9), **verdict}),
        IdentityVerdict.model_validate({"id": UUID(int=601), "verdict": "different", "at": at(10), **verdict}),
    ]  # fmt: skip
    order = Order(id=ORDER, number="SO-1", account_id=ACME, currency="CNY", created_at=at(0))
    first, second = str(UUID(int=501)), str(UUID(int=502))
    found = told(scene, *rows, binding={"state": "new"}, record=order)
    assert found == [
        (1, "called", "erp", {"key": "k1", "event": first}),
        (2, "call_read", "erp", {"key": "k1", "event": first, "outcome": "updated"}),
        (3, "called", "erp", {"key": "k2", "event": second}),
        (4, "mapped", "erp", {"source": source, "mapping": "v3", "count": "2"}),
        (5, "planned", "erp", {"label": "ab12", "action": "create", "actor": "li"}),
        (6, "planned", "erp", {"label": "cd34", "action": "create", "actor": "li"}),
        (8, "plan_accepted", "erp", {"label": "cd34", "actor": "wang"}),
        (9, "matched", "erp", {"actor": "fang", "source": source}),
        (10, "parted", "erp", {"actor": "fang", "source": source}),
    ]


def test_conflicts_and_troubles(scene: Scene, at: Any) -> None:
    both = {"binding_id": BOUND, "connection": "erp", "record_kind": "order", "record_id": ORDER, "took": "hub"}
    note = {"id": UUID(int=700), "field": "note", "hub_value": "a", "remote_value": "b", "at": at(1)}
    terms = {"id": UUID(int=701), "field": "terms", "at": at(2), "decided_at": at(3), "decided_by": "li"}
    rows = [
        Conflict.model_validate({**note, **both}), Conflict.model_validate({**terms, **both}),
        DeadRow(connection="erp", stream="sale", external_id="S1", code="sync.cannot_translate", attempts=3,
                first_at=at(4), last_at=at(5)),
        Orphan(connection="erp", kind="order", remote_id="S9", binding_id=BOUND, state="parked",
               reason="sync.spare_touched", at=at(6)),
    ]  # fmt: skip
    assert told(scene, *rows, binding={"remote_id": "S1"}) == [
        (1, "conflict", "erp", {"field": "note", "ours": "a", "theirs": "b", "took": "hub"}),
        (2, "conflict", "erp", {"field": "terms", "ours": "None", "theirs": "None", "took": "hub"}),
        (3, "decided", "erp", {"field": "terms", "took": "hub", "actor": "li"}),
        (5, "not_taken_in", "erp", {"code": "sync.cannot_translate", "attempts": "3"}),
        (6, "spare", "erp", {"remote_id": "S9", "state": "parked", "code": "sync.spare_touched"}),
    ]


@pytest.mark.parametrize(
    ("binding", "what", "more"),
    [
        ({"parked": "sync.spare_touched", "held": {"note": "x"}}, "parked", {"code": "sync.spare_touched"}),
        (
            {"held": {"note": "sync.b", "amount": "sync.a", "x": "sync.a"}}, "held",
            {"fields": "amount, note, x", "code": "sync.a, sync.b"},
        ),
        ({"state": "waiting", "why": "sync.period_closed"}, "waits", {"code": "sync.period_closed"}),
        ({"state": "waiting"}, "waits", {"code": "-"}),
        ({"state": "tomb"}, "ended", {}),
        ({"state": "new"}, "not_sent", {}),
    ],
)  # fmt: skip
def test_how_it_stands(scene: Scene, at: Any, binding: dict[str, Any], what: str, more: dict[str, str]) -> None:
    state = BindingState(binding.get("state", "new")).value
    found = told(scene, binding={"updated_at": at(1), **binding})
    assert found == [(1, what, "erp", {"remote": "-", "state": state, **more})]


def test_what_is_bound_and_quiet_says_nothing(scene: Scene, at: Any) -> None:
    bound = {"state": "bound", "remote_id": "S1", "remote_number": "XS-1"}
    assert told(scene, binding={**bound, "updated_at": at(1)}) == []
    named = {"remote": "XS-1", "state": "bound", "code": "sync.x"}
    with scene.store.write() as tx:
        row = tx.get(Binding, id=BOUND)
        assert row is not None
        tx.save(row.model_copy(update={"parked": "sync.x"}))
    assert [found[3] for found in told(scene)] == [named]
