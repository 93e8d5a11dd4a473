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
    SUBMITTED = "submitted"
    EFFECTIVE = "effective"
    VOID = "void"
    GONE = "gone"


class Tier(StrEnum):
    UNIQUE = "unique"
    """T0: an idempotency key, or a client reference that the other side enforces as unique."""
    DRAFT = "draft"
    """T1: a searchable client reference and a removable draft stage."""
    PLAIN = "plain"
    """T2: a searchable client reference, no draft stage."""
    BLIND = "blind"
    """T3: no reference field, or no search."""


class Confirm(StrEnum):
    """Who makes a document effective on T1."""

    SAVE = "save"
    """The hub leaves a draft; people submit and approve it."""
    SUBMIT = "submit"
    """The hub submits; people approve."""
    AUDIT = "audit"
    """The hub approves."""


class Amend(StrEnum):
    """What happens to an edit of a document whose state no longer allows it."""

    REOPEN = "reopen"
    REVERSE = "reverse"
    REFUSE = "refuse"
    PARK = "park"


class Evidence(StrEnum):
    """How a declaration is known. What is only recalled keeps writing off until it was probed."""

    MEASURED = "measured"
    READ = "read"
    RECALLED = "recalled"


ALL_FIELDS: frozenset[str] = frozenset({"*"})
NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What the other side does to a value that it keeps; values are compared after it."""

    max_length: int | None = None
    case: str | None = None
    """``upper``, ``lower`` or None."""
    places: int | None = None
    """Decimals are rounded half-up to this many places."""
    strip: bool = True

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
class WriteSemantics:
    """A connector's declaration for one kind. Canonical field names throughout; ``ALL_FIELDS`` means every one.

    ``d_max_s``: latest time at which an accepted request can still apply. ``lag_s``: how long a search or list may not
    show a write. ``granularity_s``: step of the change timestamps.
    """

    tier: Tier
    reference_field: str | None = None
    """The remote field that carries our reference (its vendor name, for people to read)."""
    confirms: frozenset[Confirm] = frozenset({Confirm.SAVE})
    amend: Amend = Amend.REFUSE
    editable: Mapping[Stage, frozenset[str]] = field(default_factory=dict)
    """Which canonical fields may be patched in which stage; a stage not named allows none."""
    voidable: frozenset[Stage] = frozenset()
    deletable: frozenset[Stage] = frozenset()
    compare_and_set: bool = False
    confirms_version: bool = False
    partial_update: bool = True
    shows_modifier: bool = False
    exclusive_confirm: bool = False
    """Nobody but the hub has the right to approve the hub's drafts."""
    versioned: bool = True
    """Snapshots carry a monotone version that covers their children."""
    batch_size: int = 1
    d_max_s: float = 60.0
    lag_s: float = 0.0
    granularity_s: float = 0.0
    normalisers: Mapping[str, Normaliser] = field(default_factory=dict)
    evidence: Evidence = Evidence.MEASURED


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
    """List fields → the line fields that travel."""
    create: bool = False
    """Create a party there even without an identifier or an explicit match."""
    remote_wins: bool = True
    """Which side a true conflict takes (a conflict row keeps both)."""
    transactional: bool = True
    number_field: str = "number"

    @property
    def quiet_s(self) -> float:
        """The quiet period Q: after it, a request that was ever accepted has been applied and is visible."""
        semantics, timing = self.semantics, self.timing
        return semantics.d_max_s + semantics.lag_s + timing.send_window_s + timing.skew_s

    @property
    def overlap_s(self) -> float:
        semantics = self.semantics
        return semantics.d_max_s + semantics.lag_s + semantics.granularity_s + self.timing.skew_s

    def owner_of(self, name: str) -> Owner:
        return self.owners.get(name, self.default_owner)
