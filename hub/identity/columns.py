"""A million companies as arrays: each different text is parsed once, and records are rows of numbers.

Texts become numbers of 64 bits (0: nothing), so that records are compared without touching a text. Needs the extra
``isthmus[dedupe]``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars as pl

from hub.identity import codes as kinds
from hub.identity.address import parse_address
from hub.identity.codes import organisation_of, read_code
from hub.identity.company import COMPANY, NONE, CompanyName, parse_company_name
from hub.identity.mail import parse_mail, parse_site
from hub.identity.person import parse_person_name
from hub.identity.phone import MOBILE, parse_phones
from hub.identity.plain import find_plain_codes, find_plain_phones

Numbers = np.ndarray[Any, Any]
Parts = dict[str, Any]
"""Name → array or Series of texts, with one entry for each text that was parsed; also what a piece of work is given."""
FORMS = {NONE: 0, COMPANY: 1, "llc": 2, "stock": 3, "partnership": 4, "factory": 5, "other": 6}


def hash_texts(texts: Sequence[str] | pl.Series) -> Numbers:
    """A number for each text, the same in every process; 0 for the empty one."""
    column = texts if isinstance(texts, pl.Series) else pl.Series(values=texts, dtype=pl.String)
    return np.where((column.str.len_bytes() == 0).to_numpy(), 0, column.hash(seed=7).to_numpy()).astype(np.uint64)


def sort_different(values: Numbers) -> Numbers:
    """The different values in order: by sorting, which for numbers is many times quicker than ``np.unique``."""
    ordered = np.sort(values)
    if not len(ordered):
        return ordered
    different: Numbers = ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
    return different


def code_number(code: str) -> int:
    """A division code of 2, 4 or 6 digits as a number of six; 0 for none."""
    return int(code.ljust(6, "0")) if code else 0


def _parse_each(parse: Callable[[str], Any], texts: Iterable[str]) -> list[Any]:
    bare = getattr(parse, "__wrapped__", parse)  # each text comes once: a cache would only cost
    return [bare(text) for text in texts]


def _number_places(found: Sequence[tuple[str, ...]]) -> tuple[Numbers, Numbers]:
    """(two codes for each name as numbers, how many of their digits count)."""
    place: dict[tuple[str, ...], int] = {}
    rows = [place.setdefault(codes, len(place)) for codes in found]
    pairs = [(*codes, "", "")[:2] for codes in place]
    numbers = np.array([[code_number(code) for code in pair] for pair in pairs], dtype=np.int32).reshape(-1, 2)
    sizes = np.array([[len(code) for code in pair] for pair in pairs], dtype=np.int8).reshape(-1, 2)
    return numbers[rows], sizes[rows]


def encode_names(texts: Sequence[str]) -> Parts:
    names = _parse_each(parse_company_name, texts)
    count = len(names)
    said = dict(zip(CompanyName._fields, zip(*names, strict=True), strict=True)) if names else {}
    own, seat = (_number_places(said.get(key, ())) for key in ("codes", "branch_codes"))
    codes, sizes = (np.concatenate(pair, axis=1) for pair in zip(own, seat, strict=True))
    hashed = ("normal", "alternate", "sound", "brand_sound", "region", "branch", "branch_place")
    whole = [bool(name.trade) or len(name.core) > 4 for name in names]
    return {
        **{key: hash_texts(said.get(key, ())) for key in hashed},
        **{key: np.array(said.get(key, ()), dtype=np.bool_) for key in ("group", "latin", "complete")},
        "core": pl.Series(values=said.get("core", ()), dtype=pl.String),
        "core_key": hash_texts(said.get("core", ())),
        "brand_size": np.fromiter(map(len, said.get("brand", ())), np.int16, count),
        "alternate_text": pl.Series(values=said.get("alternate", ()), dtype=pl.String),
        "letters": hash_texts(["".join(sorted(core)) if len(core) > 3 else "" for core in said.get("core", ())]),
        "codes": codes, "code_sizes": sizes, "whole": np.array(whole, dtype=np.bool_),
        "form": np.fromiter((FORMS[form] for form in said.get("form", ())), np.int8, count),
    }  # fmt: skip


def _fold_in(plain: Numbers, quick: Parts, slow: Parts) -> Parts:
    """Both together, in the order of the texts: ``plain`` says which are the quick ones."""
    place = np.empty(len(plain), dtype=np.int64)
    place[np.concatenate((np.flatnonzero(plain), np.flatnonzero(~plain)))] = np.arange(len(plain))
    joined = _join([quick, slow])
    return {
        name: values.gather(place) if isinstance(values, pl.Series) else values[place]
        for name, values in joined.items()
    }  # fmt: skip


def encode_codes(texts: Sequence[str]) -> Parts:
    column = pl.Series(values=texts, dtype=pl.String)
    plain, division = find_plain_codes(column)
    codes, none = column.filter(plain), np.zeros(len(division), dtype=np.uint64)
    quick = {
        "code_text": codes, "code_valid": np.ones(len(division), dtype=np.bool_), "code_key": hash_texts(codes),
        "half_first": hash_texts(codes.str.slice(0, 9)), "half_last": hash_texts(codes.str.slice(9)),
        "division": division, "registration": none, "organisation": hash_texts(codes.str.slice(8, 9)),
    }  # fmt: skip
    return _fold_in(plain, quick, encode_each_code(column.filter(~plain).to_list()))


def encode_each_code(texts: Sequence[str]) -> Parts:
    """The same by ``read_code``, which knows every kind of code and slip."""
    found = _parse_each(read_code, texts)
    uscc = [code.value if code and code.kind == kinds.USCC else "" for code in found]
    valid = [bool(code and code.kind == kinds.USCC and code.valid) for code in found]
    return {
        "code_text": pl.Series(values=uscc, dtype=pl.String),
        "code_valid": np.array(valid, dtype=np.bool_),
        "code_key": hash_texts(uscc),
        "half_first": hash_texts([text[:9] if len(text) >= 16 else "" for text in uscc]),
        "half_last": hash_texts([text[-9:] if len(text) >= 16 else "" for text in uscc]),
        "division": np.array(
            [int(code.division) if ok and code else 0 for code, ok in zip(found, valid, strict=True)], dtype=np.int32
        ),
        "registration": hash_texts(
            [code.value if code and code.kind == kinds.REGISTRATION and code.valid else "" for code in found]
        ),
        "organisation": hash_texts([organisation_of(code) if code else "" for code in found]),
    }


def encode_phones(texts: Sequence[str]) -> Parts:
    column = pl.Series(values=texts, dtype=pl.String)
    plain, numbers, mobile = find_plain_phones(column)
    quick = {
        "phone0": hash_texts(numbers), "mobile0": mobile,
        "phone1": np.zeros(len(mobile), dtype=np.uint64), "mobile1": np.zeros(len(mobile), dtype=np.bool_),
    }  # fmt: skip
    return _fold_in(plain, quick, encode_each_phone(column.filter(~plain).to_list()))


def encode_each_phone(texts: Sequence[str]) -> Parts:
    """The same by ``parse_phones``, which knows extensions, lists and other countries."""
    found = _parse_each(parse_phones, texts)
    numbers = [[phone for phone in phones if phone.number] for phones in found]
    parts: Parts = {}
    for place in range(2):
        one = [phones[place] if len(phones) > place else None for phones in numbers]
        parts[f"phone{place}"] = hash_texts([phone.number if phone else "" for phone in one])
        parts[f"mobile{place}"] = np.array([bool(phone and phone.kind == MOBILE) for phone in one], dtype=np.bool_)
    return parts


def encode_mails(texts: Sequence[str]) -> Parts:
    found = _parse_each(parse_mail, texts)
    domains = [mail.domain if mail and not mail.generic else "" for mail in found]
    return {
        "box": hash_texts([mail.address if mail and mail.personal else "" for mail in found]),
        "domain_text": pl.Series(values=domains, dtype=pl.String),
    }


def encode_sites(texts: Sequence[str]) -> Parts:
    return {"domain_text": pl.Series(values=_parse_each(parse_site, texts), dtype=pl.String)}


def encode_addresses(texts: Sequence[str]) -> Parts:
    """Each text: address, province and city, with a line end between them."""
    found = [parse_address.__wrapped__(*text.split("\n")) for text in texts]
    return {
        "street_text": pl.Series(values=[item.street for item in found], dtype=pl.String),
        "address_code": np.array([code_number(item.code) for item in found], dtype=np.int32),
        "address_size": np.array([len(item.code) for item in found], dtype=np.int8),
    }


def encode_people(texts: Sequence[str]) -> Parts:
    found = _parse_each(parse_person_name, texts)
    return {"person_text": pl.Series(values=[name.sound for name in found], dtype=pl.String)}


ENCODERS: Mapping[str, Callable[[Sequence[str]], Parts]] = {
    "name": encode_names,
    "code": encode_codes,
    "phone": encode_phones,
    "mail": encode_mails,
    "site": encode_sites,
    "address": encode_addresses,
    "person": encode_people,
}


Task = tuple[Callable[[Parts], Parts], Parts]
"""A piece of work for another process or machine: a function of a module, and what it is given."""
Spread = Callable[[Sequence[Task]], Iterable[Parts]]
"""Runs each task, here or elsewhere; answers come in the order of the tasks."""
PIECE = 20_000


@contextmanager
def without_collector() -> Iterator[None]:
    """A list makes millions of objects, none of them in a circle: a tenth of the time would go into looking for
    circles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def run_task(task: Task) -> Parts:
    work, given = task
    with without_collector():
        return work(given)


