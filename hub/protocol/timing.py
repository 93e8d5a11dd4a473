"""Checks that the time bounds and the admin's choices are safe together, made at start-up."""

from __future__ import annotations

from hub.errors import ConfigInvalid
from hub.protocol.semantics import Amend, Confirm, Owner, Policy, Tier, Timing


def check_timing(timing: Timing) -> None:
    """``ConfigInvalid`` when a paused worker could still send after its claim has passed to another."""
    if timing.send_window_s >= timing.lease_s:
        raise ConfigInvalid("protocol.send_window_too_long", send_window_s=timing.send_window_s, lease_s=timing.lease_s)
    if timing.http_total_s >= timing.lease_s - timing.send_window_s:
        raise ConfigInvalid("protocol.http_timeout_too_long", http_total_s=timing.http_total_s, lease_s=timing.lease_s)


def check_policy(policy: Policy, connection: str, allowed_unsafe: frozenset[str] = frozenset()) -> None:
    """``ConfigInvalid`` names the choice that the connector's declaration does not carry.

    ``allowed_unsafe``: shared fields that the admin allows one by one on a system without compare-and-set.
    """
    semantics = policy.semantics
    where = {"connection": connection, "kind": policy.kind}
    if policy.confirm not in semantics.confirms and semantics.tier is Tier.DRAFT:
        allowed = ", ".join(sorted(semantics.confirms))
        raise ConfigInvalid("protocol.confirm_unsupported", confirm=policy.confirm.value, allowed=allowed, **where)
    if policy.transactional and semantics.amend is Amend.REOPEN and semantics.tier is not Tier.DRAFT:
        raise ConfigInvalid("protocol.reopen_needs_drafts", **where)
    shared = {name for name in policy.mapped_in & policy.mapped_out if policy.owner_of(name) is Owner.SHARED}
    risky = shared - allowed_unsafe
    if risky and not semantics.compare_and_set:
        raise ConfigInvalid("protocol.shared_needs_cas", fields=", ".join(sorted(risky)), **where)
    if not semantics.partial_update and semantics.tier not in (Tier.UNIQUE, Tier.DRAFT):
        raise ConfigInvalid("protocol.whole_writes_unsafe", **where)


def needs_quiet(policy: Policy) -> bool:
    """Whether an ambiguous create must wait out the quiet period before anything is decided."""
    semantics = policy.semantics
    if semantics.tier is Tier.PLAIN:
        return True
    return semantics.tier is Tier.DRAFT and not (policy.confirm is Confirm.AUDIT and semantics.exclusive_confirm)
