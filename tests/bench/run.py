"""Speed, as ratios within one run: ``make bench``, or ``python -m tests.bench.run --help``.

``mapping``: one sandbox order through our mapping engine against the same fields through glom, a library that extracts
declared fields and checks nothing. Times are the best of several rounds; a ratio above 1 means that ours is faster.
"""

from __future__ import annotations

import argparse
import json
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.mapping import Context, compile_mapping, merge_layers, parse_mapping

ROOT = Path(__file__).parents[2]
HUB_ID = UUID(int=7 << 76 | 2 << 62)


def make_order(lines: int) -> dict[str, Any]:
    """A sale as the sandbox sends it."""
    line = {"text": "轴承", "quantity": "3", "unit": "pcs", "price": "33.335", "tax_percent": "13"}
    figures = {"net": "100.01", "tax": "13.00", "gross": "113.01"}
    return {
        "id": "S1",
        "number": "SO1",
        "customer": "P1",
        "date": "2026-11-01",
        "currency": "CNY",
        "note": "x",
        "status": "approved",
        "shipping": "none",
        "customer_ref": "PO-1",
        **figures,
        "lines": [{"id": f"L{place}", "item": "I1", **line, **figures} for place in range(lines)],
    }


def time_call(call: Callable[[], object], rounds: int, repeat: int = 7) -> float:
    """Seconds for one call, the best of several rounds."""
    return min(timeit.repeat(call, number=rounds, repeat=repeat)) / rounds


def bench_mapping(rounds: int, lines: int) -> dict[str, Any]:
    """Microseconds for each order, and the ratio to glom."""
    from glom import glom  # type: ignore[import-not-found]  # a peer, installed by `make bench` alone

    text = (ROOT / "mappings" / "sandbox" / "order.toml").read_text(encoding="utf-8")
    mapping = compile_mapping(merge_layers([parse_mapping(text, "order.toml")]), "order", {})
    context = Context(find_ref=lambda kind, external_id: HUB_ID)
    payload = make_order(lines)
    names = (
        "customer",
        "date",
        "currency",
        "customer_ref",
        "note",
        "number",
        "status",
        "shipping",
        "net",
        "tax",
        "gross",
    )
    inner = ("id", "item", "text", "quantity", "unit", "price", "tax_percent", "net", "tax", "gross")
    spec = {**{name: name for name in names}, "lines": ("lines", [{name: name for name in inner}])}
    mapped = mapping.to_canonical(payload, context)
    if mapped.problems or len(mapped.values["lines"]) != lines:
        raise SystemExit(f"the mapping does not do its work: {mapped.problems}")
    ours_s = time_call(lambda: mapping.to_canonical(payload, context), rounds)
    peer_s = time_call(lambda: glom(payload, spec), rounds)
    return {"ours_us": round(ours_s * 1e6, 1), "glom_us": round(peer_s * 1e6, 1), "ratio": round(peer_s / ours_s, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["mapping"], nargs="?", default="mapping")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--lines", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps({"mapping": bench_mapping(asked.rounds, asked.lines)}))


if __name__ == "__main__":
    main()
