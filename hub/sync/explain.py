"""Why a record is as it is: for each field its value, who says so, the rule of the mapping that made it, what others
say and why that does not hold, and when and by whom it last changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.errors import NotFound
from hub.identity.survive import HUB, Claim, explain_choice
from hub.mapping import Explained, explain_mapping
from hub.mapping import Mapping as FieldMapping
from hub.model.kinds import find_kind, refuse_field
from hub.protocol.binding import Binding
from hub.store import UnitOfWork
from hub.store.bookkeeping import open_payload
from hub.store.rows import Image, JournalEntry, Payload
from hub.sync.context import Hub, OpenConnection
from hub.sync.intent import list_values
from hub.sync.resolve import read_claim
from hub.sync.show import show_field
from hub.sync.translate import make_context, read_given

COMPUTED = "rule"
"""The source of a value that nobody claims: a rule of the kind computes it."""
_HISTORY = 500


@dataclass(frozen=True)
class Step:
    """How one value came out of the source's record. ``table``: the code table that it went through; ``code_from``:
    where that table has the code from (``config`` or ``system``)."""

    field: str
    path: str
    raw: Any
    rule: str
    value: Any
    file: str
    line: int
    table: str | None = None
    code_from: str | None = None


@dataclass(frozen=True)
class OtherValue:
    """What another source says; ``lost`` is the code of the reason why that does not hold."""

    source: str
    value: Any
    changed_at: str | None
    lost: str


@dataclass(frozen=True)
class LastChange:
    """The journal's last word on the field."""

    at: datetime
    actor: str
    old: Any
    new: Any
    connection: str | None = None
    run_id: UUID | None = None


@dataclass(frozen=True)
class FieldStory:
    """One field. ``source`` is ``hub``, ``<connection>/<stream>/<external id>``, or ``rule``; ``origin`` the path
    there, or the person who typed it; ``won`` the name of the rule by which it holds (``explain_choice``);
    ``outdated``: the mapping was changed since."""

    field: str
    value: Any
    source: str
    origin: str
    changed_at: str | None
    won: str = "only"
    version: int | None = None
    mapping_version: str | None = None
    outdated: bool = False
    steps: tuple[Step, ...] = ()
    others: tuple[OtherValue, ...] = ()
    last_change: LastChange | None = None


def explain_record(hub: Hub, kind: str, record_id: UUID, name: str | None = None) -> list[FieldStory]:
    """Every field, or the one called ``name`` (``custom.grade`` too). ``NotFound`` without the record;
    ``ConfigInvalid`` names the fields when there is none of that name."""
    with hub.store.read() as tx:
        record = tx.get(find_kind(kind), id=record_id)
        if record is None:
            raise NotFound("sync.record_unknown", kind=kind, text=str(record_id))
        sources = tx.find(Image, record_kind=kind, record_id=record_id)
        connections = {row.connection for row in sources if row.connection is not None}
    opened = {name: hub.open(name).with_codes() for name in sorted(connections & _list_syncing(hub, kind))}
    with hub.store.read() as tx:
        record = tx.get(find_kind(kind), id=record_id) or record
        images = tx.find(Image, record_kind=kind, record_id=record_id, order=["source"])
        values = list_values(record)
        if name is not None and name not in values:
            raise refuse_field(kind, name)
        telling = _Telling(tx, hub, opened, kind, images, _read_journal(tx, record_id))
        return [telling.tell(field, value) for field, value in values.items() if name in (None, field)]


def _list_syncing(hub: Hub, kind: str) -> set[str]:
    """Connections where the kind is configured."""
    return {name for name, settings in hub.config.connections.items() if kind in settings.syncs}


def _read_journal(tx: UnitOfWork, record_id: UUID) -> dict[str, LastChange]:
    """Field → the newest entry that names it."""
    found: dict[str, LastChange] = {}
    for row in tx.find(JournalEntry, record_id=record_id, order=["-at", "-id"], limit=_HISTORY):
        for name, (old, new) in row.detail.get("changes", {}).items():
            found.setdefault(name, LastChange(row.at, row.actor, old, new, row.connection, row.run_id))
    return found


