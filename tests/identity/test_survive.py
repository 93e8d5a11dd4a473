from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.identity.survive import HUB, Claim, explain_choice, resolve_claims
from hub.model.ownership import Owner

START = datetime(2026, 1, 1, tzinfo=UTC)


def claim(source, at=0, **values):
    connection = None if source == HUB else source.partition("/")[0]
    return Claim(source, connection, values, dict.fromkeys(values, START + timedelta(minutes=at)))


def resolve(*claims, number_field="number", **owners):
    """``owners``: connection → owner of every field there."""
    found = resolve_claims(claims, lambda connection, field: owners[connection], number_field=number_field)
    return {name: (value, found.provenance[name]) for name, value in found.values.items()}


def test_the_number_stays_where_it_was_first_given():
    erp, shop = claim("erp/sale/1", 5, number="E-1"), claim("shop/order/1", 2, number="S-1")
    owners = {"erp": Owner.REMOTE, "shop": Owner.REMOTE}
    assert resolve(erp, shop, **owners)["number"] == ("S-1", "shop/order/1")
    assert resolve(erp, shop, claim(HUB, 9, number="H-1"), **owners)["number"] == ("H-1", HUB)


def test_a_void_made_in_the_hub_holds_against_everybody():
    erp = claim("erp/sale/1", 5, state="approved")
    assert resolve(erp, claim(HUB, 1, state="void"), erp=Owner.REMOTE)["state"] == ("void", HUB)
    assert resolve(erp, claim(HUB, 9, state="draft"), erp=Owner.REMOTE)["state"] == ("approved", "erp/sale/1")


def test_the_owner_has_the_say_however_old_its_value():
    owner, other = claim("erp/party/1", 1, name="erp"), claim("shop/customer/1", 9, name="shop")
    found = resolve(owner, other, claim(HUB, 8, name="hub"), erp=Owner.REMOTE, shop=Owner.SHARED)
    assert found["name"] == ("erp", "erp/party/1")


def test_of_two_owners_the_newer_value_holds():
    one, other = claim("erp/party/1", 3, name="one"), claim("shop/customer/1", 2, name="other")
    assert resolve(one, other, erp=Owner.REMOTE, shop=Owner.REMOTE)["name"] == ("one", "erp/party/1")


def test_the_hubs_edit_holds_where_a_connection_leaves_the_field_to_it():
    found = resolve(claim("erp/party/1", 9, name="erp"), claim(HUB, 1, name="hub"), erp=Owner.HUB)
    assert found["name"] == ("hub", HUB)


def test_a_shared_field_takes_the_newest_change():
    erp, hub = claim("erp/party/1", 2, name="erp"), claim(HUB, 1, name="hub")
    assert resolve(erp, hub, erp=Owner.SHARED)["name"] == ("erp", "erp/party/1")
    assert resolve(erp, claim(HUB, 3, name="hub"), erp=Owner.SHARED)["name"] == ("hub", HUB)


def test_without_an_edit_here_a_shared_source_comes_before_one_that_defers_to_the_hub():
    shared, deferring = claim("erp/party/1", 1, name="erp"), claim("shop/customer/1", 9, name="shop")
    found = resolve(shared, deferring, erp=Owner.SHARED, shop=Owner.HUB)
    assert found["name"] == ("erp", "erp/party/1")
    assert resolve(deferring, shop=Owner.HUB)["name"] == ("shop", "shop/customer/1")


def test_who_only_follows_the_hub_does_not_undo_what_somebody_who_shares_edited() -> None:
    mine, theirs = claim(HUB, 1, name="hub"), claim("erp/party/1", 5, name="erp")
    follower = claim("shop/customer/1", 9, name="old")
    assert resolve(mine, theirs, follower, erp=Owner.SHARED, shop=Owner.HUB)["name"] == ("erp", "erp/party/1")
    later = claim(HUB, 7, name="hub")
    assert resolve(later, theirs, follower, erp=Owner.SHARED, shop=Owner.HUB)["name"] == ("hub", HUB)


def test_a_field_that_one_source_leaves_out_comes_from_another():
    erp, shop = claim("erp/party/1", 1, name="erp"), claim("shop/customer/1", 2, phone="1")
    found = resolve(erp, shop, erp=Owner.REMOTE, shop=Owner.REMOTE)
    assert found == {"name": ("erp", "erp/party/1"), "phone": ("1", "shop/customer/1")}


