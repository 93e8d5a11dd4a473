"""What the receiver makes of calls: deliveries, handshakes, and the shapes in which events come."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.webhook.config import WebhookConfig
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import PLAIN, SECRETS, sign
from hub.errors import MappingError, Unauthentic
from hub.runtime.clock import SystemClock
from hub.sdk import Stage, Tools
from hub.sdk.webhooks import Call, Notice, Receiver

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
DEEP = b'{"a":' * 90 + b"1" + b"}" * 90
ENDLESS = b'{"id": "evt_1", "amount": 1e99999999999999999999}'
"""JSON, with a number that is none."""
EVENTS = {"order.*": "order", "order.deleted": {"kind": "order", "ends": "deleted"}, "o": {"kind": "order"}}


def open_receiver(**config: Any) -> Receiver:
    scheme = config.get("scheme", "standard-webhooks")
    values = {"secret": SECRETS.get(scheme, PLAIN), "events": EVENTS, **config}
    tools = Tools(clock=SystemClock(), random=random.Random(1))
    return WebhookConnector(WebhookConfig.model_validate(values), tools).receiver()


def make_call(body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Call:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call(method, "/hooks/shop", {name.lower(): value for name, value in (headers or {}).items()}, raw, NOW)


def order(**more: Any) -> dict[str, Any]:
    return {"id": "o7", "updated_at": "2026-11-02T08:00:00Z", "total": 12.5, **more}


def read_one(receiver: Receiver, body: Any, headers: dict[str, str] | None = None) -> Notice:
    notices = receiver.read(make_call(body, headers))
    assert len(notices) == 1
    return notices[0]


@pytest.mark.parametrize("scheme", ["standard-webhooks", "stripe", "github", "shopify", "bearer"])
def test_what_the_simulated_shop_signs_is_accepted(scheme: str):
    body = json.dumps({"id": "evt_1", "type": "order.created", "data": order()}).encode()
    headers = sign(scheme, SECRETS.get(scheme, PLAIN), "evt_1", "order.created", NOW_S, body)
    received = open_receiver(scheme=scheme).receive(make_call(body, dict(headers)))
    assert (received.keep, received.answer) == (True, None)
    assert received.key == (None if scheme == "bearer" else "evt_1")
    with pytest.raises(Unauthentic):
        open_receiver(scheme=scheme).receive(make_call(body + b" " if scheme != "bearer" else body, {}))


def test_the_delivery_may_stand_anywhere():
    headers = {"Authorization": f"Bearer {PLAIN}", "X-Try": "77"}
    body = {"nested": {"ids": ["a", "b"]}}
    for place, key in (("header:X-Try", "77"), ("nested.ids.1", "b"), ("nested.nothing", None)):
        received = open_receiver(scheme="bearer", delivery=place).receive(make_call(body, headers))
        assert received.key == key
    assert open_receiver(scheme="bearer", delivery="a.b").receive(make_call(b"\xff", headers)).key is None


def test_a_body_that_cannot_be_read_is_taken_all_the_same():
    """It proved itself: what is wrong with it is for us to tell people, not for the sender to try again."""
    headers = sign("stripe", SECRETS.get("stripe", PLAIN), "evt_1", "order.created", NOW_S, ENDLESS)
    received = open_receiver(scheme="stripe").receive(make_call(ENDLESS, dict(headers)))
    assert (received.keep, received.key) == (True, None)


def test_only_posts_bring_events():
    with pytest.raises(Unauthentic):
        open_receiver(scheme="bearer").receive(make_call({}, {"Authorization": f"Bearer {PLAIN}"}, "GET"))


def test_an_event_becomes_a_document():
    notice = read_one(open_receiver(), {"type": "order.created", "data": order()})
    record = notice.record
    assert record is not None
    assert (notice.stream, notice.external_id, record.stage) == ("order", "o7", Stage.EFFECTIVE)
    assert record.payload["total"] == Decimal("12.5")
    assert record.version == int(datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp()) * 1_000_000
    assert record.read_at == NOW


def test_the_exact_type_wins_over_a_pattern():
    notice = read_one(open_receiver(), {"type": "order.deleted", "data": order()})
    assert notice.record is not None
    assert (notice.record.stage, notice.record.payload) == (Stage.GONE, {})


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (17, 17),
        ("17", 17),
        ("2026-11-02T16:00:00+08:00", 1793606400000000),
        ("2026-11-02 08:00:00", 1793606400000000),
    ],
)
def test_versions_and_times(version: Any, found: int):
    notice = read_one(open_receiver(), {"type": "order.x", "data": order(updated_at=version)})
    assert notice.record is not None
    assert notice.record.version == found


@pytest.mark.parametrize("version", [None, True, "soon", -1, 2**70, "", [], "9999999999999999999999"])
def test_what_is_no_version_fits_nothing(version: Any):
    with pytest.raises(MappingError) as refused:
        open_receiver().read(make_call({"type": "order.x", "data": order(updated_at=version)}))
    assert refused.value.code == "webhook.no_version"


def test_the_order_of_arrival_may_stand_for_a_version():
    notice = read_one(open_receiver(version="received"), {"type": "order.x", "data": {"id": 5}})
    assert notice.record is not None
    assert (notice.external_id, notice.record.version) == ("5", None)


def test_several_events_in_one_call():
    body = {"events": [{"type": "order.a", "data": order(id=str(place))} for place in range(3)]}
    notices = open_receiver(each="events").read(make_call(body))
    assert [notice.external_id for notice in notices] == ["0", "1", "2"]
    assert len(open_receiver(each=".").read(make_call(body["events"]))) == 3
    with pytest.raises(MappingError):
        open_receiver(each="rows").read(make_call(body))


def test_cloudevents_come_in_three_forms():
    receiver = open_receiver()
    structured = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.a", "data": order()}
    one = read_one(receiver, structured, {"content-type": "application/cloudevents+json"})
    binary = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "order.a"}
    other = read_one(receiver, order(), {**binary, "content-type": "application/json"})
    many = receiver.read(make_call([structured] * 2, {"content-type": "application/cloudevents-batch+json"}))
    assert one == other == many[0] == many[1]


def test_shopify_puts_the_type_into_a_header():
    receiver = open_receiver(scheme="shopify", events={"orders/*": "order"})
    assert read_one(receiver, order(), {"X-Shopify-Topic": "orders/updated"}).external_id == "o7"


def test_a_form_is_read_too():
    receiver = open_receiver(type="topic", id="no", version="v", data=".", events={"o": "order"})
    notice = read_one(receiver, b"topic=o&no=12&v=3", {"content-type": "application/x-www-form-urlencoded"})
    assert (notice.external_id, notice.record and notice.record.payload["no"]) == ("12", "12")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"3", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"type": NaN}', DEEP, ENDLESS],
)
def test_what_is_no_event_says_why(body: bytes):
    with pytest.raises(MappingError):
        open_receiver().read(make_call(body))


def test_a_rule_may_have_places_of_its_own():
    rule = {"kind": "payment", "id": "receipt.no", "version": "receipt.at", "data": "receipt"}
    receiver = open_receiver(events={"paid": rule})
    body = {"type": "paid", "data": {}, "receipt": {"no": 9, "at": 4}}
    notice = read_one(receiver, body)
    assert (notice.stream, notice.external_id) == ("payment", "9")


def test_ignored_types_say_nothing():
    assert open_receiver(ignore="cart.*; visit").read(make_call({"type": "cart.left", "data": {}})) == []


def test_signatures_are_not_kept():
    assert "webhook-signature" in open_receiver().unkept_headers
    assert "x-shop-sign" in open_receiver(scheme="hmac", signature={"header": "X-Shop-Sign"}).unkept_headers
