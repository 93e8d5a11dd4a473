"""Who may do what to a document in which state."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from connectors.sandbox.simulator.settings import USER, SandboxSettings
from connectors.sandbox.simulator.shapes import ALWAYS_OPEN, ErpRefused
from connectors.sandbox.simulator.tables import Document

DRAFT, SUBMITTED, APPROVED, CLOSED, VOID = "draft", "submitted", "approved", "closed", "void"
EFFECTIVE = (APPROVED, CLOSED)


@dataclass(frozen=True)
class Action:
    """A step of the workflow: from which states, to which; in the states of ``done`` it changes nothing."""

    before: tuple[str, ...]
    after: str
    done: tuple[str, ...]


ACTIONS = {
    "submit": Action((DRAFT,), SUBMITTED, (SUBMITTED, APPROVED, CLOSED)),
    "approve": Action((DRAFT, SUBMITTED), APPROVED, (APPROVED, CLOSED)),
    "reopen": Action((SUBMITTED, APPROVED, CLOSED), DRAFT, (DRAFT,)),
    "void": Action((DRAFT, SUBMITTED, APPROVED, CLOSED), VOID, (VOID,)),
    "close": Action((APPROVED,), CLOSED, (CLOSED,)),
}
USER_VOIDS_APPROVED = ("free", "reopen", "reverse")
"""Under which ``amend`` the integration user may void an approved document."""


def first_status(settings: SandboxSettings, wanted: str | None, by: str, kind: str = "sale") -> str:
    """The status of a new document. People may make one in a later state at once, the integration user may not."""
    usual = DRAFT if settings.tier == "draft" else APPROVED
    if wanted is None or wanted == usual:
        return usual
    if by == USER or settings.tier != "draft" or wanted not in (SUBMITTED, APPROVED):
        raise ErpRefused("invalid", f"a new {kind} cannot be {wanted!r} here", "status")
    return wanted


def check_edit(settings: SandboxSettings, document: Document, changed: Collection[str], by: str) -> None:
    """May these fields be changed now?"""
    status = document["status"]
    if status == DRAFT or (status == SUBMITTED and by != USER):
        return
    if status in EFFECTIVE and (settings.amend == "free" or set(changed) <= ALWAYS_OPEN):
        return
    fields = ", ".join(sorted(changed))
    raise ErpRefused("locked", f"{document['number']} is {status}: {fields} cannot be changed", min(changed))


def check_action(settings: SandboxSettings, document: Document, name: str, by: str, *, held: bool = False) -> None:
    """May this step be taken now? Not asked where it would change nothing."""
    action, status = ACTIONS[name], document["status"]
    if status not in action.before or not _may(settings, document, name, by):
        raise ErpRefused("locked", f"{document['number']} is {status}: {by} cannot {name} it", "status")
    if name in ("reopen", "void") and held:
        raise ErpRefused(
            "locked", f"{document['number']} has documents that hang on it: {by} cannot {name} it", "live_children"
        )


def check_delete(document: Document, by: str, *, held: bool = False) -> None:
    """Only drafts can be deleted; people may also delete what was submitted."""
    deletable = (DRAFT,) if by == USER else (DRAFT, SUBMITTED)
    if document["status"] not in deletable or held:
        raise ErpRefused("locked", f"{document['number']} is {document['status']}: {by} cannot delete it", "status")


def _may(settings: SandboxSettings, document: Document, name: str, by: str) -> bool:
    if name in ("submit", "reopen") and settings.tier != "draft":
        return False
    if by != USER:
        return not (name == "approve" and settings.exclusive_confirm and document["created_by"] == USER)
    if name == "reopen":
        return settings.amend == "reopen"
    if name == "void":
        return document["status"] == DRAFT or (
            document["status"] in EFFECTIVE and settings.amend in USER_VOIDS_APPROVED
        )
    return name in ("submit", "approve")
