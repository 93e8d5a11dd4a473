"""Vices: how documents are written."""

from __future__ import annotations

import dataclasses
from typing import Any

from hub.errors import Duplicate, Locked, OutcomeUnknown, Rejected, Stale, Transient
from hub.sdk import ALL_FIELDS, ReadSemantics, Stage, Written
from tests.testkit.hostile import (
    Spoil,
    Vice,
    creating,
    declaring,
    doing,
    facts_as,
    failing,
    finding,
    make,
    over,
    paging,
    patching,
    showing,
    sink_with,
    stage_of,
    stream_with,
)

replace = dataclasses.replace


def without(*names: str) -> Spoil:
    """Fields that are never sent."""
    return creating(
        lambda create, self, drafts: create(
            [replace(one, payload={k: v for k, v in one.payload.items() if k not in names}) for one in drafts]
        )
    )


def write_everything(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    """A patch empties what it does not name."""
    done: Written = was({"note": "", "customer_ref": "", **payload})
    return done


@over
def no_reference(base: Any) -> Any:
    return lambda self, draft: {**draft.payload, "our_ref": ""}


@over
def short_reference(base: Any) -> Any:
    return lambda self, draft: {**draft.payload, "our_ref": draft.ref[:24]}


@over
def find_short(base: Any) -> Any:
    return lambda self, prefix: base.find(self, prefix[:24])


def write_then_refuse(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    was(payload, None)
    if version is not None:
        raise Stale("sandbox.stale")
    return Written(id)


def always_stale(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    if version is not None:
        raise Stale("sandbox.stale")
    done: Written = was()
    return done


def refuse_edits(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    raise Rejected("sandbox.rejected", vendor="no")


def lock_after_writing(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    was()
    if stage_of(self, id) is Stage.DRAFT:
        return Written(id)
    raise Locked("sandbox.locked", vendor="too late")


def pretend_late(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    """After the draft an edit is called a success and thrown away."""
    if stage_of(self, id) is not Stage.DRAFT:
        return Written(id)
    done: Written = was()
    return done


def doubt_late(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    try:
        done: Written = was()
    except Locked as error:
        raise OutcomeUnknown(error.code, vendor=error.vendor) from error
    return done


def only_once(was: Any, self: Any, id: str) -> Any:
    """Done already is an error."""
    self.done = getattr(self, "done", set())
    if id in self.done:
        raise Rejected("sandbox.rejected", vendor="done already")
    answer = was()
    self.done.add(id)
    return answer


def stop_at_refusal(create: Any, self: Any, drafts: Any) -> Any:
    """What stands behind a refused one is not even tried."""
    results: list[Any] = []
    for draft in drafts:
        failed = next((item for item in results if not isinstance(item, Written)), None)
        results += [failed] if failed is not None else create([draft])
    return results


def raise_refusal(create: Any, self: Any, drafts: Any) -> Any:
    results = list(create(drafts))
    for result in results:
        if not isinstance(result, Written):
            raise result
    return results


def push_version(create: Any, self: Any, drafts: Any) -> Any:
    return [replace(one, version=99) if isinstance(one, Written) else one for one in create(drafts)]


def submit_with_it(was: Any, self: Any, id: str, payload: Any, version: Any) -> Written:
    done: Written = was()
    self.submit(id, if_version=None)
    return done


@over
def fetch_late(base: Any) -> Any:
    """From a copy that is three seconds behind."""

    def fetch(self: Any, id: str) -> Any:
        self.asked = getattr(self, "asked", {})
        first = self.asked.setdefault(id, self._clock.monotonic())
        return base.fetch(self, id) if self._clock.monotonic() - first >= 3 else None

    return fetch


WRITING = {
    "makes nothing": Vice(
        "round_trip", "measure.vanished", creating(lambda create, self, drafts: [Written("S9999") for _ in drafts])
    ),
    "submits what is edited": Vice("stages", "measure.stage_moved", patching(submit_with_it)),
    "does not send a field": Vice("round_trip", "measure.field_lost", without("customer_ref")),
    "tells a version that is not yet": Vice("round_trip", "measure.version_ahead", creating(push_version)),
    "empties what a patch does not name": Vice("patch", "measure.field_lost", patching(write_everything)),
    "claims that references are unique": Vice(
        "tier", "measure.too_optimistic", fact="tier", settings={"tier": "plain"}, declared={"tier": "unique"}
    ),
    "claims that there are drafts": Vice(
        "tier", "measure.too_optimistic", fact="tier", settings={"tier": "plain"}, declared={"tier": "draft"}
    ),
    "sends no reference": Vice(
        "tier",
        "measure.reference_lost",
        sink_with(_add_reference=no_reference),
        also=("measure.too_optimistic", "measure.spare_hidden"),
    ),
    "cuts the reference": Vice(
        "tier",
        "measure.reference_changed",
        sink_with(_add_reference=short_reference, find=find_short),
    ),
    "does not know its own": Vice("tier", "measure.own_not_recognised", facts_as(created_by_us=False)),
    "hides who made it": Vice("tier", "measure.too_optimistic", facts_as(created_by_us=None), fact="shows_modifier"),
    "takes a duplicate for a passing fault": Vice(
        "tier",
        "measure.twice_class",
        failing(Duplicate, make(Transient)),
        settings={"tier": "unique"},
        also=("measure.too_optimistic",),
    ),
    "finds the first one only": Vice("tier", "measure.spare_hidden", finding(lambda self, hits: hits[:1])),
    "writes the reference again": Vice(
        "reference",
        "measure.reference_edited",
        showing(lambda record: replace(record, reference="X") if (record.version or 0) > 1 else record),
    ),
    "takes a copy for its own": Vice("reference", "measure.copy_taken_for_ours", facts_as(created_by_us=True)),
    "claims to compare and set": Vice(
        "versions",
        "measure.too_optimistic",
        fact="compare_and_set",
        settings={"compare_and_set": False},
        declared={"compare_and_set": True},
    ),
    "claims to have versions": Vice(
        "versions",
        "measure.too_optimistic",
        facts_as(version=1),
        fact="versioned",
        also=("measure.fresh_refused",),
    ),
    "tells a stale edit as a refusal": Vice("versions", "measure.stale_class", failing(Stale, make(Rejected), "patch")),
    "writes what it calls stale": Vice("versions", "measure.stale_but_written", patching(write_then_refuse)),
    "calls every version stale": Vice("versions", "measure.fresh_refused", patching(always_stale)),
    "refuses allowed edits": Vice("versions", "measure.edit_failed", patching(refuse_edits)),
    "claims fine change times": Vice(
        "versions",
        "measure.too_optimistic",
        fact="granularity_s",
        settings={"granularity_s": 1.0},
        declared={"granularity_s": 0.0},
    ),
    "claims to confirm a version": Vice(
        "confirm_version",
        "measure.too_optimistic",
        fact="confirms_version",
        settings={"confirms_version": False},
        declared={"confirms_version": True},
    ),
    "confirms in words only": Vice(
        "confirm_version",
        "measure.confirm_untrue",
        doing("confirm", lambda was, self, id: Written(id)),
        also=("measure.too_optimistic",),
    ),
    "confirms once only": Vice("confirm_version", "measure.not_idempotent", doing("confirm", only_once)),
    "submits in words only": Vice("steps", "measure.step_untrue", doing("submit", lambda was, self, id: Written(id))),
    "reopens in words only": Vice(
        "steps",
        "measure.step_untrue",
        doing("reopen", lambda was, self, id: Written(id)),
        settings={"amend": "reopen"},
    ),
    "submits once only": Vice("steps", "measure.not_idempotent", doing("submit", only_once)),
    "claims that people cannot confirm its drafts": Vice(
        "exclusive",
        "measure.too_optimistic",
        fact="exclusive_confirm",
        settings={"exclusive_confirm": False},
        declared={"exclusive_confirm": True},
    ),
    "claims that merges can be told": Vice(
        "telling", "measure.telling_refused", kind="account", declared={"tells_merge": "call"}
    ),
    "tells a merge in words only": Vice(
        "telling",
        "measure.telling_unshown",
        sink_with("account", tell_merge=lambda self, id, into, *, if_version: Written(id)),
        kind="account",
        settings={"tells_merge": "note"},
    ),
    "claims to take more at once": Vice(
        "batch", "measure.batch_raised", settings={"max_batch": 5}, declared={"batch_size": 20}
    ),
    "claims that lists are prompt": Vice(
        "lag", "measure.too_optimistic", fact="lag_s", settings={"lag_s": 4.0}, declared={"lag_s": 0.0}
    ),
    "claims to list in the order of commits": Vice(
        "order",
        "measure.too_optimistic",
        stream_with(semantics=property(lambda self: ReadSemantics(commit_ordered=True))),
        fact="commit_ordered",
        settings={"lag_s": 4.0},
    ),
    "claims to make all of a batch or none": Vice(
        "batch", "measure.too_optimistic", declaring(batch_atomic=True), fact="batch_atomic"
    ),
    "reads single records late": Vice(
        "lag", "measure.too_optimistic", stream_with(fetch=fetch_late), fact="replica_lag_s"
    ),
    "lists nothing new": Vice("lag", "measure.never_listed", paging(lambda self, page: replace(page, records=()))),
    "cuts texts and does not say so": Vice(
        "normalisers", "measure.field_lost", settings={"text_max": 12}, declared={"text_max": 0}
    ),
    "writes capitals and does not say so": Vice(
        "normalisers", "measure.field_lost", settings={"text_upper": True}, declared={"text_upper": False}
    ),
    "claims that approved sales are editable": Vice(
        "stages",
        "measure.not_editable",
        declaring(editable={Stage.DRAFT: ALL_FIELDS, Stage.EFFECTIVE: ALL_FIELDS}),
    ),
    "calls lost edits a success": Vice("stages", "measure.edit_not_kept", patching(pretend_late)),
    "is not sure of a refusal": Vice("stages", "measure.refusal_class", patching(doubt_late)),
    "refuses what it has written": Vice(
        "stages",
        "measure.refused_but_written",
        patching(lock_after_writing),
        settings={"amend": "free"},
        declared={"amend": "refuse"},
        also=("measure.not_editable",),
    ),
    "claims that approved sales can be voided": Vice(
        "ending", "measure.ending_refused", declaring(voidable=frozenset({Stage.DRAFT, Stage.EFFECTIVE}))
    ),
    "deletes in words only": Vice("ending", "measure.ending_untrue", doing("delete", lambda was, self, id: None)),
    "deletes once only": Vice("ending", "measure.not_idempotent", doing("delete", only_once)),
    "voids once only": Vice("ending", "measure.not_idempotent", doing("void", only_once)),
    "hides what is void": Vice(
        "ending",
        "measure.void_hidden",
        finding(lambda self, hits: [hit for hit in hits if hit.stage is not Stage.VOID]),
    ),
    "breaks off a batch": Vice("batch", "measure.batch_raised", creating(raise_refusal)),
    "mixes up a batch": Vice(
        "batch", "measure.batch_order", creating(lambda create, self, drafts: list(reversed(create(drafts))))
    ),
    "leaves out what was refused": Vice(
        "batch",
        "measure.result_count",
        creating(lambda create, self, drafts: [one for one in create(drafts) if isinstance(one, Written)]),
    ),
    "gives up a batch at the first refusal": Vice("batch", "measure.batch_good_failed", creating(stop_at_refusal)),
    "finds what nobody asked for": Vice(
        "find",
        "measure.find_invents",
        finding(lambda self, hits: hits or self._stream.read_page(None, None, 2).records),
    ),
    "does not look for identifiers": Vice(
        "find",
        "measure.identifier_unfound",
        sink_with("account", find_by_identifier=lambda self, kind, value: ()),
        kind="account",
    ),
}
