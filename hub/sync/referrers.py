"""Who refers to a record."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from hub.model.base import Line
from hub.model.kinds import find_kind, list_fields, list_line_refs, list_refs, load_kinds
from hub.store import UnitOfWork
from hub.sync.show import describe_record


def find_referrer(tx: UnitOfWork, kind: str, record_id: UUID) -> str | None:
    """What people call some record that refers to this one, in a field or in a line; None when there is none."""
    for name in load_kinds():
        model = find_kind(name)
        for field, target in list_refs(name):
            where: dict[str, Any] = {field: record_id}
            found = tx.find(model, limit=1, with_deleted=True, **where) if target == kind else []
            if found:
                return describe_record(found[0], str(found[0].id))[0]
        for field, info in list_fields(name).items():
            for line in get_args(info.annotation):
                if isinstance(line, type) and issubclass(line, Line):
                    for inner, target in list_line_refs(line):
                        where = {inner: record_id}
                        rows = tx.find_by_line(model, field, with_deleted=True, **where) if target == kind else []
                        if rows:
                            return describe_record(rows[0], str(rows[0].id))[0]
    return None
