"""What a probe may do on the admin's own account: only what can be taken back again."""

from __future__ import annotations

from enum import StrEnum

from hub.protocol.semantics import Stage, Tier, WriteSemantics


class Trial(StrEnum):
    """How a kind is tried out."""

    DRAFT = "draft"
    """One draft is made, and deleted."""
    VOID = "void"
    """One is made that is in effect at once, and cancelled: it stays to be seen as that, and counts for nobody."""
    EDIT = "edit"
    """Nothing is made: texts of one record that is there lose their last character and get it back."""


MADE_IN = {Trial.DRAFT: Stage.DRAFT, Trial.VOID: Stage.EFFECTIVE}
"""The stage in which what the probe makes is, until it is taken back."""


def choose_trial(semantics: WriteSemantics) -> Trial | None:
    """None where a probe would stay for ever."""
    if not semantics.creates:
        return Trial.EDIT if semantics.editable.get(Stage.EFFECTIVE) else None
    if semantics.tier is Tier.DRAFT and Stage.DRAFT in semantics.deletable:
        return Trial.DRAFT
    searchable = semantics.tier is not Tier.BLIND
    return Trial.VOID if semantics.cancels_cleanly and searchable and Stage.EFFECTIVE in semantics.voidable else None
