"""Every shipped connector: what it declares, and what a connection of it is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

import tomlkit
from pydantic import BaseModel, SecretStr

from hub.commands.reference.configuration import find_model, name_type, show_value
from hub.commands.reference.markdown import as_code, write_page, write_table
from hub.protocol.semantics import Confirm, Stage, WriteSemantics
from hub.runtime.clock import SystemClock
from hub.runtime.home import Home
from hub.runtime.plugins import find_connectors, find_mapping_files, load_connector
from hub.runtime.settings import secret_fields
from hub.sdk import Connector, Tools

HEAD = """\
Connectors live in `connectors/` of the package, in `connectors/` of the home, and in installed packages with the entry
point `isthmus.connectors`; `isthmus connector list` shows the ones that your hub finds. This page tells what the
shipped ones declare, in the words of [the write protocol](../protocol.md). `isthmus connection check` looks an account
over without writing.

- **read**, **write**: what the connector does with a kind. *asked*: about one record at a time, for money.
- **tier**: how a create is made safe: `unique`, `draft`, `plain`, `blind`.
- **confirm**: who can make a document count there: `save` (people), `submit` (the hub submits, people approve), `audit`
  (the hub). The default of a sync is `save`.
- **amend**: what happens to an edit that the state of the document no longer allows.
- **merges**: how the system is told that two of its records turned out to be one: `nothing`, `note` (on the record, for
  people), `call` (its own merging).
- **evidence**: how the declaration is known: `measured` against the real system, `read` in its documentation, or
  `recalled`, which keeps writing off until it was probed.
- **may be late**: for how long an accepted request can still take effect, and a list not show a change; the hub waits
  this out before it calls a lost request lost.
- **incremental**: by what a run asks for changes only; – where it reads everything.
- **webhook**: whether the system calls us when something changed, so that nobody waits for the next run.
- **proved by**: what the kind was tried against: the *real server*; the vendor's *official client*, or an *independent
  client*, run against our simulator; the vendor's *official client of callbacks*, at both ends of them; an *official
  spec* that a program checks; *vectors* (examples to the byte, of signatures, encryption and files); *documents only*.
  Each counts for what it touched. The tests that show it are named in `tests/connectors/NAME/proofs.toml`.
