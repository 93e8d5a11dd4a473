"""The steps of the shipped code that are replaced by broken ones. Each names what it breaks: (module, name) and what
stands there instead."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hub.errors import IsthmusError, MappingError
from hub.model.kinds import find_kind
from hub.protocol import decide as deciding
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op
from hub.protocol.reference import parse_reference, search_prefix
from hub.protocol.semantics import ALL_FIELDS, Policy, Stage
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.sync import derive, lease, lookup, match, resolve, rewound
from hub.sync.arrival import Arrival
from hub.sync.context import Hub
from hub.sync.steps import STEPS, StepFunction
from hub.sync.work import DONE, Step, Work
from tests.storm.schedule import Distort, Storm

SHIPPED = dict(STEPS)


@dataclass(frozen=True)
class Breakage:
    """``distort``: another policy; ``steps``: other steps of push; ``parts``: (module, name) → what stands there;
    ``rig``: what is done to a storm before it begins."""

    distort: Distort | None = None
    steps: Mapping[Op, StepFunction] = field(default_factory=dict)
    parts: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    rig: Callable[[Storm], None] | None = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """While this lasts, the code is broken."""
        table: Any = STEPS
        kept = {op: table[op] for op in self.steps}
        homes = {place: importlib.import_module(place[0]) for place in self.parts}
        parts = {place: getattr(homes[place], place[1]) for place in self.parts}
        try:
            table.update(self.steps)
            for place, part in self.parts.items():
                setattr(homes[place], place[1], part)
            yield
        finally:
            table.update(kept)
            for place, part in parts.items():
                setattr(homes[place], place[1], part)


def declare(policy: Policy, **declared: Any) -> Policy:
    return dataclasses.replace(policy, semantics=dataclasses.replace(policy.semantics, **declared))


# ---- policies --------------------------------------------------------------------------------------------------------


def no_quiet(policy: Policy) -> Policy:
    """Bounds declared far too optimistically: no quiet period to speak of."""
    return declare(policy, d_max_s=0.0, lag_s=0.0)


def alone_with_drafts(policy: Policy) -> Policy:
    """Nobody else approves our drafts, it says; so an ambiguous create waits for nothing."""
    return declare(policy, exclusive_confirm=True)


def raw_values(policy: Policy) -> Policy:
    """What the other side does to texts is not declared."""
    return declare(policy, normalisers={})


def edit_anything(policy: Policy) -> Policy:
    """Every state takes every edit, it says."""
    return declare(policy, editable=dict.fromkeys(Stage, ALL_FIELDS))


class NoOverlap(Policy):
    """A pull begins exactly where the last one ended."""

    @property
    def overlap_s(self) -> float:
        return 0.0


def no_overlap(policy: Policy) -> Policy:
    return NoOverlap(**{item.name: getattr(policy, item.name) for item in dataclasses.fields(policy)})


# ---- steps of push ---------------------------------------------------------------------------------------------------


def search_nothing(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A search that never finds anything: an unknown create is simply made again."""
    return Step(False, Search())


