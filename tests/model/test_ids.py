import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.ids import RANDOM_BITS, make_uuid7

bits = st.integers(0, 2**RANDOM_BITS - 1)
times = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))


def test_the_example_of_rfc_9562_appendix_a6():
    now = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert str(make_uuid7(now, 0xCC3 << 62 | 0x18C4DC0C0C07398F)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(times, bits)
def test_version_variant_and_every_random_bit_survive(now, random_bits):
    made = make_uuid7(now, random_bits)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert (made.int >> 64 & 0xFFF) << 62 | made.int & (1 << 62) - 1 == random_bits


@given(times, bits)
def test_it_is_a_uuid_like_any_other(now, random_bits):
    made = make_uuid7(now, random_bits)
    other = UUID(str(made))
    assert (made, hash(made), repr(made)) == (other, hash(other), repr(other))
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == other  # noqa: S301 - our own bytes
    assert made.is_safe is other.is_safe


@given(times, st.integers(1, 10**12), bits, bits)
def test_a_later_millisecond_sorts_later(now, later_ms, first, second):
    later = min(now + timedelta(milliseconds=later_ms), datetime(9999, 12, 31, tzinfo=UTC))
    assert make_uuid7(now, first).int < make_uuid7(later, second).int
    assert str(make_uuid7(now, first)) < str(make_uuid7(later, second))


@pytest.mark.parametrize(
    ("now", "random_bits"),
    [
        (datetime(2026, 1, 1), 0),
        (datetime(1969, 12, 31, tzinfo=UTC), 0),
        (datetime(2026, 1, 1, tzinfo=UTC), -1),
        (datetime(2026, 1, 1, tzinfo=UTC), 2**RANDOM_BITS),
    ],
)
def test_what_does_not_fit_is_refused(now, random_bits):
    with pytest.raises(ValueError):
        make_uuid7(now, random_bits)