"""
ABSENT = Home(Path("nowhere"), {})
"""Only what is shipped: no home is looked into."""


def render() -> str:
    """The whole page."""
    return write_page("Connectors", [HEAD, *(_write_connector(name) for name in list_shipped())])


def list_shipped() -> list[str]:
    """The connectors that the package brings."""
    return [name for name, found in find_connectors(ABSENT).items() if found.origin == "built-in"]


def _write_connector(name: str) -> str:
    loaded = load_connector(name, ABSENT)
    label = loaded.label["en"]
    about = " ".join((loaded.__doc__ or "").split())
    mapped = find_mapping_files(name, loaded)
    kinds = [part for example in list_examples(loaded.Config) for part in _write_kinds(name, loaded, mapped, example)]
    facts = [
        f"Tax is rounded {_ROUNDING[loaded.rounding]}; totals may differ by {loaded.total_tolerance}.",
        f"Simulator: {as_code(f'isthmus simulate {name}') if loaded.simulator else 'none'}.",
        f"More: [docs/connectors/{name}.md](../connectors/{name}.md).",
    ]
    title = name if label.lower() == name else f"{name} ({label})"
    asked = write_table(["key", "type", "default", "question"], list_settings(loaded.Config))
    return "\n\n".join([f"## {title}", about, *kinds, " ".join(facts), "Asked of a connection:", asked])


def list_examples(model: type[BaseModel]) -> list[Mapping[str, Any]]:
    """Settings that the connector itself shows as examples, where it can do different things; else none at all."""
    extra = model.model_config.get("json_schema_extra")
    examples: Any = extra.get("examples", []) if isinstance(extra, dict) else []
    return list(examples) or [{}]


def _write_kinds(
    name: str, loaded: type[Connector], mapped: Mapping[str, Path], example: Mapping[str, Any]
) -> list[str]:
    connector = open_unconnected(loaded, example)
    table = write_table(["kind", *list_fields()], _describe_kinds(connector, mapped))
    connector.close()
    if not example:
        return [table]
    shown = tomlkit.dumps({"connections": {name: {"connector": name, **example}}})
    return ["With settings such as these:", f"```toml\n{shown.strip()}\n```", table]


_ROUNDING = {"line": "half up for each line", "document": "half even for each rate of a document"}


def open_unconnected(loaded: type[Connector], example: Mapping[str, Any]) -> Connector:
    """A connector with invented answers where the example gives none; nothing is asked of any system."""
    tools = Tools(clock=SystemClock(), random=random.Random(0))
    return loaded(loaded.Config(**{**invent_answers(loaded.Config), **example}), tools)


def invent_answers(model: type[BaseModel]) -> dict[str, Any]:
    """A value for each key that has no default."""
    secrets = secret_fields(model)
    return {
        name: SecretStr("invented") if name in secrets else "http://127.0.0.1:9"
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def list_fields() -> list[str]:
    """The heads of the table of kinds, after the kind."""
    heads = ["read", "write", "tier", "reference in", "confirm", "amend", "edits by stage", "merges", "may be late"]
    return [*heads, "evidence", "incremental", "webhook", "proved by"]


def _describe_kinds(connector: Connector, mapped: Mapping[str, Path]) -> Iterator[list[str]]:
    sinks = connector.sinks()
    streams = {stream.kind: stream for stream in connector.streams().values()}
    asked = {"account"} if connector.registry() is not None else set[str]()
    for kind in sorted({*streams, *sinks, *mapped, *asked}):
        sink, stream = sinks.get(kind), streams.get(kind)
        read = "yes" if stream is not None or (kind in mapped and sink is None) else "asked" if kind in asked else "–"
        written = _describe(sink.semantics) if sink is not None else ["–"] * 9
        cursor = as_code(stream.semantics.cursor_field) if stream and stream.semantics.cursor_field else "–"
        yield [as_code(kind), read, *written, cursor, *_tell_proof(connector, kind)]


def _tell_proof(connector: Connector, kind: str) -> list[str]:
    """Whether we are called, and what stands behind the kind."""
    pushed = bool(connector.pushed & {kind, "*"})
    proofs = connector.proved_by.get(kind) or connector.proved_by["*"]
    told = ", ".join(proof.value for proof in proofs)
    return ["yes" if pushed else "–", told if len(proofs) == 1 else told.removesuffix(" only")]


def _describe(semantics: WriteSemantics) -> list[str]:
    late_s = semantics.d_max_s + semantics.lag_s
    return [
        "create, change" if semantics.creates else "change",
        semantics.tier.value,
        semantics.reference_field or "–",
        ", ".join(choice.value for choice in Confirm if choice in semantics.confirms),
        semantics.amend.value,
        "; ".join(
            f"{stage.value}: {_list_names(semantics.editable[stage])}" for stage in Stage if stage in semantics.editable
        )
        or "none",
        semantics.tells_merge.value,
        f"{late_s:g} s",
        semantics.evidence.value,
    ]


def _list_names(fields: frozenset[str]) -> str:
    return "all" if "*" in fields else ", ".join(sorted(fields)) or "none"


def list_settings(model: type[BaseModel], path: str = "") -> Iterator[list[str]]:
    """Key, type, default and question of every setting, those inside tables too."""
    secrets = secret_fields(model)
    for key, field in model.model_fields.items():
        inner = find_model(field.annotation)
        if inner is not None:
            is_open = get_origin(field.annotation) is dict
            yield from list_settings(inner, f"{path}{key}.{'KIND.' if is_open else ''}")
            continue
        kind = "secret" if key in secrets else name_type(key, field.annotation)
        default = "*needed*" if field.is_required() else "–" if key in secrets else show_value(field.get_default())
        yield [as_code(path + key), kind, default, field.description or ""]
