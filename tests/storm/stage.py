"""Hub and ERP as a setting wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.storm.setting import Setting
from tests.sync.world import World


def make_world(setting: Setting) -> World:
    """With a temporary database."""
    order: dict[str, Any] = {"remote_wins": setting.remote_wins}
    if setting.tier == "draft":
        order["confirm"] = setting.confirm
    party = {"create": True, "remote_wins": setting.remote_wins}
    return World(
        Path(),
        seed=setting.seed,
        url="sqlite://",
        erp=setting.erp,
        syncs={"account": party, "product": party, "order": order, **({"payment": order} if setting.money else {})},
        faults=setting.rates.faults,
        read=False,
        declare=setting.declare,
    )
