"""The border to code of strangers: whatever a connector raises beside our own errors becomes one of them, with the
traceback in the log, so that it concerns the one record at work and nothing else."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from hub.errors import ConnectorDefect, IsthmusError, MappingError, OutcomeUnknown
from hub.runtime.logs import write_failure
from hub.sdk import Sink, Stream
from hub.sdk.webhooks import Receiver

DEFECT = "runtime.connector_defect"
WRITES = frozenset({"create", "patch", "submit", "confirm", "reopen", "void", "delete", "tell_merge"})
"""Methods after which the other system may have changed although the connector failed: look before deciding."""
G = TypeVar("G", Stream, Sink, Receiver)


def guard(inner: G, connection: str) -> G:
    """The same stream, sink or receiver; what its code raises by mistake is told as ``ConnectorDefect``, or as
    ``OutcomeUnknown`` where something may have been written."""
    return cast(G, _Guarded(inner, connection))


class _Guarded:
    """Stands before a stream, a sink or a receiver."""

    def __init__(self, inner: Any, connection: str) -> None:
        self._inner = inner
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return functools.partial(self._call, name, found) if callable(found) else found

    def _call(self, name: str, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        try:
            return method(*args, **more)
        except IsthmusError:
            raise
        except Exception as error:  # a stranger's code may raise anything; it is logged and told, and the rest goes on
            where = f"{type(self._inner).__name__}.{name}"
            write_failure("connector.defect", connection=self._connection, where=where)
            words = f"{type(error).__name__}: {error}"
            told = OutcomeUnknown if name in WRITES else ConnectorDefect
            raise told(DEFECT, vendor=words, connection=self._connection, where=where, words=words) from error


Functions = Mapping[str, Callable[..., Any]]


def guard_functions(functions: Functions, connection: str) -> Functions:
    """The functions that mapping files call: what they raise makes one record wait (``hub.mapping``); here the
    traceback is logged, once for each place that fails."""
    seen: set[tuple[str, int]] = set()
    return {
        name: functools.partial(_call_logged, function, name, connection, seen) for name, function in functions.items()
    }


def _call_logged(
    function: Callable[..., Any], name: str, connection: str, seen: set[tuple[str, int]], *args: Any
) -> Any:
    try:
        return function(*args)
    except MappingError:
        raise  # meant so: the function says that it cannot translate the value
    except Exception as error:  # it is passed on; only the traceback would be lost
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = (last.filename, last.lineno or 0)
        if place not in seen:
            seen.add(place)
            write_failure("connector.defect", connection=connection, where=name)
        raise
