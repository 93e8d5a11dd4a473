"""What an admin may write about a shop, and what is found wrong with it before anything comes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.webhook.config import EXAMPLES, EventConfig, WebhookConfig, match_type
from connectors.webhook.connector import WebhookConnector
from hub.errors import ConfigInvalid
from hub.runtime.clock import SystemClock
from hub.sdk import Tools

STANDARD = {"secret": "c2hvcA==", "events": {"order.*": "order"}}  # pragma: allowlist secret


def open_shop(**config: Any) -> WebhookConnector:
    values = WebhookConfig.model_validate({**STANDARD, **config})
    return WebhookConnector(values, Tools(clock=SystemClock(), random=random.Random(1)))


def find_codes(**config: Any) -> list[str]:
    return [item.code for item in open_shop(**config).check()]


def test_a_good_configuration_says_where_things_stand():
    items = open_shop().check()
    assert [(item.ok, item.code) for item in items] == [(True, "webhook.ready"), (True, "webhook.places")]
    assert items[1].params == {"type": "type", "id": "data.id", "version": "data.updated_at", "data": "data"}


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"events": {}}, "webhook.no_events"),
        ({"events": {"x": "unicorn"}}, "webhook.kind_unknown"),
        ({"secret": "no base64!"}, "sdk.webhook_secret"),  # pragma: allowlist secret
        ({"second_secret": "no base64!"}, "sdk.webhook_secret"),  # pragma: allowlist secret
        ({"scheme": "hubspot-v3"}, "webhook.no_public_url"),
        ({"scheme": "hmac"}, "webhook.signature_missing"),
    ],
)
def test_what_is_wrong_is_found(config: dict[str, Any], code: str):
    items = open_shop(**config).check()
    assert (False, code) in [(item.ok, item.code) for item in items]


def test_the_order_of_arrival_is_said_aloud():
    assert find_codes(version="received")[-1] == "webhook.order_of_arrival"


def test_without_a_description_of_its_signature_nothing_is_taken():
    with pytest.raises(ConfigInvalid):
        open_shop(scheme="hmac").receiver()


def test_names_with_dots_may_be_tables():
    flat = WebhookConfig.model_validate({**STANDARD, "events": {"order.created": "order"}})
    nested = WebhookConfig.model_validate({**STANDARD, "events": {"order": {"created": "order"}}})
    rule = {"order": {"deleted": {"kind": "order", "ends": "deleted"}}}
    deep = WebhookConfig.model_validate({**STANDARD, "events": rule})
    assert flat.events == nested.events == {"order.created": EventConfig(kind="order")}
    assert deep.events["order.deleted"].ends == "deleted"


@pytest.mark.parametrize(
    "config",
    [
        {"scheme": "smoke-signals"},
        {"events": {"x": {"kind": "order", "colour": "red"}}},
        {"events": {"x": {"kind": "order", "ends": "maybe"}}},
        {"signature": {"header": "X", "signed": "{nobody}"}},
        {"max_body_kb": 100_000},
        {"accepts_per_s": 0},
        {"surprise": 1},
    ],
)
def test_what_nobody_means_is_refused(config: dict[str, Any]):
    with pytest.raises(ValidationError):
        WebhookConfig.model_validate({**STANDARD, **config})


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_good(example: dict[str, Any]):
    assert all(item.ok for item in open_shop(**{**example, "secret": STANDARD["secret"]}).check())


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("order.*", "order.created", True),
        ("order.*", "order", False),
        ("*", "anything", True),
        ("a*c", "abc", True),
        ("a*c", "abd", False),
        ("a.b", "axb", False),
        ("orders/*", "orders/update", True),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool):
    assert match_type(pattern, name) is fits
