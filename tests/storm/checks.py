"""What must hold: after every step, and when everything has calmed down. Judged from the two systems alone, with code
of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from connectors.sandbox.simulator import USER
from connectors.sandbox.simulator.amounts import keep_text
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.reference import parse_reference
from hub.protocol.semantics import Stage
from hub.store.rows import Attempt, Conflict, DeadRow, Orphan
from hub.sync.awaited import find_awaited
from tests.storm.calm import ENDED, Violation, show_row
from tests.storm.door import REFUSAL
from tests.storm.money import check_paid, compare_payment
from tests.storm.other import is_foreign
from tests.storm.schedule import Storm

EFFECTIVE = ("approved", "closed")
DRAFTED = ("draft", "submitted")
STREAMS = {"account": "partner", "product": "item", "order": "sale"}


def check_effects(storm: Storm) -> None:
    """S1: at most one effective document for each record now, and for each reference ever."""
    erp = storm.world.erp
    now: Counter[str] = Counter()
    ever: Counter[str] = Counter()
    for sale in (*erp.documents("sale"), *erp.documents("payment")):
        parsed = parse_reference(sale["our_ref"])
        if parsed is None or sale["created_by"] != USER or sale.get("deleted") or is_foreign(sale["our_ref"]):
            continue
        now[str(parsed.hub_id)] += sale["status"] in EFFECTIVE
        ever[sale["our_ref"]] += sale["id"] in erp.effective_once
    for name, count in [*now.items(), *ever.items()]:
        if count > 1:
            raise Violation(f"{count} effective documents for {name}")
    check_other(storm)


def check_other(storm: Storm) -> None:
    """What another hub made is written by nobody else: the log holds no more changes of it than that hub made."""
    if not storm.other.made:
        return
    written = sum(entry.by == USER and entry.id in storm.other.made for entry in storm.world.erp.log)
    if written != storm.other.writes:
        raise Violation(f"{written - storm.other.writes} writes to documents of another hub")


def check_everything(storm: Storm) -> None:
    """What must hold at any time, on all that both systems hold."""
    check_effects(storm)
    with storm.hub.store.read() as tx:
        bindings = tx.find(Binding)
    seen = Counter((row.kind, row.remote_id) for row in bindings if row.remote_id)
    for (kind, remote_id), count in seen.items():
        if count > 1:
            raise Violation(f"{kind} {remote_id} belongs to {count} records")
    taken = {row.remote_id for row in bindings if row.ours and row.kind == "order"} & set(storm.other.made)
    if taken:
        raise Violation(f"documents of another hub were made our own: {sorted(map(str, taken))}")
    if storm.setting.tier == "blind":
        _check_sent_once(storm, bindings)


def _check_sent_once(storm: Storm, bindings: list[Binding]) -> None:
    """On a blind system nothing is sent again after an answer that told nothing."""
    with storm.hub.store.read() as tx:
        attempts = tx.find(Attempt, op__in=["create", "void"], order=["sent_at", "id"])
    doubtful: set[Any] = set()
    blind = {row.id for row in bindings if row.kind in ("order", "payment")}
    for attempt in attempts:
        if attempt.op == "void":
            doubtful.discard(attempt.binding_id)  # what follows is another revision of it
            continue
        if attempt.binding_id in doubtful:
            raise Violation(f"sent again on a blind system: {attempt.binding_id}")
        if attempt.binding_id in blind and attempt.outcome in (None, "unknown", "ok"):
            doubtful.add(attempt.binding_id)


class Books:
    """Everything that both systems hold at the end."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm
        streams = {**STREAMS, **({"payment": "payment"} if storm.setting.money else {})}
        self.documents = {
            kind: {row["id"]: row for row in storm.world.erp.documents(stream)} for kind, stream in streams.items()
        }
        with storm.hub.store.read() as tx:
            self.bindings = tx.find(Binding)
            self.orphans = {(row.kind, row.remote_id): row for row in tx.find(Orphan)}
            self.dead = {(row.stream, row.external_id): row for row in tx.find(DeadRow)}
            self.conflicts = tx.find(Conflict)
            self.records = {
                kind: {row.id: row for row in tx.find(find_kind(kind), with_deleted=True)} for kind in streams
            }
        self.open_documents: set[tuple[str, str]] = set()
        """Documents that wait for a person."""
        self.figures: Counter[str] = Counter()

    def keep(self, text: str) -> str:
        """A note as the ERP keeps it."""
        return keep_text(text, self.storm.world.settings)

    def list_made(self, kind: str, hub_id: Any) -> set[str]:
        """Documents that carry our reference to this record, whatever the hub knows of them."""
        found = {id_: parse_reference(row.get("our_ref")) for id_, row in self.documents[kind].items()}
        return {id_ for id_, parsed in found.items() if parsed is not None and parsed.hub_id == hub_id}

    def remote_ids(self, kind: str, hub_id: Any) -> set[str]:
        return {row.remote_id for row in self.bindings if (row.kind, row.hub_id) == (kind, hub_id) and row.remote_id}


