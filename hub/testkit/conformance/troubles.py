"""Checks with faults on the wire: what a connector says must be what the hub may rely on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import SecretStr

from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.locale import Phrase
from hub.protocol.semantics import Tier
from hub.sdk import Draft, Stream, Written
from hub.sync.measure import Findings, Subject
from hub.sync.measure.findings import bad, name_outcome, note, ok, skipped
from hub.sync.measure.subject import mark_new, take_one
from hub.sync.measure.writing import Outcome, attempt, first_change
from hub.testkit.conformance import faults
from hub.testkit.conformance.checks import check
from hub.testkit.conformance.faults import Act
from hub.testkit.conformance.lab import Lab

RETRY_AFTER_S = 37
RIGHT = "conformance.sales_desk"
WRONG_SECRET = "conformance-wrong-secret"  # pragma: allowlist secret


class Attempted:
    """One create with a fault on its way (a change, where nothing is created by us): what the connector said, and which
    documents there are afterwards."""

    def __init__(self, lab: Lab, kind: str, act: Act, *, skip: int = 0) -> None:
        self.lab = lab
        self.subject = lab.hasty[kind]
        self.ref = lab.make_ref()
        write = choose_write(lab, kind, self.ref)
        warm_up(self.subject)
        lab.faults.strike_write(act, skip=skip)
        before = lab.faults.writes
        self.outcome: Outcome = attempt(write)
        self.writes = lab.faults.writes - before
        """Requests with side effects that the connector sent."""
        lab.faults.calm()

    @property
    def struck(self) -> bool:
        return bool(self.lab.faults.struck)

    def count_found(self) -> int:
        """Documents that carry the reference, as the search tells once the lag has passed."""
        if self.subject.semantics.lag_s:
            self.lab.clock.sleep(self.subject.semantics.lag_s)
        return len(self.subject.writer.find(self.ref))


def choose_write(lab: Lab, kind: str, ref: str) -> Callable[[], Written]:
    """What a fault is done to: the create of a sample, else a change of everything that may be changed."""
    subject = lab.hasty[kind]
    if subject.semantics.creates:
        draft = Draft(ref, subject.write_payload(mark_new(lab.sample(kind))))
        return lambda: take_one(subject.writer.create([draft]))
    seen = lab.make(kind)[1]
    fields = subject.semantics.editable.get(seen.source.stage, frozenset())
    changes = first_change(subject, seen, fields, lab.next_number())
    return lambda: subject.patch(seen, changes)


def warm_up(subject: Subject) -> None:
    """Sessions and tables are there before the fault, so that it hits what it is meant for."""
    subject.stream.read_page(None, None, 1)


def count_writes(lab: Lab, kind: str) -> int:
    """How many requests with side effects one create sends."""
    write = choose_write(lab, kind, lab.make_ref())
    warm_up(lab.hasty[kind])
    before = lab.faults.writes
    write()
    return lab.faults.writes - before


@check(writes=True, faults=True)
def check_timeout_after_commit(lab: Lab, kind: str) -> Findings:
    """The answer to a create is lost: the connector says ``OutcomeUnknown``, sends nothing again by itself, and
    ``find`` shows the document."""
    blind = lab.subjects[kind].semantics.tier is Tier.BLIND
    for place in range(max(count_writes(lab, kind), 1)):
        tried = Attempted(lab, kind, faults.lose_answer, skip=place)
        if not tried.struck:
            yield skipped("measure.no_requests")
            return
        if not isinstance(tried.outcome, OutcomeUnknown):
            yield bad("measure.lost_class", answer=name_outcome(tried.outcome))
        if tried.writes > place + 1:
            yield bad("measure.write_repeated", count=tried.writes)
        if not blind and tried.count_found() != 1:
            yield bad("measure.lost_unfound", ref=tried.ref, count=tried.count_found())
    yield ok("measure.lost_found")


@check(writes=True, faults=True)
def check_never_sent(lab: Lab, kind: str) -> Findings:
    """Nobody listens: nothing was applied, and the connector says ``Transient``."""
    tried = Attempted(lab, kind, faults.refuse_connection)
    if not isinstance(tried.outcome, Transient):
        yield bad("measure.unsent_class", answer=name_outcome(tried.outcome))
    yield ok("measure.unsent_transient")


@check(writes=True, faults=True)
def check_server_error(lab: Lab, kind: str) -> Findings:
    """A 500 after a create: it may have been applied, so ``OutcomeUnknown``."""
    tried = Attempted(lab, kind, faults.answer_with(500, b"conformance: internal error", forward=True))
    if not isinstance(tried.outcome, OutcomeUnknown):
        yield bad("measure.broken_class", status=500, answer=name_outcome(tried.outcome))
    yield ok("measure.broken_unknown")


@check(faults=True)
def check_throttling(lab: Lab, kind: str) -> Findings:
    """429 with Retry-After: ``Transient`` that names the time, on writes (never repeated by the connector) and on
    reads."""
    act = faults.answer_with(429, b'{"error": "too many requests"}', {"retry-after": str(RETRY_AFTER_S)})
    outcomes: list[tuple[str, Outcome | None]] = [("read", _read_under(lab, kind, act))]
    if lab.subjects[kind].sink is not None:
        tried = Attempted(lab, kind, act)
        outcomes.append(("create", tried.outcome))
        if tried.writes > 1:
            yield bad("measure.write_repeated", count=tried.writes)
    for what, outcome in outcomes:
        if not isinstance(outcome, Transient):
            yield bad("measure.throttled_class", what=what, answer=name_outcome(outcome))
        elif outcome.retry_after_s != RETRY_AFTER_S:
            told = outcome.retry_after_s if outcome.retry_after_s is not None else "-"
            yield bad("measure.throttled_time", what=what, wanted=RETRY_AFTER_S, told=told)
        else:
            yield ok("measure.throttled_told", what=what)


def _read_under(lab: Lab, kind: str, act: Act) -> IsthmusError | None:
    """What reading a page raises while every request meets this fault; None when it raises nothing."""
    return _call_under(lab, lab.hasty[kind], act, lambda stream: stream.read_page(None, None, 5))


def _call_under(lab: Lab, subject: Subject, act: Act, call: Callable[[Stream], object]) -> IsthmusError | None:
    warm_up(subject)
    lab.faults.strike(act, times=faults.ALWAYS)
    try:
        call(subject.stream)
    except IsthmusError as error:
        return error
    finally:
        lab.faults.calm()
    return None


@check(faults=True)
def check_credentials(lab: Lab, kind: str) -> Findings:
    """Expired or wrong credentials: ``NeedsConsent``, and a missing right is named in the vendor's words."""
    for status in (401, 403):
        body = f'{{"error": "no access: {RIGHT} is missing"}}'.encode()
        # An instance of its own: a connector may remember a refused login, and should.
        fresh = lab.renew(kind)
        error = _call_under(
            lab, fresh, faults.answer_with(status, body), lambda stream: stream.read_page(None, None, 5)
        )
        if not isinstance(error, NeedsConsent):
            yield bad("measure.consent_class", status=status, answer=name_outcome(error))
        elif status == 403 and RIGHT not in error.text():
            yield bad("measure.right_unnamed", answer=error.text())
    yield from _judge_wrong_secret(lab)
    yield ok("measure.consent_asked")


