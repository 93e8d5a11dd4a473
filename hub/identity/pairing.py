"""Which records here and which things there are the same, when both sides have years of data: pure.

An identifier or a number joins only where it is beyond doubt; everything else that looks alike is a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.identity.likeness import DEAL, IDENTIFIER, NUMBER, has_strong, sort_of
from hub.identity.resolver import CODES_DIFFER, PartyFacts, find_veto

FILE = "file"
RULES = (IDENTIFIER, NUMBER)
"""In this order, where nothing else is asked for."""
ALIKE_HERE = "sync.alike_here"
SEVERAL = "sync.adopt_several"
ONE_ENDED = "sync.adopt_one_ended"
PARTY_UNKNOWN = "sync.adopt_customer_unknown"
PARTY_DIFFERS = "sync.adopt_customer_differs"
Edge = tuple[str, str]
"""(key here, key there)."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A record here, or something there. ``partner``: it is bound already. ``party``: the customer of a document, by
    the record here (None: not known). ``ended``: void."""

    key: str
    label: str
    signs: frozenset[str]
    partner: str | None = None
    party: str | None = None
    facts: PartyFacts | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Beyond doubt: to be bound."""

    here: str
    there: str
    rule: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question for a person: which of ``here`` is what is ``there``?"""

    there: str
    here: tuple[str, ...]
    code: str
    signs: frozenset[str] = frozenset()


@dataclass
class Pairing:
    pairs: list[Pair] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def is_alike(
    shared: Iterable[str], one: PartyFacts | None, other: PartyFacts | None, *, one_series: bool = False
) -> bool:
    """Whether common signs are worth a question. A branch explains an equal name away, but not an equal number. Two
    valid codes that differ explain a number away as well, because every system counts its customers from one, unless
    both sides are said to use one series of numbers (``one_series``)."""
    signs = frozenset(shared)
    if not signs or one is None or other is None or any(sort_of(sign) == IDENTIFIER for sign in signs):
        return bool(signs)
    veto = find_veto(one, other)
    return veto is None or ((one_series or veto != CODES_DIFFER) and has_strong(signs))


def pair_up(
    here: Sequence[Thing],
    there: Sequence[Thing],
    *,
    rules: Sequence[str] = RULES,
    named: Mapping[str, str] | None = None,
    parties: bool = False,
    apart: frozenset[Edge] = frozenset(),
    asked: frozenset[Edge] = frozenset(),
) -> Pairing:
    """``named``: there → here, as a person wrote it down. ``parties``: one record may stand for several things there.
    ``apart``: a person said that these two differ; ``asked``: a person has been asked about these two."""
    table = _Table(here, there, parties, apart, asked)
    for key, mine in (named or {}).items():
        table.join_named(mine, key)
    for rule in rules:
        if rule != IDENTIFIER:
            table.join_numbered(rule)
        elif parties:
            table.join_identified()
    table.ask_rest()
    return table.found


class _Table:
    def __init__(
        self,
        here: Sequence[Thing],
        there: Sequence[Thing],
        parties: bool,
        apart: frozenset[Edge],
        asked: frozenset[Edge],
    ) -> None:
        self.here = {thing.key: thing for thing in here}
        self.there = {thing.key: thing for thing in there}
        self.parties, self.apart, self.asked = parties, apart, asked
        self.found = Pairing()
        self.done_here = {thing.key for thing in here if thing.partner is not None}
        self.done_there = {thing.key for thing in there if thing.partner is not None}
        self.doubted_here: set[str] = set()
        self._asked_there: dict[str, list[str]] = {}
        self._asked_here: dict[str, set[str]] = {}
        for mine, theirs in asked:
            if mine in self.here and theirs in self.there:
                self._asked_there.setdefault(theirs, []).append(mine)
                self._asked_here.setdefault(mine, set()).add(theirs)
        self._by_sign: dict[str, list[str]] = {}
        for thing in here:
            for sign in thing.signs:
                self._by_sign.setdefault(sign, []).append(thing.key)

    # ------------------------------------------------------------ joining

    def join_named(self, mine: str, theirs: str) -> None:
        if theirs in self.done_there or (mine in self.done_here and not self.parties):
            return
        veto = self._find_veto(mine, theirs)
        if veto is not None or self.here[mine].ended != self.there[theirs].ended:
            self._doubt(theirs, [mine], veto or ONE_ENDED, frozenset())
            return
        self._pair(mine, theirs, FILE)

    def join_identified(self) -> None:
        """Several things there may be one party here, never the other way round."""
        for theirs in self._list_free():
            found = [key for key in self._list_sharing(theirs, IDENTIFIER) if not self.here[key].ended]
            free = [key for key in found if self._find_veto(key, theirs) is None]
            if len(free) == 1:
                self._pair(free[0], theirs, IDENTIFIER)
            elif free:
                self._doubt(theirs, free, SEVERAL, self._share(free, theirs))
            elif found:
                code = self._find_veto(found[0], theirs) or SEVERAL
                self._doubt(theirs, found, code, self._share(found, theirs))

    def join_numbered(self, rule: str) -> None:
        """One here and one there, and nothing speaks against it."""
        edges = {key: self._list_open_sharing(key, rule) for key in self._list_free()}
        claims: dict[str, int] = {}
        for mine in (key for found in edges.values() for key in found):
            claims[mine] = claims.get(mine, 0) + 1
        for theirs, found in edges.items():
            if not found:
                continue
            if len(found) > 1 or claims[found[0]] > 1:
                self._doubt(theirs, found, SEVERAL, self._share(found, theirs))
                continue
            objection = self._find_objection(found[0], theirs)
            if objection is None:
                self._pair(found[0], theirs, rule)
            else:
                self._doubt(theirs, found, objection, self._share(found, theirs))

    def _find_objection(self, mine: str, theirs: str) -> str | None:
        one, other = self.here[mine], self.there[theirs]
        veto = self._find_veto(mine, theirs)
        if veto is not None:
            return veto
        if one.ended != other.ended:
            return ONE_ENDED
        if one.party is None:
            return None
        if other.party is None:
            return PARTY_UNKNOWN
        return None if one.party == other.party else PARTY_DIFFERS

    # ------------------------------------------------------------ asking

    def ask_rest(self) -> None:
        """What is left over and looks alike, even where the other one has found its partner: it may be there twice."""
        for theirs in self._list_free():
            if self.there[theirs].ended:
                continue
            found = [key for key in self._list_resembling(theirs) if self._asks_about(key, theirs)]
            if found:
                self._doubt(theirs, found, ALIKE_HERE, self._share(found, theirs))
        self._ask_rest_here()

    def _ask_rest_here(self) -> None:
        told = self.done_here | self.doubted_here
        left = [key for key, thing in self.here.items() if key not in told and not thing.ended]
        signs: dict[str, list[str]] = {}
        for theirs, thing in self.there.items():
            for sign in thing.signs:
                signs.setdefault(sign, []).append(theirs)
        for mine in left:
            hits = {key for sign in self.here[mine].signs for key in signs.get(sign, ())}
            for theirs in sorted(hits | self._asked_here.get(mine, set())):
                if (mine, theirs) in self.asked or self._is_alike(mine, theirs):
                    self._doubt(theirs, [mine], ALIKE_HERE, self._share([mine], theirs))

    def _list_resembling(self, theirs: str) -> list[str]:
        hits = {key for sign in self.there[theirs].signs for key in self._by_sign.get(sign, ())}
        return sorted(hits | set(self._asked_there.get(theirs, ())))

    def _asks_about(self, mine: str, theirs: str) -> bool:
        if self.here[mine].ended:
            return False
        if (mine, theirs) in self.asked:
            return True
        shared = self.here[mine].signs & self.there[theirs].signs
        if mine in self.done_here:  # a second deal of the same day is taken in: it is there, whatever it is here
            shared = frozenset(sign for sign in shared if sort_of(sign) != DEAL)
        return bool(shared) and self._is_alike(mine, theirs, shared)

    def _is_alike(self, mine: str, theirs: str, shared: frozenset[str] | None = None) -> bool:
        one, other = self.here[mine], self.there[theirs]
        if (mine, theirs) in self.apart:
            return False
        common = one.signs & other.signs if shared is None else shared
        return is_alike(common, one.facts, other.facts, one_series=True)

    # ------------------------------------------------------------ what is on the table

    def _list_free(self) -> list[str]:
        return [key for key in self.there if key not in self.done_there]

    def _list_sharing(self, theirs: str, rule: str) -> list[str]:
        signs = [sign for sign in self.there[theirs].signs if sort_of(sign) == rule]
        found = {key for sign in signs for key in self._by_sign.get(sign, ())}
        return sorted(key for key in found if (key, theirs) not in self.apart)

    def _list_open_sharing(self, theirs: str, rule: str) -> list[str]:
        return [key for key in self._list_sharing(theirs, rule) if key not in self.done_here]

    def _find_veto(self, mine: str, theirs: str) -> str | None:
        one, other = self.here[mine].facts, self.there[theirs].facts
        return None if one is None or other is None else find_veto(one, other)

    def _share(self, mine: Iterable[str], theirs: str) -> frozenset[str]:
        other = self.there[theirs].signs
        return frozenset(sign for key in mine for sign in self.here[key].signs & other)

    def _pair(self, mine: str, theirs: str, rule: str) -> None:
        self.found.pairs.append(Pair(mine, theirs, rule))
        self.done_here.add(mine)
        self.done_there.add(theirs)

    def _doubt(self, theirs: str, mine: Sequence[str], code: str, signs: frozenset[str]) -> None:
        self.found.doubts.append(Doubt(theirs, tuple(mine), code, signs))
        self.done_there.add(theirs)
        self.doubted_here |= set(mine)
