"""Systems that hand out a token for what changed, name versions without an order, and have nothing left of the dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from hub.errors import CursorExpired
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import follow_version
from hub.protocol.semantics import ReadSemantics
from hub.sdk import Page, SourceRecord, Stage, Stream, digest_version
from hub.store.rows import Cursor, Payload
from hub.sync.plan import make_plan
from tests.protocol.build import make_policy
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene


class Tokens:
    """The sales of the sandbox as a feed with tokens: each pull shows what its token has not seen."""

    name = "sale"
    kind = "order"

    def __init__(self, inner: Stream, *, deletion_voids: bool = False) -> None:
        self._inner = inner
        self._known: list[dict[str, int | None]] = []
        self.asked: list[Any] = []
        self.expired = False
        self.semantics = ReadSemantics(deletion_voids=deletion_voids)

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        self.asked.append(position)
        if position is not None and self.expired:
            raise CursorExpired("sdk.cursor_expired")
        page = self._inner.read_page(None, None, 1000)
        now = {record.external_id: record.version for record in page.records}
        before = self._known[position["token"]] if position else {}
        self._known.append(now)
        fresh = [record for record in page.records if before.get(record.external_id) != record.version]
        gone = [_bury(self.name, id_, page.records[0].read_at) for id_ in before.keys() - now.keys()]
        return Page([*fresh, *gone], None, page.high_water, {"token": len(self._known) - 1})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _bury(stream: str, id: str, read_at: datetime) -> SourceRecord:
    return SourceRecord(stream, id, {}, read_at, stage=Stage.GONE)


def tell_by_token(scene: Scene, **options: Any) -> Tokens:
    conn = scene.hub.open("erp")
    streams: Any = conn.streams
    streams["sale"] = tokens = Tokens(streams["sale"], **options)
    policies: Any = conn.policies
    policies["order"] = replace(policies["order"], reads=tokens.semantics)
    return tokens


def test_a_pull_begins_where_the_last_one_ended(scene: Scene) -> None:
    tokens = tell_by_token(scene)
    scene.make_sale()
    scene.pull("account")
    assert scene.pull("order")["created"] == 1
    scene.make_sale()
    scene.pull("account")
    assert scene.pull("order") == {"created": 1}, "the first is not read again"
    assert tokens.asked == [None, {"token": 0}]
    (cursor,) = scene.rows(Cursor, stream="sale")
    assert isinstance(cursor, Cursor)
    assert cursor.resume == {"token": 1}


def test_a_plan_reads_from_the_token_and_moves_it_nowhere(scene: Scene) -> None:
    tokens = tell_by_token(scene)
    scene.make_sale()
    scene.pull("account")
    scene.pull("order")
    make_plan(scene.hub, "erp", ["order"], "test")
    assert tokens.asked[-1] == {"token": 0}
    (cursor,) = scene.rows(Cursor, stream="sale")
    assert isinstance(cursor, Cursor)
    assert cursor.resume == {"token": 0}


def test_a_token_that_expired_is_not_asked_for_again(scene: Scene) -> None:
    tokens = tell_by_token(scene)
    scene.make_sale()
    scene.pull("account")
    scene.pull("order")
    tokens.expired = True
    scene.make_sale()
    scene.pull("account")
    assert scene.pull("order") == {"unchanged": 1, "created": 1}
    tokens.expired = False
    assert scene.pull("order") == {}
    assert tokens.asked == [None, {"token": 0}, None, {"token": 1}]


def _pull_with_one_deleted(scene: Scene) -> Binding:
    scene.make_sale()
    sale = scene.make_sale()
    scene.pull("account")
    scene.pull("order")
    scene.wang.delete("sale", sale["id"])
    scene.pull("order")
    (binding,) = scene.rows(Binding, kind="order", remote_id=sale["id"])
    assert isinstance(binding, Binding)
    payloads = scene.rows(Payload, stream="sale", external_id=sale["id"])
    assert len(payloads) == 1, "what was last said of it is kept, and nothing empty"
    return binding


def test_a_deletion_that_is_told_without_anything_else_waits_for_a_person(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"direction": "in"})
    tell_by_token(scene)
    binding = _pull_with_one_deleted(scene)
    assert (binding.stage, binding.parked) == (Stage.GONE, "protocol.deleted_there")
    assert [row.state.value for row in scene.records("order") if row.id == binding.hub_id] == ["draft"]


def test_where_deleting_is_cancelling_the_record_is_void(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"direction": "in"})
    tell_by_token(scene, deletion_voids=True)
    binding = _pull_with_one_deleted(scene)
    assert (binding.state, binding.parked) == (BindingState.TOMB, None)
    assert [row.state.value for row in scene.records("order") if row.id == binding.hub_id] == ["void"]


def test_a_deletion_of_something_never_seen_is_nothing(scene: Scene) -> None:
    tokens = tell_by_token(scene)
    scene.make_sale()
    scene.pull("account")
    scene.pull("order")
    tokens._known[0]["S999"] = 1
    assert scene.pull("order") == {"unchanged": 1}


@pytest.mark.parametrize(
    ("versioned", "known", "seen", "kept"), [(True, 9, 5, 9), (False, 9, 5, 5), (False, 9, None, 9)]
)
def test_the_version_to_remember(versioned: bool, known: int, seen: int | None, kept: int) -> None:
    assert follow_version(make_policy(versioned=versioned), known, seen) == kept


def test_names_of_versions_become_numbers_that_a_database_keeps() -> None:
    one, other = digest_version('"abc"'), digest_version('"abd"')
    assert one == digest_version('"abc"') != other
    assert 0 <= one < 2**63
