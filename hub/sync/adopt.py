"""Adopt: bind what both sides already have. Writes to neither side: no value changes, here or there.

The other side is read once to see what could be the same as what, and once more, page by page, to bind it; each page
is a transaction, so adopt can be cut off and called again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hub.errors import RuleBroken, Transient
from hub.identity.likeness import show_signs
from hub.identity.pairing import RULES, Doubt, Pair, Pairing, pair_up
from hub.model.kinds import find_kind
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Cursor, DeadRow, IdentityVerdict
from hub.sync.adopt_pairs import adopt_pair, ask_about_doubt
from hub.sync.adopt_sides import Item, Sides, read_sides
from hub.sync.context import Hub, OpenConnection
from hub.sync.lookalike import name_source
from hub.sync.matching import VETOES
from hub.sync.pairs_file import NamedPair, choose_pairs, resolve_pairs
from hub.sync.pause import check_paused
from hub.sync.plan import choose_kinds
from hub.sync.verdicts import DIFFERENT, MAYBE

LEASE_S = 120.0
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class AdoptItem:
    """One record or document. ``outcome``: bound, differs (bound, and parked until a person says whose values hold),
    ambiguous (in todo), here (only here), there (only there), refused (a pair that cannot be bound)."""

    kind: str
    outcome: str
    label: str
    record_id: str | None = None
    remote_id: str | None = None
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    amount: Decimal | None = None
    amount_there: Decimal | None = None
    currency: str | None = None


@dataclass
class AdoptSum:
    """How many on each side, and for documents how much in each currency."""

    here: int = 0
    there: int = 0
    amounts_here: dict[str, Decimal] = field(default_factory=dict)
    amounts_there: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class AdoptKind:
    """One kind, all of both sides by outcome; besides those of the items: already (bound before) and ended (void, with
    no partner). ``older``: left out for their date."""

    kind: str
    sums: dict[str, AdoptSum] = field(default_factory=dict)
    older: int = 0


@dataclass
class AdoptReport:
    kinds: list[AdoptKind] = field(default_factory=list)
    items: list[AdoptItem] = field(default_factory=list)


def adopt(
    hub: Hub,
    connection: str,
    kinds: Sequence[str] | None,
    actor: str,
    *,
    by: str | None = None,
    pairs: Sequence[NamedPair] = (),
    since: date | None = None,
    progress: Progress | None = None,
) -> AdoptReport:
    """Bind what both sides have of these kinds (None: of every sync), parents first. ``by``: identifier or number
    (None: one after the other); with ``pairs`` only these are bound. ``since``: leave out older documents.

    Calling it again changes nothing, and goes on where it was cut off. ``Transient`` while a run is under way.
    """
    check_paused(hub, connection)
    chosen, conn = choose_kinds(hub, connection, kinds), hub.open(connection)
    conn.load_codes()
    report = AdoptReport()
    with _holding(hub, connection) as keep_alive:
        for kind in chosen:
            named = choose_pairs(pairs, kind, chosen)
            rules = () if pairs else (by,) if by else RULES
            work = _Adoption(hub, conn, kind, actor, since, progress, keep_alive)
            report.kinds.append(work.run(rules, named))
            report.items += work.items
    return report


@contextmanager
def _holding(hub: Hub, connection: str) -> Iterator[Callable[[], None]]:
    """No run of the connection meanwhile: its pull would take in what is about to be bound."""
    holder = f"adopt:{hub.new_id()}"

    def keep_alive() -> None:
        with hub.store.write() as tx:
            until = hub.now() + timedelta(seconds=LEASE_S)
            if tx.acquire_lease(f"run:{connection}", holder, until) is None:
                raise Transient("sync.run_under_way", connection=connection)

    keep_alive()
    try:
        yield keep_alive
    finally:
        with hub.store.write() as tx:
            tx.release_lease(f"run:{connection}", holder)


@dataclass
class _Adoption:
    """One kind under way."""

    hub: Hub
    conn: OpenConnection
    kind: str
    actor: str
    since: date | None
    progress: Progress | None
    keep_alive: Callable[[], None]
    items: list[AdoptItem] = field(default_factory=list)
    _here: dict[str, str] = field(default_factory=dict)
    _there: dict[str, str] = field(default_factory=dict)
    """What became of each, by its key."""

    def run(self, rules: Sequence[str], named: Sequence[NamedPair]) -> AdoptKind:
        sides = read_sides(self.hub, self.conn, self.kind, self.since, self._read_pages())
        keys, refused = resolve_pairs(named, sides.here, sides.there)
        for pair, error in refused:
            self._add("refused", pair.record, code=error.code, params=dict(error.params))
        apart, asked = self._load_verdicts()
        found = pair_up(
            list(sides.here.values()), list(sides.there.values()), rules=rules, named=keys,
            parties="identifiers" in find_kind(self.kind).model_fields, apart=apart, asked=asked,
        )  # fmt: skip
        self._carry_out(sides, found, asked)
        return self._sum_up(sides, found)

    def _read_pages(self) -> Iterator[Sequence[SourceRecord]]:
        """Every record there, outside of any transaction."""
        stream, position, count = self.conn.stream_of(self.kind), None, 0
        while True:
            page = stream.read_page(None, position, self.hub.page_size)
            count += len(page.records)
            if self.progress:
                self.progress(self.kind, count, None)
            self.keep_alive()
            yield page.records
            position = page.position
            if position is None:
                return

    def _load_verdicts(self) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
        """(here, there) of what a person told apart, and of what a person has been asked about."""
        prefix = f"{name_source(self.hub, self.conn.name, self.kind, '')}"
        with self.hub.store.read() as tx:
            rows = tx.find(IdentityVerdict, record_kind=self.kind, undone_at=None, source__prefix=prefix)
        edges = {(str(row.record_id), row.source.removeprefix(prefix)): row.verdict for row in rows}
        return (
            frozenset(edge for edge, verdict in edges.items() if verdict == DIFFERENT),
            frozenset(edge for edge, verdict in edges.items() if verdict == MAYBE),
        )

    # ------------------------------------------------------------ binding and asking

    def _carry_out(self, sides: Sides, found: Pairing, asked: frozenset[tuple[str, str]]) -> None:
        pairs = {pair.there: pair for pair in found.pairs}
        doubts = [doubt for doubt in found.doubts if not self._is_asked(sides, doubt, asked)]
        aside = {doubt.there: doubt for doubt in doubts if sides.there[doubt.there].partner is None}
        bound = 0
        for records in self._read_again(pairs.keys() | (aside.keys() - pairs.keys())):
            with self.hub.store.write() as tx:
                for source in records:
                    if source.external_id in pairs:
                        bound += self._adopt(tx, sides, pairs[source.external_id], source)
                    else:
                        doubt = aside[source.external_id]
                        ask_about_doubt(tx, self.hub, self.conn, self.kind, source, doubt, sides, self.actor)
        self._ask_about_bound([doubt for doubt in doubts if doubt.there not in aside or doubt.there in pairs], sides)
        if bound:
            self._rewind()

    def _is_asked(self, sides: Sides, doubt: Doubt, asked: frozenset[tuple[str, str]]) -> bool:
        """Whether a person sees this question already."""
        if doubt.code not in VETOES and not {(key, doubt.there) for key in doubt.here} <= asked:
            return False
        if sides.there[doubt.there].partner is not None:
            return doubt.code not in VETOES
        stream = self.conn.stream_of(self.kind).name
        with self.hub.store.read() as tx:
            row = tx.get(DeadRow, connection=self.conn.name, stream=stream, external_id=doubt.there)
        return row is not None and row.state == "review"

    def _read_again(self, wanted: set[str]) -> Iterator[list[SourceRecord]]:
        if not wanted:
            return
        stream = self.conn.stream_of(self.kind)
        if stream.fetches and len(wanted) <= self.hub.page_size // 4:
            fetched = [stream.fetch(key) for key in sorted(wanted)]
            yield [source for source in fetched if source is not None]
            return
        for records in self._read_pages():
            found = [source for source in records if source.external_id in wanted and source.stage is not Stage.GONE]
            if found:
                yield found

    def _adopt(self, tx: UnitOfWork, sides: Sides, pair: Pair, source: SourceRecord) -> bool:
        here, there = sides.items_here[pair.here], sides.items_there[pair.there]
        told: dict[str, Any] = {
            "record_id": pair.here, "remote_id": pair.there, "amount": here.amount, "currency": here.currency,
            "amount_there": there.amount,
        }  # fmt: skip
        try:
            with tx.savepoint():
                fields = adopt_pair(tx, self.hub, self.conn, self.kind, pair, source, self.actor)
        except RuleBroken as error:
            self._add("refused", here.label, code=error.code, params=dict(error.params), **told)
            self._here[pair.here] = self._there[pair.there] = "refused"
            return False
        code, params = ("sync.values_differ", {"fields": ", ".join(fields)}) if fields else (None, {})
        outcome = "differs" if fields else "bound"
        self._add(outcome, here.label, code=code, params={"rule": pair.rule, **params}, **told)
        self._here[pair.here] = self._there[pair.there] = outcome
        return True

    def _ask_about_bound(self, doubts: Sequence[Doubt], sides: Sides) -> None:
        """A record here resembles something that has found its partner: only the making of it there is held."""
        with self.hub.store.write() as tx:
            for doubt in doubts:
                ask_about_doubt(tx, self.hub, self.conn, self.kind, None, doubt, sides, self.actor)

    def _rewind(self) -> None:
        """The next run reads everything again, so that what was bound now is compared and taken in."""
        stream = self.conn.stream_of(self.kind).name
        again = dict.fromkeys(("high_water", "since", "position", "resume", "reading_high")) | {"under_way": False}
        with self.hub.store.write() as tx:
            cursor = tx.get(Cursor, connection=self.conn.name, stream=stream, lock=True)
            if cursor is not None and (cursor.high_water is not None or cursor.under_way):
                tx.save(cursor.model_copy(update={**again, "updated_at": self.hub.now()}))
            tx.journal(
                self.actor, "sync.adopted", kind=self.kind, connection=self.conn.name,
                counts=dict(Counter(item.outcome for item in self.items)),
            )  # fmt: skip

    # ------------------------------------------------------------ telling

    def _tell_doubt(self, sides: Sides, doubt: Doubt) -> None:
        """About what is there, or about the record here when the other one has its partner."""
        there = sides.items_there[doubt.there]
        ours = [sides.items_here[key] for key in doubt.here]
        names, signs = ", ".join(item.label for item in ours), show_signs(doubt.signs)
        params = {"name": there.label, "names": names, "signs": signs, "candidates": names, "identifiers": signs}
        amounts = [item.amount for item in ours if item.amount is not None]
        self._add(
            "ambiguous", there.label, record_id=", ".join(doubt.here), remote_id=doubt.there, code=doubt.code,
            params=params, amount=sum(amounts, Decimal(0)) if amounts else None, amount_there=there.amount,
            currency=there.currency,
        )  # fmt: skip

    def _sum_up(self, sides: Sides, found: Pairing) -> AdoptKind:
        """Everything of both sides, each once."""
        for doubt in found.doubts:
            self._tell_doubt(sides, doubt)
            self._note(doubt.there, "ambiguous", self._there)
            for key in doubt.here:
                self._note(key, "ambiguous", self._here)
        told = AdoptKind(self.kind, older=sides.older)
        for side, things, items, outcomes in (
            ("here", sides.here, sides.items_here, self._here),
            ("there", sides.there, sides.items_there, self._there),
        ):
            for key, thing in things.items():
                rest = "already" if thing.partner is not None else "ended" if thing.ended else side
                outcome = rest if rest == "already" else outcomes.get(key, rest)
                if outcome == side:
                    where = {"record_id": key} if side == "here" else {"remote_id": key}
                    money = {"amount" if side == "here" else "amount_there": items[key].amount}
                    self._add(side, items[key].label, currency=items[key].currency, **where, **money)
                _count(told.sums.setdefault(outcome, AdoptSum()), side, items[key])
        return told

    def _note(self, key: str, outcome: str, outcomes: dict[str, str]) -> None:
        outcomes.setdefault(key, outcome)

    def _add(self, outcome: str, label: str, **more: Any) -> None:
        self.items.append(AdoptItem(self.kind, outcome, label, **more))


def _count(total: AdoptSum, side: str, item: Item) -> None:
    setattr(total, side, getattr(total, side) + 1)
    if item.amount is not None and item.currency:
        amounts: dict[str, Decimal] = getattr(total, f"amounts_{side}")
        amounts[item.currency] = amounts.get(item.currency, Decimal(0)) + item.amount
