"""Small mappings for tests, and a context in which every reference and every line is known."""

from __future__ import annotations

from uuid import UUID

from hub.mapping import Context, Mapping, compile_mapping, lint_mapping, parse_mapping

HEADERS = {
    "order": 'kind = "order"\nstream = "sale"\nversion = 1\nkey = "id"\n',
    "account": 'kind = "account"\nstream = "partner"\nversion = 1\nkey = "id"\n',
    "product": 'kind = "product"\nstream = "item"\nversion = 1\nkey = "id"\n',
}
REQUIRED = {
    "order": 'account_id = { from = "customer", ref = "account" }\ncurrency = "currency"\n',
    "account": 'name = "name"\n',
    "product": 'name = "name"\n',
}


def write_text(kind: str, fields: str = "", rest: str = "", *, required: bool = True) -> str:
    """The text of a mapping of ``kind`` with these rules beside the required ones."""
    needed = REQUIRED[kind] if required else ""
    return f"[mapping]\n{HEADERS[kind]}[fields]\n{needed}{fields}\n{rest}\n"


def make_mapping(kind: str, fields: str = "", rest: str = "", functions=None, *, required: bool = True) -> Mapping:
    source = parse_mapping(write_text(kind, fields, rest, required=required), f"{kind}.toml")
    return compile_mapping(source, kind, functions or {})


def lint_text(text: str, functions=None, **names):
    return lint_mapping(parse_mapping(text, "test.toml"), functions or {}, **names)


def known_context(**changes) -> Context:
    """References are numbers on both sides: remote id "7" is the record UUID(int=7). Every line keeps its id."""
    given = {
        "find_ref": lambda kind, external_id: UUID(int=int(external_id)),
        "find_remote": lambda kind, hub_id: str(hub_id.int),
        "remote_line": lambda field, key: key,
        **changes,
    }
    return Context(**given)
