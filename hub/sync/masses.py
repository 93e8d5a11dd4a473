"""What of a plan is too large to be taken for granted, weighed as the plan is rehearsed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.decide import Action, Op
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import Cursor
from hub.sync.context import Hub
from hub.sync.ingest import Ingested
from hub.sync.lookahead import is_full_reading, weigh_ingested
from hub.sync.mass import MISSING, READ, find_excess, weigh_changes
from hub.sync.stops import AGAIN, GONE, IN, OUT, Evidence, count_known, find_stop, limits_of, make_stop


@dataclass
class Masses:
    """The weights of one rehearsal, by (kind, way). ``begin`` every kind before anything of it is taken in."""

    tx: UnitOfWork
    hub: Hub
    connection: str
    known: dict[str, int] = field(default_factory=dict)
    way: dict[str, str] = field(default_factory=dict)
    found: dict[tuple[str, str], Evidence] = field(default_factory=dict)

    def begin(self, kind: str, read_count: int) -> None:
        stream = self.hub.open(self.connection).stream_of(kind)
        again = find_stop(self.tx, self.connection, kind, AGAIN)
        cursor = self.tx.get(Cursor, connection=self.connection, stream=stream.name)
        self.known[kind] = count_known(self.tx, self.connection, kind)
        self.way[kind] = AGAIN if again else IN
        carried = Counter(cursor.tally) if cursor is not None and not again else Counter[str]()
        carried[READ] += read_count
        if cursor is not None and cursor.under_way and is_full_reading(cursor) and cursor.reading_high is not None:
            carried[MISSING] = max(0, self.known[kind] - carried[READ])
        self.found[kind, self.way[kind]] = Evidence(kind, carried)
        self.found[kind, OUT] = Evidence(kind)

    def add_reading(self, kind: str, remote_id: str, done: Ingested) -> None:
        if kind in self.way:
            weight = weigh_ingested(kind, done)
            self.found[kind, self.way[kind]].add(self.tx, weight, done.changes, done.record_id, remote_id)

    def add_write(self, binding: Binding, action: Action) -> None:
        """A new document loses nothing there."""
        if binding.remote_id is None or action.op in (Op.CREATE, Op.NEXT_REVISION):
            return
        changes = {name: (action.old.get(name), value) for name, value in action.patch.items()}
        weight = weigh_changes(find_kind(binding.kind), changes, lost=action.op is Op.VOID)
        self.found[binding.kind, OUT].add(self.tx, weight, changes, binding.hub_id, binding.remote_id)

    def find(self) -> list[MassStop]:
        """What needs a person's eye, the stop over vanished documents included."""
        masses = []
        for (kind, way), evidence in sorted(self.found.items()):
            limits = limits_of(self.hub, self.connection, kind)
            known = self.known[kind]
            if over := find_excess(evidence.tally, known, limits):
                masses += [
                    make_stop(self.hub, self.tx, self.connection, kind, each, over, known, evidence)
                    for each in self._list_ways(kind, way)
                ]
        # what has vanished was weighed when it was looked for
        vanished = [find_stop(self.tx, self.connection, kind, GONE) for kind in sorted(self.known)]
        return masses + [stop for stop in vanished if stop is not None]

    def _list_ways(self, kind: str, way: str) -> tuple[str, ...]:
        """What a sweep stopped at may be what the feed is stopped at as well: then it is let pass on both ways."""
        fed = way == AGAIN and find_stop(self.tx, self.connection, kind, IN) is not None
        return (AGAIN, IN) if fed else (way,)
