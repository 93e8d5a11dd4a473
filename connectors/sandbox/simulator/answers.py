"""What the ERP's answers look like on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.sandbox.simulator.settings import USER, SandboxSettings
from connectors.sandbox.simulator.shapes import ErpRefused
from connectors.sandbox.simulator.tables import Document
from hub.sdk.simulator import Response, answer_json

T = TypeVar("T")
STATUSES = {
    "unauthorised": 401, "forbidden": 403, "not_found": 404, "duplicate": 409, "stale": 412, "invalid": 422,
    "locked": 423, "closed": 423, "throttled": 429, "failed": 500,
}  # fmt: skip
GARBAGE = Response(
    200, b"<html><body><h1>Gateway</h1><p>Please log in again.</p></body></html>", (("content-type", "text/html"),)
)
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def write_error(code: str, message: str, field: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message} | ({"field": field} if field else {})}


def answer_error(code: str, message: str, field: str = "") -> Response:
    return answer_json(STATUSES[code], write_error(code, message, field))


def answer_refusal(refused: ErpRefused) -> Response:
    return answer_error(refused.code, refused.message, refused.field)


def answer_throttled(retry_after_s: float) -> Response:
    return answer_json(429, write_error("throttled", "too many requests"), ("retry-after", f"{retry_after_s:g}"))


def show(kind: str, document: Document, settings: SandboxSettings) -> dict[str, Any]:
    """A document as the integration user sees it."""
    hidden: set[str] = set()
    if not settings.versioned:
        hidden.add("version")
    if not settings.shows_modifier:
        hidden |= {"created_by", "changed_by", "touched"}
    if settings.tier_of(kind) == "blind":
        hidden.add("our_ref")
    if settings.tells_merge != "note":
        hidden.add("remark")
    if settings.tells_merge != "call":
        hidden.add("merged_into")
    return {name: value for name, value in document.items() if name not in hidden}


def tell(document: Document, settings: SandboxSettings) -> dict[str, Any]:
    """What a write answers: never the document, only what it is called now."""
    told = {"id": document["id"], "number": document.get("number")}
    return {**told, "version": document["version"]} if settings.versioned else told


def describe(settings: SandboxSettings) -> dict[str, Any]:
    """Who the caller is, and what this installation can do."""
    return {
        "user": USER,
        "draft_stage": settings.tier == "draft",
        "sale_reference": "none" if settings.tier == "blind" else "unique" if settings.tier == "unique" else "free",
        "master_reference": "none" if settings.master_tier == "blind" else
                            "unique" if settings.master_tier == "unique" else "free",
        "compare_and_set": settings.compare_and_set,
        "shows_modifier": settings.shows_modifier,
        "tells_merge": settings.tells_merge,
    }  # fmt: skip


def parse(read: Callable[[], T], what: str) -> T:
    """``read()``, or a refusal that says what was expected."""
    try:
        return read()
    except ValueError as error:
        raise ErpRefused("invalid", f"{what} expected: {error}") from error


def normalise_time(text: str) -> str:
    """An ISO time as ``modified_at`` is written, so that texts compare as times do."""
    given = parse(lambda: datetime.fromisoformat(text), "a time")
    return f"{given.astimezone(UTC):{TIME}}"
