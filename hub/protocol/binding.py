"""The binding: joins a hub record to its remote document and is the outbox, in one row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class BindingState(StrEnum):
    NEW = "new"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PREPARED = "prepared"
    WAITING = "waiting"
    BOUND = "bound"
    REVERSING = "reversing"
    TOMB = "tomb"
    FOREIGN = "foreign"


class Binding(Value):
    """One row for each (connection, kind, hub record); parties may have several (n:1), one of them ``primary``.

    ``parked`` and ``held`` stop writes, never reads: ``held`` is computed anew from every snapshot, ``parked`` is
    lifted by a person only. Reasons are message codes with parameters.
    """

    id: UUID
    connection: str
    kind: str
    hub_id: UUID
    home_id: UUID | None = None
    """The record that it was bound to before that one was merged into another."""
    ref: str | None = None
    revision: int = 0
    remote_id: str | None = None
    remote_number: str | None = None
    primary: bool = True
    ours: bool = False
    """The remote document was made by this hub."""
    state: BindingState = BindingState.NEW
    stage: str | None = None
    """The last seen stage of the remote document."""
    attempts: int = 0
    refusals: int = 0
    fence: int = 0
    lease_until: Instant | None = None
    sent_at: Instant | None = None
    not_before: Instant | None = None
    dirty: bool = False
    void_wanted: bool = False
    remote_version: int = 0
    acked_version: int = 0
    """The version that our last accepted patch produced."""
    acked_patch: str = ""
    """Fingerprint of that patch."""
    same_patches: int = 0
    """How often the remote did not keep that very patch."""
    base: dict[str, str] = {}
    """Fingerprint of the last agreed value of each shared field."""
    sent: dict[str, list[str]] = {}
    """Fingerprints of the values that we tried to write, by field, last 8."""
    held: dict[str, str] = {}
    """Field → reason code: it differs and may not be written."""
    not_retained: dict[str, str] = {}
    """Field → fingerprint of the value that the remote does not keep."""
    lines: dict[str, str] = {}
    """Line identity: hub line key → remote line id."""
    missing_since: Instant | None = None
    """Since when reads say that the document does not exist; believed after the declared lag."""
    claimed_revision: int = 0
    """The hub revision that the last settled push was about."""
    parked: str | None = None
    parked_params: dict[str, Any] = {}
    why: str | None = None
    """Why a WAITING document waits (message code)."""
    submitted_revision: int = 0
    """The hub revision that was last submitted; sent back = PREPARED again only after a later edit."""
    updated_at: Instant | None = None