def trust_sending(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A patch that was sent counts as done."""

    def settle(tx: UnitOfWork) -> Step:
        work.release(tx, dirty=False)
        return DONE

    return _and_then(SHIPPED[Op.PATCH](tx, work, binding, intent, action), settle)


def _and_then(step: Step, follow: Callable[[UnitOfWork], Step | None]) -> Step:
    """The same call; ``follow`` has the last word about its answer, unless it gives None."""
    call = step.call
    if call is None:
        return step

    def take(tx: UnitOfWork, answer: Any) -> Step:
        shipped = call.take(tx, answer)
        return follow(tx) or shipped

    return dataclasses.replace(step, call=dataclasses.replace(call, take=take))


def forget_sent(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Forget which values we tried to write."""
    step = SHIPPED[Op.PATCH](tx, work, binding, intent, action)
    tx.save(work.own(tx).model_copy(update={"sent": {}}))
    return step


def confirm_spare(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Confirm every draft that carries our reference, not only the one that was adopted."""
    step = SHIPPED[Op.CONFIRM](tx, work, binding, intent, action)
    call = step.call
    if call is None:
        return step

    def make() -> Any:
        for hit in work.sink.find(search_prefix(binding.ref or "")):
            if hit.stage is Stage.DRAFT and hit.external_id != binding.remote_id:
                work.sink.confirm(hit.external_id, if_version=hit.version)
        return call.make()

    return dataclasses.replace(step, call=dataclasses.replace(call, make=make))


def reverse_blindly(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Make the next revision as soon as the void was sent, seen or not."""

    def go_on(tx: UnitOfWork) -> Step | None:
        now = work.own(tx)
        if now.state is BindingState.REVERSING and now.remote_id is not None:
            return SHIPPED[Op.NEXT_REVISION](tx, work, now, intent, Action(Op.NEXT_REVISION))
        return None

    return _and_then(SHIPPED[Op.VOID](tx, work, binding, intent, action), go_on)


# ---- named parts -----------------------------------------------------------------------------------------------------


def skip_void(tx: UnitOfWork, hub: Hub, conn: Any, binding: Binding, intent: Intent, found: lookup.Found) -> Search:
    """A search whose filter hides what was cancelled."""
    shown = lookup.judge_found(tx, hub, conn, binding, intent, found)
    return dataclasses.replace(shown, hits=tuple(hit for hit in shown.hits if hit.stage is not Stage.VOID))


def confirm_first(binding: Binding, intent: Intent, seen: Any, policy: Policy, now: Any, *, epoch: int = 0) -> Action:
    """Confirm the draft as it is, and write afterwards what differs."""
    action = _DECIDE(binding, intent, seen, policy, now, epoch=epoch)
    if binding.state is BindingState.PREPARED and action.op is Op.PATCH and isinstance(seen, Snapshot):
        return Action(Op.CONFIRM, if_version=action.if_version)
    return action


_DECIDE = deciding.decide
_CHOOSE = deciding.choose_hit
_MARK = resolve.mark_bindings
_MATCH = match._match_reference
_DERIVE = derive.derive_values
_CLAIM = lease.claim_bindings
_LOOK_AGAIN = rewound._look_again


def choose_anybody(binding: Binding, search: Search) -> tuple[Snapshot | None, list[Snapshot]]:
    """Whoever made it: our reference is enough."""
    return _CHOOSE(binding, Search(tuple(dataclasses.replace(hit, created_by_us=None) for hit in search.hits)))


def is_ours_by_reference(hub: Hub, source: SourceRecord) -> bool:
    parsed = parse_reference(source.reference)
    return parsed is not None and parsed.installation == hub.installation


def is_ours_by_login(hub: Hub, source: SourceRecord) -> bool:
    """A reference that says nothing of the installation: whatever the integration user made is ours."""
    return parse_reference(source.reference) is not None and source.created_by_us is not False


def choose_any_installation(binding: Binding, search: Search) -> tuple[Snapshot | None, list[Snapshot]]:
    prefix = (binding.ref or "")[:4]
    same = [dataclasses.replace(hit, reference=prefix + (hit.reference or "")[4:]) for hit in search.hits]
    return _CHOOSE(binding, Search(tuple(same)))


def search_any_installation(conn: Any, binding: Binding, intent: Intent) -> lookup.Found:
    """The reference that is looked for has no installation in it."""
    tail = search_prefix(binding.ref or "")[4:]
    rows = conn.stream_of(binding.kind).read_page(None, None, 200).records
    return lookup.Found([row for row in rows if tail and tail in (row.reference or "")])


def no_difference(*_: Any) -> bool:
    return False


class LossyMarks:
    """The intent is only in a message, and every third one is lost."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, tx: Any, hub: Hub, record: Any, *, cause: Binding | None, rows: Any = None) -> Any:
        self.count += cause is None
        return [] if cause is None and self.count % 3 == 0 else _MARK(tx, hub, record, cause=cause, rows=rows)


def match_first_draft(arrival: Arrival, parsed: Any) -> Any:
    """A pull that meets a draft of ours takes it, although only a search sees all candidates."""
    rows = arrival.tx.find(Binding, connection=arrival.conn.name, kind=arrival.kind, hub_id=parsed.hub_id)
    waits = [row for row in rows if row.ours and row.remote_id is None and row.revision == parsed.revision]
    if waits and arrival.source.stage is Stage.DRAFT:
        return match.Matched(match.adopt_document(arrival.policy, waits[0], match._bare(arrival), ours=True))
    return _MATCH(arrival, parsed)


def confirm_at_sight(arrival: Arrival, binding: Binding) -> Any:
    """A second draft of ours that a pull meets is confirmed like the first."""
    if arrival.source.stage is Stage.DRAFT:
        with contextlib.suppress(IsthmusError):
            arrival.conn.sinks[arrival.kind].confirm(arrival.source.external_id, if_version=None)
    return match.Matched(binding, outcome="spare")


def match_flat(arrival: Arrival, parsed: Any) -> Any:
    """A higher revision than ours means nothing."""
    return _MATCH(arrival, dataclasses.replace(parsed, revision=0))


def choose_flat(binding: Binding, search: Search) -> tuple[Snapshot | None, list[Snapshot]]:
    same = [hit for hit in search.hits if hit.parsed is not None and hit.parsed.revision == binding.revision]
    return _CHOOSE(binding, Search(tuple(same)))


def forget_end(binding: Binding, snapshot: Snapshot, policy: Policy) -> dict[str, Any]:
    """That a document ended is not remembered: there seems to be none yet."""
    return {"state": BindingState.NEW, "remote_id": None, "attempts": 0, "dirty": True, "held": {}}


def increment_paid(tx: Any, kind: str, record_id: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was paid is added to what was paid before, each time that it is told."""
    derived = _DERIVE(tx, kind, record_id, values)
    before = tx.get(find_kind(kind), id=record_id)
    if "paid" in derived and before is not None:
        derived["paid"] += before.paid
    return derived


def claim_unfenced(hub: Hub, conn: Any, kind: str, binding_ids: Sequence[Any], **more: Any) -> list[Work]:
    """Whoever comes works on it: no lease is looked at, and no fence moves."""
    with hub.store.write() as tx:
        for row in tx.find(Binding, id__in=list(binding_ids)):
            tx.save(row.model_copy(update={"lease_until": None, "fence": row.fence - 1}))
    return _CLAIM(hub, conn, kind, binding_ids, **more)


def look_again_at_once(row: Binding, policy: Policy | None, now: Any) -> dict[str, Any]:
    """After a rewind nothing waits for what is still on its way."""
    return {**_LOOK_AGAIN(row, policy, now), **({"not_before": None} if row.remote_id is None else {})}


def always_ready(*_: Any) -> Parent:
    return Parent.READY


def send_without_parent(tx: Any, hub: Hub, conn: Any, binding: Binding, values: Any, only: Any) -> Any:
    """The layer behind it off too: a reference to what is not there is left empty."""
    from hub.sync.translate import write_payload

    try:
        return write_payload(tx, hub, conn, binding, values, only)
    except MappingError:
        kept = {name: value for name, value in values.items() if name != "allocations"}
        return write_payload(tx, hub, conn, binding, kept, frozenset(kept))


def now_alone(tx: Any, kind: str, record_id: Any, source: str, names: Sequence[str], now: Any) -> dict[str, str]:
    """The last word is whose clock is ahead."""
    return dict.fromkeys(names, now.isoformat())


def nothing_in_time(work: Work, started_s: float) -> None:
    """A worker that slept sends all the same."""


def no_check(*_: Any, **__: Any) -> Any:
    return False


def no_alikes(*_: Any, **__: Any) -> list[Any]:
    return []


def forget_awaited(*_: Any, **__: Any) -> list[Any]:
    """What waits for another record is never taken up again."""
    return []


# ---- the storm -------------------------------------------------------------------------------------------------------


class PayloadReceiver:
    """Applies what a call's body says, in the order in which calls arrive."""

    unkept_headers: frozenset[str] = frozenset()

    def __init__(self, storm: Storm) -> None:
        self._storm = storm

    def receive(self, call: Any) -> Any:
        from hub.sdk.webhooks import Received

        return Received(key=call.headers.get("x-delivery"))

    def read(self, call: Any) -> list[Any]:
        from hub.sdk.webhooks import Notice

        told = json.loads(call.body)
        stream = self._storm.hub.open("erp").streams[told["stream"]]
        row = {**told["row"], "live_children": False}
        record = dataclasses.replace(stream.make_record(row, call.received_at), version=None)  # type: ignore[attr-defined]
        return [Notice(told["stream"], told["id"], record)]


class BodiesOnly:
    """A stream of which nothing can be fetched by an event."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    fetches = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def take_bodies(storm: Storm) -> None:
    opened = storm._open("erp")
    streams: dict[str, Any] = {name: BodiesOnly(stream) for name, stream in opened.streams.items()}
    receiver: Any = PayloadReceiver(storm)
    storm._opened = dataclasses.replace(opened, receiver=receiver, streams=streams)
