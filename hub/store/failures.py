"""What the database refuses, as errors of the hub."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InternalError, OperationalError, StatementError

from hub.errors import ConfigInvalid, Duplicate, IsthmusError, RuleBroken, Transient

_TROUBLES = (
    ("disk is full", "store.disk_full"),
    ("No space left", "store.disk_full"),
    ("readonly database", "store.read_only"),
    ("read-only transaction", "store.read_only"),
    ("locked", "store.busy"),
    ("timeout", "store.busy"),
)
"""What stands in the words of SQLite or PostgreSQL → our code. Nothing of the transaction was kept; once the cause is
gone, the same works."""


class Deadlocked(Transient):
    """The database ended this transaction so that another one could go on: the same once more will work."""


class translate:
    """Turn database errors inside the block into ours; a class, because it stands around every statement."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, (UnicodeError, OverflowError)):  # the drivers' own, raised while they read the values
            raise RuleBroken("store.value_refused", what=error) from error
        if isinstance(error, StatementError):
            found = classify(error)
            if found is not None:
                raise found from error


def classify(error: StatementError) -> IsthmusError | None:
    """The error of ours for an error of the database; None when it is a mistake in our own code."""
    words = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
    if isinstance(error, IntegrityError):
        if "unique" in words.lower():
            return Duplicate("store.duplicate", table=_named_table(words))
        return RuleBroken("store.value_refused", what=words)
    if "deadlock" in words and isinstance(error, OperationalError):
        return Deadlocked("store.busy", what=words)
    trouble = next((code for sign, code in _TROUBLES if sign in words), None)
    if trouble is not None and isinstance(error, OperationalError | InternalError):
        return Transient(trouble, what=words)
    if isinstance(error, OperationalError):
        return Transient("store.unreachable", what=words)
    if type(error) is DatabaseError and ("not a database" in words or "malformed" in words):
        return ConfigInvalid("store.damaged", what=words)
    if isinstance(error, DBAPIError):
        return Transient("store.unreachable", what=words) if error.connection_invalidated else _refused(error, words)
    return _refused(error, words)


def _refused(error: StatementError, words: str) -> IsthmusError | None:
    """A value that does not fit its column: too large, too fine, without a zone, with a NUL character."""
    is_value = isinstance(error.orig, (ValueError, OverflowError)) or type(error.orig).__name__ in (
        "DataError",
        "NumericValueOutOfRange",
        "UntranslatableCharacter",
    )
    return RuleBroken("store.value_refused", what=words) if is_value else None


def _named_table(words: str) -> str:
    """The table or constraint that the database names: ``UNIQUE constraint failed: binding.ref, …``."""
    return (
        words.rsplit(": ", 1)[-1].split(".")[0] if "failed: " in words else words.split('"')[1] if '"' in words else ""
    )
