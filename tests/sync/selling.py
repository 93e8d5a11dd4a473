"""A sales desk: records of the CRM kinds, made and acted upon as people do, without any other system."""

from __future__ import annotations

from typing import Any

from hub.model.base import Entity
from hub.sync.actions import Acted, act_on_record
from hub.sync.records import create_record, edit_record
from tests.sync.scenes import Scene

LINE = {"name": "轴承", "quantity": "2", "unit_price": "50", "tax_rate": "0.13"}


class Desk:
    """Li's desk in a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hub = scene.hub

    def make(self, kind: str, **values: Any) -> Any:
        return create_record(self.hub, kind, values, "li", anyway=True)

    def edit(self, record: Entity, **changes: Any) -> Any:
        return edit_record(self.hub, record.KIND, record.id, changes, "li")

    def act(self, record: Entity, name: str, *, dry_run: bool = False, by: str = "li", **options: Any) -> Acted:
        return act_on_record(self.hub, record.KIND, record.id, name, options, by, dry_run=dry_run)

    def reload(self, record: Entity) -> Any:
        return self.scene.reload(record)

    def pass_days(self, days: float) -> None:
        self.scene.clock.pass_time(days * 86_400)

    # ---- what most tests need --------------------------------------------------------------------------------------

    def person(self, name: str = "王芳") -> Any:
        return self.make("user", name=name)

    def account(self, name: str = "海岳精密", **values: Any) -> Any:
        return self.make("account", name=name, **values)

    def quote(self, state: str = "submitted", **values: Any) -> Any:
        if "account_id" not in values:
            values["account_id"] = self.account(f"客户 {len(self.scene.records('account'))}").id
        made = self.make("quote", lines=[LINE], **values)
        return self.edit(made, state=state) if state != "draft" else made

    def contract(self, state: str = "approved", **values: Any) -> Any:
        if "account_id" not in values:
            values["account_id"] = self.account(f"客户 {len(self.scene.records('account'))}").id
        made = self.make("contract", **{"valid_from": "2026-01-01", "valid_until": "2026-12-31", **values})
        for step in ("submitted", "approved")[: ("draft", "submitted", "approved").index(state)]:
            made = self.edit(made, state=step)
        return made
