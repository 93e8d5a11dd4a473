"""The part of the suite that applies to a connector of which nothing can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.webhook.connector import WebhookConnector
from hub.testkit.conformance import Bench, Site, make_suite
from hub.testkit.conformance.checks import CHECKS

APPLY = {"outline", "account", "page", "resume"}
"""Nothing can be asked of such a system, nothing written to it, and no request of ours can fail."""


class ShopBench(Bench):
    """A shop that pushes; the suite has nothing to start."""

    connector = WebhookConnector

    @contextmanager
    def start(self) -> Iterator[Site]:
        events = {kind: {"kind": kind} for kind in ("account", "order", "payment")}
        yield Site({"secret": "c2hvcCBzZWNyZXQ=", "events": events})  # pragma: allowlist secret


TestWebhook = make_suite(ShopBench(), leave_out=sorted(CHECKS.keys() - APPLY))
