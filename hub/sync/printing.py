"""A record as it looks on paper; the kind says how (``Rules.printing``)."""

from __future__ import annotations

from uuid import UUID

from hub.crm.paper import Paper
from hub.crm.rules import load_rules, rules_for
from hub.errors import ConfigInvalid, NotFound
from hub.model.kinds import find_kind
from hub.sync.context import Hub
from hub.sync.looking import TxLook


def lay_out_record(hub: Hub, kind: str, record_id: UUID, lang: str) -> Paper:
    """``ConfigInvalid`` names the kinds that are printed."""
    printing = rules_for(kind).printing
    if printing is None:
        known = ", ".join(sorted(name for name, rules in load_rules().items() if rules.printing is not None))
        raise ConfigInvalid("sync.not_printed", kind=kind, known=known)
    with hub.store.read() as tx:
        record = tx.get(find_kind(kind), id=record_id)
        if record is None or record.deleted_at is not None:
            raise NotFound("sync.record_unknown", kind=kind, text=str(record_id))
        return printing(record, TxLook(tx), hub.config.organisation.name, lang)
