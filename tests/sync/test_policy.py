"""From declaration, mapping and the admin's choices to one policy."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hub.errors import ConfigInvalid
from hub.protocol.binding import Binding
from hub.protocol.decide import follow_version, is_stale
from hub.protocol.semantics import Amend, Confirm, Direction, Owner, ReadSemantics, Stage, Tier, Timing
from hub.protocol.snapshot import Snapshot
from hub.sync.config import SyncSettings
from hub.sync.policy import build_policy, settings_fingerprint
from tests.sync.scenes import Scene


def build(scene: Scene, kind: str = "order", **choices: Any) -> Any:
    conn = scene.hub.open("erp")
    sync = SyncSettings.model_validate(choices)
    return build_policy("erp", kind, sync, conn.sinks[kind].semantics, conn.mapping_of(kind), scene.hub.timing)


def test_the_defaults_are_the_careful_ones(scene: Scene) -> None:
    policy = build(scene)
    assert (policy.direction, policy.confirm, policy.create) == (Direction.BOTH, Confirm.SAVE, False)
    assert (policy.semantics.tier, policy.semantics.amend) == (Tier.DRAFT, Amend.REFUSE)
    assert policy.transactional
    assert policy.remote_wins


def test_figures_states_and_numbers_of_documents_are_never_written(scene: Scene) -> None:
    written = build(scene).mapped_out
    assert not written & {"net", "tax", "gross", "base_gross", "fulfilment", "state", "number"}
    assert {"account_id", "lines", "note", "currency"} <= written


def test_the_site_may_choose_owners_and_amend(scene: Scene) -> None:
    policy = build(scene, owners={"note": "hub", "lines": "remote"}, amend="park")
    assert (policy.owner_of("note"), policy.owner_of("lines")) == (Owner.HUB, Owner.REMOTE)
    assert policy.owner_of("currency") is Owner.HUB, "as the mapping says"
    assert policy.semantics.amend is Amend.PARK


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"owners": {"colour": "hub"}}, "sync.owner_field_unknown"),
        ({"owners": {"billing": "hub"}}, "sync.owner_field_unknown"),
    ],
)
def test_choices_that_mean_nothing_are_refused(scene: Scene, choices: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        build(scene, **choices)
    assert caught.value.code == code


def test_a_kind_that_cannot_be_written_can_only_be_read(scene: Scene) -> None:
    conn = scene.hub.open("erp")
    common = (None, conn.mapping_of("order"), scene.hub.timing)
    with pytest.raises(ConfigInvalid) as caught:
        build_policy("erp", "order", SyncSettings(), *common)
    assert caught.value.code == "sync.kind_not_writable"
    policy = build_policy("erp", "order", SyncSettings(direction=Direction.IN), *common)
    assert policy.semantics.tier is Tier.BLIND


@pytest.mark.parametrize(("versioned", "stale"), [(True, True), (False, False)])
def test_of_versions_that_only_differ_none_is_older(scene: Scene, versioned: bool, stale: bool) -> None:
    """What is only read, by digests: a change whose digest happens to be the smaller one is a change."""
    conn = scene.hub.open("erp")
    sync, reads = SyncSettings(direction=Direction.IN), ReadSemantics(versioned=versioned)
    policy = build_policy("erp", "order", sync, None, conn.mapping_of("order"), scene.hub.timing, reads)
    binding = Binding(id=uuid4(), connection="erp", kind="order", hub_id=uuid4(), remote_id="7", remote_version=9)
    seen = Snapshot("7", {}, Stage.EFFECTIVE, scene.hub.now(), version=3)
    assert is_stale(binding, seen, policy) is stale
    assert follow_version(policy, 9, 3) == (9 if versioned else 3)


def test_unsafe_times_are_refused(scene: Scene) -> None:
    conn = scene.hub.open("erp")
    with pytest.raises(ConfigInvalid):
        build_policy(
            "erp", "order", SyncSettings(), conn.sinks["order"].semantics, conn.mapping_of("order"),
            Timing(send_window_s=100),
        )  # fmt: skip


@pytest.mark.parametrize(
    "choices",
    [
        {"confirm": "audit"},
        {"create": True},
        {"start_date": "2026-01-01"},
        {"owners": {"note": "hub"}},
        {"amend": "park"},
        {"direction": "out"},
    ],
)
def test_what_a_plan_vouches_for_is_in_the_fingerprint(scene: Scene, choices: dict[str, Any]) -> None:
    conn = scene.hub.open("erp")

    def take(**given: Any) -> str:
        sync = SyncSettings.model_validate(given)
        return settings_fingerprint(build(scene, **given), sync, conn.mapping_of("order"), conn.settings)

    assert take(**choices) != take()
    assert take(every_s=60) == take()


def test_codes_are_in_the_fingerprint(scene: Scene) -> None:
    conn = scene.hub.open("erp")
    policy, sync, mapping = build(scene), SyncSettings(), conn.mapping_of("order")
    other = conn.settings.model_copy(update={"codes": {"unit": {"PCS": "pcs"}}})
    assert settings_fingerprint(policy, sync, mapping, conn.settings) != settings_fingerprint(
        policy, sync, mapping, other
    )
