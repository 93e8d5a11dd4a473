from uuid import UUID

import pytest

from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.party import Contact, ContactLink, Identifier, IdentifierKind, Validity

RULES = rules_for("contact")


def contact(*links, name="王芳", **more):
    return Contact(id=UUID(int=1), name=name, links=links, **more)


def link(key, account, primary=False):
    return ContactLink(key=key, account_id=UUID(int=account), primary=primary)


def refused(entity):
    with pytest.raises(RuleBroken) as caught:
        RULES.check(entity)
    return caught.value.code


def test_a_person_may_speak_for_several_customers():
    RULES.check(contact(link("1", 1, primary=True), link("2", 2)))


def test_a_person_is_linked_to_a_customer_once():
    assert refused(contact(link("1", 1), link("2", 1))) == "crm.link_twice"


def test_one_customer_is_the_primary_one():
    assert refused(contact(link("1", 1, primary=True), link("2", 2, primary=True))) == "crm.primary_twice"


def test_link_keys_are_unique():
    assert refused(contact(link("1", 1), link("1", 2))) == "crm.line_key_twice"


def test_a_person_has_a_name():
    assert refused(contact(name=" ")) == "crm.name_missing"


def test_identifiers_are_checked():
    rows = (Identifier(key="1", kind=IdentifierKind.LEI, value="213800KUD8LAJWSQ9D16"),)
    assert RULES.complete({"identifiers": rows})["identifiers"][0].validity is Validity.INVALID
