"""What a connector declares about writing one kind, and what an admin chooses: values, handed to ``decide``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hub.model.ownership import Direction as Direction
from hub.model.ownership import Owner as Owner


class Stage(StrEnum):
    """The state of a remote document as the protocol sees it."""

    DRAFT = "draft"
    """It counts for nothing yet and can be removed."""
    SUBMITTED = "submitted"
    """People there are asked to approve it; also every state that the connector does not know."""
    EFFECTIVE = "effective"
    """It counts in the books or in the stock."""
    VOID = "void"
    """Cancelled, and still to be seen."""
    GONE = "gone"
    """Deleted."""


class Tier(StrEnum):
    """What makes a create safe when its answer is lost: the best that the system offers for one kind."""

    UNIQUE = "unique"
    """T0: an idempotency key, or a client reference that the other side enforces as unique."""
    DRAFT = "draft"
    """T1: a searchable client reference and a removable draft stage."""
    PLAIN = "plain"
    """T2: a searchable client reference, no draft stage."""
    BLIND = "blind"
    """T3: no reference field, or no search."""


class Confirm(StrEnum):
    """Who makes a document effective where there are drafts."""

    SAVE = "save"
    """The hub leaves a draft; people submit and approve it."""
    SUBMIT = "submit"
    """The hub submits; people approve."""
    AUDIT = "audit"
    """The hub approves."""


class Amend(StrEnum):
    """What happens to an edit of a document whose state no longer allows it."""

    REOPEN = "reopen"
    """The approval is taken back, the document edited and approved again."""
    REVERSE = "reverse"
    """The document is voided and a new one made, under a higher revision of its reference."""
    REFUSE = "refuse"
    """The field is held and the state named; where the hub knows the state, the edit itself is refused."""
    PARK = "park"
    """The whole record waits for a person."""


class TellsMerge(StrEnum):
    """How a system is told that one of its records is part of another one by now (``Sink.tell_merge``)."""

    NOTHING = "nothing"
    """Not at all: both stay as they are there."""
    NOTE = "note"
    """By a note on the record, for people to read; it can be taken away again."""
    CALL = "call"
    """By the system's own way of merging; one that can be taken back."""


class Evidence(StrEnum):
    """How a declaration is known. What is only recalled keeps writing off until it was probed."""

    MEASURED = "measured"
    """By the conformance suite, or on an account."""
    READ = "read"
    """In the vendor's documents."""
    RECALLED = "recalled"
    """By somebody, from memory."""


ALL_FIELDS: frozenset[str] = frozenset({"*"})
"""Every field, where a set of fields is asked for."""
NO_FIELDS: frozenset[str] = frozenset()
"""No field."""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What the other side does to a value that it keeps; values are compared after it."""

    max_length: int | None = None
    """Texts are cut after so many characters."""
    case: str | None = None
    """``upper``, ``lower`` or None."""
    places: int | None = None
    """Decimals are rounded half-up to this many places."""
    strip: bool = True
    """White space around a text goes away."""

    def apply(self, value: Any) -> Any:
        """The value as the other side would show it."""
        if isinstance(value, Decimal) and self.places is not None:
            from decimal import ROUND_HALF_UP

            return value.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)
        if not isinstance(value, str):
            return value
        text = value.strip() if self.strip else value
        text = (
            text[: self.max_length].rstrip() if self.max_length is not None and self.strip else text[: self.max_length]
        )
        return text.upper() if self.case == "upper" else text.lower() if self.case == "lower" else text


@dataclass(frozen=True, slots=True)
class ReadSemantics:
    """A connector's declaration about reading one kind. What is not declared is the careful choice."""

    cursor_field: str | None = None
    """The vendor's name of the field by which changes are listed, for people to read."""
    commit_ordered: bool = False
    """Changes appear in the order in which they were committed: nothing older turns up later. Then a pull need not go
    back by the time that a late request may take."""
    deletion_voids: bool = False
    """Deleting is how people there cancel: what is deleted is void. Otherwise a person must say what it means."""
    lists_deleted: bool = False
    """Lists show deleted records too (stage ``GONE``), so that a deletion arrives as a change."""
    replica_lag_s: float = 0.0
    """Reads come from a copy that may be behind by so much."""
    versioned: bool = True
    """Of kinds that are only read: versions rise. False where they only tell versions apart (``digest_version``); a
    kind that is written says so with its other facts about writing."""


