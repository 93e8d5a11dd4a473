"""Two customers that are one, with all that hangs on them, on a hub and an ERP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.model.base import SYSTEM_FIELDS, Entity
from hub.protocol.binding import Binding
from hub.store.rows import Image
from hub.sync.records import create_record
from tests.sync.scenes import Scene

SYNCS: Mapping[str, Mapping[str, Any]] = {"account": {}, "product": {}, "order": {}}


@contextmanager
def open_scene(folder: Path, url: str, **options: Any) -> Iterator[Scene]:
    """A scene on the database at that address."""
    scene = Scene(folder, url=url, syncs=SYNCS, **options)
    try:
        yield scene
    finally:
        scene.hub.close()
        scene.store.close()


def make_partner(scene: Scene, name: str, **values: Any) -> Any:
    """A customer that people made there, without a tax number; its record here."""
    partner = scene.wang.create("partner", name=name, **values)
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("account")
    return scene.record_of("account", partner)


def make_sale_for(scene: Scene, account: Any, quantity: str = "2") -> Any:
    """A sale that people make there for that customer; its record here."""
    remote_id = next(row.remote_id for row in scene.rows(Binding, kind="account", hub_id=account.id))
    return make_sale_at(scene, str(remote_id), quantity)


def make_sale_at(scene: Scene, remote_id: str, quantity: str = "2") -> Any:
    items = scene.erp.documents("item") or [scene.make_item()]
    line = {"item": items[0]["id"], "quantity": quantity, "price": "12.50", "tax_percent": "13"}
    sale = scene.wang.create("sale", customer=remote_id, lines=[line])
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("product", "order")
    return scene.record_of("order", sale)


def make_contact(scene: Scene, name: str, *accounts: Any, **values: Any) -> Any:
    links = [{"account_id": str(account.id), "primary": place == 0} for place, account in enumerate(accounts)]
    return create_record(scene.hub, "contact", {"name": name, "links": links, **values}, "li", anyway=True)


def show(record: Entity) -> dict[str, Any]:
    """A record without what moves by itself."""
    return record.model_dump(exclude=set(SYSTEM_FIELDS) - {"id", "deleted_at"})


def show_images(scene: Scene, record_id: UUID) -> list[dict[str, Any]]:
    rows = scene.rows(Image, record_id=record_id, order=["source"])
    return [row.model_dump(exclude={"at", "digest"}) for row in rows]


def show_bindings(scene: Scene, record_id: UUID) -> list[dict[str, Any]]:
    """What a binding says of its document, without what comes and goes with each look at it."""
    told = {"id", "connection", "kind", "hub_id", "home_id", "ref", "remote_id", "primary", "ours", "state", "stage"}
    rows = scene.rows(Binding, hub_id=record_id, order=["connection", "id"])
    return [row.model_dump(include=told) for row in rows]


def show_all(scene: Scene, *records: Entity) -> list[Any]:
    """Everything that an unmerge has to bring back."""
    return [
        (show(scene.reload(record)), show_images(scene, record.id), show_bindings(scene, record.id))
        for record in records
    ]
