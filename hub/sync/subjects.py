"""Kinds of an open connection as the measures want them, and what a probe document stands on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

from hub.errors import ConfigInvalid, MappingError
from hub.mapping.codes import list_code_fields
from hub.mapping.targets import make_hub_value
from hub.model.base import Line
from hub.model.kinds import list_fields, list_line_refs, list_refs
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Stage
from hub.sync.context import Hub, OpenConnection
from hub.sync.measure import Register, Seen, Subject

PROBERS = ("PRB", "PRC")
"""Installation ids of probe documents; the second where a hub happens to have the first."""
PRICE = Decimal("0.01")
LOOKED_AT = 50


def make_subject(hub: Hub, conn: OpenConnection, kind: str, given: dict[str, Any] | None = None) -> Subject:
    """One kind of an open connection as the measures want it; references carry an installation of their own."""
    installation = next(name for name in PROBERS if name != hub.installation)
    return Subject(
        kind=kind,
        mapping=conn.mapping_of(kind),
        stream=conn.stream_of(kind),
        sink=conn.sinks.get(kind),
        clock=hub.clock,
        register=Register(),
        codes=lambda: conn.codes,
        zone=hub.zone_of(conn.name),
        make_ref=lambda: make_reference(installation, hub.new_id()),
        given=given if given is not None else {},
    )


def choose_parents(hub: Hub, conn: OpenConnection, subject: Subject, *, optional: bool = True) -> None:
    """An existing record for every reference that a sample has, and values that go with them. Without the ``optional``
    ones nobody is drawn into it who need not be: whoever is named in what is in effect is told."""
    given: dict[str, Any] = {**choose_codes(conn, subject), "currency": hub.config.organisation.currency}
    needed = list_needed(subject)
    for kind in sorted(kind for kind in needed if optional or needed[kind]):
        found = find_living(hub, conn, kind) if kind in conn.mappings else None
        if found is None and needed[kind]:
            raise ConfigInvalid("sync.probe_parent_missing", connection=conn.name, kind=subject.kind, parent=kind)
        if found is not None:
            subject.register.add_parent(kind, found.source.external_id)
            if kind == "product":
                given |= _goods_of(found)
    lines = {"lines.quantity": Decimal(1), "lines.unit_price": PRICE, "list_price": PRICE}
    subject.given = {**given, **lines}


def choose_codes(conn: OpenConnection, subject: Subject) -> dict[str, Any]:
    """For every field that goes through a code table, a value that the other system can be told."""
    fields = [
        field
        for field in list_code_fields(subject.mapping)
        if field.goes_out and field.target.ref is None and conn.codes.get(field.table)
    ]
    return {field.field: make_hub_value(field.target, next(iter(conn.codes[field.table].values()))) for field in fields}


def _goods_of(product: Seen) -> dict[str, Any]:
    """What a line about this product has to say."""
    values = product.values
    told = {"lines.unit": values.get("unit"), "lines.tax_rate": values.get("tax_rate")}
    return {**told, **({"currency": values["currency"]} if values.get("currency") else {})}


def list_needed(subject: Subject) -> dict[str, bool]:
    """Kinds that the mapping refers to → whether a record cannot do without."""
    fields = subject.mapping.fields_out
    info = list_fields(subject.kind)
    needed = {target: info[name].is_required() for name, target in list_refs(subject.kind) if name in fields}
    for name in sorted(fields & subject.mapping.lists.keys()):
        for model in get_args(info[name].annotation):
            if isinstance(model, type) and issubclass(model, Line):
                for place, target in list_line_refs(model):
                    needed[target] = needed.get(target, False) or model.model_fields[place].is_required()
    return needed


def find_living(hub: Hub, conn: OpenConnection, kind: str) -> Seen | None:
    """A record of the other system that is in effect and can be translated."""
    subject = make_subject(hub, conn, kind)
    for record in subject.stream.read_page(None, None, LOOKED_AT).records:
        if record.stage is not Stage.EFFECTIVE:
            continue
        try:
            seen = subject.translate(record)
        except MappingError:
            continue
        if str(seen.values.get("state", "active")) == "active":
            return seen
    return None