values = st.dictionaries(st.sampled_from(["number", "state", "name", "phone"]), st.sampled_from(["void", "a", "b"]))
sources = st.sampled_from([HUB, "erp/x/1", "erp/x/2", "shop/x/1", "bank/x/1"])
claims = st.builds(lambda source, at, found: claim(source, at, **found), sources, st.integers(0, 3), values)
owners = st.fixed_dictionaries(dict.fromkeys(["erp", "shop", "bank"], st.sampled_from(Owner)))


@given(st.lists(claims, unique_by=lambda one: one.source), owners, st.randoms(use_true_random=False))
def test_every_value_has_its_source_and_the_order_of_the_sources_does_not_matter(found, owner_by_name, random):
    resolved = resolve(*found, **owner_by_name)
    by_source = {one.source: one.values for one in found}
    assert resolved.keys() == {name for one in found for name in one.values}
    assert all(by_source[source][name] == value for name, (value, source) in resolved.items())
    random.shuffle(found)
    assert resolve(*found, **owner_by_name) == resolved


def prefer(wanted, *claims, owner=Owner.SHARED):
    """(source, rule) of the name, where ``wanted`` is preferred."""
    found = explain_choice(
        "name", claims, lambda connection, field: owner, number_field="number", preferences={"name": wanted}
    )
    assert found is not None
    resolved = resolve_claims(
        claims, lambda connection, field: owner, number_field="number", preferences={"name": wanted}
    )
    assert resolved.provenance["name"] == found[0].source
    return found[0].source, found[1]


def test_the_preferred_source_holds_where_none_decides():
    erp, shop, mine = (
        claim("erp/p/1", 9, name="海岳"),
        claim("shop/c/1", 1, name="海岳精密机械"),
        claim(HUB, 5, name="岳"),
    )
    for owner in (Owner.SHARED, Owner.REMOTE):
        told = "owner" if owner is Owner.REMOTE else ""
        assert prefer("newest", erp, shop, owner=owner) == ("erp/p/1", told or "newest")
        assert prefer("complete", erp, shop, owner=owner) == ("shop/c/1", told or "complete")
        assert prefer(("shop", "erp"), erp, shop, owner=owner) == ("shop/c/1", told or "ranked")
    assert prefer(("hub", "erp"), erp, shop, mine) == (HUB, "ranked")
    assert prefer(("crm",), erp, shop) == ("erp/p/1", "newest")
    assert prefer(("shop", "erp"), erp, claim("shop/c/1", 1, name="")) == ("erp/p/1", "ranked")


def test_what_a_person_pinned_holds_against_an_owner():
    erp = claim("erp/p/1", 9, name="海岳")
    mine = replace(claim(HUB, 1, name="岳"), pinned=frozenset({"name"}))
    assert prefer("newest", erp, mine, owner=Owner.REMOTE) == (HUB, "pinned")


def test_what_a_registry_says_holds_where_that_is_preferred():
    erp, registry = claim("erp/p/1", 9, name="海岳"), replace(claim("qcc/registry/1", 1, name="上海海岳"), humble=True)
    assert prefer("newest", erp, registry)[0] == "erp/p/1"
    assert prefer("verified", erp, registry) == ("qcc/registry/1", "verified")


def test_a_merged_record_fills_what_the_survivor_does_not_say():
    erp, merged = claim("erp/p/1", 1, name="海岳"), replace(claim("erp/p/2", 9, name="岳"), merged=True)
    silent = replace(claim("erp/p/3", 9, name=""), merged=True)
    assert prefer("", erp, merged) == ("erp/p/1", "survivor")
    assert prefer("newest", erp, merged) == ("erp/p/2", "newest")
    assert prefer("newest", erp, silent)[0] == "erp/p/1", "who says nothing empties nothing"
    assert prefer("", claim("erp/p/1", 1, name=""), merged)[0] == "erp/p/2"
    assert prefer("", claim("erp/p/1", 9, name=""), claim("shop/c/1", 1, name="海岳"))[0] == "erp/p/1", "emptied there"
    assert prefer("", erp, merged, claim(HUB, 2, name=""))[0] == HUB, "emptied here"
    mine, theirs = claim(HUB, 1, name="海岳"), replace(claim("hub#2", 9, name="岳"), merged=True)
    assert prefer("", erp, mine, theirs, owner=Owner.HUB) == (HUB, "edited")
