"""Safeguards replaced by broken ones, through what is injectable: a policy, a step, a named part. A storm that does not
notice them proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.protocol.decide import Op
from tests.storm import breakage as broken
from tests.storm.breakage import Breakage
from tests.storm.setting import FAULTS, Rates, Setting, draw_setting

LOSSY = Rates(faults={**FAULTS, "lost_after": 0.25, "late": 0.2}, erp_people=0.5)
LATE = Rates(faults={"late": 0.5}, crash=0.02, erp_people=1.0)
UNHEARD = Rates(faults={"lost_after": 0.3, "late": 0.3}, crash=0.02, hub_people=0.7, erp_people=0.1)
LOST = Rates(faults={"lost_before": 0.5}, crash=0.01, hub_people=0.6, erp_people=0.15, pull=0.25)
SLEEPY = Rates(faults={"late": 0.2, "lost_after": 0.2}, crash=0.0, crash_at={}, hit_crash=0.0, pause=0.3, poll=0.5)
CROWDED = Rates(faults={}, crash=0.0, crash_at={}, hit_crash=0.0, pause=0.1, poll=0.9, deliver=1.0)
EAGER = Rates(faults={}, crash=0.01, hub_people=0.9, erp_people=0.05, poll=0.5)
STRICT = Rates(faults={}, crash=0.0, hub_people=0.6, erp_people=1.0, poll=0.6)
RUSHED = Rates(faults={}, crash=0.0, hub_people=1.0, erp_people=1.0, poll=0.3)
BUSY = Rates(hub_people=0.6, erp_people=0.6)


UNMIXED: dict[str, Any] = {"rare_crash": {}, "outage": 0.0, "settle": 0.0}
"""Without what would only take the place of that which makes a mutant bite."""


@dataclass(frozen=True)
class Mutant:
    """A broken safeguard and where it can bite. ``seeds``: within so many schedules it must be noticed.
    ``redundant``: what covers it, and is broken with it."""

    name: str
    breakage: Breakage
    tier: str = "draft"
    confirm: str = "save"
    amend: str | None = None
    seeds: int = 40
    directed: bool = False
    """It bites so seldom that a scene of its own shows it (``test_mutants``)."""
    erp: Mapping[str, Any] = field(default_factory=dict)
    rates: Rates = LOSSY
    more: Mapping[str, Any] = field(default_factory=dict)
    redundant: str = ""

    def make_setting(self, seed: int, tier: str | None = None, confirm: str | None = None) -> Setting:
        return draw_setting(
            seed, tier or self.tier, confirm or self.confirm, amend=self.amend, erp=dict(self.erp),
            rates=replace(self.rates, **UNMIXED), **{"steps": 60, "picky": False, "spares": False, **self.more},
        )  # fmt: skip


ALONE: dict[str, Any] = {"sweeps": False, "bells": False}
"""Without the layers that repair."""
PLAINLY: dict[str, Any] = {"declare": {}}
"""The connection says what the ERP is."""


_ALL: tuple[Mutant, ...] = (
    Mutant("blind_retry", Breakage(steps={Op.SEARCH: broken.search_nothing})),
    Mutant("no_quiet", Breakage(distort=broken.no_quiet), rates=LATE, seeds=60),
    Mutant(
        "alone_with_drafts", Breakage(distort=broken.alone_with_drafts), confirm="audit", rates=LATE,
        erp={"exclusive_confirm": False},
    ),
    Mutant("no_outbox", Breakage(parts={("hub.sync.resolve", "mark_bindings"): broken.LossyMarks()})),
    Mutant(
        "no_echo", Breakage(parts={("hub.sync.match", "is_reference_ours"): broken.no_check}), tier="plain",
    ),
    Mutant(
        "no_overlap", Breakage(distort=broken.no_overlap), tier="unique", rates=BUSY, more={**ALONE, **PLAINLY},
        erp={"lag_s": 4.0},
    ),
    Mutant("payload", Breakage(rig=broken.take_bodies), tier="unique", rates=BUSY, more={"sweeps": False}),
    Mutant(
        "trust_ack", Breakage(steps={Op.PATCH: broken.trust_sending}), tier="unique", amend="free", rates=LOST,
        more=ALONE,
    ),
    Mutant(
        "no_lease", Breakage(parts={("hub.sync.push", "claim_bindings"): broken.claim_unfenced}), tier="plain",
        rates=CROWDED,
    ),
    Mutant(
        "no_selffence",
        Breakage(parts={("hub.sync.sending", "check_in_time"): broken.nothing_in_time}),
        tier="plain", rates=SLEEPY,
    ),
    Mutant(
        "adopt_any",
        Breakage(parts={
            ("hub.sync.match", "is_reference_ours"): broken.is_ours_by_reference,
            ("hub.protocol.decide", "choose_hit"): broken.choose_anybody,
        }),
        rates=BUSY,
    ),
    Mutant(
        "no_sentset", Breakage(steps={Op.PATCH: broken.forget_sent}), tier="unique", amend="free", rates=UNHEARD,
        more=PLAINLY,
    ),
    Mutant(
        "increment", Breakage(parts={("hub.sync.resolve", "derive_values"): broken.increment_paid}), tier="unique",
        more={"money": True},
    ),
    Mutant(
        "skip_void", Breakage(parts={("hub.sync.steps", "judge_found"): broken.skip_void}), tier="plain",
        more={"rewind": True}, rates=STRICT, seeds=80,
    ),
    Mutant(
        "early_adopt", Breakage(parts={("hub.sync.match", "_match_reference"): broken.match_first_draft}),
        confirm="audit", more={"rewind": True}, rates=LATE, directed=True,
    ),
    Mutant(
        "no_tombstone",
        Breakage(parts={
            ("hub.sync.stages", "_end"): broken.forget_end, ("hub.sync.intent", "is_void"): broken.no_check,
        }),
        tier="blind", rates=BUSY, redundant="the record is void by its image: that is not looked at either",
    ),
    Mutant(
        "no_dependency",
        Breakage(parts={
            ("hub.sync.awaited", "_list_ready"): broken.forget_awaited,
            ("hub.sync.pull", "fetch_parents"): broken.forget_awaited,
            ("hub.sync.event_intake", "fetch_parents"): broken.forget_awaited,
        }),
        more={"money": True, "sweeps": False},
        redundant="parents are fetched before what refers to them: not here",
    ),
    Mutant(
        "confirm_spare",
        Breakage(
            steps={Op.CONFIRM: broken.confirm_spare},
            parts={("hub.sync.match", "_set_spare_aside"): broken.confirm_at_sight},
        ),
        confirm="audit", rates=LATE, erp={"exclusive_confirm": True}, more={"spares": True},
    ),
    Mutant(
        "confirm_first",
        Breakage(distort=broken.edit_anything, parts={("hub.sync.intent", "decide"): broken.confirm_first}),
        confirm="audit", amend="refuse", rates=BUSY,
    ),
    Mutant(
        "no_adopt_check",
        Breakage(parts={
            ("hub.sync.match", "hold_import"): broken.no_check,
            ("hub.sync.intent", "find_lookalikes"): broken.no_alikes,
        }),
        tier="unique", more={"history": True},
    ),
    Mutant(
        "no_installation_id",
        Breakage(parts={
            ("hub.sync.ingest", "is_reference_foreign"): broken.no_check,
            ("hub.sync.match", "is_reference_ours"): broken.is_ours_by_login,
            ("hub.protocol.decide", "choose_hit"): broken.choose_any_installation,
            ("hub.sync.steps", "ask_remote"): broken.search_any_installation,
        }),
        tier="plain", more={"other_hub": True},
    ),
    Mutant(
        "no_normaliser", Breakage(distort=broken.raw_values), tier="unique", erp={"text_max": 4}, more=PLAINLY,
    ),
    Mutant("no_amend", Breakage(distort=broken.edit_anything), tier="unique", amend="refuse", rates=BUSY),
    Mutant(
        "reverse_blind", Breakage(steps={Op.VOID: broken.reverse_blindly}), tier="unique", amend="reverse",
        rates=LOST,
    ),
    Mutant(
        "no_parent",
        Breakage(parts={
            ("hub.sync.intent", "_check_parents"): broken.always_ready,
            ("hub.sync.sending", "write_payload"): broken.send_without_parent,
        }),
        tier="unique", more={"money": True},
        redundant="the mapping writes no reference to what has no document there",
    ),
    Mutant(
        "flat_revision",
        Breakage(parts={
            ("hub.sync.match", "_match_reference"): broken.match_flat,
            ("hub.protocol.decide", "choose_hit"): broken.choose_flat,
        }),
        tier="unique", amend="reverse", more={"rewind": True}, rates=EAGER,
    ),
    Mutant(
        "no_rewind_wait", Breakage(parts={("hub.sync.rewound", "_look_again"): broken.look_again_at_once}),
        tier="plain", more={"rewind": True}, rates=LATE, seeds=60,
    ),
    Mutant(
        "clock_alone",
        Breakage(parts={
            ("hub.sync.claims", "date_changes"): broken.now_alone,
            ("hub.sync.image", "date_changes"): broken.now_alone,
        }),
        tier="plain", amend="free", seeds=60, rates=RUSHED, more={"skew_s": 1.0, **PLAINLY}, directed=True,
    ),
)  # fmt: skip
MUTANTS = {mutant.name: mutant for mutant in _ALL}
