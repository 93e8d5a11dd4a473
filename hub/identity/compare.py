"""What two records have in common, field by field, as named levels. A level is what a weight is given to."""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

from hub.identity.company import COMPANY, CompanyName
from hub.identity.person import PersonName
from hub.identity.profile import AccountProfile, ContactProfile
from hub.identity.text import list_syllables
from hub.identity.words import ENGLISH_TRADES

# ---------------------------------------------------------------- names of companies

NO_NAME = "missing"
EXACT, SAME, SAME_BRAND, SAME_SHORT = "exact", "same", "same_brand", "same_short"
SOUND, SOUND_BRAND, SLIP = "sound", "sound_brand", "slip"
SHORT, TRADE_LESS, TRADE_PART, TRADE_OTHER = "short", "trade_less", "trade_part", "trade_other"
ONE_OTHER, SIMILAR, OTHER = "one_other", "similar", "other"
LATIN_TRADE, LATIN_BRAND, LATIN_OTHER = "latin_trade", "latin_brand", "latin_other"
NAME_LEVELS = (
    NO_NAME, EXACT, SAME, SAME_BRAND, SAME_SHORT, SOUND, SOUND_BRAND, SLIP, SHORT, TRADE_LESS, TRADE_PART, TRADE_OTHER,
    ONE_OTHER, SIMILAR, OTHER, LATIN_TRADE, LATIN_BRAND, LATIN_OTHER,
)  # fmt: skip
SIMILAR_SHARE = 0.6
_DIGITS = re.compile(r"[0-9]+")


def count_edits(one: str, other: str, most: int) -> int:
    """Characters put in, left out, replaced or changed with their neighbour; ``most`` + 1 for any more."""
    return int(OSA.distance(one, other, score_cutoff=most))


def compare_names(one: CompanyName, other: CompanyName) -> str:
    if not one.core or not other.core:
        return NO_NAME
    if one.core == other.core or (one.alternate or one.core) == (other.alternate or other.core):
        return _rank_same(one, other)
    if one.core == other.alternate or one.alternate == other.core:
        return _rank_same(one, other)
    if one.latin != other.latin:
        return compare_scripts(one, other) if one.latin else compare_scripts(other, one)
    if one.sound == other.sound and len(one.core) == len(other.core):
        return SOUND if one.core[:2] == other.core[:2] else SOUND_BRAND
    return _compare_cores(one, other)


def _rank_same(one: CompanyName, other: CompanyName) -> str:
    """A trade makes it a name; a brand alone, even with a legal form (华泰集团), is shared by many."""
    named = (one.complete or one.group) and (other.complete or other.group)
    if named and one.region and one.normal == other.normal:  # a place registers a name once
        return EXACT
    if one.trade or len(one.core) > 4:
        return SAME
    return SAME_BRAND if named else SAME_SHORT


def _compare_cores(one: CompanyName, other: CompanyName) -> str:
    less, more = sorted((one, other), key=lambda name: (len(name.core), name.core, name.trade))
    if one.brand == other.brand or (len(less.core) > 1 and more.core.startswith(less.core)):
        return _compare_trades(less, more)
    distance = count_edits(less.core, more.core, 1)
    if distance <= 1 and len(more.core) >= 4:
        return SLIP if is_slip(less.core, more.core) else ONE_OTHER
    if distance <= 1 or OSA.normalized_similarity(less.core, more.core) >= SIMILAR_SHARE:
        return SIMILAR
    return OTHER


def _compare_trades(less: CompanyName, more: CompanyName) -> str:
    """The brands are equal, or the shorter name is the beginning of the longer one."""
    if less.core == less.brand or less.core == more.brand:
        return TRADE_LESS if less.complete or less.group else SHORT
    if count_edits(less.core, more.core, 1) <= 1 and is_slip(less.core, more.core):
        return SLIP
    if more.core.startswith(less.core) or is_within(less.trade, more.trade):
        return TRADE_PART
    return TRADE_OTHER


def is_within(less: str, more: str) -> bool:
    """Whether all characters of one text stand in the other in the same order."""
    if not less:
        return False
    rest = iter(more)
    return all(mark in rest for mark in less)


def is_slip(less: str, more: str) -> bool:
    """Whether texts one edit apart differ by what happens when typing: a character left out, doubled, two changed, or
    one of a like sound. Another character in its place is another word."""
    if len(less) != len(more):
        return True
    apart = [at for at in range(len(less)) if less[at] != more[at]]
    return len(apart) == 2 or is_near_sound(less[apart[0]], more[apart[0]])


def is_near_sound(one: str, other: str) -> bool:
    """zh z, ch c, sh s, an ang, en eng, in ing, l n, f h count as one sound."""
    return fold_sound(one) == fold_sound(other)


def fold_sound(text: str) -> str:
    """The sound of a text in a speech that does not tell like sounds apart."""
    return " ".join(_fold_syllable(syllable) for syllable in list_syllables(text))


def _fold_syllable(syllable: str) -> str:
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    syllable = syllable.removesuffix("g") if syllable.endswith("ng") else syllable
    return {"l": "n", "f": "h"}.get(syllable[:1], syllable[:1]) + syllable[1:]


