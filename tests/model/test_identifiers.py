import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.identifiers import (
    USCC_SYMBOLS,
    classify_identifier,
    clean_code,
    complete_identifier,
    is_valid_lei,
    is_valid_uscc,
    is_valid_vat,
    list_keys,
    organisation_check_symbol,
    uscc_check_symbol,
)
from hub.model.party import Identifier, IdentifierKind, Validity

# Invented or published codes; the credit codes are checked against 201 real ones by the same rules.
VALID_USCC = ["914403001922038216", "9144030071526726XG", "91310109785165381K", "N2110108MA0000015A"]
INVALID_USCC = ["91110000600037341N", "A1110000600037341L"]
VALID_LEI = "213800KUD8LAJWSQ9D15"
VALID_VAT = "DE136695976"


@st.composite
def usccs(draw):
    head = draw(st.text(USCC_SYMBOLS, min_size=2, max_size=2)) + draw(st.text("0123456789", min_size=6, max_size=6))
    organisation = draw(st.text(USCC_SYMBOLS, min_size=8, max_size=8))
    body = head + organisation + organisation_check_symbol(organisation)
    return body + uscc_check_symbol(body)


@pytest.mark.parametrize("code", VALID_USCC)
def test_valid_credit_codes(code):
    assert is_valid_uscc(code)
    assert classify_identifier(code) == (IdentifierKind.USCC, code, Validity.VALID)


@pytest.mark.parametrize("code", INVALID_USCC)
def test_credit_codes_with_a_wrong_check(code):
    assert classify_identifier(code) == (IdentifierKind.USCC, code, Validity.INVALID)


def test_a_right_check_symbol_does_not_hide_a_wrong_organisation_code():
    body = "914403001922038226"[:17].replace("2038", "2039")
    code = body + uscc_check_symbol(body)
    assert not is_valid_uscc(code)
    assert classify_identifier(code) == (IdentifierKind.USCC, code, Validity.INVALID)


@given(usccs())
def test_every_code_made_by_the_rule_is_valid(code):
    assert classify_identifier(code) == (IdentifierKind.USCC, code, Validity.VALID)


@given(usccs(), st.integers(0, 17), st.sampled_from(USCC_SYMBOLS))
def test_one_changed_symbol_is_noticed(code, position, symbol):
    changed = code[:position] + symbol + code[position + 1 :]
    assert is_valid_uscc(changed) == (changed == code)


@given(usccs(), st.randoms(use_true_random=False))
def test_codes_are_recognised_however_people_type_them(code, random):
    typed = "".join(random.choice([sign, sign.lower(), chr(ord(sign) + 0xFEE0)]) for sign in code)
    typed = typed.replace("0", random.choice("0Oo")).replace("1", random.choice("1Ii"))
    typed = random.choice(["", " ", "　"]).join([typed[:2], typed[2:8], typed[8:17], typed[17:] + " "])
    assert classify_identifier(typed) == (IdentifierKind.USCC, code, Validity.VALID)


@pytest.mark.parametrize("text", ["12345", "", "  ", "440301103097413", "华信电子", "SEZXY12", "123456789", "ABC-001"])
def test_anything_else_is_kept_unchecked_as_it_was_typed(text):
    assert classify_identifier(text) == (IdentifierKind.OTHER, text, Validity.UNCHECKED)


def test_lei_and_vat():
    assert is_valid_lei(VALID_LEI)
    assert is_valid_vat(VALID_VAT)
    assert classify_identifier("2138 00ku d8la jwsq 9d15") == (IdentifierKind.LEI, VALID_LEI, Validity.VALID)
    assert classify_identifier("de 136 695 976") == (IdentifierKind.VAT, VALID_VAT, Validity.VALID)
    assert classify_identifier("213800KUD8LAJWSQ9D16")[::2] == (IdentifierKind.LEI, Validity.INVALID)
    assert classify_identifier("DE136695977") == (IdentifierKind.VAT, "DE136695977", Validity.INVALID)


def test_a_vat_number_needs_its_country():
    assert not is_valid_vat("136695976")


@given(st.text() | st.from_regex(r"[A-Z0-9]{2,22}", fullmatch=True))
def test_no_text_makes_it_raise_and_only_valid_texts_change(text):
    kind, value, validity = classify_identifier(text)
    if validity is not Validity.VALID:
        assert value == text
    assert (kind is IdentifierKind.OTHER) == (validity is Validity.UNCHECKED)
    assert classify_identifier(value) == (kind, value, validity)


@given(st.text() | st.text("ŉΐﬀoI0-  ①ß̈́"))
def test_cleaning_twice_changes_nothing(text):
    cleaned = clean_code(text)
    assert clean_code(cleaned) == cleaned
    assert not any(sign.isspace() for sign in cleaned)


def test_cleaning_every_single_character_ends():
    for point in range(sys.maxunicode + 1):
        clean_code(chr(point))


def test_completion_trusts_the_check_and_not_the_source():
    claimed = Identifier(key="1", kind=IdentifierKind.USCC, value=INVALID_USCC[0], validity=Validity.VALID)
    assert complete_identifier(claimed).validity is Validity.INVALID
    typed = Identifier(key="1", kind=IdentifierKind.USCC, value="9144 0300 1922 0382 16")
    assert complete_identifier(typed) == Identifier(
        key="1", kind=IdentifierKind.USCC, value=VALID_USCC[0], validity=Validity.VALID
    )


def test_a_code_in_a_mixed_field_becomes_what_it_is():
    mixed = Identifier(key="7", kind=IdentifierKind.OTHER, value=VALID_USCC[1].lower())
    found = complete_identifier(mixed)
    assert (found.key, found.kind, found.value) == ("7", IdentifierKind.USCC, VALID_USCC[1])


def test_a_declared_kind_is_not_changed():
    declared = Identifier(key="1", kind=IdentifierKind.VAT, value=VALID_USCC[0])
    assert complete_identifier(declared).kind is IdentifierKind.VAT
    assert complete_identifier(declared).validity is Validity.INVALID


@given(st.sampled_from(IdentifierKind), st.text() | st.sampled_from([*VALID_USCC, VALID_LEI, VALID_VAT]))
def test_completion_is_stable(kind, value):
    once = complete_identifier(Identifier(key="1", kind=kind, value=value))
    assert complete_identifier(once) == once


def test_only_valid_codes_are_keys():
    rows = (
        Identifier(key="1", kind=IdentifierKind.USCC, value=VALID_USCC[0].lower()),
        Identifier(key="2", kind=IdentifierKind.USCC, value=INVALID_USCC[0], validity=Validity.VALID),
        Identifier(key="3", kind=IdentifierKind.OTHER, value="12345"),
        Identifier(key="4", kind=IdentifierKind.OTHER, value=VALID_LEI),
    )
    assert list_keys(rows) == {(IdentifierKind.USCC, VALID_USCC[0]), (IdentifierKind.LEI, VALID_LEI)}


def test_importing_costs_no_stdnum():
    program = "import sys, hub.model.identifiers; raise SystemExit('stdnum' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
