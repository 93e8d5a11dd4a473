"""From declaration, mapping and the admin's choices to the policy that ``decide`` is handed."""

from __future__ import annotations

import dataclasses

from hub.errors import ConfigInvalid
from hub.mapping import Mapping
from hub.model.kinds import find_kind
from hub.protocol.compare import take_fingerprint
from hub.protocol.semantics import Direction, Owner, Policy, ReadSemantics, Tier, Timing, WriteSemantics
from hub.protocol.timing import check_policy, check_timing
from hub.sync.config import ConnectionSettings, SyncSettings

READ_ONLY = WriteSemantics(tier=Tier.BLIND)


def build_policy(
    connection: str,
    kind: str,
    sync: SyncSettings,
    semantics: WriteSemantics | None,
    mapping: Mapping,
    timing: Timing,
    reads: ReadSemantics | None = None,
) -> Policy:
    """The policy of one sync; ``ConfigInvalid`` when the choices are unsafe for what the connector declares."""
    if semantics is None and sync.direction is not Direction.IN:
        raise ConfigInvalid("sync.kind_not_writable", connection=connection, kind=kind)
    reads = reads or ReadSemantics()
    declared = semantics or dataclasses.replace(READ_ONLY, versioned=reads.versioned)
    if sync.amend is not None:
        declared = dataclasses.replace(declared, amend=sync.amend)
    model = find_kind(kind)
    for name in sync.owners:
        if name not in mapping.fields_in | mapping.fields_out:
            raise ConfigInvalid("sync.owner_field_unknown", connection=connection, kind=kind, field=name)
    kept = {"" if model.FREE_STATE else "state", model.NUMBER if model.TRANSACTIONAL else ""}
    policy = Policy(
        kind=kind,
        semantics=declared,
        timing=timing,
        direction=sync.direction,
        confirm=sync.confirm,
        owners={**mapping.owners, **{name: Owner(owner) for name, owner in sync.owners.items()}},
        default_owner=mapping.default_owner,
        mapped_out=mapping.fields_out - model.DERIVED - kept,
        mapped_in=mapping.fields_in,
        line_fields=mapping.line_fields,
        lines_out=mapping.lines_out,
        create=sync.create,
        remote_wins=sync.remote_wins,
        transactional=model.TRANSACTIONAL,
        number_field=model.NUMBER,
        reads=reads,
    )
    check_timing(timing)
    if policy.direction is not Direction.IN:
        check_policy(policy, connection, frozenset(sync.read_check_write))
    return policy


def settings_fingerprint(policy: Policy, sync: SyncSettings, mapping: Mapping, settings: ConnectionSettings) -> str:
    """Digest of what an accepted plan vouches for: mapping, codes, confirm, ownership, create, start date."""
    return take_fingerprint(
        {
            "mapping": mapping.version,
            "codes": settings.codes,
            "direction": policy.direction,
            "confirm": policy.confirm,
            "amend": policy.semantics.amend,
            "owners": {name: policy.owner_of(name) for name in sorted(policy.mapped_in | policy.mapped_out)},
            "create": sync.create,
            "start_date": sync.start_date,
        }
    )
