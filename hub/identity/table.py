"""Companies as a table of numbers, one row for each record: what ``normalise_account`` gives, for all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.identity.address import Address
from hub.identity.codes import USCC, Code
from hub.identity.columns import Numbers, Parts, Spread, code_number, read_texts
from hub.identity.company import CompanyName
from hub.identity.profile import find_seat
from hub.identity.text import spell

FIELDS = ("name", "code", "phone", "mail", "site", "address", "province", "city", "person")


@dataclass
class AccountTable:
    """Arrays with one entry for each record. ``names``: parts of the different names, ``name_id`` points into them.
    ``place``: the division code of the seat as six digits, of which ``place_size`` count. Texts (``domain_text``,
    ``street_text`` …) are there for the few pairs that numbers do not decide."""

    count: int
    names: Parts
    columns: dict[str, Numbers]
    texts: dict[str, pl.Series]
    ids: dict[str, Numbers]

    def __getitem__(self, name: str) -> Numbers:
        return self.columns[name]

    def of_name(self, name: str) -> Numbers:
        """A part of the name, for each record."""
        found: Numbers = self.names[name][self.ids["name"]]
        return found


def make_table(raw: Mapping[str, pl.Series], spread: Spread) -> AccountTable:
    """``raw``: field (of ``FIELDS``) → texts without nulls, all of one length; ``name`` is there, others may lack."""
    count = len(raw["name"])
    empty = pl.Series(values=[""], dtype=pl.String).new_from_index(0, count)
    get = {field: raw.get(field, empty) for field in FIELDS}
    seats = get["address"] + "\n" + get["province"] + "\n" + get["city"]
    texts = {kind: get[kind] for kind in ("name", "code", "phone", "mail", "site", "person")}
    found = read_texts({**texts, "address": seats}, spread)
    ids = {kind: place for kind, (place, _) in found.items()}
    parts = {kind: part for kind, (_, part) in found.items()}
    columns = _spread_out(ids, parts)
    table = AccountTable(count, parts["name"], columns, {}, ids)
    domain = _choose_domain(parts, ids)
    columns["domain"] = _hash(domain)
    street, person = parts["address"]["street_text"], parts["person"]["person_text"]
    columns["street"], columns["person"] = _hash(street)[ids["address"]], _hash(person)[ids["person"]]
    table.texts.update(domain=domain, street=street, person=person, code=parts["code"]["code_text"])
    _tell_codes(table)
    _find_seats(table)
    columns["content"] = _mix([_hash(texts) for texts in (*texts.values(), seats)])
    return table


def _spread_out(ids: Mapping[str, Numbers], parts: Mapping[str, Parts]) -> dict[str, Numbers]:
    taken = {
        "code": ("code_key", "code_valid", "half_first", "half_last", "division", "registration", "organisation"),
        "phone": ("phone0", "phone1", "mobile0", "mobile1"),
        "mail": ("box",),
        "address": ("address_code", "address_size"),
    }
    return {name: parts[kind][name][ids[kind]] for kind, names in taken.items() for name in names}


def _choose_domain(parts: Mapping[str, Parts], ids: Mapping[str, Numbers]) -> pl.Series:
    site = parts["site"]["domain_text"].gather(ids["site"])
    mail = parts["mail"]["domain_text"].gather(ids["mail"])
    chosen: pl.Series = site.zip_with(site.str.len_bytes() > 0, mail)
    return chosen


def _hash(texts: pl.Series) -> Numbers:
    return np.where((texts.str.len_bytes() == 0).to_numpy(), 0, texts.hash(seed=7).to_numpy()).astype(np.uint64)


def _mix(columns: list[Numbers]) -> Numbers:
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _tell_codes(table: AccountTable) -> None:
    """A branch's code is its own or its parent's, by the place that gave it."""
    columns = table.columns
    key, valid, division = columns["code_key"], columns.pop("code_valid"), columns["division"]
    codes, sizes = table.of_name("codes")[:, 2:], table.of_name("code_sizes")[:, 2:]
    fits = np.zeros(table.count, dtype=np.bool_)
    for place in range(2):
        scale = 10 ** (6 - np.minimum(sizes[:, place], 4)).astype(np.int32)
        fits |= (sizes[:, place] > 0) & (division // scale == codes[:, place] // scale)
    borrowed = valid & (table.of_name("branch") != 0) & (sizes[:, 0] > 0) & ~fits
    none = np.uint64(0)
    columns["uscc"] = np.where(valid & ~borrowed, key, none)
    columns["parent_uscc"] = np.where(borrowed, key, none)
    columns["broken"] = np.where(valid, none, key)
    columns["organisation"] = np.where(borrowed, none, columns["organisation"])
    columns["division"] = np.where(valid & ~borrowed, division, 0)


def _find_seats(table: AccountTable) -> None:
    """As ``find_seat`` does it, once for each different combination of name places, address and code."""
    codes, sizes = table.of_name("codes"), table.of_name("code_sizes")
    branch = (table.of_name("branch") != 0)[:, None]
    codes, sizes = np.where(branch, codes[:, 2:], codes[:, :2]), np.where(branch, sizes[:, 2:], sizes[:, :2])
    columns = table.columns
    known = [codes[:, 0], codes[:, 1], sizes[:, 0], sizes[:, 1], columns["address_code"], columns["address_size"]]
    mixed = _mix([column.astype(np.uint64) for column in (*known, columns["division"])])
    _, first, where = np.unique(mixed, return_index=True, return_inverse=True)
    rows = np.stack([*known, columns["division"]], axis=1)[first].tolist()
    seats = [_find_seat(*row) for row in rows]
    columns["place"] = np.array([code_number(seat) for seat in seats], dtype=np.int32)[where]
    columns["place_size"] = np.array([len(seat) for seat in seats], dtype=np.int8)[where]


def _find_seat(one: int, two: int, one_size: int, two_size: int, seat: int, seat_size: int, division: int) -> str:
    places = tuple(f"{code:06d}"[:size] for code, size in ((one, one_size), (two, two_size)) if size)
    code = Code(USCC, "", True, f"{division:06d}") if division else None
    return find_seat(CompanyName(codes=places), Address(f"{seat:06d}"[:seat_size]), code)


_COMPARED = ("core", "alternate_text", "brand_size", "latin", "complete", "group")


def pick_names(names: Parts, wanted: Numbers) -> Parts:
    """What ``compare_names`` looks at, of the names with some ids."""
    return {
        key: names[key].gather(wanted) if isinstance(names[key], pl.Series) else names[key][wanted]
        for key in _COMPARED
    }  # fmt: skip


def read_names(picked: Parts, spoken: Numbers, mixed: Numbers) -> list[CompanyName]:
    """Names for ``compare_names``, from what ``pick_names`` gives. ``spoken``: whose sound will be asked for;
    ``mixed``: who is compared with another script, and is asked for the sound of the brand, too."""
    columns = [
        picked[key].to_list() if isinstance(picked[key], pl.Series) else picked[key].tolist() for key in _COMPARED
    ]
    return [
        CompanyName(
            core=core, alternate=alternate, brand=core[:size], trade=core[size:], latin=latin, complete=complete,
            group=group, sound=_say(core, latin) if heard else "", brand_sound=_say(core[:size], latin) if both else "",
        )
        for core, alternate, size, latin, complete, group, heard, both in zip(
            *columns, spoken.tolist(), mixed.tolist(), strict=True
        )
    ]  # fmt: skip


def _say(text: str, latin: bool) -> str:
    return text.replace(" ", "") if latin else spell(text)
