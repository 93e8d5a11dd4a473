"""How the simulated shop signs, written from the vendors' pages and from nothing in the hub."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

SCHEMES = ("standard-webhooks", "stripe", "github", "shopify", "bearer")
SECRETS = {"standard-webhooks": "whsec_c2hvcCBzZWNyZXQgb2YgdGhlIHNpbXVsYXRvcg=="}  # pragma: allowlist secret
PLAIN = "shop-secret-of-the-simulator"  # pragma: allowlist secret


def sign(scheme: str, secret: str, id: str, type: str, sent_s: int, body: bytes) -> Mapping[str, str]:
    """The headers of one delivery, sent at this second."""
    if scheme == "standard-webhooks":
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = _mac(key, f"{id}.{sent_s}.".encode() + body)
        signature = "v1," + base64.b64encode(mac).decode()
        return {"Webhook-Id": id, "Webhook-Timestamp": str(sent_s), "Webhook-Signature": signature}
    if scheme == "stripe":
        mac = _mac(secret.encode(), f"{sent_s}.".encode() + body)
        return {"Stripe-Signature": f"t={sent_s},v1={mac.hex()}"}
    if scheme == "github":
        mac = _mac(secret.encode(), body)
        return {"X-Hub-Signature-256": f"sha256={mac.hex()}", "X-GitHub-Delivery": id, "X-GitHub-Event": type}
    if scheme == "shopify":
        digest = base64.b64encode(_mac(secret.encode(), body)).decode()
        return {"X-Shopify-Hmac-SHA256": digest, "X-Shopify-Webhook-Id": id, "X-Shopify-Topic": type}
    return {"Authorization": f"Bearer {secret}"}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
