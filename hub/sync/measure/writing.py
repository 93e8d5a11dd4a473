"""Measures on one document that the integration user made. Each yields findings; none raises for a bad answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd
from typing import Any

from hub.errors import Duplicate, IsthmusError, MappingError, Rejected, Stale
from hub.model.base import Line
from hub.protocol.semantics import ALL_FIELDS, Tier, WriteSemantics
from hub.sdk import Written
from hub.sync.measure.findings import Finding, Findings, bad, beside, compare, name_outcome, note, ok, skipped
from hub.sync.measure.samples import make_sample
from hub.sync.measure.subject import Seen, Subject

FINEST_S = 0.001
"""Change times that differ by less are as fine as anybody needs."""
LEAST_PATIENCE_S = 5.0
POLL_S = 0.25
MICROSECOND = timedelta(microseconds=1)
PAUSES_S = (0.013, 0.137, 1.031, 0.271, 0.519)
"""Uneven waits between writes, so that a coarse clock shows."""
Outcome = Written | IsthmusError


def attempt(call: Callable[[], Written]) -> Outcome:
    """What came of a write: a success, or the error that the connector raised."""
    try:
        return call()
    except IsthmusError as error:
        return error
    except NotImplementedError:
        return Rejected("measure.not_implemented")


# ---------------------------------------------------------------- values


def vary(subject: Subject, seen: Seen, number: int) -> dict[str, Any]:
    """Another value for every field that can be written and read again, as far as there is one."""
    wanted = make_sample(subject.kind, number, subject.compared, subject.register.parents.get, subject.given)
    changed = {}
    for name, value in wanted.items():
        new = _vary_lines(seen.values.get(name) or (), value) if isinstance(value, tuple) else value
        if name not in subject.given and subject.show(name, new) != subject.show(name, seen.values.get(name)):
            changed[name] = new
    return changed


def _vary_lines(current: Sequence[Line], wanted: Sequence[Line]) -> tuple[Line, ...]:
    """The lines that are there, the first with other values; a new line where there is none."""
    if not current or not isinstance(current[0], Line):
        return tuple(line.model_copy(update={"key": f"new:{line.key}"}) for line in wanted)
    update = {name: value for name, value in dict(wanted[0]).items() if name not in ("key", "kind")}
    told = {name: value for name, value in update.items() if name in wanted[0].model_fields_set}
    return (current[0].model_copy(update=told), *current[1:])


def allows(fields: frozenset[str], name: str) -> bool:
    """Whether a declaration of editable fields names this one."""
    return fields == ALL_FIELDS or name in fields


def compare_values(subject: Subject, sent: Mapping[str, Any], kept: Mapping[str, Any]) -> Findings:
    """Field by field: what was sent against what the system shows, after the declared normalisers."""
    shown = subject.project({name: value for name, value in sent.items() if name in subject.compared})
    for name, value in shown.items():
        wanted, found = subject.show(name, value), subject.show(name, kept.get(name))
        if wanted == found:
            yield ok("measure.field_kept", field=name)
        else:
            told = {
                "field": name,
                "sent": wanted,
                "kept": found,
                "hint": explain_loss(value, kept.get(name)) or "Normaliser(…)",
            }
            yield bad("measure.field_lost", **told)


def explain_loss(sent: Any, kept: Any) -> str:
    """What the system seems to do to a text, in the words of a declaration; empty when it is nothing that can be
    declared."""
    if not isinstance(sent, str) or not isinstance(kept, str) or not kept:
        return ""
    if sent.strip().upper() == kept or sent.strip().lower() == kept:
        return f"Normaliser(case={'upper' if kept == kept.upper() else 'lower'!r})"
    if sent.strip().casefold().startswith(kept.strip().casefold()):
        return f"Normaliser(max_length={len(kept)})"
    return ""


def measure_normalisers(subject: Subject, seen: Seen, fields: frozenset[str]) -> Findings:
    """Texts that a system likes to change: long, in mixed case, with spaces around. Refusing one is fine."""
    for name in sorted(fields & subject.compared):
        if not isinstance(seen.values.get(name), str) or name in ("currency", "state", "email", "website", "phone"):
            continue
        tried = f"  Probe {name} aBcÄ 中文 " + "x" * 300 + "  "
        outcome = attempt(lambda name=name, tried=tried: subject.patch(seen, {name: tried}))  # type: ignore[misc]
        if isinstance(outcome, Rejected):  # perhaps only too long
            tried = f"  Probe {name} aBc  "
            outcome = attempt(lambda name=name, tried=tried: subject.patch(seen, {name: tried}))  # type: ignore[misc]
        if isinstance(outcome, IsthmusError):
            yield _judge_refusal(outcome, name)
            continue
        found = subject.look(seen.source.external_id)
        if found is None:
            yield bad("measure.vanished", id=seen.source.external_id)
            return
        yield from compare_values(subject, {name: tried}, found.values)


def _judge_refusal(error: IsthmusError, name: str) -> Finding:
    if isinstance(error, Rejected | MappingError):
        return note("measure.text_refused", field=name, answer=name_outcome(error))
    return bad("measure.refusal_class", what=name, answer=name_outcome(error))


# ---------------------------------------------------------------- reference, tier, lag


@dataclass
class Abilities:
    """What a system was seen to offer against double creation; None where it was not tried."""

    searchable: bool = False
    unique: bool | None = None
    draft: bool = False

    def list_tiers(self) -> list[Tier]:
        """Every tier that these carry, the strongest first."""
        tiers = [Tier.UNIQUE] if self.searchable and self.unique else []
        tiers += [Tier.DRAFT] if self.searchable and self.draft else []
        return [*tiers, *([Tier.PLAIN] if self.searchable else []), Tier.BLIND]


def measure_reference(subject: Subject, ref: str, external_id: str, abilities: Abilities) -> Findings:
    """Whether the document is found by its reference, how soon, and as ours."""
    semantics = subject.semantics
    if semantics.tier is Tier.BLIND:
        if subject.writer.find(ref):
            abilities.searchable = True
        return
    waited_s = wait_until(subject, semantics.lag_s, lambda: is_found(subject, ref, external_id))
    if waited_s is None:
        lost = bad("measure.reference_lost", ref=ref, id=external_id, field=semantics.reference_field or "-")
        yield beside(lost, "reference", semantics.reference_field, False)
        return
    abilities.searchable = True
    yield beside(ok("measure.reference_kept"), "reference", semantics.reference_field, True)
    yield judge_lag("lag_s", semantics.lag_s, waited_s)
    hit = next(record for record in subject.writer.find(ref) if record.external_id == external_id)
    if (hit.reference or "").strip().upper() != ref.upper():
        yield bad("measure.reference_changed", ref=ref, kept=hit.reference or "-")
    shown = hit.created_by_us
    measured = shown is not None
    yield compare("shows_modifier", semantics.shows_modifier, measured, optimistic=semantics.shows_modifier)
    if shown is False:
        yield bad("measure.own_not_recognised", id=external_id)


def judge_lag(fact: str, declared_s: float, waited_s: float) -> Finding:
    """Something was seen after so long. Within the declared time it is as declared, because another time it may take
    longer; never any wait at all is worth a remark."""
    seen_s = round(waited_s, 2) if waited_s > POLL_S else 0.0
    if seen_s > declared_s + POLL_S:
        return compare(fact, declared_s, seen_s, optimistic=True)
    return compare(fact, declared_s, declared_s if seen_s else 0.0, optimistic=False)


def is_found(subject: Subject, ref: str, external_id: str) -> bool:
    return any(record.external_id == external_id for record in subject.writer.find(ref[:-2]))


def wait_until(subject: Subject, lag_s: float, seen: Callable[[], bool]) -> float | None:
    """Seconds until something shows, 0 when the first look shows it (however long that look takes); None when it does
    not show within twice the declared lag and a few seconds."""
    clock = subject.clock
    started_s, patience_s = clock.monotonic(), 2 * lag_s + LEAST_PATIENCE_S
    if seen():
        return 0.0
    while clock.monotonic() - started_s <= patience_s:
        clock.sleep(POLL_S)
        if seen():
            return clock.monotonic() - started_s
    return None


def measure_unique(
    subject: Subject,
    ref: str,
    external_id: str,
    values: Sequence[Mapping[str, Any]],
    abilities: Abilities,
) -> Findings:
    """The same reference again: refused as ``Duplicate`` (or answered with the same document), or made twice. A second
    document must be found by the search, because that is how spare ones are recognised.

    ``values``: those of the first document, then others for a system that refuses them for a reason of their own.
    """
    outcome = attempt(lambda: subject.create(values[0], ref))
    if isinstance(outcome, Rejected) and subject.semantics.tier is not Tier.UNIQUE:
        outcome = attempt(lambda: subject.create(values[1], ref))
    if isinstance(outcome, Duplicate) or (isinstance(outcome, Written) and outcome.external_id == external_id):
        abilities.unique = True
        return
    abilities.unique = False
    if isinstance(outcome, IsthmusError):
        yield bad("measure.twice_class", answer=name_outcome(outcome))
        return
    if subject.semantics.tier is Tier.BLIND:
        return
    ids = {external_id, outcome.external_id}

    def shows_both() -> bool:
        return ids <= {record.external_id for record in subject.writer.find(ref)}

    if wait_until(subject, subject.semantics.lag_s, shows_both) is None:
        yield bad("measure.spare_hidden", ref=ref)


def judge_tier(declared: Tier, abilities: Abilities) -> Finding:
    """The declared tier against what was seen."""
    tiers = abilities.list_tiers()
    if abilities.unique is None and declared is Tier.UNIQUE and abilities.searchable:
        return skipped("measure.unique_untried")
    if declared in tiers[:2] and declared not in (Tier.PLAIN, Tier.BLIND):
        return compare("tier", declared.value, declared.value, optimistic=False)
    return compare("tier", declared.value, tiers[0].value, optimistic=declared not in tiers)


# ---------------------------------------------------------------- versions


def measure_versions(subject: Subject, seen: Seen, fields: frozenset[str], number: int) -> Findings:
    """Version token, compare-and-set and the step of change times, by a few edits of allowed fields."""
    semantics, stamps = subject.semantics, []
    if seen.source.modified_at is not None:
        stamps.append(seen.source.modified_at)
    current, rose = seen, True
    for place, pause_s in enumerate(PAUSES_S):
        subject.clock.sleep(pause_s)
        changes = first_change(subject, current, fields, number + place)
        if not changes:
            yield skipped("measure.nothing_to_edit", stage=current.source.stage.value)
            return
        outcome = attempt(lambda changes=changes, current=current: subject.patch(current, changes))  # type: ignore[misc]
        after = subject.look(seen.source.external_id)
        if isinstance(outcome, IsthmusError) or after is None:
            yield bad("measure.edit_failed", field=", ".join(changes), answer=name_outcome(outcome))
            return
        rose = rose and is_newer(current.source.version, after.source.version)
        if outcome.version is not None and after.source.version is not None:
            rose = rose and outcome.version <= after.source.version
        if after.source.modified_at is not None:
            stamps.append(after.source.modified_at)
        current = after
    yield judge_version(semantics, current, rose)
    yield judge_granularity(semantics, stamps, sum(PAUSES_S))
    yield from measure_cas(subject, seen.source.version, current, fields, number + len(PAUSES_S))


def first_change(subject: Subject, seen: Seen, fields: frozenset[str], number: int) -> dict[str, Any]:
    """Another value for one allowed field, a text by preference."""
    changed = {name: value for name, value in vary(subject, seen, number).items() if allows(fields, name)}
    texts = sorted(changed, key=lambda name: (not isinstance(changed[name], str), name in ("name",), name))
    return {texts[0]: changed[texts[0]]} if texts else {}


def is_newer(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def judge_version(semantics: WriteSemantics, seen: Seen, rose: bool) -> Finding:
    measured = seen.source.version is not None and rose
    return compare("versioned", semantics.versioned, measured, optimistic=semantics.versioned)


def judge_granularity(semantics: WriteSemantics, stamps: Sequence[datetime], took_s: float) -> Finding:
    """The coarsest step that all the change times are multiples of, counted from midnight. When edits over ``took_s``
    seconds share one time, the step is at least that."""
    midnights = [stamp.replace(hour=0, minute=0, second=0, microsecond=0) for stamp in stamps]
    micros = {round((stamp - start) / MICROSECOND) for stamp, start in zip(stamps, midnights, strict=True)}
    if len(stamps) < 3:
        return skipped("measure.no_change_times")
    step_s = gcd(*micros) / 1_000_000 if len(micros) > 1 else max(took_s, semantics.granularity_s)
    seen_s = round(step_s, 3) if step_s > FINEST_S else 0.0
    return compare("granularity_s", semantics.granularity_s, seen_s, optimistic=seen_s > semantics.granularity_s)


def measure_cas(subject: Subject, old: int | None, seen: Seen, fields: frozenset[str], number: int) -> Findings:
    """An edit that names a version of long ago must be ``Stale``; one that names the newest must pass."""
    declared = subject.semantics.compare_and_set
    if old is None or seen.source.version is None:
        yield compare("compare_and_set", declared, False, optimistic=declared)
        return
    changes = first_change(subject, seen, fields, number)
    outcome = attempt(lambda: subject.patch(seen, changes, if_version=old))
    after = subject.look(seen.source.external_id)
    if isinstance(outcome, IsthmusError) and not isinstance(outcome, Stale):
        yield bad("measure.stale_class", answer=name_outcome(outcome))
        return
    changed = after is not None and after.source.version != seen.source.version
    refused = isinstance(outcome, Stale)
    if refused and changed:
        yield bad("measure.stale_but_written")
        return
    yield compare("compare_and_set", declared, refused, optimistic=declared)
    if refused and after is not None:
        again = attempt(lambda: subject.patch(after, changes, if_version=after.source.version))
        if isinstance(again, IsthmusError):
            yield bad("measure.fresh_refused", answer=name_outcome(again))
