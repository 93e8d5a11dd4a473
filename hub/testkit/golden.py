"""Golden files: a record as the other system sends it, what the hub makes of it, and what it would write back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from hub.mapping import Context
from hub.mapping import Mapping as FieldMapping
from hub.model.kinds import encode_fields
from hub.sdk import Connector
from hub.sync.measure import Register
from hub.sync.shipped import compile_shipped


def check_golden(
    connector: type[Connector],
    folder: Path,
    *,
    zone: tzinfo = UTC,
    codes: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Compare every ``<kind>*.json`` of ``folder`` with what the connector's mappings make of it.

    A file holds ``payload`` (as the system sends it), ``values`` (canonical fields as JSON) and ``written`` (the
    vendor's shape again); ids of other records are made up, the same in every run. ``codes``: table → {remote code:
    hub value}. ``AssertionError`` shows what was made, ready to be pasted in when it is right; a kind
    without a file is one too.
    """
    unfinished = object.__new__(connector)  # what the mapping may call, asked of a connector that was never connected
    mappings = compile_shipped(unfinished)
    offences = [] if mappings else [f"{connector.name} ships no mapping files"]
    for kind, mapping in mappings.items():
        files = list(_list_files(folder, kind))
        offences += [] if files else [f"{kind}: there is no {kind}.json in {folder}"]
        for path in files:
            golden = json.loads(path.read_text(encoding="utf-8"))
            made = _carry_out(kind, mapping, golden.get("payload") or {}, zone, codes or {})
            if made != {name: golden.get(name) for name in made}:
                offences.append(f"{path.name} should hold: {json.dumps(made, ensure_ascii=False, indent=2)}")
    assert not offences, "\n".join(offences)


def _list_files(folder: Path, kind: str) -> Iterator[Path]:
    yield from (path for path in sorted(folder.glob(f"{kind}*.json")) if path.stem.partition("-")[0] == kind)


def _carry_out(
    kind: str, mapping: FieldMapping, payload: dict[str, Any], zone: tzinfo, codes: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    register = Register()
    context = Context(
        zone=zone,
        codes=codes,
        find_ref=register.find_ref,
        find_remote=register.find_remote,
        find_named=register.find_ref,
        name_of=register.find_remote,
        remote_line=lambda name, key: key,
    )
    mapped = mapping.to_canonical(payload, context)
    written, problems = mapping.to_remote(mapped.values, context)
    found = [problem.text() for problem in (*mapped.problems, *problems)]
    made = {"values": encode_fields(kind, mapped.values), "written": written}
    return {**made, "problems": found} if found else made