def compare_scripts(latin: CompanyName, chinese: CompanyName) -> str:
    """An English name is often the brand in pinyin and the trade translated."""
    joined = latin.sound
    if not latin.brand_sound or not (latin.brand_sound == chinese.brand_sound or joined == chinese.sound):
        whole = chinese.brand_sound and joined.startswith(chinese.brand_sound)
        return LATIN_BRAND if whole and len(chinese.brand_sound) > 5 else LATIN_OTHER
    said = [ENGLISH_TRADES[word] for word in latin.trade.split() if word in ENGLISH_TRADES]
    return LATIN_TRADE if any(set(word) & set(chinese.trade) for word in said) else LATIN_BRAND


# ---------------------------------------------------------------- form and place

UNKNOWN = "unknown"
FORM_LEVELS = (UNKNOWN, SAME, OTHER)


def compare_forms(one: CompanyName, other: CompanyName) -> str:
    if not one.form or not other.form or COMPANY in (one.form, other.form) or one.latin or other.latin:
        return UNKNOWN
    return SAME if one.form == other.form else OTHER


WITHIN, SEAT_SAME, SEAT_WITHIN, SEAT_OTHER = "within", "seat_same", "seat_within", "seat_other"
PLACE_LEVELS = (UNKNOWN, SAME, WITHIN, OTHER, SEAT_SAME, SEAT_WITHIN, SEAT_OTHER)


def compare_places(one: AccountProfile, other: AccountProfile) -> str:
    """By the regions in the names where both have one, else by the seats."""
    mine, theirs = _named_place(one), _named_place(other)
    if mine and theirs and not one.name.latin and not other.name.latin:
        if mine == theirs:
            return SAME
        return WITHIN if is_inside(_codes(one), _codes(other)) else OTHER
    if not one.place or not other.place:
        return UNKNOWN
    if one.place == other.place or (len(one.place) > 2 and len(other.place) > 2 and is_part(one.place, other.place)):
        return SEAT_SAME
    return SEAT_WITHIN if is_part(one.place, other.place) else SEAT_OTHER


def _named_place(profile: AccountProfile) -> str:
    return profile.name.branch_place if profile.name.branch else profile.name.region


def _codes(profile: AccountProfile) -> tuple[str, ...]:
    return profile.name.branch_codes if profile.name.branch else profile.name.codes


