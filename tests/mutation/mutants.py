"""Where a source can be broken, and how: the operators of mutmut, and two of our own.

Left out, because the change would mean nothing or no test should depend on it:

- annotations, decorators, imports, ``__all__``, aliases of types at the head of a module;
- docstrings, and all but one change of the same text (mutmut also writes it in capitals and in small letters);
- what is only told: ``description``, ``title`` and ``examples`` of fields;
- ``strict`` of ``zip``, ``TYPE_CHECKING``, the arguments of ``len``, ``isinstance`` and ``cast``;
- defaults of parameters that are more than a name, a number or a text: they break the import.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Any

from tests.mutation.tools import load

TOLD = {"description", "title", "examples", "strict"}
UNTOUCHED_CALLS = {"len", "isinstance", "issubclass", "cast", "TypeVar", "NewType"}


@dataclass(frozen=True)
class Mutant:
    """``first`` to ``last``: the lines it stands on."""

    file: str
    number: int
    operator: str
    first: int
    last: int
    old: Any
    new: Any
    module: Any

    @property
    def name(self) -> str:
        return f"{self.file}:{self.first} {self.operator} #{self.number}"

    def write(self) -> str:
        """The broken source."""
        text: str = self.module.deep_replace(self.old, self.new).code
        return text

    def tell(self) -> str:
        """What was changed, as a short diff."""
        pair = (self.module.code.splitlines(), self.write().splitlines())
        lines = islice(unified_diff(*pair, n=0, lineterm=""), 3, None)
        return "\n".join(line for line in lines if not line.startswith("@@"))


def list_mutants(file: str, source: str) -> list[Mutant]:
    """All of them, in the order of the file."""
    cst, metadata = load("libcst"), load("libcst.metadata")
    wrapper = metadata.MetadataWrapper(cst.parse_module(source))
    positions = wrapper.resolve(metadata.PositionProvider)
    made: list[Mutant] = []
    for old, new, operator in _Walk(cst, wrapper.module).run():
        position = positions[old]
        made.append(Mutant(file, len(made), operator, position.start.line, position.end.line, old, new, wrapper.module))
    return made


class _Walk:
    """Every node that may be changed, with its changes."""

    def __init__(self, cst: Any, module: Any) -> None:
        self._cst, self._module = cst, module
        theirs = load("mutmut.mutation.mutators").mutation_operators
        self._operators = [(kind, made, made.__name__.removeprefix("operator_")) for kind, made in theirs]
        self._operators += [
            (cst.SimpleStatementLine, self._drop_statement, "dropped_statement"),
            (cst.If, self._negate, "negated_condition"),
            (cst.IfExp, self._negate, "negated_condition"),
            (cst.CompIf, self._negate, "negated_condition"),
        ]
        self._head = {id(line) for line in module.body}

    def run(self) -> Iterator[tuple[Any, Any, str]]:
        yield from self._visit(self._module)

    def _visit(self, node: Any) -> Iterator[tuple[Any, Any, str]]:
        if self._is_left_out(node):
            return
        for kind, operator, name in self._operators:
            if isinstance(node, kind):
                changed = operator(node)
                for new in islice(changed, 1) if name == "string" else changed:
                    yield node, new, name
        for child in node.children:
            yield from self._visit(child)

    def _is_left_out(self, node: Any) -> bool:
        cst = self._cst
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom):
            return True
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
            return node.func.value in UNTOUCHED_CALLS
        if isinstance(node, cst.Arg):
            return node.keyword is not None and node.keyword.value in TOLD
        if isinstance(node, cst.Param) and node.default is not None:
            return not isinstance(node.default, cst.Name | cst.BaseNumber | cst.BaseString)
        if isinstance(node, cst.If):
            return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
        if isinstance(node, cst.SimpleStatementLine):
            return self._says_nothing(node)
        return False

    def _says_nothing(self, line: Any) -> bool:
        """Docstrings; at the head of a module ``__all__`` and aliases."""
        cst, statement = self._cst, line.body[0]
        if isinstance(statement, cst.Expr):
            return isinstance(statement.value, cst.SimpleString | cst.ConcatenatedString)
        if id(line) not in self._head or not isinstance(statement, cst.Assign | cst.AnnAssign):
            return False
        target = statement.targets[0].target if isinstance(statement, cst.Assign) else statement.target
        return isinstance(statement.value, cst.Subscript) or getattr(target, "value", "") == "__all__"

    # ---------------------------------------------------------------- our own

    def _drop_statement(self, line: Any) -> Iterator[Any]:
        """A call whose answer nobody takes, or an error, is left away."""
        cst = self._cst
        if len(line.body) != 1:
            return
        statement = line.body[0]
        if isinstance(statement, cst.Raise) or (
            isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call)
        ):
            yield line.with_changes(body=[cst.Pass()])

    def _negate(self, node: Any) -> Iterator[Any]:
        """A condition that no other operator turns round."""
        cst = self._cst
        if isinstance(node.test, cst.Comparison | cst.UnaryOperation):
            return
        inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), inner))
