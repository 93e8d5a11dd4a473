"""What import-linter cannot see: the single module cli.py, and the data folder mappings."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.house.source import ROOT, fail_with, place, python_files, tracked_files, tree

ALLOWED_AT_TOP_OF_CLI = {"__future__", "collections", "importlib", "os", "sys", "typing"}
OPEN_TO_CLI = ("hub.commands", "hub.errors", "hub.locale")
PACKAGES = ("hub", "connectors", "mappings")
SENTINEL = "isthmus"


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return []


def test_cli_sees_the_hub_only_through_commands():
    path = ROOT / "cli.py"
    offences = [
        f"{place(path, node)} imports {name}"
        for node in ast.walk(tree(path))
        for name in imported_modules(node)
        if name.startswith(("hub.", "connectors.", "mappings.")) and not name.startswith(OPEN_TO_CLI)
    ]
    fail_with(offences, "cli.py assembles hub.commands and imports no other room.")


def test_cli_imports_nothing_of_ours_before_it_checks_the_sentinels():
    path = ROOT / "cli.py"
    offences = [
        f"{place(path, node)} imports {name}"
        for node in tree(path).body
        for name in imported_modules(node)
        if name.partition(".")[0] not in ALLOWED_AT_TOP_OF_CLI
    ]
    fail_with(offences, "cli.py imports only the standard library at its top: main() must check the packages first.")


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_holds_the_sentinel(package: str):
    assert importlib.import_module(package).ISTHMUS == SENTINEL


def test_mappings_hold_data_only():
    allowed = {".toml", ".md"}
    offences = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] == "mappings"
        and path.suffix not in allowed
        and path != ROOT / "mappings" / "__init__.py"
    ]
    fail_with(offences, "mappings/ holds TOML files and no code.")


ORACLES = ("k3cloud_webapi_sdk", "kingdee", "wechatpy", "wecom_crypto")
"""Clients of the vendors (``kingdee.cdp.webapi.sdk``, ``wechatpy``, ``@wecom/crypto``): they judge our work, so it must
not be made of theirs."""


def list_oracles(module: ast.AST) -> list[str]:
    names = [name for node in ast.walk(module) for name in imported_modules(node)]
    texts = [node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    packages = [text for text in texts if "@wecom/crypto" in text]
    return [name for name in names if name.split(".")[0] in ORACLES] + packages


def test_the_product_never_uses_what_judges_it():
    offences = [
        f"{path.relative_to(ROOT)} uses {name}"
        for package in (*PACKAGES, "cli.py")
        for path in python_files()
        if path.relative_to(ROOT).parts[0] == package
        for name in list_oracles(tree(path))
    ]
    fail_with(offences, "The official clients are oracles of the tests; the product never imports them.")
    assert list_oracles(ast.parse("from wechatpy.crypto import WeChatCrypto")) == ["wechatpy.crypto"]
    assert list_oracles(ast.parse('run(["node", "-e", "require(\'@wecom/crypto\')"])'))
    assert list_oracles(ast.parse("from connectors.kingdee import client")) == []
