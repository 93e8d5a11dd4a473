"""Safeguards replaced by broken ones, through what is injectable: a policy, a step. A storm that does not notice them
proves nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.protocol.binding import Binding
from hub.protocol.decide import Action, Op
from hub.protocol.semantics import Policy
from hub.protocol.snapshot import Intent, Search
from hub.sync.steps import STEPS, Step
from hub.sync.work import Work
from tests.storm.schedule import Distort
from tests.storm.setting import FAULTS, Rates, Setting, draw_setting

StepFunction = Callable[[Work, Binding, Intent, Action], Step]
LOSSY = Rates(faults={**FAULTS, "lost_after": 0.25, "late": 0.2}, erp_people=0.5)
LATE = Rates(faults={"late": 0.5}, crash=0.02, erp_people=1.0)
UNHEARD = Rates(faults={"lost_after": 0.3, "late": 0.3}, crash=0.02, hub_people=0.7, erp_people=0.1)
LOST = Rates(faults={"lost_before": 0.5}, crash=0.01, hub_people=0.6, erp_people=0.15, pull=0.25)


@dataclass(frozen=True)
class Mutant:
    """A broken safeguard and where it can bite. ``seeds``: within so many schedules it must be noticed."""

    name: str
    tier: str = "draft"
    confirm: str = "save"
    seeds: int = 20
    distort: Distort | None = None
    steps: Mapping[Op, StepFunction] = field(default_factory=dict)
    amend: str | None = None
    erp: Mapping[str, Any] = field(default_factory=dict)
    rates: Rates = LOSSY
    sweeps: bool = True

    def make_setting(self, seed: int) -> Setting:
        return draw_setting(
            seed, self.tier, self.confirm, amend=self.amend, erp=dict(self.erp), rates=self.rates, sweeps=self.sweeps,
            steps=60,
        )  # fmt: skip


def _replace(policy: Policy, **declared: Any) -> Policy:
    return dataclasses.replace(policy, semantics=dataclasses.replace(policy.semantics, **declared))


def no_quiet(policy: Policy) -> Policy:
    """Bounds declared far too optimistically: no quiet period to speak of."""
    return _replace(policy, d_max_s=0.0, lag_s=0.0)


def alone_with_drafts(policy: Policy) -> Policy:
    """Nobody else approves our drafts, it says; so an ambiguous create waits for nothing."""
    return _replace(policy, exclusive_confirm=True)


def raw_values(policy: Policy) -> Policy:
    """What the other side does to texts is not declared."""
    return _replace(policy, normalisers={})


def search_nothing(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A search that never finds anything: an unknown create is simply made again."""
    return Step(False, Search())


def trust_sending(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A patch that was sent counts as done."""
    step = STEPS_AS_SHIPPED[Op.PATCH](work, binding, intent, action)
    with work.hub.store.write() as tx:
        work.save(tx, work.own(tx), dirty=False, lease_until=None)
    return Step(True) if step.done else STEPS_AS_SHIPPED[Op.NOTHING](work, binding, intent, Action(Op.NOTHING))


def forget_sent(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Forget which values we tried to write."""
    step = STEPS_AS_SHIPPED[Op.PATCH](work, binding, intent, action)
    with work.hub.store.write() as tx:
        tx.save(work.own(tx).model_copy(update={"sent": {}}))
    return step


STEPS_AS_SHIPPED = dict(STEPS)
MUTANTS = (
    Mutant("no_quiet", seeds=60, distort=no_quiet, rates=LATE),
    Mutant(
        "alone_with_drafts",
        confirm="audit",
        seeds=40,
        distort=alone_with_drafts,
        erp={"exclusive_confirm": False},
        rates=LATE,
    ),
    Mutant("raw_values", tier="unique", distort=raw_values, erp={"text_max": 4}),
    Mutant("search_nothing", steps={Op.SEARCH: search_nothing}),
    Mutant(
        "trust_sending",
        tier="unique",
        amend="free",
        steps={Op.PATCH: trust_sending},
        rates=LOST,
        sweeps=False,
        seeds=40,
    ),
    Mutant("forget_sent", tier="unique", amend="free", steps={Op.PATCH: forget_sent}, rates=UNHEARD, seeds=40),
)
