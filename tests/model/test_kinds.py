"""Values as JSON: the quick way gives what the adapters of the fields give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.kinds import encode_fields, field_adapter

PLAIN = {
    ("order", "number"): st.text(),
    ("order", "ordered_on"): st.dates() | st.none(),
    ("order", "gross"): st.decimals(allow_nan=False, allow_infinity=False),
    ("order", "account_id"): st.uuids(),
    ("order", "custom.urgent"): st.booleans() | st.integers() | st.none(),
}


@pytest.mark.parametrize(("kind", "field"), PLAIN)
@given(found=st.data())
def test_a_plain_value_is_encoded_as_its_adapter_would(kind, field, found):
    value = found.draw(PLAIN[kind, field])
    assert encode_fields(kind, {field: value}) == {field: field_adapter(kind, field).dump_python(value, mode="json")}