@dataclass(frozen=True, slots=True)
class WriteSemantics:
    """A connector's declaration about writing one kind. Canonical field names throughout; ``ALL_FIELDS`` means every
    one. The conformance suite measures each fact, and fails one that promises more than it saw."""

    tier: Tier
    """What makes a create safe."""
    reference_field: str | None = None
    """The remote field that carries our reference (its vendor name, for people to read)."""
    creates: bool = True
    """False: records come into being there by people alone; those that are there can be changed."""
    confirms: frozenset[Confirm] = frozenset({Confirm.SAVE})
    """Who may make a document effective there; where there are drafts."""
    amend: Amend = Amend.REFUSE
    """What happens to an edit of a document whose state does not allow it."""
    editable: Mapping[Stage, frozenset[str]] = field(default_factory=dict)
    """Which canonical fields may be patched in which stage; a stage not named allows none."""
    void_removes: bool = False
    """The system has no void documents: one that is voided is gone."""
    silent: frozenset[str] = frozenset()
    """Fields that a record there may leave out although it was given them: absence says nothing about the value."""
    voidable: frozenset[Stage] = frozenset()
    """Stages in which a document may be cancelled."""
    deletable: frozenset[Stage] = frozenset()
    """Stages in which it may be removed without a trace."""
    cancels_cleanly: bool = False
    """One that was cancelled is in no books and in nobody's way: ``connection probe`` may make one, and cancel it."""
    compare_and_set: bool = False
    """A change that names an old version is refused (``Stale``): only so can a field be shared."""
    confirms_version: bool = False
    """Exactly the version that was read is approved."""
    partial_update: bool = True
    """A change leaves alone what it does not name."""
    shows_modifier: bool = False
    """Who made and who changed a record can be seen."""
    exclusive_confirm: bool = False
    """Nobody but the hub has the right to approve the hub's drafts."""
    versioned: bool = True
    """Snapshots carry a monotone version that covers their children. Where theirs only tells versions apart (an ETag),
    a change may still name it (``compare_and_set``), and what is stale is told by when a read began."""
    batch_size: int = 1
    """Documents in one create."""
    batch_atomic: bool = False
    """A create of several documents makes all of them or none; otherwise each has a result of its own."""
    d_max_s: float = 60.0
    """Latest time at which an accepted request can still apply."""
    lag_s: float = 0.0
    """How long a search or list may not show a write."""
    granularity_s: float = 0.0
    """Step of the change timestamps."""
    tells_merge: TellsMerge = TellsMerge.NOTHING
    """How the system is told that the hub found two of its records to be one. Whatever tells it, its stream must show
    (``SourceRecord.merged_into``)."""
    normalisers: Mapping[str, Normaliser] = field(default_factory=dict)
    """Field → what becomes of its values there."""
    evidence: Evidence = Evidence.MEASURED
    """How all this is known."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Time bounds of the engine itself; checked at start-up by ``check_timing``."""

    send_window_s: float = 10.0
    lease_s: float = 90.0
    http_total_s: float = 60.0
    skew_s: float = 2.0
    retry_s: float = 5.0
    max_refusals: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything ``decide`` needs to know that is not data: declaration, the admin's choices, time bounds."""

    kind: str
    semantics: WriteSemantics
    timing: Timing = Timing()
    direction: Direction = Direction.BOTH
    confirm: Confirm = Confirm.SAVE
    owners: Mapping[str, Owner] = field(default_factory=dict)
    """Owner by field; a field not named is ``default_owner``'s."""
    default_owner: Owner = Owner.HUB
    mapped_out: frozenset[str] = frozenset()
    """Fields that the mapping can write."""
    mapped_in: frozenset[str] = frozenset()
    """Fields that the mapping reads."""
    line_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """List fields → the line fields that travel both ways."""
    lines_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """List fields → the line fields that are written."""
    create: bool = False
    """Create a party there even without an identifier or an explicit match."""
    remote_wins: bool = True
    """Which side a true conflict takes (a conflict row keeps both)."""
    transactional: bool = True
    number_field: str = "number"
    reads: ReadSemantics = ReadSemantics()

    @property
    def quiet_s(self) -> float:
        """The quiet period Q: after it, a request that was ever accepted has been applied and is visible."""
        semantics, timing = self.semantics, self.timing
        return semantics.d_max_s + self.lag_s + timing.send_window_s + timing.skew_s

    @property
    def lag_s(self) -> float:
        """How long a read may not show what was written."""
        return self.semantics.lag_s + self.reads.replica_lag_s

    @property
    def overlap_s(self) -> float:
        """By how much a pull goes back behind the newest change that it has seen."""
        late_s = 0.0 if self.reads.commit_ordered else self.semantics.d_max_s
        return late_s + self.lag_s + self.semantics.granularity_s + self.timing.skew_s

    def owner_of(self, name: str) -> Owner:
        return self.owners.get(name, self.default_owner)