@dataclass
class _Telling:
    """One record being explained; each source's record is translated once."""

    tx: UnitOfWork
    hub: Hub
    opened: Mapping[str, OpenConnection]
    kind: str
    images: Sequence[Image]
    journal: Mapping[str, LastChange]
    _explained: dict[str, Sequence[Explained]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_source = {image.source: image for image in self.images}
        self.claims = [read_claim(self.tx, image, self.kind) for image in self.images]

    def tell(self, name: str, value: Any) -> FieldStory:
        shown = show_field(self.tx, self.kind, name, value)
        last = self.journal.get(name) or self.journal.get(name.partition(".")[0])
        number = find_kind(self.kind).NUMBER
        found = explain_choice(
            name, self.claims, lambda conn, field: self.hub.owner_of(conn, self.kind, field), number_field=number,
            preferences=self.hub.preferences_of(self.kind),
        )  # fmt: skip
        if found is None:
            return FieldStory(name, shown, COMPUTED, "", None, last_change=last)
        chosen, won, others = found
        image = self.by_source[chosen.source]
        conn = self._find_connection(image)
        current = conn.mapping_of(self.kind).version if conn is not None else image.mapping_version
        return FieldStory(
            name, shown, image.source, image.origins.get(name, ""), image.changed.get(name), won,
            version=image.version or None,
            mapping_version=image.mapping_version or None,
            outdated=bool(image.mapping_version) and image.mapping_version != current,
            steps=self._list_steps(image, conn, name),
            others=tuple(self._tell_other(claim, name, won) for claim in others),
            last_change=last,
        )  # fmt: skip

    def _tell_other(self, claim: Claim, name: str, won: str) -> OtherValue:
        shown = show_field(self.tx, self.kind, name, claim.values[name])
        return OtherValue(claim.source, shown, claim.changed[name].isoformat(), f"sync.lost_{won}")

    def _find_connection(self, image: Image) -> OpenConnection | None:
        """The connection of a source, unless it or the kind is no longer configured there."""
        conn = self.opened.get(image.connection or "")
        return conn if conn is not None and self.kind in conn.mappings else None

    # ------------------------------------------------------------ how the mapping made it

    def _list_steps(self, image: Image, conn: OpenConnection | None, name: str) -> tuple[Step, ...]:
        if image.source == HUB or conn is None:
            return ()
        if image.source not in self._explained:
            self._explained[image.source] = self._explain_source(image, conn)
        mapping = conn.mapping_of(self.kind)
        mine = [row for row in self._explained[image.source] if _is_about(row.field, name)]
        return tuple(_make_step(mapping, conn, row) for row in mine)

    def _explain_source(self, image: Image, conn: OpenConnection) -> Sequence[Explained]:
        """The newest kept payload, value by value; nothing when it was removed."""
        where: dict[str, Any] = {"stream": image.stream, "external_id": image.external_id}
        kept = self.tx.find(Payload, connection=conn.name, order=["-at", "-id"], limit=1, **where)
        if not kept:
            return ()
        external_id = image.external_id or ""
        rows = self.tx.find(Binding, connection=conn.name, kind=self.kind, remote_id=external_id, limit=1)
        mapping = conn.mapping_of(self.kind)
        context = make_context(self.tx, self.hub, conn, rows[0] if rows else None)
        given = read_given(self.tx, mapping, conn.name, external_id)
        return explain_mapping(mapping, open_payload(kept[0]), dataclasses.replace(context, given=given))


def _is_about(row: str, name: str) -> bool:
    """``lines[3].unit`` and ``identifiers.uscc`` are about the lists that they stand in."""
    return row == name or row.startswith((f"{name}[", f"{name}."))


def _make_step(mapping: FieldMapping, conn: OpenConnection, row: Explained) -> Step:
    table = _find_table(mapping, row)
    code_from = None
    if table is not None:
        code_from = "config" if str(row.raw) in conn.settings.codes.get(table, {}) else "system"
    return Step(row.field, row.path, row.raw, row.rule, row.value, row.file, row.line, table, code_from)


def _find_table(mapping: FieldMapping, row: Explained) -> str | None:
    """The code table of the rule at that place of the file."""
    plans = [*mapping.plans, *(plan for parts in mapping.lists.values() for part in parts for plan in part.plans)]
    for plan in plans:
        if (plan.rule.file, plan.rule.line, plan.rule.text) == (row.file, row.line, row.rule):
            table = plan.rule.verbs.get("code")
            return None if table is None else str(table)
    return None
