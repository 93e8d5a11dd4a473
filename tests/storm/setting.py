"""What a seed decides before anything happens: which ERP, whose rule in a conflict, how often things go wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

TIERS = ("unique", "draft", "plain", "blind")
CONFIRMS = ("save", "submit", "audit")
"""They matter where there are drafts."""
AMENDS = ("free", "refuse", "reverse", "park", "reopen")
"""The last one needs an ERP with drafts."""
FAULTS = {
    "unreachable": 0.02,
    "lost_before": 0.05,
    "lost_after": 0.09,
    "late": 0.08,
    "refused": 0.05,
    "server_error": 0.02,
    "server_error_after": 0.04,
    "garbage": 0.02,
    "batch_partial": 0.10,
    "item_refused": 0.10,
    "read_lost": 0.02,
    "read_refused": 0.02,
    "read_error": 0.02,
    "read_garbage": 0.01,
    "read_stale": 0.06,
}


ROUGH = {**FAULTS, **{name: min(0.16, 2.5 * FAULTS[name]) for name in ("unreachable", "server_error", "garbage")}}
"""What is usually seldom comes as often as the rest."""


RARE_CRASH = {
    **dict.fromkeys(("C5", "C6", "C7", "C9", "C11", "C14", "C15"), 0.8),
    **dict.fromkeys(("C2 calm", "C3 calm", "C7 calm"), 0.15),
    **dict.fromkeys(("C6 calm", "C8 calm", "C9 calm", "C15 calm"), 0.3),
}
"""By checkpoint, after a fault and (calm) without one."""


@dataclass(frozen=True)
class Rates:
    """How likely things are. ``crash`` and ``pause``: of a worker at the checkpoint where it is parked; ``hit_crash``:
    of one whose last request just had a fault."""

    faults: Mapping[str, float] = field(default_factory=lambda: dict(FAULTS))
    crash: float = 0.04
    crash_at: Mapping[str, float] = field(default_factory=lambda: {"C5": 0.1, "C6": 0.2, "C8": 0.1, "C9": 0.15})
    """Where workers come by seldom, they die more often."""
    hit_crash: float = 0.25
    rare_crash: Mapping[str, float] = field(default_factory=lambda: dict(RARE_CRASH))
    """The same in a cell in which nobody has died in this schedule."""
    pause: float = 0.03
    hub_people: float = 0.28
    erp_people: float = 0.32
    other_hub: float = 0.04
    poll: float = 0.15
    pull: float = 0.10
    run: float = 0.03
    sweep: float = 0.03
    outage: float = 0.02
    spare: float = 0.06
    settle: float = 0.05
    deliver: float = 0.5
    bell: float = 0.3


@dataclass(frozen=True)
class Setting:
    """One schedule. ``confirm`` matters on tier ``draft`` only."""

    seed: int
    tier: str
    confirm: str
    amend: str
    erp: Mapping[str, Any]
    remote_wins: bool
    rates: Rates = Rates()
    steps: int = 225
    money: bool = False
    """Whether people also receive and give back money."""
    sweeps: bool = True
    """Whether the slow repair of everything else runs."""
    bells: bool = True
    """Whether the ERP calls the hub when something changes there."""
    rewind: bool = False
    """Whether the database once goes back to an older state."""
    other_hub: bool = False
    """Whether a second hub (a copy of this one, say) works on the same ERP."""
    history: bool = False
    """Whether both sides hold the same orders before they are connected."""
    poison: bool = False
    """Whether some records cannot be taken, here or there."""
    picky: bool = True
    """Whether calls that come seldom go wrong more often than the others."""
    spares: bool = False
    """Whether a create of the hub's is sometimes applied twice. Where nobody else may confirm drafts, or it would count
    twice whatever the hub does."""
    skew_s: float = 0.0
    """By how much the clocks of two workers may differ."""
    declare: Mapping[str, Any] = field(default_factory=dict)
    """What the connection says of the ERP beside its settings."""

    @property
    def title(self) -> str:
        erp = " ".join(f"{name}={value}" for name, value in self.erp.items() if name not in ("tier", "amend"))
        more = [name for name in ("money", "rewind", "other_hub", "history", "poison", "spares") if getattr(self, name)]
        words = " ".join([erp, *more, *(f"{name}:{value}" for name, value in self.declare.items())])
        return f"seed {self.seed}, tier {self.tier}, confirm {self.confirm}, amend {self.amend} ({words})"

    @property
    def keeps_declared(self) -> bool:
        """Whether the ERP does to texts what the connection says of it."""
        return not {"text_max", "text_upper"} & set(self.declare)


def draw_setting(seed: int, tier: str, confirm: str, *, amend: str | None = None, **more: Any) -> Setting:
    """The surroundings of a seed; ``more`` replaces fields of the setting, ``erp`` adds to what was drawn."""
    chance = random.Random(f"{seed}/{tier}/{confirm}")
    drawn = amend or chance.choice(AMENDS if tier == "draft" else AMENDS[:-1])
    erp: dict[str, Any] = {
        "tier": tier,
        "amend": drawn,
        "confirms_version": chance.random() < 0.7,
        "exclusive_confirm": confirm == "audit" and chance.random() < 0.6,
        "text_max": chance.choice((0, 0, 5)),
        "text_upper": chance.random() < 0.2,
        "lag_s": chance.choice((0.0, 4.0)),
        "granularity_s": chance.choice((0.0, 1.0)),
        "rounding": "line",
        "lists_deleted": chance.random() < 0.5,
    }
    surroundings: dict[str, Any] = {
        "money": chance.random() < 0.4,
        "other_hub": chance.random() < 0.3,
        "history": chance.random() < 0.3,
        "poison": chance.random() < 0.3,
        "skew_s": chance.choice((0.0, 1.0)),
        "declare": {"batch_size": chance.choice((1, 1, 4))},
    }
    if erp["text_max"] and chance.random() < 0.3:
        surroundings["declare"] = {"text_max": 0}
    erp |= more.pop("erp", {})
    surroundings["spares"] = tier == "draft" and confirm == "audit" and bool(erp["exclusive_confirm"])
    setting = Setting(seed, tier, confirm, drawn, erp, remote_wins=chance.random() < 0.7)
    if chance.random() < 0.4:
        surroundings["rates"] = Rates(faults=ROUGH, hit_crash=0.4, erp_people=0.45)
    if surroundings["spares"]:
        surroundings["rates"] = replace(surroundings.get("rates", Rates()), sweep=0.12)
    return replace(setting, **{**surroundings, **more})


Policies = tuple[str, str, str]
"""Tier, confirm, amend."""


def list_policies(tier: str | None = None, confirm: str | None = None, amend: str | None = None) -> list[Policies]:
    """Every combination that there is, or those with these parts."""
    return [
        policies
        for policies in _list_all()
        if all(asked in (None, part) for asked, part in zip((tier, confirm, amend), policies, strict=True))
    ]


def _list_all() -> Iterator[Policies]:
    for tier in TIERS:
        for confirm in CONFIRMS if tier == "draft" else CONFIRMS[:1]:
            for amend in AMENDS if tier == "draft" else AMENDS[:-1]:
                yield tier, confirm, amend
