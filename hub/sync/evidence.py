"""How the declaration of a kind is known: what was only recalled keeps writing off until this connection was probed."""

from __future__ import annotations

from dataclasses import fields

from hub.protocol.compare import take_fingerprint
from hub.protocol.semantics import Evidence, WriteSemantics
from hub.store import UnitOfWork
from hub.store.rows import Probe
from hub.sync.context import Hub

NOT_PROBED = "protocol.not_probed"


def check_probed(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> str | None:
    """None when a declaration is good enough to write by, else the code of what is missing."""
    sink = hub.open(connection).sinks.get(kind)
    if sink is None or sink.semantics.evidence is not Evidence.RECALLED:
        return None
    probe = tx.get(Probe, connection=connection, kind=kind)
    if probe is not None and probe.passed and probe.declaration == digest_declaration(sink.semantics):
        return None
    return NOT_PROBED


def digest_declaration(semantics: WriteSemantics) -> str:
    """Changes with everything that a probe vouches for."""
    told = {field.name: _show(getattr(semantics, field.name)) for field in fields(semantics)}
    return take_fingerprint({name: value for name, value in told.items() if name != "evidence"})


def _show(value: object) -> object:
    """The same text for the same declaration, whatever the order of its sets."""
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if hasattr(value, "items"):
        return {str(name): _show(inner) for name, inner in sorted(value.items(), key=str)}
    return str(value)
