"""The kit's public names are a promise to strangers: each is pinned here and says what it is."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from hub.commands.reference.markdown import read_attribute_docstrings
from hub.commands.reference.sdk import MODULES, describe, list_names, render
from tests.house.source import fail_with

PINNED = {
    "hub.sdk": {
        *("ALL_FIELDS", "NO_FIELDS", "Amend", "Budget", "CallLimits", "CheckItem", "Clock", "Confirm", "Connector"),
        *(
            "ConnectorConfig",
            "Draft",
            "Evidence",
            "FollowUp",
            "Grant",
            "HttpClient",
            "Message",
            "MessageItem",
            "NoBudget",
            "Normaliser",
        ),
        *("Page", "Part", "Place", "Proof"),
        *(
            "ReadSemantics",
            "Scope",
            "Sink",
            "SourceRecord",
            "Stage",
            "Stream",
            "TellsMerge",
            "Tier",
            "Tools",
            "Unreadable",
            "WriteSemantics",
            "Written",
        ),
        *("by_cursor", "by_keyset", "by_link", "by_number", "by_offset", "find_next_link", "find_wait_s", "hookimpl"),
        *("digest_version", "keep_to_host", "make_page", "parse_wait_s", "read_all", "read_json"),
    },
    "hub.sdk.webhooks": {
        *("SCHEMES", "TOLERANCE_S", "Answer", "Call", "HmacScheme", "Notice", "Received", "Receiver", "Scheme"),
        *("TokenScheme", "check_secret", "check_signed", "find_scheme", "verify_call"),
    },
    "hub.sdk.registry": {
        *("CURRENCIES", "STATUS_WORDS", "Api", "Company", "CompanyStatus", "Registry", "RegistryConfig"),
        *("find_owner", "parse_capital", "read_day", "read_status", "split_names"),
    },
    "hub.sdk.tables": {
        *("FORMS", "Cell", "CellProblem", "Encoding", "Facts", "Layout", "Row", "Skipped", "Table"),
        *("clean_heading", "defuse_text", "detect_encoding", "fold_text", "open_table", "read_amount", "read_date"),
        *("read_rate", "write_table"),
    },
    "hub.sdk.simulator": {
        *("Handler", "HandlerTransport", "NoAnswer", "Option", "Request", "Response"),
        *("RunningSimulator", "Server", "Simulator", "WallClock", "answer_json", "load_simulator", "parse_request"),
        "serve",
    },
}
"""Taking a name away, or changing its meaning, breaks connectors that we never see: say so in the release."""


def list_all() -> list[tuple[str, str, Any]]:
    return [(module, name, value) for module in MODULES for name, value in list_names(module)]


@pytest.mark.parametrize("module", MODULES)
def test_the_public_names_are_these(module: str):
    assert {name for name, _ in list_names(module)} == PINNED[module]


def test_every_public_name_says_what_it_is():
    bare = [f"{module}.{name}" for module, name, value in list_all() if not describe(name, value, module)]
    fail_with(bare, "A public name has a docstring, a constant a text below it.")


def test_every_public_method_says_what_it_does():
    bare = [
        f"{module}.{owner.__name__}.{name}"
        for module, _, owner in list_all()
        if inspect.isclass(owner)
        for name, value in vars(owner).items()
        if not name.startswith("_") and name not in inspect.get_annotations(owner)
        if inspect.isfunction(value) or isinstance(value, property)
        if not inspect.getdoc(value)
    ]
    fail_with(bare, "A public method has a docstring.")


def test_every_public_field_has_its_meaning_and_unit():
    bare = []
    for module, _, owner in list_all():
        if not inspect.isclass(owner) or not owner.__module__.startswith("hub."):
            continue
        told, about = read_attribute_docstrings(owner), inspect.getdoc(owner) or ""
        names = [name for name in inspect.get_annotations(owner) if not name.startswith("_")]
        names += list(getattr(owner, "__members__", {}))
        bare += [
            f"{module}.{owner.__name__}.{name}" for name in names if name not in told and f"``{name}``" not in about
        ]
    fail_with(bare, "A public field has a text below it, or its class names it in double backticks.")


def test_the_page_shows_them_all():
    page = render()
    for _, name, _ in list_all():
        assert f"### `{name}`" in page
