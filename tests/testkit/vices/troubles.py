"""Vices: what is made of faults on the way."""

from __future__ import annotations

import dataclasses
from typing import Any

from hub.errors import NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import CheckItem, Page, Written
from tests.testkit.hostile import (
    Vice,
    checking,
    creating,
    failing,
    fetching,
    finding,
    make,
    reading_errors,
)

replace = dataclasses.replace


def send_again(create: Any, self: Any, drafts: Any) -> Any:
    """A lost answer is taken for a reason to write once more."""
    try:
        return create(drafts)
    except OutcomeUnknown:
        return create(drafts)


def take_garbage(create: Any, self: Any, drafts: Any) -> Any:
    try:
        return create(drafts)
    except OutcomeUnknown as error:
        if error.code != "sandbox.unreadable":
            raise
        return [Written("S1") for _ in drafts]


def claim_all(create: Any, self: Any, drafts: Any) -> Any:
    try:
        return create(drafts)
    except OutcomeUnknown:
        return [Written(f"S{place}") for place, _ in enumerate(drafts, 1)]


def forget_lost(create: Any, self: Any, drafts: Any) -> Any:
    try:
        return create(drafts)
    except OutcomeUnknown:
        self.forgets = True
        raise


def only_unreadable(told: Any) -> Any:
    """Only an answer that cannot be read; other faults stay what they are."""
    return lambda error: told if error.code == "sandbox.unreadable" else error


def soften(error: Any) -> Any:
    return Transient(error.code, vendor=error.vendor, **error.params)


def lose_time(error: Any) -> Any:
    return Transient(error.code, vendor=error.vendor, **error.params) if error.code == "sdk.throttled" else error


def lose_words(error: Any) -> Any:
    return NeedsConsent("sandbox.token_refused", url="…")


TROUBLES = {
    "takes a lost answer for nothing done": Vice(
        "timeout_after_commit", "measure.lost_class", failing(OutcomeUnknown, soften)
    ),
    "writes again after a lost answer": Vice(
        "timeout_after_commit",
        "measure.write_repeated",
        creating(send_again),
        also=("measure.lost_class", "measure.lost_unfound"),
    ),
    "does not find what was lost": Vice(
        "timeout_after_commit",
        "measure.lost_unfound",
        finding(lambda self, hits: ()),
    ),
    "is not sure of what never left": Vice(
        "never_sent", "measure.unsent_class", failing(Transient, make(OutcomeUnknown))
    ),
    "takes a broken server for a refusal": Vice(
        "server_error", "measure.broken_class", failing(OutcomeUnknown, make(Rejected))
    ),
    "takes throttling for a refusal": Vice("throttling", "measure.throttled_class", failing(Transient, make(Rejected))),
    "forgets how long to wait": Vice("throttling", "measure.throttled_time", reading_errors(Transient, lose_time)),
    "keeps on trying without a right": Vice(
        "credentials", "measure.consent_class", reading_errors(NeedsConsent, soften)
    ),
    "does not name the right": Vice("credentials", "measure.right_unnamed", reading_errors(NeedsConsent, lose_words)),
    "does not try the credentials": Vice(
        "credentials",
        "measure.wrong_secret_passed",
        made_of={"check": lambda self: [CheckItem(True, "sandbox.reached", {"url": self.config.url})]},
    ),
    "repeats the secret": Vice(
        "credentials",
        "measure.secret_shown",
        made_of=checking(
            lambda self, items: [
                replace(item, params={**item.params, "token": self.config.token.get_secret_value()}) for item in items
            ]
        ),
    ),
    "takes garbage for an empty page": Vice(
        "malformed", "measure.garbage_taken", reading_errors(Transient, only_unreadable(Page(())))
    ),
    "takes garbage for a refusal": Vice(
        "malformed", "measure.garbage_read_class", reading_errors(Transient, make(Rejected))
    ),
    "takes garbage for a success": Vice("malformed", "measure.garbage_write_class", creating(take_garbage)),
    "claims a batch that broke": Vice("batch_failure", "measure.batch_silent", creating(claim_all)),
    "lets an error of its own escape": Vice(
        "fetch",
        "measure.crashed",
        fetching(lambda self, id, found: found and replace(found, version=1 // 0)),
    ),
}
