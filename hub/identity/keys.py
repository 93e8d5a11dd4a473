"""Keys by which records that may be the same find each other. Records that share none are never compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.identity.company import CompanyName
from hub.identity.profile import AccountProfile, ContactProfile, Profile
from hub.identity.text import spell

CODE, ORGANISATION, CODE_HALF, REGISTRATION = "code", "organisation", "code_half", "registration"
NORMAL, CORE, SOUND, LETTERS, BRAND, BRAND_SOUND = "normal", "core", "sound", "letters", "brand", "brand_sound"
PHONE, MAIL, DOMAIN, STREET = "phone", "mail", "domain", "street"
EXTERNAL, PERSON, PERSON_HOUSE, SURNAME_HOUSE = "external", "person", "person_house", "surname_house"
NEVER_OFF = frozenset({CODE, REGISTRATION, EXTERNAL})
"""Keys of one entity each: they are followed however many records carry them."""


class Key(NamedTuple):
    """``kind``: what it is; ``value``: folded, at most 64 characters."""

    kind: str
    value: str


def make_keys(profile: Profile) -> list[Key]:
    """Every key of a record, each once, in a fixed order. A key that very many records carry says nothing: the caller
    switches it off (``NEVER_OFF`` excepted) and counts."""
    found = _account_keys(profile) if isinstance(profile, AccountProfile) else _contact_keys(profile)
    return list(dict.fromkeys(Key(kind, value[:64]) for kind, value in found if value))


def _account_keys(profile: AccountProfile) -> Iterator[tuple[str, str]]:
    yield CODE, profile.uscc or profile.parent_uscc
    yield ORGANISATION, profile.organisation
    yield REGISTRATION, profile.registration
    code = profile.uscc or profile.code_text
    if len(code) >= 16:
        yield CODE_HALF, f"<{code[:9]}"
        yield CODE_HALF, f">{code[-9:]}"
    yield from _name_keys(profile.name)
    for number in sorted(profile.numbers):
        yield PHONE, number
    for mail in profile.mails:
        if mail.personal:
            yield MAIL, mail.address
    yield DOMAIN, profile.domain
    if profile.address.street and profile.place:
        yield STREET, f"{profile.place[:4]} {profile.address.street}"


def _name_keys(name: CompanyName) -> Iterator[tuple[str, str]]:
    if not name.core:
        return
    yield CORE, name.core
    if name.alternate:
        yield CORE, name.alternate
    yield SOUND, name.sound
    if len(name.core) >= 4:
        yield LETTERS, "".join(sorted(name.core))
    yield BRAND, name.brand
    yield BRAND_SOUND, name.brand_sound


def list_surname_houses(profile: ContactProfile) -> list[str]:
    """The surname with each sign of where the person works."""
    surname = spell(profile.name.surname)
    houses = (profile.company.brand_sound, profile.domain)
    return [f"{surname} {house}" for house in houses if surname and house]


def _contact_keys(profile: ContactProfile) -> Iterator[tuple[str, str]]:
    yield EXTERNAL, profile.external_id
    for number in sorted(profile.numbers):
        yield PHONE, number
    for mail in profile.mails:
        if mail.personal:
            yield MAIL, mail.address
    for value in list_surname_houses(profile):
        yield SURNAME_HOUSE, value
    if profile.name.sound and not profile.name.partial:
        yield PERSON, profile.name.sound
        if profile.company.brand_sound:
            yield PERSON_HOUSE, f"{profile.name.sound} {profile.company.brand_sound}"
        if profile.domain:
            yield PERSON_HOUSE, f"{profile.name.sound} {profile.domain}"
