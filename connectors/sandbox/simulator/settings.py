"""What kind of ERP is simulated: every way in which real ones differ, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

TIERS = ("unique", "draft", "plain", "blind")
MASTER_TIERS = ("unique", "plain", "blind")
AMENDS = ("free", "reopen", "reverse", "refuse", "park")
ROUNDINGS = ("line", "document")
MERGES = ("nothing", "note", "call")
TOKEN = "sandbox"
USER = "hub"
"""Login of the integration user, the only one that has a token. Everybody else is a person."""


@dataclass(frozen=True)
class SandboxSettings:
    """Defaults are those of a well-behaved ERP with drafts.

    ``tier``: ``unique`` refuses a second document with the same reference, ``draft`` has draft → submitted → approved,
    ``plain`` makes documents effective at once, ``blind`` keeps no reference. ``master_tier``: the same for partners
    and items. ``amend``: what an approved document still allows the integration user: ``free`` everything, ``reopen``
    taking the approval back, ``reverse`` voiding it, ``refuse`` and ``park`` neither. Notes and the customer's own
    reference stay open in every case. Times are seconds of the clock handed to the ERP.
    """

    tier: str = "draft"
    master_tier: str = "unique"
    amend: str = "refuse"
    compare_and_set: bool = True
    """False: ``if_version`` of a change is not looked at."""
    confirms_version: bool = True
    """False: ``if_version`` of submit and approve is not looked at."""
    versioned: bool = True
    """False: no version in any answer."""
    shows_modifier: bool = True
    """False: nobody is told who made or changed a document."""
    exclusive_confirm: bool = False
    """True: people have no right to approve drafts of the integration user."""
    tells_merge: str = "nothing"
    """What partners have for those that turn out to be one: nothing, ``note`` (a field ``remark``), ``call`` (an own
    way of merging, and back)."""
    text_max: int = 0
    """Notes and customer references are cut to this many characters; 0: as they come."""
    text_upper: bool = False
    granularity_s: float = 0.0
    """Change times are rounded down to multiples of this."""
    lag_s: float = 0.0
    """A list or search may miss a write for up to this long."""
    rounding: str = "line"
    """``line``: tax half-up on each line; ``document``: half-even on each rate's sum."""
    closed_through: str = ""
    """Invoices, payments and deliveries dated up to this day (``2026-10-31``) can be neither made nor changed: their
    period is closed. Empty: all periods are open. People can close and open periods later."""
    lists_deleted: bool = False
    """Deleted documents stay in the change list, marked."""
    max_page: int = 200
    max_batch: int = 50
    token: str = TOKEN

    def __post_init__(self) -> None:
        choices = {
            "tier": TIERS, "master_tier": MASTER_TIERS, "amend": AMENDS, "rounding": ROUNDINGS, "tells_merge": MERGES,
        }  # fmt: skip
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")

    def tier_of(self, kind: str) -> str:
        return self.master_tier if kind in ("partner", "item") else self.tier

    @classmethod
    def from_texts(cls, options: Mapping[str, str]) -> SandboxSettings:
        """Settings from texts as a command line gives them; ``ValueError`` names what is wrong."""
        types = get_type_hints(cls)
        unknown = set(options) - types.keys()
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(f.name for f in fields(cls))}")
        return cls(**{name: parse_option(name, types[name], text) for name, text in options.items()})


def parse_option(name: str, kind: type, text: str) -> Any:
    """The value of one option; ``ValueError`` names it."""
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        if kind is not bool:
            return kind(text)
    except ValueError as error:
        raise ValueError(f"{name} must be {kind.__name__}, not {text!r}") from error
    raise ValueError(f"{name} must be true or false, not {text!r}")
