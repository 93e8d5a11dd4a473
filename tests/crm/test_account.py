from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.party import Account, AccountState, Address, Identifier, IdentifierKind, Validity

RULES = rules_for("account")
ONE_CODE, OTHER_CODE = "914403001922038216", "9144030071526726XG"


def uid(number):
    return UUID(int=number) if number is not None else None


def account(number=1, name="华信电子", parent=None, branch_of=None, **more):
    return Account(id=UUID(int=number), name=name, parent_id=uid(parent), branch_of_id=uid(branch_of), **more)


def code(value, key="1", kind=IdentifierKind.USCC):
    return Identifier(key=key, kind=kind, value=value)


def refused(entity):
    with pytest.raises(RuleBroken) as caught:
        RULES.check(entity)
    return caught.value.code


def finder(*accounts):
    by_id = {entity.id: entity for entity in accounts}
    return lambda kind, record_id: by_id.get(record_id) if kind == "account" else None


def test_an_ordinary_customer_is_accepted():
    RULES.check(account(identifiers=(code(ONE_CODE), code("12345", "2", IdentifierKind.OTHER)), parent=2))


def test_completion_works_out_validity_and_touches_nothing_else():
    values = {"name": "x", "identifiers": (code(ONE_CODE.lower()), code("91110000600037341N", "2"))}
    done = RULES.complete(values)
    assert [row.validity for row in done["identifiers"]] == [Validity.VALID, Validity.INVALID]
    assert RULES.complete(done) == done
    assert RULES.complete({"name": "x"}) == {"name": "x"}
    assert values["identifiers"][0].validity is Validity.UNCHECKED


@pytest.mark.parametrize("name", ["", "  "])
def test_a_customer_has_a_name(name):
    assert refused(account(name=name)) == "crm.name_missing"


def test_two_credit_codes_are_two_legal_entities():
    assert refused(account(identifiers=(code(ONE_CODE), code(OTHER_CODE, "2")))) == "crm.two_credit_codes"
    RULES.check(account(identifiers=(code(ONE_CODE), code(ONE_CODE.lower(), "2"))))
    RULES.check(account(identifiers=(code(ONE_CODE), code("91110000600037341N", "2"))))


def test_keys_of_lines_are_unique():
    assert refused(account(identifiers=(code(ONE_CODE), code("12345")))) == "crm.line_key_twice"
    assert refused(account(addresses=(Address(key="1"), Address(key="1")))) == "crm.line_key_twice"


@pytest.mark.parametrize("relation", ["parent", "branch_of"])
def test_nobody_is_above_himself(relation):
    entity = account(1, **{relation: 1})
    assert refused(entity) == "crm.own_relative"
    with pytest.raises(RuleBroken):
        RULES.check_relations(entity, finder(entity))


def test_a_circle_is_named_by_its_path():
    top, middle = account(2, "集团", parent=3), account(3, "控股", branch_of=1)
    with pytest.raises(RuleBroken) as caught:
        RULES.check_relations(account(1, "华信", parent=2), finder(top, middle))
    assert caught.value.code == "crm.parent_circle"
    assert "华信 → 集团 → 控股 → 华信" in caught.value.text()


def test_two_ways_up_to_one_owner_are_no_circle():
    owner, brother = account(4, "owner"), account(3, "brother", parent=4)
    RULES.check_relations(account(1, parent=4, branch_of=3), finder(owner, brother))


def test_a_circle_further_up_neither_hangs_nor_blames_this_record():
    RULES.check_relations(account(1, parent=2), finder(account(2, parent=3), account(3, parent=2)))


def test_an_unknown_parent_ends_the_walk():
    RULES.check_relations(account(1, parent=2), finder())


@given(st.lists(st.tuples(st.none() | st.integers(0, 7), st.none() | st.integers(0, 7)), min_size=8, max_size=8))
def test_refused_exactly_when_a_walk_upwards_comes_back(links):
    accounts = [account(number, parent=parent, branch_of=branch) for number, (parent, branch) in enumerate(links)]
    above = {number: {up for up in pair if up is not None} for number, pair in enumerate(links)}
    for _ in links:
        above = {number: ups.union(*(above[up] for up in ups)) for number, ups in above.items()}
    for number, entity in enumerate(accounts):
        try:
            RULES.check_relations(entity, finder(*accounts))
            accepted = True
        except RuleBroken:
            accepted = False
        assert accepted == (number not in above[number])


@pytest.mark.parametrize(
    ("state", "to", "allowed"),
    [
        ("prospect", "active", True),
        ("prospect", "inactive", True),
        ("active", "inactive", True),
        ("active", "prospect", False),
        ("inactive", "active", True),
        ("inactive", "prospect", True),
    ],
)
def test_the_transitions_of_a_customer(state, to, allowed):
    was, becomes = account(state=AccountState(state)), account(state=AccountState(to))
    if allowed:
        RULES.check(becomes, was)
    else:
        with pytest.raises(RuleBroken):
            RULES.check(becomes, was)
        RULES.check(becomes, was, remote=True)
