"""Pure rooms take time, ids and randomness as arguments; money never meets a float."""

from __future__ import annotations

import ast

from tests.house.source import dotted, fail_with, place, pure_files, room_files, tree

CLOCK_AND_CHANCE = {
    "date.today", "datetime.now", "datetime.today", "datetime.utcnow", "time.monotonic", "time.time", "time.time_ns",
    "os.urandom", "uuid1", "uuid4", "uuid7", "uuid.uuid1", "uuid.uuid4", "uuid.uuid7",
}  # fmt: skip
CHANCE_MODULES = ("random.", "secrets.")
FILE_CALLS = ("open", "print", "input")


def test_pure_rooms_read_no_clock_and_draw_no_randomness():
    offences = [
        f"{place(path, node)} calls {dotted(node.func)}"
        for path in pure_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and is_clock_or_chance(dotted(node.func))
    ]
    fail_with(offences, "Time, ids and randomness are arguments of the pure rooms.")


def test_pure_rooms_do_no_io():
    offences = [
        f"{place(path, node)} calls {dotted(node.func)}"
        for path in pure_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and dotted(node.func) in FILE_CALLS
    ]
    fail_with(offences, "Pure rooms open no file and print nothing.")


def test_money_rooms_know_no_float():
    offences = [
        f"{place(path, node)}"
        for path in room_files("model", "crm")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    fail_with(offences, "Money and quantities are Decimal: no float in hub/model and hub/crm.")


def is_clock_or_chance(name: str) -> bool:
    last_two = ".".join(name.split(".")[-2:])
    return last_two in CLOCK_AND_CHANCE or name.startswith(CHANCE_MODULES)


def test_the_rule_sees_what_it_should_see():
    assert is_clock_or_chance("datetime.datetime.now")
    assert is_clock_or_chance("dt.date.today")
    assert is_clock_or_chance("uuid4")
    assert is_clock_or_chance("random.Random")
    assert not is_clock_or_chance("self.now")
