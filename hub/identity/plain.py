"""Credit codes and telephone numbers as most people type them, read in arrays; every other text is parsed one by one.
A test holds the two together. Needs the extra ``isthmus[dedupe]``."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from hub.model.identifiers import ORGANISATION_WEIGHTS, USCC_SYMBOLS, USCC_WEIGHTS

Numbers = np.ndarray[Any, Any]
_CODE = f"^[{USCC_SYMBOLS}]{{2}}[0-9]{{6}}[{USCC_SYMBOLS}]{{8}}[0-9X][{USCC_SYMBOLS}]$"
_MOBILE = r"^(?:\+86[- ]?)?(1[3-9][0-9](?:[0-9]{8}| [0-9]{4} [0-9]{4}|-[0-9]{4}-[0-9]{4}))$"
_LANDLINE = r"^0((?:10|2[0-9]|[3-9][0-9]{2})-?[2-9][0-9]{6,7})$"
_CHECKS, _ENDS = (np.frombuffer(text.encode(), np.uint8) for text in (USCC_SYMBOLS, "0123456789X"))
_TENS = 10 ** np.arange(5, -1, -1)


def _tabulate(symbols: str) -> Numbers:
    """Byte → value of the symbol."""
    table = np.zeros(256, dtype=np.int32)
    table[np.frombuffer(symbols.encode(), np.uint8)] = np.arange(len(symbols))
    return table


_VALUES = _tabulate(USCC_SYMBOLS)
_BASE_36 = _tabulate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def find_plain_codes(column: pl.Series) -> tuple[Numbers, Numbers]:
    """(which texts are valid credit codes without a sign in them, their division codes as numbers)."""
    plain = column.str.contains(_CODE).to_numpy().copy()
    chosen = np.flatnonzero(plain)
    marks = np.frombuffer("".join(column.gather(chosen).to_list()).encode(), np.uint8).reshape(-1, 18)
    total = _VALUES[marks[:, :17]] @ np.array(USCC_WEIGHTS)
    inner = _BASE_36[marks[:, 8:16]] @ np.array(ORGANISATION_WEIGHTS)
    right = (_CHECKS[-total % 31] == marks[:, 17]) & (_ENDS[-inner % 11] == marks[:, 16])
    plain[chosen[~right]] = False
    return plain, ((marks[right, 2:8] - 48) @ _TENS).astype(np.int32)


def find_plain_phones(column: pl.Series) -> tuple[Numbers, pl.Series, Numbers]:
    """(which texts are one mobile number or one landline with its area code and nothing else, their numbers as E.164,
    which of these are mobile)."""
    mobile, landline = column.str.extract(_MOBILE), column.str.extract(_LANDLINE)
    moving = mobile.is_not_null()
    plain = (moving | landline.is_not_null()).to_numpy()
    digits = mobile.zip_with(moving, landline).drop_nulls().str.replace_all("[- ]", "")
    return plain, "+86" + digits, moving.to_numpy()[plain]
