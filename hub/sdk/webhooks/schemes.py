"""The schemes that are known by name. Sources: the vendors' own pages and packages, read 2026-08 to 2026-11."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import NotFound
from hub.sdk.webhooks.signing import HmacScheme, Scheme, TokenScheme

SCHEMES: Mapping[str, Scheme] = {
    "standard-webhooks": HmacScheme(
        header="webhook-signature",
        signed="{header:webhook-id}.{timestamp}.{body}",
        encoding="base64",
        prefix="v1,",
        form="list",
        timestamp="webhook-timestamp",
        key="base64",
        delivery="header:webhook-id",
    ),
    # The same prefix whsec_ as Standard Webhooks, but here it is part of the key: never guess a scheme from a secret.
    "stripe": HmacScheme(
        header="stripe-signature",
        signed="{timestamp}.{body}",
        prefix="v1=",
        form="fields",
        timestamp="t",
        delivery="id",
    ),
    "github": HmacScheme(header="x-hub-signature-256", prefix="sha256=", delivery="header:x-github-delivery"),
    "shopify": HmacScheme(header="x-shopify-hmac-sha256", encoding="base64", delivery="header:x-shopify-webhook-id"),
    "slack": HmacScheme(
        header="x-slack-signature",
        signed="v0:{timestamp}:{body}",
        prefix="v0=",
        timestamp="x-slack-request-timestamp",
        delivery="event_id",
    ),
    "hubspot-v3": HmacScheme(
        header="x-hubspot-signature-v3",
        signed="{method}{url}{body}{timestamp}",
        encoding="base64",
        timestamp="x-hubspot-request-timestamp",
        unit="ms",
    ),
    "xero": HmacScheme(header="x-xero-signature", encoding="base64"),
    "quickbooks": HmacScheme(header="intuit-signature", encoding="base64"),
    "frappe": HmacScheme(header="x-frappe-webhook-signature", encoding="base64"),
    "bearer": TokenScheme(),
}
"""Name → scheme. Those of your own are made of :class:`HmacScheme` and :class:`TokenScheme`."""


def find_scheme(name: str) -> Scheme:
    """The scheme of this name; ``NotFound`` names the known ones."""
    if name not in SCHEMES:
        raise NotFound("sdk.scheme_unknown", name=name, known=", ".join(SCHEMES))
    return SCHEMES[name]


__all__ = ["SCHEMES", "find_scheme"]
