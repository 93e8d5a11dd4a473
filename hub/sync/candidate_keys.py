"""The keys by which records that may be the same find each other, written in the transaction of the record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hub.identity import Key, make_keys, normalise_account, normalise_contact
from hub.identity.profile import Profile
from hub.model.base import Entity
from hub.model.party import Account
from hub.store import UnitOfWork
from hub.store.identity_rows import CandidateKey, IdentityDue
from hub.sync.aliases import IDENTIFIED, list_members

_SAID: Mapping[str, tuple[str, ...]] = {
    "account": ("name", "identifiers", "phone", "email", "website", "addresses"),
    "contact": ("name", "identifiers", "phone", "mobile", "email", "links"),
}
"""What a profile is made of."""
_BITS = 63


def make_profile(tx: UnitOfWork, kind: str, values: Mapping[str, Any]) -> Profile:
    """A party as it is compared, from canonical values."""
    codes = [item.value for item in values.get("identifiers") or ()]
    mails = [values.get("email") or ""]
    name = values.get("name") or ""
    if kind == "contact":
        phones = [values.get("mobile") or "", values.get("phone") or ""]
        company = _find_company(tx, values.get("links") or ())
        return normalise_contact(
            name=name, phones=phones, mails=mails, external_id=next(iter(codes), ""), company=company
        )
    seat = next(iter(values.get("addresses") or ()), None)
    place = {"province": seat.province, "city": seat.city, "address": seat.street} if seat is not None else {}
    return normalise_account(
        name=name, codes=codes, phones=[values.get("phone") or ""], mails=mails, website=values.get("website") or "",
        **place,
    )  # fmt: skip


def _find_company(tx: UnitOfWork, links: Any) -> str:
    """The name of the account that somebody works for."""
    first = next((link for link in links if link.primary), next(iter(links), None))
    if first is None:
        return ""
    note = (_find_company, first.account_id)
    if note not in tx.notes:
        found = tx.get(Account, id=first.account_id)
        tx.notes[note] = found.name if found is not None else ""
    return str(tx.notes[note])


def digest_key(kind: str, key: Key) -> int:
    """As it is kept."""
    text = f"{kind}|{key.kind}|{key.value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> (64 - _BITS)


def list_digests(tx: UnitOfWork, record: Entity) -> frozenset[int]:
    """The keys of a record as they are kept; none for one that was deleted."""
    if record.deleted_at is not None:
        return frozenset()
    return frozenset(digest_key(record.KIND, key) for key in make_keys(make_profile(tx, record.KIND, record.__dict__)))


def write_keys(tx: UnitOfWork, before: Entity | None, after: Entity) -> None:
    """Keep the keys of a record, and that somebody has to look whether it is another one. Costs nothing where nothing
    changed of what they are made of. What stands for others too keeps those that only it had before."""
    kind = after.KIND
    if kind not in IDENTIFIED or (before is not None and not _differs(before, after)):
        return
    old = list_digests(tx, before) if before is not None else frozenset()
    new = list_digests(tx, after)
    tx.save_all([CandidateKey.trusted(key=key, record_id=after.id) for key in sorted(new - old)])
    gone = old - new
    for key in sorted(gone) if gone and len(list_members(tx, kind, after.id)) == 1 else ():
        tx.delete(CandidateKey, key=key, record_id=after.id)
    if new - old:
        tx.save(IdentityDue(record_kind=kind, record_id=after.id))


def forget_due(tx: UnitOfWork, record: Entity) -> None:
    """It need not be looked at by itself: what it was merged into is. Its keys stay, and lead there."""
    tx.delete(IdentityDue, record_kind=record.KIND, record_id=record.id)


def _differs(before: Entity, after: Entity) -> bool:
    if (before.deleted_at is None) != (after.deleted_at is None):
        return True
    return any(before.__dict__[name] != after.__dict__[name] for name in _SAID[after.KIND])