def spread_here(tasks: Sequence[Task]) -> Iterable[Parts]:
    return map(run_task, tasks)


def spread_side_by_side(tasks: Sequence[Task]) -> list[Parts]:
    """For work in arrays, where threads do not wait for each other."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(run_task, tasks))


def encode(given: Parts) -> Parts:
    """``kind`` of texts, and the ``texts``."""
    return ENCODERS[given["kind"]](given["texts"].to_list())


def read_texts(columns: Mapping[str, pl.Series], spread: Spread) -> dict[str, tuple[Numbers, Parts]]:
    """Kind of texts → (row → place in the parts, parts of each different text)."""
    found = spread_side_by_side([(_find_different, {"texts": column}) for column in columns.values()])
    tasks: list[Task] = [
        (encode, {"kind": kind, "texts": parts["texts"][at : at + PIECE]})
        for kind, parts in zip(columns, found, strict=True)
        for at in range(0, len(parts["texts"]), PIECE)
    ]
    places = {kind: parts["place"] for kind, parts in zip(columns, found, strict=True)}
    del found
    pieces: dict[str, list[Parts]] = {}
    for (_, given), parts in zip(tasks, spread(tasks), strict=True):
        pieces.setdefault(given["kind"], []).append(parts)
    return {kind: (places[kind], _join(pieces.pop(kind))) for kind in list(pieces)}


def _find_different(given: Parts) -> Parts:
    """``texts``: each different one once; ``place``: row → where it is among them."""
    column = given["texts"]
    _, first, place = np.unique(column.hash(seed=7).to_numpy(), return_index=True, return_inverse=True)
    return {"texts": column.gather(first), "place": place.astype(np.int32)}


def _join(pieces: Sequence[Parts]) -> Parts:
    return {
        name: pl.concat([piece[name] for piece in pieces])
        if isinstance(pieces[0][name], pl.Series)
        else np.concatenate([piece[name] for piece in pieces])
        for name in pieces[0]
    }