def is_part(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def is_inside(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return any(is_part(one, other) for one in mine for other in theirs)


# ---------------------------------------------------------------- codes

NEAR, ORGANISATION, REGISTRATION, REGISTRATION_OTHER = "near", "organisation", "registration", "registration_other"
CODE_LEVELS = (UNKNOWN, SAME, NEAR, ORGANISATION, REGISTRATION, REGISTRATION_OTHER, OTHER)


def compare_codes(one: AccountProfile, other: AccountProfile) -> str:
    if one.uscc and one.uscc == other.uscc:
        return SAME
    if one.organisation and one.organisation == other.organisation:
        return ORGANISATION
    if one.code_text or other.code_text:
        mine, theirs = one.uscc or one.code_text, other.uscc or other.code_text
        if mine and theirs:
            return NEAR if count_edits(mine, theirs, 2) <= 2 else OTHER
    if one.registration and other.registration:
        return REGISTRATION if one.registration == other.registration else REGISTRATION_OTHER
    return UNKNOWN


# ---------------------------------------------------------------- how they are reached

PERSONAL_TWICE, PERSONAL_HOUSE, PERSONAL = "personal_twice", "personal_house", "personal"
HOUSE_LINE, HOUSE, LINE, HOUSE_OTHER = "house_line", "house", "line", "house_other"
REACH_LEVELS = (UNKNOWN, PERSONAL_TWICE, PERSONAL_HOUSE, PERSONAL, HOUSE_LINE, HOUSE, LINE, HOUSE_OTHER)


def compare_reach(one: AccountProfile, other: AccountProfile) -> str:
    """Mail, domain and telephone are one piece of evidence: who shares the domain mostly shares the switchboard."""
    shared = one.numbers & other.numbers
    mobile = any(number.startswith("+861") and len(number) == 14 for number in shared)
    box = bool(_boxes(one) & _boxes(other))
    house = bool(one.domain) and one.domain == other.domain
    line = bool(shared) and not mobile
    if mobile and box:
        return PERSONAL_TWICE
    if mobile or box:
        return PERSONAL_HOUSE if house or line else PERSONAL
    if house:
        return HOUSE_LINE if line else HOUSE
    if line:
        return LINE
    apart = bool(one.domain) and bool(other.domain) and not is_near_domain(one.domain, other.domain)
    return HOUSE_OTHER if apart else UNKNOWN


def is_near_domain(one: str, other: str) -> bool:
    """One label under two endings (x.com, x.cn), or a slip in it."""
    return count_edits(one.partition(".")[0], other.partition(".")[0], 1) <= 1


def _boxes(profile: AccountProfile | ContactProfile) -> frozenset[str]:
    return frozenset(mail.address for mail in profile.mails if mail.personal)


STREET_LEVELS = (UNKNOWN, SAME, NEAR, OTHER)


def compare_streets(one: AccountProfile, other: AccountProfile) -> str:
    mine, theirs = one.address, other.address
    if not mine.street or not theirs.street:
        return UNKNOWN
    if mine.code and theirs.code and not is_part(mine.code, theirs.code):
        return OTHER
    if mine.street == theirs.street:
        return SAME
    return NEAR if is_near_street(mine.street, theirs.street) else OTHER


def is_near_street(one: str, other: str) -> bool:
    """The same numbers in a road that differs by a slip, or the same road with a number in one of them only."""
    mine, theirs = _DIGITS.findall(one), _DIGITS.findall(other)
    if mine and theirs:
        return mine == theirs and count_edits(one, other, 1) <= 1
    return one.startswith(other) or other.startswith(one)


PERSON_LEVELS = (UNKNOWN, SAME, NEAR, OTHER)


def compare_heads(one: PersonName, other: PersonName) -> str:
    """Legal representatives: they change now and then."""
    if not one.sound or not other.sound:
        return UNKNOWN
    if one.sound == other.sound:
        return SAME
    return NEAR if count_edits(one.sound, other.sound, 1) <= 1 else OTHER


# ---------------------------------------------------------------- persons

INITIALS, PARTIAL, GIVEN = "initials", "partial", "given"
PERSON_NAME_LEVELS = (NO_NAME, SAME, SOUND, SLIP, PARTIAL, ONE_OTHER, OTHER)


def compare_people(one: PersonName, other: PersonName) -> str:
    """``sound`` also for pinyin against characters, ``partial`` for a surname alone (王经理) that fits."""
    if not one.normal or not other.normal:
        return NO_NAME
    if one.partial or other.partial:
        return _compare_surnames(one, other)
    if one.normal == other.normal:
        return SAME
    if one.sound == other.sound:
        return SOUND
    if one.latin != other.latin:
        return SLIP if count_edits(one.sound, other.sound, 1) <= 1 else OTHER
    less, more = (one, other) if len(one.normal) <= len(other.normal) else (other, one)
    if count_edits(less.normal, more.normal, 1) > 1:
        return SLIP if fold_sound(one.normal) == fold_sound(other.normal) else OTHER
    if one.latin:
        return SLIP
    # 李明 and 李明辉 are two persons as often as not; characters that look alike are not known here.
    return SLIP if len(less.normal) == len(more.normal) and is_slip(less.normal, more.normal) else ONE_OTHER


def _compare_surnames(one: PersonName, other: PersonName) -> str:
    mine, theirs = one.sound.split(" "), other.sound.split(" ")
    if one.partial and other.partial:
        return PARTIAL if mine == theirs else OTHER
    part, whole = (mine, other) if one.partial else (theirs, one)
    surname = "".join(list_syllables(whole.surname))
    return PARTIAL if part[0] == surname or (whole.latin and part[0] in whole.sound.split(" ")) else OTHER


BOTH, MOBILE, BOX = "both", "mobile", "box"
OWN_LEVELS = (UNKNOWN, BOTH, MOBILE, BOX, OTHER)


def compare_own(one: ContactProfile, other: ContactProfile) -> str:
    """Mobile number and mailbox of a person's own. ``other``: both have a mobile number, and not the same."""
    mine, theirs = _mobiles(one), _mobiles(other)
    mobile, box = bool(mine & theirs), bool(_boxes(one) & _boxes(other))
    if mobile and box:
        return BOTH
    if mobile or box:
        return MOBILE if mobile else BOX
    return OTHER if mine and theirs else UNKNOWN


def _mobiles(profile: ContactProfile) -> frozenset[str]:
    return frozenset(phone.number for phone in profile.phones if phone.kind == "mobile")


EXTERNAL_LEVELS = (UNKNOWN, SAME, OTHER)


def compare_externals(one: ContactProfile, other: ContactProfile) -> str:
    if not one.external_id or not other.external_id:
        return UNKNOWN
    return SAME if one.external_id == other.external_id else OTHER


HOUSE_LEVELS = (UNKNOWN, SAME, HOUSE_LINE, HOUSE, LINE, SHORT, SIMILAR, OTHER)


def compare_houses(one: ContactProfile, other: ContactProfile) -> str:
    """Where they work, by the company's name, domain and switchboard: one piece of evidence."""
    name = compare_names(one.company, other.company)
    house = bool(one.domain) and one.domain == other.domain
    line = bool((one.numbers - _mobiles(one)) & (other.numbers - _mobiles(other)))
    if name in (EXACT, SAME, SOUND, SOUND_BRAND, SLIP, SAME_BRAND, SAME_SHORT):
        return SAME
    if house and line:
        return HOUSE_LINE
    if house:
        return HOUSE
    if line:
        return LINE
    if name in (SHORT, LATIN_TRADE, LATIN_BRAND):
        return SHORT
    if name == NO_NAME:
        return UNKNOWN
    return SIMILAR if name in (TRADE_LESS, TRADE_PART, ONE_OTHER, SIMILAR) else OTHER
