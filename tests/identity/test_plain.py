"""What is read in arrays is what is parsed one by one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator import make_uscc
from hub.identity.columns import Parts, encode_codes, encode_each_code, encode_each_phone, encode_phones
from hub.identity.plain import find_plain_codes, find_plain_phones

pytestmark = pytest.mark.slow
CODES = [make_uscc(random.Random(seed)) for seed in range(40)]
DIGITS = st.text("0123456789", min_size=1, max_size=9)
PIECES = ("+86", "0086", "86", "0", "021", "0755", "10", "138", "1812", "400", "转", "x", "(", ")", "-", " ", "/", "+1")
NUMBERS = st.lists(st.sampled_from(PIECES) | DIGITS, max_size=7).map("".join)
TYPED = st.sampled_from((
    "13812345678", "+8613812345678", "+86 138 1234 5678", "138-1234-5678", "1381234-5678", "138 1234-5678",
    "021-52345678", "02152345678", "0755-12345678", "0312-2345678", "0312 2345678", "010-62345678", "052-1234567",
    "+86-13812345678", "",
    "１３８１２３４５６７８", "13812345678 ", "013812345678", "021-52345678-801", "52345678", "400-123-4567",
))  # fmt: skip
LETTERS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -o", max_size=20)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A valid code, or one with a slip in it."""
    code = draw(st.sampled_from(CODES))
    place, mark = draw(st.integers(0, 17)), draw(st.sampled_from([*"0123456789ABXYOI- ", ""]))
    return draw(st.sampled_from((code, code.lower(), f" {code}", code[:place] + mark + code[place + 1 :])))


def differ(one: Parts, other: Parts) -> list[str]:
    """Names of the columns that are not the same."""
    assert one.keys() == other.keys()
    lists = {name: [pl.Series(parts[name]).to_list() for parts in (one, other)] for name in one}
    return [name for name, (mine, theirs) in lists.items() if mine != theirs]


@pytest.mark.parametrize(
    ("at_once", "each", "texts"),
    [
        (encode_codes, encode_each_code, st.lists(spoilt() | LETTERS, max_size=12)),
        (encode_phones, encode_each_phone, st.lists(TYPED | NUMBERS, max_size=12)),
    ],
)
def test_at_once_is_one_by_one(
    at_once: Callable[[Sequence[str]], Parts],
    each: Callable[[Sequence[str]], Parts],
    texts: st.SearchStrategy[list[str]],
) -> None:
    @given(texts)
    def hold(drawn: list[str]) -> None:
        assert differ(at_once(drawn), each(drawn)) == []

    hold()


def test_most_are_plain() -> None:
    """Else nothing would be gained."""
    assert find_plain_codes(pl.Series([*CODES, CODES[0][:-1] + "#"]))[0].tolist() == [True] * len(CODES) + [False]
    plain, numbers, mobile = find_plain_phones(pl.Series(["138 1234 5678", "021-52345678-801", "021-52345678"]))
    assert (plain.tolist(), numbers.to_list(), mobile.tolist()) == (
        [True, False, True], ["+8613812345678", "+862152345678"], [True, False],
    )  # fmt: skip
