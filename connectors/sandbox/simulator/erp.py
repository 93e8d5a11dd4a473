"""The simulated ERP itself: state in memory, rules, versions, and time from a clock that it is handed."""

from __future__ import annotations

import functools
import heapq
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.simulator import workflow
from connectors.sandbox.simulator.amounts import complete_totals
from connectors.sandbox.simulator.papers import BOOKED, complete_paper, list_named
from connectors.sandbox.simulator.sales import fill_in, merge_rows
from connectors.sandbox.simulator.settings import USER, SandboxSettings
from connectors.sandbox.simulator.shapes import (
    ALWAYS_OPEN,
    DOCUMENTS,
    KINDS_BY_LETTER,
    LISTS,
    SHAPES,
    ErpRefused,
    check_values,
)
from connectors.sandbox.simulator.tables import Document, Position, ReferenceIndex, Table
from hub.sdk import Clock
from hub.sdk.simulator import WallClock

KEPT_LOG = 20_000
FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One applied change."""

    at: datetime
    by: str
    action: str
    kind: str
    id: str
    version: int


class SandboxErp:
    """An ERP with partners, items, sales, deliveries, invoices and payments. Same settings, seed, clock
    and calls give the same history.

    ``by`` is who acts: ``settings.USER`` is the integration user, anything else a person's name. Every refusal is an
    :class:`ErpRefused`. What is returned is a stored version: read it, never change it. Safe over threads.
    """

    def __init__(
        self, settings: SandboxSettings | None = None, clock: Clock | None = None, rng: random.Random | None = None
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.clock: Clock = clock or WallClock()
        self.lock = threading.RLock()
        self.log: deque[LogEntry] = deque(maxlen=KEPT_LOG)
        self.effective_once: set[str] = set()
        """Ids of documents that were ever approved: what counts when duplicates are looked for."""
        self.closed_through = self.settings.closed_through
        """Up to this day the books are closed; empty: open."""
        self._random = rng or random.Random(0)
        self._tables = {kind: Table() for kind in SHAPES}
        self._counts: Counter[str] = Counter()
        self._refs = {kind: ReferenceIndex() for kind in SHAPES}
        self._papers: dict[str, set[tuple[str, str]]] = {}
        """Id of a document → (kind, id) of those that ever hung on it."""
        self._late: list[tuple[datetime, int, Callable[[], object]]] = []

    # ---- reading -----------------------------------------------------------------------------------------------

    def read(self, kind: str, id: str, *, lagging: bool = False) -> Document:
        """One document; ``lagging`` reads what a list would show."""
        with self.lock:
            table = self._table(kind)
            found = table.visible(id, self.clock.now()) if lagging else table.newest(id)
        if found is None or found.get("deleted"):
            raise ErpRefused("not_found", f"there is no {kind} {id}")
        return found

    def list_changes(self, kind: str, since: str, after: Position | None, limit: int) -> Sequence[Document]:
        """Documents changed at or after ``since`` (as in ``modified_at``; empty: all), by (change time, id)."""
        limit = max(1, min(limit, self.settings.max_page))
        with self.lock:
            return self._table(kind).changes(since, after, limit, self.clock.now())

    def find(self, kind: str, prefix: str) -> list[Document]:
        """By our reference, void ones included; with the lag of a list."""
        if self.settings.tier_of(kind) == "blind" or not prefix:
            raise ErpRefused("invalid", f"{kind} cannot be searched by reference {prefix!r}", "our_ref")
        with self.lock:
            now, table = self.clock.now(), self._table(kind)
            seen = [table.visible(id, now) for id in self._refs[kind].starting_with(prefix)]
        return [document for document in seen if document is not None and not document.get("deleted")]

    def find_by_tax_id(self, tax_id: str) -> list[Document]:
        return [document for document in self._visible("partner") if document["tax_id"] == tax_id]

    def list_ids(self, kind: str) -> list[str]:
        return [document["id"] for document in self._visible(kind)]

    def documents(self, kind: str) -> list[Document]:
        """The truth: every document, deleted ones too. For tests and for people who watch."""
        with self.lock:
            return self._table(kind).all_newest()

    # ---- writing -----------------------------------------------------------------------------------------------

    def create(
        self, kind: str, values: Mapping[str, Any], by: str = USER, *, our_ref: str = "", status: str | None = None
    ) -> Document:
        """A new document. ``our_ref`` is written here and never again."""
        with self.lock:
            shape = SHAPES[kind]
            kept = check_values(shape, values, self.settings)
            self._check_ref(kind, our_ref, by)
            document = {"id": "", **shape.defaults, **shape.computed, **kept, "our_ref": our_ref}
            for name in shape.required:
                if not document[name]:
                    raise ErpRefused("invalid", f"{kind} needs {name}", name)
            if kind in DOCUMENTS:
                document["status"] = workflow.first_status(self.settings, status, by, kind)
                document["date"] = document["date"] or f"{self.clock.now():%Y-%m-%d}"
                self._check_period(kind, document)
                document = self._complete(kind, document, document[LISTS[kind]], ())
                counter = "number" if kind == "sale" else f"number of {kind}"
                document["number"] = f"{DOCUMENTS[kind]}{self._count(counter):04d}"
            document |= {"id": f"{shape.letter}{self._count(kind)}", "version": 0, "created_by": by, "touched": False}
            if our_ref:
                self._refs[kind].add(our_ref, document["id"])
            return self._store(kind, document, by, "create")

    def change(
        self, kind: str, id: str, values: Mapping[str, Any], by: str = USER, *, if_version: int | None = None
    ) -> Document:
        """Change the named fields; the same values again change nothing. ``lines`` and ``allocations`` are the
        complete wanted lists."""
        with self.lock:
            old = self.read(kind, id)
            self._check_version(old, if_version, looked_at=self.settings.compare_and_set)
            new = {**old, **check_values(SHAPES[kind], values, self.settings)}
            if kind in DOCUMENTS:
                new = self._complete(kind, new, values.get(LISTS[kind]), old[LISTS[kind]])
            changed = [name for name in values if new[name] != old[name]]
            if not changed:
                return old
            if kind in DOCUMENTS:
                workflow.check_edit(self.settings, old, changed, by)
                if not set(changed) <= ALWAYS_OPEN:
                    self._check_period(kind, old, new)
            return self._store(kind, new, by, "change")

    def act(self, name: str, id: str, by: str = USER, *, if_version: int | None = None) -> Document:
        """A step of a document's workflow: submit, approve, reopen, void, close. Already there counts as success."""
        with self.lock:
            kind = KINDS_BY_LETTER.get(id[:1], "sale")
            document, action = self.read(kind, id), workflow.ACTIONS[name]
            if document["status"] in action.done:
                return document
            confirms = name in ("submit", "approve")
            looked_at = self.settings.confirms_version if confirms else self.settings.compare_and_set
            self._check_version(document, if_version, looked_at=looked_at)
            workflow.check_action(self.settings, document, name, by, held=self.is_held(document))
            self._check_period(kind, document)
            return self._store(kind, {**document, "status": action.after}, by, name)

    def merge(self, id: str, into: str, by: str = USER, *, if_version: int | None = None) -> Document:
        """A partner is part of another one, or of none (``into`` empty); as it is already counts as success. What was
        booked under it stays."""
        with self.lock:
            partner = self.read("partner", id)
            if self.settings.tells_merge != "call":
                raise ErpRefused("forbidden", "partners cannot be merged in this installation")
            if into == partner["merged_into"]:
                return partner
            self._check_version(partner, if_version, looked_at=self.settings.compare_and_set)
            if into:
                other = self._read_named("partner", into, "into")
                if into == id or other["merged_into"]:
                    raise ErpRefused("invalid", f"into: {into} is part of {other['merged_into'] or id} itself", "into")
            return self._store("partner", {**partner, "merged_into": into}, by, "merge")

    def mark(self, id: str, by: str, **facts: Any) -> Document:
        """What other parts of the ERP write into an effective sale: ``shipping``, ``live_children``."""
        with self.lock:
            sale = self.read("sale", id)
            if sale["status"] not in workflow.EFFECTIVE:
                raise ErpRefused("locked", f"{sale['number']} is {sale['status']}: it is not in effect", "status")
            return self._store("sale", {**sale, **facts}, by, "mark")

    def delete(self, kind: str, id: str, by: str = USER, *, if_version: int | None = None) -> None:
        """Remove it for good. Partners and items can be deleted by people, while no living document names them."""
        with self.lock:
            old = self.read(kind, id)
            self._check_version(old, if_version, looked_at=self.settings.compare_and_set)
            if kind in DOCUMENTS:
                workflow.check_delete(old, by, held=self.is_held(old))
                self._check_period(kind, old)
            elif by == USER or self._is_used(id):
                raise ErpRefused("locked", f"{kind} {id} cannot be deleted by {by}")
            self._store(kind, {**old, "deleted": True}, by, "delete")

    def is_held(self, document: Document) -> bool:
        """Whether living documents hang on it: what was delivered, invoiced or paid, or what takes it back."""
        found = (self._tables[kind].newest(id) for kind, id in self._papers.get(document["id"], ()))
        return bool(document.get("live_children")) or any(
            paper is not None and not paper.get("deleted") and paper["status"] != workflow.VOID
            and document["id"] in list_named(KINDS_BY_LETTER[paper["id"][:1]], paper)
            for paper in found
        )  # fmt: skip

    # ---- time --------------------------------------------------------------------------------------------------

    def postpone(self, delay_s: float, action: Callable[[], object]) -> None:
        """Let a write happen later, when nobody waits for it any more."""
        with self.lock:
            due = self.clock.now() + timedelta(seconds=delay_s)
            heapq.heappush(self._late, (due, self._count("late"), action))

    def tick(self) -> int:
        """Apply the late writes that are due, in order; how many there were. A refusal of one is nobody's business."""
        done = 0
        with self.lock:
            while self._late and self._late[0][0] <= self.clock.now():
                _, _, action = heapq.heappop(self._late)
                done += 1
                try:
                    action()
                except ErpRefused:
                    continue
        return done

    @property
    def late_writes(self) -> int:
        """How many writes are still on their way."""
        return len(self._late)

    # ---- inside ------------------------------------------------------------------------------------------------

    def _table(self, kind: str) -> Table:
        if kind not in self._tables:
            raise ErpRefused("not_found", f"there is no kind {kind!r}")
        return self._tables[kind]

    def _visible(self, kind: str) -> list[Document]:
        with self.lock:
            seen = self._table(kind).all_visible(self.clock.now())
        return [document for document in seen if not document.get("deleted")]

    def _count(self, name: str) -> int:
        self._counts[name] += 1
        return self._counts[name]

    def _check_ref(self, kind: str, our_ref: str, by: str) -> None:
        tier = self.settings.tier_of(kind)
        if tier == "blind" and our_ref:
            raise ErpRefused("invalid", f"{kind} has no field 'our_ref'", "our_ref")
        if tier == "unique" and by == USER and our_ref:
            for id in self._refs[kind].starting_with(our_ref):
                known = self._tables[kind].newest(id)
                if known and (known["our_ref"], known["created_by"]) == (our_ref, USER) and not known.get("deleted"):
                    raise ErpRefused("duplicate", f"{id} has the reference {our_ref}", "our_ref")

    def _check_version(self, document: Document, if_version: int | None, *, looked_at: bool) -> None:
        if looked_at and if_version is not None and document["version"] != if_version:
            raise ErpRefused("stale", f"{document['id']} has version {document['version']}, not {if_version}")

    def _check_period(self, kind: str, *versions: Mapping[str, Any]) -> None:
        for version in versions if kind in BOOKED and self.closed_through else ():
            if version["date"] <= self.closed_through:
                words = f"{version['date']}: the books are closed through {self.closed_through}"
                raise ErpRefused("closed", words, "date")

    def _complete(
        self, kind: str, document: Mapping[str, Any], wanted: Any, old_rows: Sequence[Document]
    ) -> dict[str, Any]:
        """The document with its rows and everything that is worked out from them."""
        name = LISTS[kind]
        rows: Sequence[Document] = old_rows
        if wanted is not None:
            if not isinstance(wanted, list | tuple) or not all(isinstance(row, dict) for row in wanted):
                raise ErpRefused("invalid", f"{name} must be a list of objects", name)
            rows = merge_rows(kind, wanted, old_rows, lambda: f"L{self._count('line')}")
        if kind != "payment":
            read_item = functools.partial(self._read_named, "item", field="lines.item")
            rows = [fill_in(row, read_item) for row in rows] if wanted is not None else rows
        full = {**document, name: list(rows)}
        if kind == "sale":
            self._read_named("partner", document["customer"], "customer")
            return complete_totals(full, self.settings.rounding)
        return complete_paper(kind, full, self._read_named, self.settings)

    def _read_named(self, kind: str, id: str, field: str) -> Document:
        found = self._tables[kind].newest(id)
        if found is None or found.get("deleted"):
            raise ErpRefused("invalid", f"{field}: there is no {kind} {id!r}", field)
        return found

    def _is_used(self, id: str) -> bool:
        return any(
            document["customer"] == id or any(row.get("item") == id for row in document[LISTS[kind]])
            for kind in DOCUMENTS
            for document in self._tables[kind].all_newest()
            if not document.get("deleted") and document["status"] != workflow.VOID
        )

    def _store(self, kind: str, document: Mapping[str, Any], by: str, action: str) -> Document:
        """The one place where a version comes into being."""
        now = self.clock.now()
        version = document["version"] + 1
        touched = document["touched"] or (by != USER and version > 1)
        stored = {**document, "version": version, "modified_at": self._stamp(now), "changed_by": by, "touched": touched}
        if kind in DOCUMENTS:
            for named in list_named(kind, stored):
                self._papers.setdefault(named, set()).add((kind, stored["id"]))
            if stored["status"] in workflow.EFFECTIVE:
                self.effective_once.add(stored["id"])
        lag = self._random.uniform(0, self.settings.lag_s) if self.settings.lag_s else 0
        self._tables[kind].put(stored, now + timedelta(seconds=lag), now)
        self.log.append(LogEntry(now, by, action, kind, stored["id"], version))
        return stored

    def _stamp(self, now: datetime) -> str:
        step = round(self.settings.granularity_s * 1_000_000)
        if step:
            now -= (now - FIRST_DAY) % timedelta(microseconds=step)
        return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