def check_end(storm: Storm) -> Counter[str]:
    """Everything that is promised for the time after the faults; figures about how the records ended."""
    check_everything(storm)
    books = Books(storm)
    bad = [
        *_check_records(books),
        *_check_documents(books),
        *_check_totals(books),
        *(_check_conflicts(books) if _may_judge_notes(storm) else ()),
        *(_check_notes(books) if _may_judge_notes(storm) else ()),
        *_check_twins(books),
        *_check_waiting(books),
        *(check_paid(books) if storm.setting.money else ()),
    ]
    if bad:
        raise Violation("; ".join(bad[:4]))
    return books.figures


def _may_judge_notes(storm: Storm) -> bool:
    """Not where a database forgot what was sent, nor where the ERP does to texts what nobody declared."""
    return not storm.rewound and storm.setting.keeps_declared


def _check_twins(books: Books) -> Iterator[str]:
    """What both sides had before stands once in the books of each: joined, or held for a person."""
    for hub_id, remote_id in books.storm.twins:
        made = [
            id_ for id_, sale in books.documents["order"].items()
            if (parsed := parse_reference(sale["our_ref"])) is not None and parsed.hub_id == hub_id
            and sale["created_by"] == USER and sale["status"] in EFFECTIVE and not is_foreign(sale["our_ref"])
        ]  # fmt: skip
        sale = books.documents["order"][remote_id]
        if made and sale["status"] in EFFECTIVE and not sale.get("deleted"):
            yield f"double books there: {made} beside {remote_id}"
        others = [row for row in books.bindings if row.remote_id == remote_id and row.hub_id != hub_id]
        mine: Any = books.records["order"][hub_id]
        if others and mine.state != "void":
            yield f"double books here: {remote_id} is {others[0].hub_id}, and {hub_id} lives"


def _check_waiting(books: Books) -> Iterator[str]:
    """What waits for another record of its system waits no longer than that is missing."""
    known = {(row.kind, row.remote_id) for row in books.bindings if row.remote_id and row.state not in ENDED}
    for dead in books.dead.values():
        awaited = find_awaited(dead.params) if dead.state == "waiting" else None
        if awaited in known:
            yield f"{dead.stream} {dead.external_id} still waits for {awaited}, which is here"


def _check_records(books: Books) -> Iterator[str]:
    """S2 and S3: every record has a binding that is equal by ownership, ended, or visibly waits."""
    bound: dict[tuple[str, Any], list[Binding]] = {}
    for row in books.bindings:
        bound.setdefault((row.kind, row.hub_id), []).append(row)
    for kind, records in books.records.items():
        for record in records.values():
            rows = bound.get((kind, record.id), [])
            if not rows and record.deleted_at is None and getattr(record, "state", "") != "void":
                yield f"lost: {kind} {record.id} has no binding"
            void = record.deleted_at is not None or getattr(record, "state", "") == "void"
            names = {str(record.id), *books.remote_ids(kind, record.id), *books.list_made(kind, record.id)}
            if void and not names & books.storm.notebook.ended:
                yield f"{kind} {record.id} ended, and nobody had ended it: {[show_row(row) for row in rows]}"
            for row in rows:
                yield from _check_binding(books, row, record)
    for row in books.bindings:
        if row.hub_id not in books.records[row.kind] and not row.parked and row.state not in ENDED:
            yield f"binding without a record: {show_row(row)}"


def _check_binding(books: Books, row: Binding, record: Any) -> Iterator[str]:
    document = books.documents[row.kind].get(row.remote_id or "")
    place = (row.kind, row.remote_id or "")
    if row.parked == "sync.second_document":
        yield f"a person is told of a second document, but there never was one: {show_row(row)}"
    refused = row.kind == "order" and row.parked == "protocol.refused_by_remote"
    if refused and REFUSAL not in str(row.parked_params):
        yield f"what was sent could never have been taken: {show_row(row)} {row.parked_params}"
    if row.parked or "*" in row.held:
        books.figures["parked" if row.parked else "held back"] += 1
        books.figures[f"reason {row.parked or row.held['*']}"] += 1
        books.open_documents.add(place)
        return
    void = getattr(record, "state", "") == "void" or record.deleted_at is not None
    if row.state in ENDED:
        books.figures["ended"] += 1
        if not void:
            yield f"lost: {show_row(row)}, but the record lives"
        if document and not document.get("deleted") and document.get("status") not in (None, "void"):
            yield f"ended here, {document['status']} there: {show_row(row)}"
        return
    if document is None or document.get("deleted"):
        yield f"lost: no document for {show_row(row)}"
        return
    yield from _check_pair(books, row, record, document, void)


