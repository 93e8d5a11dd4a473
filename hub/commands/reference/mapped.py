"""What is mapped: every field of every shipped mapping, as it holds before a site lays its own over it."""

from __future__ import annotations

from collections.abc import Iterator

from hub.commands.reference.connectors import ABSENT, list_examples, list_shipped, open_unconnected
from hub.commands.reference.markdown import as_code, write_page, write_table
from hub.mapping import show_mapping
from hub.mapping.explain import ShownRule
from hub.protocol.semantics import Direction
from hub.runtime.plugins import load_connector
from hub.sync.enrich import FIELDS
from hub.sync.shipped import compile_shipped

HEAD = """\
The fields that the shipped mappings translate. `isthmus mapping show CONNECTION KIND` tells the same of a connection of
yours, with your own layers ([field mappings](../mapping.md)); whatever is not listed is neither read into records nor
written. What a connector does with a kind stands among the [connectors](connectors.md).

- **direction**: `in` is read only, `out` is written only, `both` is read and written.
- **owner**: whose value counts, the hub's (`hub`) or theirs (`remote`); a `shared` one may be changed on both sides. A
  list has one owner as a whole.

A business registry synchronises nothing: `isthmus enrich` fills what nobody else says anything about, out of the
[fields of a company](sdk.md) as the connector reads them.
"""


def render() -> str:
    """The whole page."""
    return write_page("What is mapped", [HEAD, *(part for name in list_shipped() for part in _write_connector(name))])


def _write_connector(name: str) -> Iterator[str]:
    loaded = load_connector(name, ABSENT)
    connector = open_unconnected(loaded, list_examples(loaded.Config)[0])
    mappings, registry = compile_shipped(connector), connector.registry()
    connector.close()
    if mappings or registry is not None:
        yield f"## {name}"
    if registry is not None:
        yield f"### {name}: a company of the register, for account"
        yield write_table(["field", "of the company", "direction"], map(_write_filled, FIELDS.items()))
    for kind, mapping in mappings.items():
        yield f"### {name}: {kind}"
        yield f"Theirs: {as_code(mapping.stream)}." if mapping.stream else "Theirs: what the settings say."
        yield write_table(["field", "there", "direction", "owner"], map(_write_rule, show_mapping(mapping)))


def _write_filled(pair: tuple[str, str]) -> list[str]:
    return [as_code(pair[0]), as_code(pair[1]), Direction.IN.value]


def _write_rule(row: ShownRule) -> list[str]:
    owner = row.owner.value if row.owner is not None else "–"
    return [as_code(row.field), as_code(row.path) if row.path else "–", row.direction.value, owner]
