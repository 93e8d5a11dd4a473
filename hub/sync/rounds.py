"""Rounds: some bindings of one sync, claimed together, are worked on side by side.

A round is one transaction and the calls after it. The transaction records what came of the calls before, decides about
every binding until it needs the other system again, and marks what is about to be sent; then the calls are made one by
one. So each mark is committed before its request, as for a single binding, and a process that dies leaves only more of
them to be looked for. What could not be sent, because the other system had enough, or time was up, or somebody wants
the process to end, is put back as it was: this worker holds the lease and knows that nothing has left.

Where a doubt costs a person's time, everything is decided together all the same, but one document is marked at a time:
the transaction that records the answer of one marks the next. What has been written is read when all are.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from hub.errors import ConnectorDefect, Duplicate, IsthmusError, NeedsConsent, Transient
from hub.protocol.decide import WRITES, Op
from hub.store import BatchRefused, Deadlocked, UnitOfWork
from hub.sync.answers import follow_failed_read, tell_defect
from hub.sync.context import Hub, OpenConnection
from hub.sync.intake import write_page
from hub.sync.intent import decide_binding
from hub.sync.pause import is_resting
from hub.sync.read_ahead import read_ahead_answers, read_ahead_marks, read_ahead_start
from hub.sync.steps import STEPS
from hub.sync.work import DONE, Call, Fenced, Step, Work

_STEP_LIMIT = 16
ROUND_S = 2.0
"""How long the calls of one round may take, but for the last of them: what waits longer is better given back, so that
answers are soon recorded and others may have a turn."""
_CALLING = WRITES | {Op.SEARCH, Op.READ}


class Sent(Enum):
    """What is known of a call that has no answer: it has not left, and is given back unless its turn comes later; or
    it may have left."""

    NOT = "not"
    LATER = "later"
    PERHAPS = "perhaps"


@dataclass
class Turn:
    """One binding on its way. ``came``: what the call gave back; ``mark``: decided on, and marked when no other is."""

    work: Work
    call: Call | None = None
    came: Any = Sent.NOT
    steps: int = 0
    mark: Callable[[UnitOfWork], Step] | None = None


@dataclass(frozen=True)
class Moved:
    """What a transaction did with one binding: the decisions, and what is to be done after the commit."""

    steps: Sequence[str]
    call: Call | None = None
    due: Sequence[UUID] = ()
    defect: Exception | None = None
    mark: Callable[[UnitOfWork], Step] | None = None
    is_late: bool = False


@dataclass
class Rounds:
    """``steps``: decisions by name. ``cut``: bindings that were given back for want of time; ``trouble``: why the
    connection had better be left alone."""

    hub: Hub
    conn: OpenConnection
    turns: list[Turn]
    steps: Counter[str] = field(default_factory=Counter)
    cut: list[UUID] = field(default_factory=list)
    trouble: IsthmusError | None = None
    defect: Exception | None = None
    _is_resting: bool = False
    """Whether the connection was found to be left alone."""
    _is_taken: bool = False
    """Whether the only mark of this transaction has been made."""
    _began_s: float | None = None
    """When the first of those was made that are marked one at a time."""

    def run(self) -> None:
        """Until nothing is left to do. A defect of the hub itself ends the work on its binding, and is raised when the
        others are done."""
        try:
            while self.turns:
                self._commit(going=self.trouble is None and not self._is_resting)
                self._make_calls()
        except Exception:  # leases end by themselves: what failed is not to be tried once more on the way out
            raise
        except BaseException:  # Ctrl-C, or the end of a worker: passed on when everything has been given back
            with contextlib.suppress(IsthmusError):
                self._commit(going=False)
            raise
        if self.defect is not None:
            raise self.defect

    # ------------------------------------------------------------ in a transaction

    def _commit(self, *, going: bool) -> None:
        moving, waiting = self._choose(going=going)
        moves = write_page(self.hub.store, lambda tx: self._move_all(tx, moving, going=going))
        still: list[Turn] = []
        for turn, moved in zip(moving, moves, strict=True):
            self.steps.update(moved.steps)
            self.defect = self.defect or moved.defect
            if moved.due:
                self.hub.hint(moved.due)
            if moved.is_late:
                self.cut.append(turn.work.binding_id)
            if moved.call is not None or moved.mark is not None:
                still.append(Turn(turn.work, moved.call, steps=turn.steps + len(moved.steps), mark=moved.mark))
        self.turns = still + waiting
        if self._is_taken and self._began_s is None:
            self._began_s = self.hub.clock.monotonic()

    def _choose(self, *, going: bool) -> tuple[list[Turn], list[Turn]]:
        """Those that move in the next transaction, and those whose turn comes later: all but the first of what is
        marked one at a time, and what waits for that to be done."""
        moving: list[Turn] = []
        waiting: list[Turn] = []
        is_marking = False
        for turn in self.turns:
            waits = turn.came is Sent.LATER or (turn.mark is not None and is_marking)
            is_marking = is_marking or (turn.mark is not None and not self._is_late())
            (waiting if waits and going else moving).append(turn)
        return moving, waiting

    def _is_late(self) -> bool:
        return self._began_s is not None and self.hub.clock.monotonic() - self._began_s > ROUND_S

    def _move_all(self, tx: UnitOfWork, turns: Sequence[Turn], *, going: bool) -> list[Moved]:
        fresh = [turn.work for turn in turns if turn.call is None and turn.mark is None]
        self._is_taken = False
        read_ahead_start(tx, self.conn, fresh)
        read_ahead_answers(tx, self.conn, [(turn.work, turn.came) for turn in turns if turn.call or turn.mark])
        read_ahead_marks(tx, [turn.work for turn in turns if turn.mark is not None])
        self._is_resting = is_resting(tx, self.hub, self.conn.name)
        going = going and not self._is_resting
        return [self._move(tx, turn, going=going) for turn in turns]

    def _move(self, tx: UnitOfWork, turn: Turn, *, going: bool) -> Moved:
        """One binding; what goes wrong with it is undone, and concerns no other."""
        try:
            with tx.savepoint():
                return self._move_on(tx, turn, going=going)
        except (BatchRefused, Deadlocked):
            raise  # nobody knows whose fault it was: the whole transaction is done again, row by row
        except Fenced:
            return Moved(["fenced"])
        except Duplicate:
            return Moved(["raced"])  # another worker joined the same document first; the next look sees it
        except ConnectorDefect as error:
            turn.work.release(tx, parked=error.code, parked_params=tell_defect(error))
            return Moved(["defect"])
        except Exception as error:  # a defect of ours: raised when the others have been brought home
            return Moved([], defect=error)

    def _move_on(self, tx: UnitOfWork, turn: Turn, *, going: bool) -> Moved:
        work, step = turn.work, self._resume(tx, turn)
        steps: list[str] = []
        due = list(step.due)
        while not step.done and step.call is None:
            if step.mark is not None:
                if not going or self._is_late():
                    self._give_back(tx, work)
                    return Moved(steps, due=due, is_late=going)
                if self._is_taken:
                    return Moved(steps, due=due, mark=step.mark)
                step = step.mark(tx)
                self._is_taken = step.call is not None
                continue
            intent, action, binding = decide_binding(tx, work.hub, work.own(tx), step.seen, guard=work.guard)
            if not going and action.op in _CALLING:
                step = self._give_back(tx, work)
                break
            if turn.steps + len(steps) >= _STEP_LIMIT:
                step = self._give_back(tx, work, not_before=work.later_s(work.policy.timing.retry_s))
                break
            steps.append(action.op.value)
            step = STEPS[action.op](tx, work, binding, intent, action)
            due += step.due
        return Moved(steps, step.call, due)

    def _give_back(self, tx: UnitOfWork, work: Work, **update: Any) -> Step:
        work.release(tx, **update)
        return DONE

    def _resume(self, tx: UnitOfWork, turn: Turn) -> Step:
        if turn.call is None:
            return Step(False, mark=turn.mark)
        if turn.came is Sent.PERHAPS and turn.call.writes:
            return DONE  # found as it was marked, by whoever comes after the lease
        if isinstance(turn.came, Sent):
            turn.call.recall(tx)
            return DONE
        if isinstance(turn.came, Fenced):
            raise turn.came
        if isinstance(turn.came, IsthmusError):
            return follow_failed_read(tx, turn.work, turn.came)
        return turn.call.take(tx, turn.came)

    # ------------------------------------------------------------ outside of it

    def _make_calls(self) -> None:
        """One by one, until one of them says that the other system had better be left alone, or time is up."""
        started_s = self.hub.clock.monotonic()
        calls = self._list_calls()
        for place, turn in enumerate(calls):
            if self.trouble is not None or self._is_resting:
                return
            if place and self.hub.clock.monotonic() - started_s > ROUND_S:
                self.cut = [late.work.binding_id for late in calls[place:]] + self.cut
                return
            self._make_call(turn)

    def _list_calls(self) -> list[Turn]:
        """What is to be called now: while something is marked that is marked alone, or still to be marked, nothing
        that can wait."""
        calls = [(turn, turn.call) for turn in self.turns if turn.call is not None]
        is_marking = self._is_taken or len(calls) < len(self.turns)
        for turn, call in calls:
            turn.came = Sent.LATER if is_marking and not call.writes else Sent.NOT
        return [turn for turn, _ in calls if turn.came is Sent.NOT]

    def _make_call(self, turn: Turn) -> None:
        if turn.call is None:
            return
        turn.came = Sent.PERHAPS
        try:
            turn.came = turn.call.make()
        except (IsthmusError, Fenced) as failed:
            turn.came = failed
        error = getattr(turn.came, "error", turn.came)  # an answer keeps its own
        if isinstance(error, Transient | NeedsConsent):
            self.trouble = error