def _check_pair(books: Books, row: Binding, record: Any, document: Any, void: bool) -> Iterator[str]:
    if row.state not in (BindingState.BOUND, BindingState.WAITING) or row.dirty:
        yield f"never settled: {show_row(row)}"
    if row.state is BindingState.WAITING and not row.why:
        yield f"waits without a reason: {show_row(row)}"
    if row.held or row.state is BindingState.WAITING:
        books.open_documents.add((row.kind, document["id"]))
    books.figures["held" if row.held else "waiting" if row.state is BindingState.WAITING else "equal"] += 1
    yield from _check_held(books, row, document)
    if void:
        if document.get("status") != "void" and "state" not in row.held:
            yield f"void here, {document.get('status')} there: {show_row(row)}"
        return
    if document.get("status") == "void":
        yield f"void there, alive here: {show_row(row)}"
    if row.ours and row.kind == "order" and row.state is BindingState.BOUND and document["status"] not in EFFECTIVE:
        yield f"bound, but {document['status']}: {show_row(row)}"
    for name, here, there in COMPARE[row.kind](books, record, document):
        if here != there and name not in row.held and not ({"net", "tax", "gross"} >= {name} and row.held):
            yield f"{row.kind}.{name} differs: {here!r} here, {there!r} there; {show_row(row)}"


STAGES = {"draft": Stage.DRAFT, "submitted": Stage.SUBMITTED, "void": Stage.VOID}


def _check_held(books: Books, row: Binding, document: Any) -> Iterator[str]:
    """What is held could not be written now: a hold lifts itself."""
    semantics = books.storm.hub.open("erp").policies[row.kind].semantics
    stage = STAGES.get(document.get("status", ""), Stage.EFFECTIVE)
    editable = semantics.editable.get(stage, frozenset())
    for name, code in row.held.items():
        able = stage in semantics.voidable if name == "state" else bool({name, "*"} & editable)
        if able and code in ("protocol.locked", "protocol.void_refused"):
            yield f"{name} is held although it could be written: {show_row(row)}"


def _compare_order(books: Books, record: Any, sale: Any) -> Iterator[tuple[str, Any, Any]]:
    customers = books.remote_ids("account", record.account_id)
    yield "account_id", sale["customer"] in customers, True
    yield "ordered_on", str(record.ordered_on), sale["date"]
    yield "currency", record.currency, sale["currency"]
    yield "reference", books.keep(record.reference), sale["customer_ref"]
    yield "note", books.keep(record.note), sale["note"]
    yield "state", record.state.value, sale["status"]
    yield "fulfilment", record.fulfilment.value, sale["shipping"]
    yield "gross", record.gross, Decimal(sale["gross"])
    yield "net", record.net, Decimal(sale["net"])
    here = sorted(
        (bool(line.product_id), line.quantity, line.unit_price, line.tax_rate * 100, line.gross)
        for line in record.lines
    )
    there = sorted(
        (bool(line["item"]), *(Decimal(line[name]) for name in ("quantity", "price", "tax_percent", "gross")))
        for line in sale["lines"]
    )
    yield "lines", here, there


