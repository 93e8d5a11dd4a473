"""Every scheme accepts what its vendor signs and refuses everything else.

``vectors.jsonl``: made for this project in 2026, valid cases checked with the vendors' own packages; its first line
says which. The GitHub case is the example of GitHub's documentation.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.errors import Unauthentic
from hub.sdk.webhooks import SCHEMES, Call, find_scheme, verify_call

LINES = [json.loads(line) for line in (Path(__file__).parent / "vectors.jsonl").read_text("utf-8").splitlines()]
VECTORS = LINES[1:]
VALID = [vector for vector in VECTORS if vector["case"] == "valid"]
NAMES = {"slack-v0": "slack", "github-sha256": "github"}


def make_call(vector: dict[str, Any]) -> tuple[Call, str]:
    """The call, and how its sender addresses us."""
    url = urlsplit(vector.get("uri", "https://hub.example.com/hooks/shop"))
    target = url.path + (f"?{url.query}" if url.query else "")
    at = datetime.fromtimestamp(vector.get("now", 1700000000), UTC)
    call = Call(vector.get("method", "POST"), target, vector["headers"], vector["body"].encode(), at)
    return call, f"{url.scheme}://{url.netloc}"


def is_accepted(vector: dict[str, Any], *more_secrets: str) -> bool:
    call, public_url = make_call(vector)
    scheme = find_scheme(NAMES.get(vector["scheme"], vector["scheme"]))
    try:
        verify_call(scheme, call, [*more_secrets, vector["secret"]], public_url=public_url)
    except Unauthentic:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['scheme']}-{vector['case']}")
def test_a_vector(vector: dict[str, Any]):
    assert is_accepted(vector) is (vector["expect"] == "accept")


def test_all_of_them_are_here():
    assert len(VECTORS) == 87
    assert {NAMES.get(vector["scheme"], vector["scheme"]) for vector in VECTORS} == set(SCHEMES) - {"bearer"}


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: str(vector["scheme"]))
def test_one_of_several_secrets_is_enough(vector: dict[str, Any]):
    other = "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="  # pragma: allowlist secret
    assert is_accepted(vector, other, other)
