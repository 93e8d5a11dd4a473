"""One sandbox order through our mapping engine against the same fields through glom, a library that extracts declared
fields and checks nothing."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.mapping import Context, compile_mapping, merge_layers, parse_mapping
from tests.bench.source import Row, make_rows

ROOT = Path(__file__).parents[2]
HUB_ID = UUID(int=7 << 76 | 2 << 62)
PLAIN = ("customer", "date", "currency", "customer_ref", "note", "number", "status", "shipping", "net", "tax", "gross")
INNER = ("id", "item", "text", "quantity", "unit", "price", "tax_percent", "net", "tax", "gross")


def bench_mapping(rounds: int = 300, lines: int = 5) -> dict[str, Any]:
    """Microseconds for each order, the best of several rounds, and the ratio to glom."""
    from glom import glom  # type: ignore[import-not-found]  # a peer, installed by `make bench` alone

    text = (ROOT / "mappings" / "sandbox" / "order.toml").read_text(encoding="utf-8")
    mapping = compile_mapping(merge_layers([parse_mapping(text, "order.toml")]), "order", {})
    context = Context(find_ref=lambda kind, external_id: HUB_ID)
    (payload,) = make_rows("order", 1, partners=1, lines=lines)
    spec = {**{name: name for name in PLAIN}, "lines": ("lines", [{name: name for name in INNER}])}
    mapped = mapping.to_canonical(payload, context)
    if mapped.problems or len(mapped.values["lines"]) != lines:
        raise SystemExit(f"the mapping does not do its work: {mapped.problems}")
    check_peer(glom(payload, spec), payload)
    ours_s = time_call(lambda: mapping.to_canonical(payload, context), rounds)
    peer_s = time_call(lambda: glom(payload, spec), rounds)
    return {"ours_us": round(ours_s * 1e6, 1), "glom_us": round(peer_s * 1e6, 1), "ratio": round(peer_s / ours_s, 2)}


def check_peer(found: Row, payload: Row) -> None:
    if found["gross"] != payload["gross"] or len(found["lines"]) != len(payload["lines"]):
        raise SystemExit("the peer does not do its work")


def time_call(call: Callable[[], object], rounds: int, repeat: int = 7) -> float:
    """Seconds for one call, the best of several rounds."""
    return min(timeit.repeat(call, number=rounds, repeat=repeat)) / rounds
