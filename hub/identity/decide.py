"""Whether two records are the same: vetoes first, then the sum of weights that are shown field by field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hub.identity import compare, weights
from hub.identity.company import CompanyName
from hub.identity.keys import list_surname_houses
from hub.identity.profile import AccountProfile, ContactProfile, Profile


class Band(StrEnum):
    AUTO = "auto"
    """Merge without a person."""
    REVIEW = "review"
    """Ask a person."""
    SEPARATE = "separate"


class Counts(Protocol):
    """How many records carry a key, by the hub's own counters; 0 for an unknown one."""

    def __call__(self, kind: str, value: str, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many points on two records are merged without a person, and from how many one is asked. ``about``: the
    sources that this holds for, for people to read; empty where it holds for all."""

    merge: int
    review: int
    about: str = ""


LIMITS = {
    "account": Limits(weights.AUTO, weights.REVIEW),
    "contact": Limits(weights.CONTACT_AUTO, weights.CONTACT_REVIEW),
}
"""Kind → what holds where nothing else is said."""
SAME, DIFFERENT = "same", "different"
BRANCH_OF = "branch_of"
CODES_DIFFER = "identity.codes_differ"
BRANCH_DIFFERS = "identity.branch_differs"
BRANCHES_DIFFER = "identity.branches_differ"
GROUP_DIFFERS = "identity.group_differs"
NAMES_DIFFER = "identity.names_differ"
SAID_DIFFERENT = "identity.said_different"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One field: how the two compare, and what that weighs. Of the ``field`` ``veto`` the ``level`` is its code."""

    field: str
    level: str
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """``weight`` is the sum of the weights in ``evidence`` and nothing else, in points (ten double the odds).
    ``veto``: the message code of what forbids it. ``against``: what speaks most against it, the veto if there is one.
    ``relation``: ``branch_of`` where one of the two is a branch of the other; ``first_is_branch`` says which.
    ``version``: of the weights."""

    band: Band
    weight: int
    evidence: tuple[Evidence, ...]
    against: Evidence | None
    version: str
    veto: str | None = None
    relation: str | None = None
    first_is_branch: bool = False


def count_nothing(kind: str, value: str, /) -> int:
    return 0


def decide_pair(
    one: Profile,
    other: Profile,
    counts: Callable[[str, str], int] = count_nothing,
    answers: Sequence[str] = (),
    vetoes: Sequence[str] = (),
    limits: Limits | None = None,
) -> Decision:
    """``counts``: (kind of key, value) → how many records carry it; ``core_codes``: how many different valid codes
    stand beside a name's core, ``surname_house_names``: how many different names with a surname are known in a house.
    ``answers``: what persons have said about these two, oldest first (``same``,
    ``different``); the last one holds. ``vetoes``: message codes of what forbids it from outside, such as documents of
    both posted in one ledger. ``limits``: those of the sources that the two come from; they stand in the evidence.
    Symmetric but for ``first_is_branch``."""
    if isinstance(one, AccountProfile) and isinstance(other, AccountProfile):
        veto, relation = find_account_veto(one, other)
        evidence = weigh_accounts(one, other, counts)
        limits = limits or LIMITS["account"]
        short = not _is_beyond_name(evidence)
    elif isinstance(one, ContactProfile) and isinstance(other, ContactProfile):
        veto, relation = find_contact_veto(one, other), None
        evidence = weigh_contacts(one, other, counts)
        limits, short = limits or LIMITS["contact"], False
    else:
        raise TypeError("an account and a contact are never the same")
    answer = answers[-1] if answers else None
    if answer == DIFFERENT:
        veto = SAID_DIFFERENT
    veto = vetoes[0] if vetoes else veto
    weight = sum(item.weight for item in evidence)
    band = Band.AUTO if weight >= limits.merge else Band.REVIEW if weight >= limits.review else Band.SEPARATE
    if band is Band.AUTO and short:
        band = Band.REVIEW
    if answer == SAME and not vetoes:
        band, veto = Band.AUTO, None
    elif veto is not None:
        band = Band.SEPARATE
    against = Evidence("veto", veto) if veto else find_against(evidence)
    if limits.about:
        evidence += (Evidence("sources", f"{limits.about}: {limits.merge}/{limits.review}"),)
    first = isinstance(one, AccountProfile) and bool(one.name.branch)
    return Decision(band, weight, evidence, against, weights.VERSION, veto, relation, bool(relation) and first)


def find_against(evidence: Sequence[Evidence]) -> Evidence | None:
    """What speaks most against it; None where nothing does."""
    worst = min(evidence[1:], key=lambda item: item.weight, default=None)
    return worst if worst is not None and worst.weight < 0 else None


def _is_beyond_name(evidence: Sequence[Evidence]) -> bool:
    """A name that is short or not quite the same only proposes: a code must say it, or what belongs to one person."""
    levels = {item.field: item.level for item in evidence}
    return levels["name"] in WHOLE or levels["code"] in PROVEN or levels["reach"] in OWN


# ---------------------------------------------------------------- vetoes


def find_contact_veto(one: ContactProfile, other: ContactProfile) -> str | None:
    """Two whole names in characters that have nothing in common are two persons, whatever telephone they share."""
    mine, theirs = one.name, other.name
    whole = not (mine.partial or theirs.partial or mine.latin or theirs.latin)
    if not whole or not mine.normal or not theirs.normal or set(mine.normal) & set(theirs.normal):
        return None
    return NAMES_DIFFER if compare.compare_people(mine, theirs) == compare.OTHER else None


def find_account_veto(one: AccountProfile, other: AccountProfile) -> tuple[str | None, str | None]:
    """(message code, relation): what forbids that two companies are one, whatever else agrees."""
    mine, theirs = one.name, other.name
    if bool(mine.branch) != bool(theirs.branch):
        return BRANCH_DIFFERS, BRANCH_OF if is_parent_of(one, other) else None
    if mine.branch and _differ_as_branches(mine, theirs):
        return BRANCHES_DIFFER, None
    if one.uscc and other.uscc:
        return (CODES_DIFFER, None) if one.uscc != other.uscc else (None, None)
    if is_group_apart(mine, theirs):
        return GROUP_DIFFERS, None
    return None, None


def _differ_as_branches(mine: CompanyName, theirs: CompanyName) -> bool:
    if mine.branch != theirs.branch:
        return True
    if mine.branch_place == theirs.branch_place:
        return False
    return not compare.is_inside(mine.branch_codes, theirs.branch_codes)


def is_group_apart(mine: CompanyName, theirs: CompanyName) -> bool:
    """集团 or 控股 on one side, and on the other a whole name without."""
    if mine.group == theirs.group or mine.latin or theirs.latin:
        return False
    return (theirs if mine.group else mine).complete


def is_parent_of(one: AccountProfile, other: AccountProfile) -> bool:
    """Whether one of the two is the branch's parent: the name before the branch's marker is the other's."""
    branch, parent = (one, other) if one.name.branch else (other, one)
    if branch.parent_uscc and branch.parent_uscc == parent.uscc:
        return True
    mine, theirs = branch.name, parent.name
    if compare.compare_names(mine, theirs) not in (
        compare.EXACT,
        compare.SAME,
        compare.SAME_BRAND,
        compare.SOUND,
        compare.SLIP,
    ):
        return False
    if mine.region and theirs.region and mine.region != theirs.region:
        return compare.is_inside(mine.codes, theirs.codes)
    return not is_group_apart(mine, theirs)


# ---------------------------------------------------------------- weights


def weigh_accounts(
    one: AccountProfile, other: AccountProfile, counts: Callable[[str, str], int]
) -> tuple[Evidence, ...]:
    """The evidence of every field, the odds before any of it first."""
    name = compare.compare_names(one.name, other.name)
    levels = (
        ("name", name),
        ("form", compare.compare_forms(one.name, other.name)),
        ("place", compare.compare_places(one, other)),
        ("code", compare.compare_codes(one, other)),
        ("reach", compare.compare_reach(one, other)),
        ("street", compare.compare_streets(one, other)),
        ("person", compare.compare_heads(one.person, other.person)),
    )
    found = [Evidence("base", "", weights.ACCOUNT_BASE)]
    found += [Evidence(field, level, weights.ACCOUNT[field][level]) for field, level in levels]
    found.append(weigh_commonness(one.name, other.name, name, counts))
    found.append(weigh_namesakes(one.name, other.name, name, counts))
    return tuple(found)


WHOLE = frozenset({compare.EXACT, compare.SAME, compare.SAME_BRAND, compare.SOUND, compare.SLIP, compare.LATIN_TRADE})
PROVEN = frozenset({compare.SAME, compare.NEAR, compare.ORGANISATION, compare.REGISTRATION})
OWN = frozenset({compare.PERSONAL, compare.PERSONAL_HOUSE, compare.PERSONAL_TWICE})
FULL = frozenset({
    compare.EXACT, compare.SAME, compare.SAME_BRAND, compare.SOUND, compare.SOUND_BRAND, compare.SLIP,
    compare.SAME_SHORT,
})  # fmt: skip
BY_BRAND = frozenset({
    compare.SHORT, compare.TRADE_LESS, compare.TRADE_PART, compare.TRADE_OTHER, compare.LATIN_BRAND,
    compare.LATIN_TRADE,
})  # fmt: skip


def weigh_commonness(one: CompanyName, other: CompanyName, level: str, counts: Callable[[str, str], int]) -> Evidence:
    """What many records are called says less: by doublings of the number of records with the name or the brand."""
    if level in FULL:
        kind, number = "core", min(counts("core", one.core), counts("core", other.core))
    elif level in BY_BRAND:
        kind, number = "brand", max(counts("brand_sound", one.brand_sound), counts("brand_sound", other.brand_sound))
    else:
        return Evidence("common", compare.UNKNOWN)
    doublings = max(number, 1).bit_length() - 1
    return Evidence("common", f"{kind} {doublings}", weights.COMMON[kind] * doublings)


def weigh_namesakes(one: CompanyName, other: CompanyName, level: str, counts: Callable[[str, str], int]) -> Evidence:
    """A name that is known to be that of several legal entities, by the different valid codes beside it."""
    several = level in FULL and max(counts("core_codes", one.core), counts("core_codes", other.core)) > 1
    return Evidence("namesakes", "several", weights.NAMESAKES) if several else Evidence("namesakes", compare.UNKNOWN)


def weigh_contacts(
    one: ContactProfile, other: ContactProfile, counts: Callable[[str, str], int]
) -> tuple[Evidence, ...]:
    name = compare.compare_people(one.name, other.name)
    levels = (
        ("name", name),
        ("own", compare.compare_own(one, other)),
        ("external", compare.compare_externals(one, other)),
        ("house", compare.compare_houses(one, other)),
    )
    found = [Evidence("base", "", weights.CONTACT_BASE)]
    found += [Evidence(field, level, weights.CONTACT[field][level]) for field, level in levels]
    found.append(weigh_person_commonness(one, other, name, counts))
    return tuple(found)


def weigh_person_commonness(
    one: ContactProfile, other: ContactProfile, level: str, counts: Callable[[str, str], int]
) -> Evidence:
    """By doublings of the number of records with the name; for a surname alone, of those in the house who have it."""
    kind, number = "person", 0
    if level == compare.PARTIAL:
        kind = "surname"
        shared = {*list_surname_houses(one), *list_surname_houses(other)}
        number = max((counts("surname_house_names", value) for value in shared), default=0)
    elif level in (compare.SAME, compare.SOUND, compare.SLIP):
        number = min(counts("person", one.name.sound), counts("person", other.name.sound))
    doublings = max(number, 1).bit_length() - 1
    return Evidence("common", f"{kind} {doublings}", weights.CONTACT_COMMON * doublings)


__all__ = [
    "BRANCH_OF", "DIFFERENT", "SAME", "Band", "ContactProfile", "Counts", "Decision", "Evidence", "count_nothing",
    "decide_pair",
]  # fmt: skip
