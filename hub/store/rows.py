"""Rows of the hub's own bookkeeping. Tables are derived from these models, as from the kinds; ``hub.store.keys`` says
how each is keyed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.model.values import Amount, Instant, Value


class Image(Value):
    """What one source says about one record: canonical values by field, in JSON form.

    ``source`` is ``hub`` for edits made here (``hub#<record id>``: of a record that was merged into this one), else
    ``<connection>/<stream>/<external id>``.
    """

    record_kind: str
    record_id: UUID
    source: str
    connection: str | None = None
    stream: str | None = None
    external_id: str | None = None
    values: dict[str, Any]
    origins: dict[str, str] = {}
    """Field → where it came from in the source (the path in the payload, or the person who typed it)."""
    changed: dict[str, str] = {}
    """Field → when this source last changed it, as the hub learnt of it (ISO 8601, UTC)."""
    mapping_version: str = ""
    version: int = 0
    digest: str = ""
    """Of everything that it was made from (``hub.sync.known``); empty: what it was made from counts no more."""
    at: Instant
    home_id: UUID | None = None
    """The record that it was about before that one was merged into this one."""


class Payload(Value):
    """A record as the vendor sent it, compressed. ``digest`` is over the uncompressed bytes."""

    id: UUID
    connection: str
    stream: str
    external_id: str
    version: int = 0
    digest: str
    body: bytes
    at: Instant


class Attempt(Value):
    """One call that tried to write; the row is there before the call."""

    id: UUID
    binding_id: UUID
    run_id: UUID | None = None
    connection: str
    kind: str
    number: int
    op: str
    request_digest: str
    summary: dict[str, Any] = {}
    sent_at: Instant
    outcome: str = "sent"
    """sent | ok | refused | unknown | duplicate | stale | unsent (it never left)"""
    answered_at: Instant | None = None
    remote_id: str | None = None
    response_digest: str | None = None
    error_code: str | None = None
    error_words: str | None = None


class JournalEntry(Value):
    """Append-only: what happened, by whom, to what."""

    id: UUID
    at: Instant
    actor: str
    action: str
    record_kind: str | None = None
    record_id: UUID | None = None
    connection: str | None = None
    remote_id: str | None = None
    run_id: UUID | None = None
    detail: dict[str, Any] = {}


class Cursor(Value):
    """Where reading a stream stands. ``since``/``position`` belong to a pull that is under way (None: none is)."""

    connection: str
    stream: str
    high_water: Instant | None = None
    epoch: int = 0
    since: Instant | None = None
    position: Any = None
    resume: Any = None
    """Where the next pull begins, for a system that hands out tokens (``Page.resume``)."""
    reading_high: Instant | None = None
    under_way: bool = False
    complete_once: bool = False
    """A first full read has ended."""
    updated_at: Instant | None = None
    tally: dict[str, int] = {}
    """What the pull that is under way has come to so far (``hub.sync.mass``); empty between two pulls."""
    completed_at: Instant | None = None
    """When a pull last came to its end."""
    changed_at: Instant | None = None
    """When one last brought anything new."""
    silences: list[list[Any]] = []
    """The longest times without news, as [when it ended, seconds]."""
    listed: int | None = None
    """How many records the other side listed when it last listed all; ``expected``: how many there should have been."""
    expected: int | None = None


class Orphan(Value):
    """A document that no binding points at: a spare draft of ours, or what gave way to the next one of its record."""

    connection: str
    kind: str
    remote_id: str
    binding_id: UUID | None = None
    state: str = "due"
    """due | done | parked | left | replaced"""
    reason: str = ""
    at: Instant


class Conflict(Value):
    """A shared field that was edited on both sides; keeps both values."""

    id: UUID
    binding_id: UUID
    connection: str
    record_kind: str
    record_id: UUID
    field: str
    hub_value: Any = None
    remote_value: Any = None
    base_value: Any = None
    took: str
    """hub | remote: what the rule took for now."""
    decided_by: str | None = None
    at: Instant
    decided_at: Instant | None = None


class DeadRow(Value):
    """A remote record that could not be taken in; the rest of its page went on.

    Lifted when a later reading succeeds. ``facts``: what the reading said beside the payload (stage, number, version…),
    so that the record can be taken in from what is kept.
    """

    connection: str
    stream: str
    external_id: str
    state: str = "dead"
    """dead: it cannot be translated; waiting: what it refers to is not here yet; review: a person must say who it is;
    foreign: another hub's; dropped: a person gave it up (a bound one until it changes there)."""
    code: str
    params: dict[str, Any] = {}
    words: str | None = None
    amount: Amount | None = None
    currency: str | None = None
    attempts: int = 1
    first_at: Instant
    last_at: Instant
    facts: dict[str, Any] = {}
    dropped_at: Instant | None = None


class Plan(Value):
    """A set of decisions that a person may accept."""

    id: UUID
    label: str
    """Short id that people type."""
    connection: str
    kinds: list[str]
    made_at: Instant
    made_by: str
    accepted_at: Instant | None = None
    accepted_by: str | None = None
    used_at: Instant | None = None
    settings: dict[str, str] = {}
    """Fingerprint per kind of what a later run must not have changed (mapping, confirm, ownership, create, start)."""
    summary: dict[str, Any] = {}
    codes: list[dict[str, Any]] = []
    """How much of the code tables that were met is known: kind, tables (known, used), held, amounts."""
    masses: list[dict[str, Any]] = []
    """What in it is too large to be taken for granted (``MassStop`` without its times); accepting lets it pass once."""


class PlanItem(Value):
    """One decision of a plan."""

    plan_id: UUID
    position: int
    kind: str
    binding_id: UUID | None = None
    record_id: UUID | None = None
    remote_id: str | None = None
    side: str
    """there: a write to the other system; here: a change in the hub."""
    action: str
    label: str = ""
    reason: str | None = None
    reason_params: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    """field → [old, new]."""
    amount: Amount | None = None
    currency: str | None = None
    fingerprint: str
    """Digest of the decision; a run that decides otherwise holds the document."""


class Run(Value):
    """One pull and push over some syncs of a connection."""

    id: UUID
    number: int
    connection: str
    kinds: list[str]
    actor: str
    plan_id: UUID | None = None
    state: str = "running"
    """running | done | failed | stopped"""
    started_at: Instant
    lease_until: Instant | None = None
    ended_at: Instant | None = None
    counts: dict[str, int] = {}
    error_code: str | None = None
    error_params: dict[str, Any] = {}
    error_words: str | None = None


class SyncState(Value):
    """What the hub knows about a sync beyond its configuration."""

    connection: str
    kind: str
    accepted_settings: str | None = None
    """Fingerprint of the settings of the last accepted plan; None: the first push still needs one."""
    paused: bool = False
    pause_code: str | None = None
    next_due: Instant | None = None
    called_at: Instant | None = None
    """Its time has come and workers were told; None again as soon as a run of it began."""
    last_run_at: Instant | None = None
    last_ok_at: Instant | None = None
    signs_noted: bool = False
    """The records that were here before this sync have their signs."""


class ConnectionState(Value):
    """Run-time state of a connection."""

    connection: str
    epoch: int = 0
    paused: bool = False
    pause_code: str | None = None
    pause_params: dict[str, Any] = {}
    not_before: Instant | None = None
    """Throttled or away: no call before this time."""
    wait_code: str | None = None
    """Why, when the other system or the call budget named the time; None: we back off by ourselves."""
    wait_params: dict[str, Any] = {}
    failures: int = 0


class CallShare(Value):
    """The part of a connection's calls that one process may have under way (inside ``CallBudget``)."""

    at_once: int
    until: Instant
    served_at: Instant | None = None
    """When it last had a part; None: it still waits for its first."""


class CallBudget(Value):
    """The calls of one connection: those of the day in its zone, and who may call now."""

    connection: str
    day: str = ""
    """ISO date."""
    used: int = 0
    """Made, or borrowed by a process."""
    shares: dict[str, CallShare] = {}
    """Process → its share."""


class Setting(Value):
    """A named value of this installation (installation id, pause of everything…)."""

    name: str
    value: Any


class ConfigVersion(Value):
    """A published configuration; workers read the newest."""

    number: int
    body: dict[str, Any]
    digest: str
    published_at: Instant
    published_by: str


class SecretRow(Value):
    """A secret, encrypted under the master key."""

    name: str
    token: bytes
    at: Instant


class Enclosure(Value):
    """A file that goes out with a mail, as it was when the mail was written."""

    digest: str
    """SHA-256 of the body, in hexadecimal."""
    media_type: str
    body: bytes
    at: Instant


class Lease(Value):
    """Who may do a named thing now."""

    name: str
    holder: str
    until: Instant
    fence: int = 0


class IdentityVerdict(Value):
    """A reversible decision that two things are, or are not, the same party."""

    id: UUID
    record_kind: str
    record_id: UUID
    source: str
    """The remote side, as in Image.source."""
    verdict: str
    """same | different | maybe: they look alike and a person has not said yet"""
    evidence: dict[str, Any] = {}
    decided_by: str
    at: Instant
    undone_at: Instant | None = None


class Sign(Value):
    """A sign by which something could be the same as something on the other side: its number, identifier, name, or its
    customer with day and total. Kept for records here that some sync has no document of (``side`` is empty, ``key``
    the record's id), and for what was left outside there (``side`` is the connection, ``key`` its id there)."""

    record_kind: str
    sign: str
    side: str
    key: str


class Probe(Value):
    """What ``connection probe`` last measured of one kind, and the document that it may have left behind."""

    connection: str
    kind: str
    passed: bool = False
    """Nothing that is declared was more than what was seen."""
    declaration: str = ""
    """Digest of the declaration that was measured."""
    facts: list[dict[str, str]] = []
    """fact, declared, measured, verdict."""
    left_ref: str | None = None
    """Reference of a probe document that was not seen removed."""
    actor: str
    at: Instant


class NumberSeries(Value):
    """Next number of a kind's own series (not an identity: ids are never made from it)."""

    kind: str
    prefix: str
    next_value: int = 1


class Total(Value):
    """Result shape of a sum over one currency (not a table)."""

    currency: str
    amount: Decimal
    count: int