def _compare_account(books: Books, record: Any, partner: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "name", record.name, partner["name"]
    yield "note", books.keep(record.note), partner["note"]
    yield "phone", record.phone, partner["phone"]
    yield "email", record.email, partner["email"]
    yield "identifiers", "".join(item.value for item in record.identifiers), partner["tax_id"]
    yield "addresses", "".join(address.city for address in record.addresses), partner["city"]


def _compare_product(books: Books, record: Any, item: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "name", record.name, item["name"]
    yield "list_price", record.list_price, Decimal(item["price"])


COMPARE = {
    "order": _compare_order,
    "account": _compare_account,
    "product": _compare_product,
    "payment": compare_payment,
}


def _check_documents(books: Books) -> Iterator[str]:
    """S4: each document belongs to one record, or is kept aside with a reason."""
    seen = Counter((row.kind, row.remote_id) for row in books.bindings if row.remote_id)
    for kind, documents in books.documents.items():
        for id_, document in documents.items():
            if is_foreign(document.get("our_ref", "")) and document["created_by"] == USER:
                continue
            known = seen[kind, id_] + ((kind, id_) in books.orphans) + ((STREAMS.get(kind, kind), id_) in books.dead)
            if document.get("deleted"):
                if document["changed_by"] == USER and seen[kind, id_]:
                    yield f"we deleted {id_}, a document of a binding"
            elif seen[kind, id_] > 1 or (not known and not _is_spent(document)):
                yield f"{kind} {id_} of {document['created_by']} belongs to {seen[kind, id_]} records"
            elif document["created_by"] != USER and _is_spare(books, kind, id_):
                yield f"{kind} {id_} of {document['created_by']} was taken for a spare one of ours"
            elif document.get("status") in DRAFTED and (kind, id_) in books.orphans and books.storm.setting.sweeps:
                yield from _check_orphan(books, kind, id_)


def _is_spare(books: Books, kind: str, id_: str) -> bool:
    """Not: whether it gave way to another document of its record."""
    row = books.orphans.get((kind, id_))
    return row is not None and row.state != "replaced"


def _is_spent(document: Any) -> bool:
    """A voided document of ours without a binding: an older revision, or a spare that a person voided."""
    return document["created_by"] == USER and document.get("status") == "void"


def _check_orphan(books: Books, kind: str, id_: str) -> Iterator[str]:
    if books.orphans[kind, id_].state != "parked" and not books.documents[kind][id_]["touched"]:
        yield f"spare draft {id_} left behind, and nobody is told"


def _check_totals(books: Books) -> Iterator[str]:
    """The sum of what agrees, to the cent."""
    here: Counter[str] = Counter()
    there: Counter[str] = Counter()
    sums = {"here": Decimal(0), "there": Decimal(0)}
    closed = {(row.kind, row.remote_id) for row in books.bindings if row.remote_id} - books.open_documents
    for row in books.bindings:
        record: Any = books.records["order"].get(row.hub_id)
        if row.kind == "order" and record and record.state in EFFECTIVE and (row.kind, row.remote_id) in closed:
            here["orders"] += 1
            sums["here"] += record.gross
    for id_, sale in books.documents["order"].items():
        if sale["status"] in EFFECTIVE and ("order", id_) in closed and not sale.get("deleted"):
            there["orders"] += 1
            sums["there"] += Decimal(sale["gross"])
    if here != there or sums["here"] != sums["there"]:
        yield f"totals differ: {here['orders']} orders {sums['here']} here, {there['orders']} {sums['there']} there"


def _check_conflicts(books: Books) -> Iterator[str]:
    """S5: a conflict holds two different values, and our own late write is none."""
    ours = books.storm.notebook.authored("hub")
    for row in books.conflicts:
        if row.hub_value == row.remote_value or row.remote_value is None:
            yield f"conflict without two values: {row.field} {row.hub_value!r} {row.remote_value!r}"
        if row.field == "note" and row.remote_value and self_written(books, row.remote_value, ours):
            yield f"false conflict: {row.remote_value!r} there is our own"
    books.figures["conflicts"] += len(books.conflicts)


def self_written(books: Books, value: Any, ours: set[str]) -> bool:
    return books.keep(str(value)) in ours


def _check_notes(books: Books) -> Iterator[str]:
    """S5: of two notes written on two sides, the one that lost was seen by whoever overwrote it, or a conflict keeps
    it."""
    written, shown = books.storm.notebook.written, books.storm.notebook.shown
    for row in books.bindings:
        if not row.remote_id or row.parked or "note" in row.held or row.state in ENDED:
            continue
        record, document = books.records[row.kind].get(row.hub_id), books.documents[row.kind].get(row.remote_id)
        here, there = ("hub", row.kind, str(row.hub_id)), ("erp", row.kind, row.remote_id)
        if record is None or document is None or not written.get(here) or not written.get(there):
            continue
        if "void" in (document.get("status"), getattr(record, "state", "")):
            continue
        final, mine, theirs = document["note"], written[here][-1], written[there][-1]
        kept = {
            books.keep(str(value))
            for conflict in books.conflicts
            if conflict.binding_id == row.id and conflict.field == "note"
            for value in (conflict.hub_value, conflict.remote_value)
        }
        if final == mine != theirs and theirs not in shown[here] | kept:
            yield f"note {theirs!r} of {row.remote_id} was overwritten by {mine!r} unseen"
        if final == theirs != mine and mine not in shown[there] | kept:
            yield f"note {mine!r} of {row.remote_id} was overwritten by {theirs!r} unseen"
        if final not in (mine, theirs):
            yield f"note {final!r} of {row.remote_id} is neither {mine!r} nor {theirs!r}"
