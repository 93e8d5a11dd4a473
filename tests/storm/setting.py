"""What a seed decides before anything happens: which ERP, whose rule in a conflict, how often things go wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
    "read_lost": 0.02,
    "read_refused": 0.02,
    "read_error": 0.02,
    "read_garbage": 0.01,
    "read_stale": 0.06,
}


@dataclass(frozen=True)
class Rates:
    """How likely things are. ``crash`` and ``pause``: of a worker at the checkpoint where it is parked."""

    faults: Mapping[str, float] = field(default_factory=lambda: dict(FAULTS))
    crash: float = 0.05
    crash_at: Mapping[str, float] = field(default_factory=lambda: {"C5": 0.1, "C6": 0.2, "C8": 0.1, "C9": 0.15})
    """Where workers come by seldom, they die more often."""
    pause: float = 0.03
    hub_people: float = 0.30
    erp_people: float = 0.35
    poll: float = 0.15
    pull: float = 0.12
    run: float = 0.04
    sweep: float = 0.03
    deliver: float = 0.5


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
    steps: int = 34
    money: bool = False
    """Whether people also receive and give back money."""
    sweeps: bool = True
    """Whether the slow repair of everything else runs."""

    @property
    def title(self) -> str:
        erp = " ".join(f"{name}={value}" for name, value in self.erp.items() if name not in ("tier", "amend"))
        return f"seed {self.seed}, tier {self.tier}, confirm {self.confirm}, amend {self.amend} ({erp})"


def draw_setting(seed: int, tier: str, confirm: str, *, amend: str | None = None, **more: Any) -> Setting:
    """The surroundings of a seed; ``more`` replaces fields of the setting, ``erp`` adds to what was drawn."""
    chance = random.Random(f"{seed}/{tier}/{confirm}")
    drawn = amend or chance.choice(AMENDS if tier == "draft" else AMENDS[:-1])
    erp: dict[str, Any] = {
        "tier": tier,
        "amend": drawn,
        "confirms_version": chance.random() < 0.7,
        "exclusive_confirm": confirm == "audit" and chance.random() < 0.4,
        "text_max": chance.choice((0, 0, 5)),
        "text_upper": chance.random() < 0.2,
        "lag_s": chance.choice((0.0, 4.0)),
        "granularity_s": chance.choice((0.0, 1.0)),
        "rounding": "line",
        "lists_deleted": chance.random() < 0.5,
    }
    erp |= more.pop("erp", {})
    setting = Setting(seed, tier, confirm, drawn, erp, remote_wins=chance.random() < 0.7)
    return replace(setting, **more)
