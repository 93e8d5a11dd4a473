from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity import Bind, ExactResolver, Hold, PartyFacts, Separate, find_veto
from hub.locale import render
from hub.model.party import Account, Contact, Identifier, IdentifierKind, Validity

USCC, USCC_2, BAD_USCC = "914403001922038216", "9144030071526726XG", "91110000600037341N"
VAT, LEI = "DE136695976", "213800KUD8LAJWSQ9D15"
RESOLVE = ExactResolver().resolve


def rows(*codes):
    return tuple(Identifier(key=str(n), kind=kind, value=value) for n, (kind, value) in enumerate(codes))


def uscc(value=USCC):
    return (IdentifierKind.USCC, value)


def vat(value=VAT):
    return (IdentifierKind.VAT, value)


def party(number=None, name="华信电子有限公司", *codes, kind="account", **more):
    record_id = None if number is None else UUID(int=number)
    return PartyFacts.of(kind, record_id, {"name": name, "identifiers": rows(*codes), **more})


def known(*parties):
    """A look-up over some parties, by their valid identifiers."""
    return lambda kind, value: [one for one in parties if (kind, value) in {(k.value, v) for k, v in one.keys}]


def test_an_equal_credit_code_binds_whatever_the_name():
    verdict = RESOLVE(party(None, "Huaxin", uscc(USCC.lower())), known(party(1, "华信电子有限公司", uscc())))
    assert isinstance(verdict, Bind)
    assert verdict.record_id == UUID(int=1)
    assert verdict.evidence["identifiers"] == f"uscc {USCC}"
    assert verdict.evidence["record"] == "华信电子有限公司"


def test_a_code_in_a_mixed_field_counts():
    verdict = RESOLVE(party(None, "x", (IdentifierKind.OTHER, USCC)), known(party(1, "y", uscc())))
    assert isinstance(verdict, Bind)


@pytest.mark.parametrize("codes", [(), [(IdentifierKind.USCC, BAD_USCC)], [(IdentifierKind.OTHER, "12345")]])
def test_without_a_valid_identifier_it_is_a_record_of_its_own(codes):
    everything = [party(1, "华信电子有限公司", uscc(), *codes)]
    verdict = RESOLVE(party(None, "华信电子有限公司", *codes), lambda kind, value: everything)
    assert isinstance(verdict, Separate)
    assert verdict.reason == "identity.no_identifier"


def test_an_identifier_that_nobody_carries_makes_a_new_record():
    verdict = RESOLVE(party(None, "x", uscc()), known(party(1, "y", uscc(USCC_2))))
    assert isinstance(verdict, Separate)
    assert verdict.reason == "identity.unknown_identifier"


def test_two_records_with_the_code_hold():
    verdict = RESOLVE(party(None, "x", uscc()), known(party(2, "b", uscc()), party(1, "a", uscc())))
    assert verdict == Hold(
        "identity.several_candidates",
        (UUID(int=1), UUID(int=2)),
        {"rule": "exact", "name": "x", "identifiers": f"uscc {USCC}", "candidates": "a, b"},
    )


def test_a_vetoed_record_is_not_offered_as_a_candidate():
    branch = party(3, "华信电子苏州分公司", uscc())
    verdict = RESOLVE(party(None, "x", uscc()), known(party(1, "a", uscc()), party(2, "b", uscc()), branch))
    assert isinstance(verdict, Hold)
    assert verdict.candidates == (UUID(int=1), UUID(int=2))
    assert verdict.evidence["candidates"] == "a, b"


def test_two_identifiers_that_lead_to_two_records_hold():
    verdict = RESOLVE(party(None, "x", uscc(), vat()), known(party(1, "a", uscc()), party(2, "b", vat())))
    assert isinstance(verdict, Hold)
    assert verdict.candidates == (UUID(int=1), UUID(int=2))


def test_a_branch_with_its_parents_code_is_not_the_parent():
    parent, branch = party(1, "华信电子有限公司", uscc()), party(None, "华信电子有限公司苏州分公司", uscc())
    verdict = RESOLVE(branch, known(parent))
    assert isinstance(verdict, Hold)
    assert (verdict.reason, verdict.candidates) == ("identity.branch_differs", (UUID(int=1),))


def test_the_parent_binds_although_a_branch_carries_its_code():
    parent, branch = party(1, "华信电子有限公司", uscc()), party(2, "华信电子有限公司苏州分公司", uscc())
    verdict = RESOLVE(party(None, "华信电子", uscc()), known(parent, branch))
    assert isinstance(verdict, Bind)
    assert verdict.record_id == UUID(int=1)
    assert verdict.evidence["vetoed"] == str(UUID(int=2))


