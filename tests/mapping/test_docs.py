"""Every example of docs/mapping.md does what the page says, and the page names every verb and form."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.mapping import Context, MappingSource, compile_mapping, lint_mapping, merge_layers, parse_mapping
from hub.mapping.converters import FORM_NAMES
from hub.mapping.source import VERBS
from hub.model.kinds import encode_fields
from tests.mapping.build import HEADERS

PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) (\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONTEXT = Context(
    zone=ZoneInfo("Asia/Shanghai"),
    codes={"unit": {"PCS": "piece"}},
    find_ref=lambda kind, external_id: UUID(int=int(external_id)),
    find_remote=lambda kind, hub_id: str(hub_id.int),
    remote_line=lambda field, key: key,
)


class Reader:
    """Follows the page from block to block."""

    def __init__(self) -> None:
        self.file: MappingSource = parse_mapping("", "nothing.toml")
        self.source = self.file
        self.payload: dict[str, Any] = {}
        self.seen: list[str] = []

    def read(self, what: str, kind: str, text: str) -> None:
        self.seen.append(what)
        getattr(self, f"read_{what}")(kind, text)

    def read_file(self, kind: str, text: str) -> None:
        self.file = self.source = parse_mapping(text, f"{kind}.toml")

    def read_fields(self, kind: str, text: str) -> None:
        self.source = parse_mapping(f"[mapping]\n{HEADERS[kind]}[fields]\n{text}", f"{kind}.toml")

    def read_layer(self, kind: str, text: str) -> None:
        self.source = merge_layers([self.file, parse_mapping(text, "site.toml")])

    def read_there(self, kind: str, text: str) -> None:
        self.payload = json.loads(text)

    def read_here(self, kind: str, text: str) -> None:
        mapped = self.mapping.to_canonical(self.payload, CONTEXT)
        assert [problem.text() for problem in mapped.problems] == []
        encoded = encode_fields(self.mapping.kind, mapped.values)
        assert leave_out_silent(encoded, json.loads(text)) == json.loads(text)

    def read_written(self, kind: str, text: str) -> None:
        values = self.mapping.to_canonical(self.payload, CONTEXT).values
        assert self.mapping.to_remote(values, CONTEXT) == (json.loads(text), [])

    def read_problem(self, kind: str, text: str) -> None:
        self.source = self.file
        problems = self.mapping.to_canonical(self.payload, CONTEXT).problems
        assert [problem.text() for problem in problems] == text.splitlines()

    def read_findings(self, kind: str, text: str) -> None:
        assert [problem.text() for problem in lint_mapping(self.source, {})] == text.splitlines()

    @property
    def mapping(self):
        return compile_mapping(self.source, str(self.source.header["kind"].value), {})


def leave_out_silent(encoded: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """The page shows of each line only what its rules fill."""
    found = dict(encoded)
    for name, value in shown.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found[name] = [
                {key: line[key] for key in wanted} for line, wanted in zip(encoded[name], value, strict=True)
            ]
    return found


def test_every_example_does_what_the_page_says():
    reader = Reader()
    for block in BLOCK.finditer(PAGE):
        try:
            reader.read(block[2], block[3] or "", block[4])
        except AssertionError as error:
            raise AssertionError(f"docs/mapping.md, example: {block[0][:200]}") from error
    assert reader.seen.count("there") == 7
    assert reader.seen.count("here") == 6
    assert {"written", "layer", "problem", "findings"} <= set(reader.seen)


def test_the_page_names_every_verb_and_every_form():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(VERBS)
    assert len(VERBS) <= 12
    forms = PAGE.partition("## Forms")[2].partition("```")[0]
    assert set(re.findall(r"`(\w+)`", forms)) == set(FORM_NAMES)