def _judge_wrong_secret(lab: Lab) -> Findings:
    """The real system's own refusal, with every secret of the configuration replaced."""
    fields = lab.bench.connector.Config.model_fields
    secrets = [name for name, field in fields.items() if _is_secret(field.annotation)]
    if not secrets:
        yield note("measure.no_secret")
        return
    items = lab.open(hasty=True, **dict.fromkeys(secrets, WRONG_SECRET)).check()
    if all(item.ok for item in items):
        yield bad("measure.wrong_secret_passed", fields=", ".join(secrets))
    if any(WRONG_SECRET in str(item.params) for item in items):
        yield bad("measure.secret_shown", fields=", ".join(secrets))


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


@check(faults=True)
def check_malformed(lab: Lab, kind: str) -> Findings:
    """An HTML page, half a JSON, an error behind a 200: ``OutcomeUnknown`` after a write, ``Transient`` on a read, and
    never an empty page that would move the cursor."""
    answers: dict[str, Act] = {
        Phrase("measure.what_html"): faults.answer_with(200, faults.HTML, {"content-type": "text/html"}),
        Phrase("measure.what_half"): faults.truncate,
        Phrase("measure.what_nothing"): faults.answer_with(200, b"", {"content-type": "application/json"}),
    }
    hidden: dict[str, Act] = {
        Phrase("measure.what_hidden", place=place): _hide(body) for place, body in enumerate(lab.bench.hidden_errors, 1)
    }
    reads = list_reads(lab, kind)
    for what, act in {**answers, **hidden}.items():
        for read, call in reads.items():
            error = _call_under(lab, lab.hasty[kind], act, call)
            if error is None:
                yield bad("measure.garbage_taken", what=what, read=read)
            elif not isinstance(error, Transient) and not (what in hidden and isinstance(error, NeedsConsent)):
                yield bad("measure.garbage_read_class", what=what, read=read, answer=name_outcome(error))
    if lab.subjects[kind].sink is not None:
        yield from _judge_garbled_writes(lab, kind, {**answers, **hidden}, hidden)
    yield ok("measure.garbage_known")