def test_two_branches_with_one_code_are_told_apart_by_name():
    suzhou = party(1, "华信电子苏州分公司", uscc())
    assert isinstance(RESOLVE(party(None, "华信电子 苏州分公司", uscc()), known(suzhou)), Bind)
    verdict = RESOLVE(party(None, "华信电子杭州分公司", uscc()), known(suzhou))
    assert isinstance(verdict, Hold)
    assert verdict.reason == "identity.branches_differ"


def test_a_relation_makes_a_branch_too():
    branch = PartyFacts.of_record(
        Account(id=UUID(int=1), name="华信苏州", identifiers=rows(uscc()), branch_of_id=UUID(int=7))
    )
    verdict = RESOLVE(party(None, "华信", uscc()), known(branch))
    assert isinstance(verdict, Hold)
    assert verdict.reason == "identity.branch_differs"


def test_different_credit_codes_forbid_what_another_code_suggests():
    verdict = RESOLVE(party(None, "x", uscc(USCC_2), vat()), known(party(1, "y", uscc(), vat())))
    assert isinstance(verdict, Hold)
    assert verdict.reason == "identity.codes_differ"


def test_an_invalid_credit_code_forbids_nothing():
    verdict = RESOLVE(party(None, "x", uscc(BAD_USCC), vat()), known(party(1, "y", uscc(), vat())))
    assert isinstance(verdict, Bind)


def test_a_party_with_two_credit_codes_holds():
    verdict = RESOLVE(party(None, "x", uscc(), uscc(USCC_2)), known(party(1, "y", uscc())))
    assert isinstance(verdict, Hold)
    assert (verdict.reason, verdict.candidates) == ("identity.two_credit_codes", (UUID(int=1),))


def test_kinds_do_not_mix_and_nobody_matches_himself():
    person = PartyFacts.of_record(Contact(id=UUID(int=1), name="x", identifiers=rows(vat())))
    assert isinstance(RESOLVE(party(None, "x", vat()), known(person)), Separate)
    assert isinstance(RESOLVE(party(5, "x", vat()), known(party(5, "x", vat()))), Separate)


def test_a_look_up_that_returns_too_much_is_not_believed():
    loose = [party(1, "y", uscc(USCC_2)), party(2, "z")]
    assert isinstance(RESOLVE(party(None, "x", uscc()), lambda kind, value: loose), Separate)


parties = st.builds(
    party,
    st.integers(1, 6),
    st.sampled_from(["华信电子有限公司", "华信电子苏州分公司", "华信电子杭州分公司", "Huaxin Branch"]),
    st.sampled_from([uscc(), uscc(USCC_2), uscc(BAD_USCC), vat()]),
    st.sampled_from([vat(), (IdentifierKind.LEI, LEI), (IdentifierKind.OTHER, USCC)]),
)


@given(parties, parties)
def test_vetoes_are_symmetric(one, other):
    assert find_veto(one, other) == find_veto(other, one)
    assert isinstance(RESOLVE(one, known(other)), Bind) == isinstance(RESOLVE(other, known(one)), Bind)


def assert_speaks(reason, candidate, evidence):
    for lang in ("en", "zh"):
        sentence = render(reason, lang, **evidence)
        assert candidate.name in sentence
        assert "{" not in sentence


@given(parties, st.lists(parties, unique_by=lambda one: one.id, max_size=6), st.randoms(use_true_random=False))
def test_every_verdict_is_safe_and_says_why(candidate, others, random):
    verdict = RESOLVE(candidate, known(*others))
    by_id = {one.id: one for one in others}
    match verdict:
        case Bind(record_id, evidence):
            assert find_veto(candidate, by_id[record_id]) is None
            assert candidate.keys & by_id[record_id].keys
            assert evidence["record"] == by_id[record_id].name
        case Hold(reason, candidates, evidence):
            assert candidates or reason == "identity.two_credit_codes"
            assert all(candidate.keys & by_id[one].keys for one in candidates)
            assert_speaks(reason, candidate, evidence)
        case Separate(reason, evidence):
            assert not any(candidate.keys & one.keys for one in others if one.id != candidate.id)
            assert_speaks(reason, candidate, evidence)
    random.shuffle(others)
    assert RESOLVE(candidate, known(*others)) == verdict


def test_the_source_has_no_say_in_validity():
    claimed = Identifier(key="1", kind=IdentifierKind.USCC, value=BAD_USCC, validity=Validity.VALID)
    assert PartyFacts("account", None, "x", (claimed,)).keys == frozenset()