def list_reads(lab: Lab, kind: str) -> dict[str, Callable[[Stream], object]]:
    """Every way to read a kind. A ``fetch`` that says None means deleted, an empty ``find`` means that nothing was
    created: neither may come from garbage."""
    subject = lab.hasty[kind]
    reads: dict[str, Callable[[Stream], object]] = {"read_page": lambda stream: stream.read_page(None, None, 5)}
    known = [record.external_id for record in subject.stream.read_page(None, None, 1).records]
    if known and subject.stream.fetches:
        reads["fetch"] = lambda stream: stream.fetch(known[0])
    if subject.stream.list_ids() is not None:
        reads["list_ids"] = lambda stream: stream.list_ids()
    if subject.sink is not None and subject.semantics.tier is not Tier.BLIND:
        sink, ref = subject.sink, lab.make_ref()
        reads["find"] = lambda stream: sink.find(ref)
    return reads


def _hide(body: bytes) -> Act:
    return faults.answer_with(200, body, {"content-type": "application/json"})


def _judge_garbled_writes(lab: Lab, kind: str, answers: Mapping[str, Act], hidden: Mapping[str, Act]) -> Findings:
    for what, act in answers.items():
        outcome = Attempted(lab, kind, act).outcome
        definite = what in hidden and isinstance(outcome, Rejected)
        if not isinstance(outcome, OutcomeUnknown) and not definite:
            yield bad("measure.garbage_write_class", what=what, answer=name_outcome(outcome))


@check(writes=True, faults=True)
def check_batch_failure(lab: Lab, kind: str) -> Findings:
    """A batch that breaks in the middle: every item has an outcome of its own, none is claimed that is not there."""
    subject = lab.hasty[kind]
    if not subject.semantics.creates:
        yield ok("measure.not_created")
        return
    payloads = [subject.write_payload(mark_new(lab.sample(kind))) for _ in range(3)]
    drafts = [Draft(lab.make_ref(), payload) for payload in payloads]
    single = count_batch(lab, kind) > 1
    warm_up(subject)
    lab.faults.strike_write(faults.lose_answer, skip=1 if single else 0)
    try:
        results = list(subject.writer.create(drafts))
    except IsthmusError as error:
        results = [error] * len(drafts)
        if not isinstance(error, OutcomeUnknown) or single:
            yield bad("measure.batch_raised", answer=name_outcome(error))
            return
    finally:
        lab.faults.calm()
    if len(results) != len(drafts):
        yield bad("measure.result_count", wanted=len(drafts), count=len(results))
        return
    if not any(isinstance(result, OutcomeUnknown) for result in results):
        yield bad("measure.batch_silent", answer="; ".join(map(name_outcome, results)))
    yield ok("measure.batch_partial")


def count_batch(lab: Lab, kind: str) -> int:
    """How many requests with side effects a create of three sends."""
    if kind not in lab.batch_writes:
        subject = lab.hasty[kind]
        drafts = [Draft(lab.make_ref(), subject.write_payload(mark_new(lab.sample(kind)))) for _ in range(3)]
        warm_up(subject)
        before = lab.faults.writes
        subject.writer.create(drafts)
        lab.batch_writes[kind] = lab.faults.writes - before
    return lab.batch_writes[kind]
