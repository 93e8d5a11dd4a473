from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crm.figures import Difference, check_declared, check_totals
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.money import places_of, round_money
from hub.model.sales import Order, OrderLine, OrderState
from tests.crm.strategies import ACCOUNT_ID, figures, order_values

RULES = rules_for("order")
CENT = Decimal("0.01")


def line(key="1", quantity="3", price="199.90", rate="0.13", **given_figures):
    given_figures = {name: Decimal(value) for name, value in given_figures.items()}
    return OrderLine(
        key=key, quantity=Decimal(quantity), unit_price=Decimal(price), tax_rate=Decimal(rate), **given_figures
    )


def values_of(*lines, currency="CNY", **more):
    return {"account_id": ACCOUNT_ID, "currency": currency, "lines": lines, **more}


def order(**values):
    return Order.model_validate({"id": UUID(int=9), "account_id": ACCOUNT_ID, "currency": "CNY", **values})


def is_whole(amount, currency):
    return amount == round_money(amount, currency)


# ------------------------------------------------------------ our own figures


def test_the_figures_of_one_line():
    # The sale that a real Tryton returned for the same line: 599.70 without tax, 677.66 with 13 %.
    done = RULES.complete(values_of(line()))
    assert (done["net"], done["tax"], done["gross"]) == (Decimal("599.70"), Decimal("77.96"), Decimal("677.66"))
    assert done["base_gross"] == Decimal("677.66")


def test_halves_go_up_in_each_line():
    done = RULES.complete(values_of(line("1", "1", "0.125", "0"), line("2", "1", "0.125", "0")))
    assert done["net"] == Decimal("0.26")


def test_the_base_amount_follows_the_base_currency():
    done = RULES.complete(
        values_of(line("1", "1", "10", "0"), currency="USD", rate=Decimal("150.05"), base_currency="JPY")
    )
    assert str(done["base_gross"]) == "1501"


@given(order_values())
def test_our_totals_always_add_up(values):
    done = RULES.complete(values)
    assert check_totals(done) is None
    assert check_declared(done, "line") is None
    for name in ("net", "tax", "gross"):
        assert done[name] == sum(getattr(row, name) for row in done["lines"])


@given(order_values())
def test_every_figure_is_payable(values):
    done = RULES.complete(values)
    for row in [*done["lines"], *[OrderLine(key="0", quantity=Decimal(0), unit_price=Decimal(0))]]:
        assert all(is_whole(getattr(row, name), values["currency"]) for name in ("net", "tax", "gross"))
    assert is_whole(done["base_gross"], values["base_currency"])


@given(order_values())
def test_no_line_is_off_by_more_than_half_a_unit(values):
    half = Fraction(1, 2 * 10 ** places_of(values["currency"]))
    for row in RULES.complete(values)["lines"]:
        assert abs(Fraction(row.net) - Fraction(row.quantity) * Fraction(row.unit_price)) <= half
        assert abs(Fraction(row.tax) - Fraction(row.net) * Fraction(row.tax_rate)) <= half


@given(order_values())
def test_the_base_amount_is_off_by_half_a_unit_at_most(values):
    done = RULES.complete(values)
    exact = Fraction(done["gross"]) * Fraction(values["rate"])
    assert abs(Fraction(done["base_gross"]) - exact) <= Fraction(1, 2 * 10 ** places_of(values["base_currency"]))


@given(order_values(), st.booleans())
def test_computing_twice_changes_nothing(values, own_figures):
    once = RULES.complete(values, own_figures=own_figures)
    assert RULES.complete(once, own_figures=own_figures) == once


@given(order_values())
def test_completed_values_make_a_record(values):
    Order.model_validate({"id": UUID(int=9), **RULES.complete(values)})


@given(order_values(), figures)
def test_what_a_person_typed_as_figure_does_not_count(values, wrong):
    typed = {**values, "net": wrong, "gross": wrong, "base_gross": wrong}
    assert RULES.complete(typed) == RULES.complete(values)


def test_completing_leaves_the_argument_alone():
    values = values_of(line())
    before = dict(values)
    RULES.complete(values)
    assert values == before


def test_an_amount_too_large_to_keep_names_its_field():
    with pytest.raises(RuleBroken) as caught:
        RULES.complete(values_of(line(quantity="999999999", price="999999999")))
    assert caught.value.code == "crm.amount_unusable"
    assert "order.net" in caught.value.text()


def test_a_currency_is_needed():
    with pytest.raises(RuleBroken, match=r"order\.currency"):
        RULES.complete({"lines": ()})


# ------------------------------------------------------------ another system's figures


@given(order_values(), figures, figures, figures, figures)
def test_given_figures_stay_as_they_are(values, net, tax, gross, base_gross):
    given_values = {**values, "net": net, "tax": tax, "gross": gross, "base_gross": base_gross}
    given_values["lines"] = tuple(
        row.model_copy(update={"net": net, "tax": tax, "gross": gross}) for row in values["lines"]
    )
    assert RULES.complete(given_values, own_figures=False) == given_values


@given(order_values())
def test_without_any_figures_given_they_are_ours(values):
    assert RULES.complete(values, own_figures=False) == RULES.complete(values, own_figures=True)


@pytest.mark.parametrize(
    ("given_figures", "expected"),
    [
        ({"net": "599.71"}, ("599.71", "77.96", "677.67")),
        ({"tax": "70.00"}, ("599.70", "70.00", "669.70")),
        ({"net": "600", "gross": "670"}, ("600", "70", "670")),
        ({"tax": "70", "gross": "670"}, ("600", "70", "670")),
        ({"net": "600", "tax": "70"}, ("600", "70", "670")),
        ({"gross": "677.70"}, ("599.74", "77.96", "677.70")),
    ],
)
def test_missing_figures_follow_from_the_given_ones(given_figures, expected):
    row = RULES.complete(values_of(line(**given_figures)), own_figures=False)["lines"][0]
    assert (row.net, row.tax, row.gross) == tuple(map(Decimal, expected))
    assert row.net + row.tax == row.gross


def test_a_given_header_is_kept_beside_other_lines():
    done = RULES.complete(values_of(line(), tax=Decimal("78.00"), net=Decimal("599.70")), own_figures=False)
    assert (done["tax"], done["gross"]) == (Decimal("78.00"), Decimal("677.70"))
    assert check_totals(done, CENT) == Difference("tax", Decimal("77.96"), Decimal("78.00"))
    assert check_totals(done, Decimal("0.05")) is None


def test_a_header_without_lines_is_not_compared_with_them():
    header = {"currency": "CNY", "net": Decimal(100), "tax": Decimal(13), "gross": Decimal(113)}
    assert check_totals(header) is None
    assert check_totals({**header, "lines": ()}) == Difference("net", Decimal(0), Decimal(100))


def test_a_line_that_does_not_add_up_is_named():
    found = check_totals(
        values_of(line("7", net="10", tax="1", gross="12"), net=Decimal(10), tax=Decimal(2), gross=Decimal(12))
    )
    assert found == Difference("lines.7.gross", Decimal(11), Decimal(12))
    assert found.amount == 1


@given(order_values(), st.sampled_from(["net", "tax", "gross"]), figures.filter(bool))
def test_no_changed_header_figure_goes_unnoticed(values, name, change):
    done = RULES.complete(values)
    changed = {**done, name: done[name] + change}
    assert check_totals(changed) is not None
    assert check_totals(changed, abs(change)) is None
    assert check_declared(changed, "line") == Difference(name, done[name], done[name] + change)


# ------------------------------------------------------------ declared rounding


def test_document_rounding_sums_before_it_rounds():
    lines = [line(str(number), "1", "0.50", "0.01") for number in range(3)]
    document = values_of(*lines, net=Decimal("1.50"), tax=Decimal("0.02"), gross=Decimal("1.52"))
    assert check_declared(document, "document") is None
    assert check_declared(document, "line") == Difference("tax", Decimal("0.03"), Decimal("0.02"))
    assert check_declared(document, "line", CENT) is None


def test_document_rounding_taxes_each_rate_on_its_own():
    lines = [line("1", "1", "1.10", "0.13"), line("2", "1", "1.10", "0.06")]
    document = values_of(*lines, net=Decimal("2.20"), tax=Decimal("0.21"), gross=Decimal("2.41"))
    assert check_declared(document, "document") is None


def test_document_rounding_takes_halves_to_the_even_neighbour():
    document = values_of(
        line("1", "1", "0.50", "0.05"), net=Decimal("0.50"), tax=Decimal("0.02"), gross=Decimal("0.52")
    )
    assert check_declared(document, "document") is None
    assert check_declared(document, "line") == Difference("tax", Decimal("0.03"), Decimal("0.02"))


@given(order_values())
def test_both_roundings_stay_close(values):
    done = RULES.complete(values)
    unit = Decimal(1).scaleb(-places_of(values["currency"]))
    assert check_declared(done, "document", 3 * unit * max(1, len(done["lines"]))) is None


@given(order_values())
def test_a_tax_default_of_the_other_system_is_noticed(values):
    done = RULES.complete(values)
    taxed = sum(round_money(row.net * Decimal("0.13"), values["currency"], ROUND_HALF_EVEN) for row in done["lines"])
    again = {**done, "tax": taxed, "gross": done["net"] + taxed}
    assert (check_declared(again, "line") is None) == (taxed == done["tax"])


def test_an_unknown_rounding_is_refused():
    with pytest.raises(RuleBroken, match="line, document"):
        check_declared(values_of(), "banker")


# ------------------------------------------------------------ states


DIRECT = {
    ("draft", "submitted"), ("draft", "void"),
    ("submitted", "approved"), ("submitted", "draft"), ("submitted", "void"),
    ("approved", "closed"), ("approved", "draft"), ("approved", "void"),
    ("closed", "approved"),
}  # fmt: skip


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("to", OrderState)
def test_the_transitions_of_an_order(state, to):
    if state == to or (state, to) in DIRECT:
        RULES.check_transition(state, to)
    else:
        with pytest.raises(RuleBroken) as caught:
            RULES.check_transition(state, to)
        assert caught.value.code == "crm.transition_refused"


def test_the_refusal_names_what_is_allowed():
    with pytest.raises(RuleBroken, match="allowed from there: approved"):
        RULES.check_transition("closed", "void")
    with pytest.raises(RuleBroken, match="allowed from there: —"):
        RULES.check_transition("void", "draft")


@pytest.mark.parametrize("state", OrderState)
def test_another_system_may_jump_to_wherever_a_walk_leads(state):
    reached = {to for to in OrderState if RULES.can_reach(state, to)}
    assert reached == ({OrderState.VOID} if state is OrderState.VOID else set(OrderState))


# ------------------------------------------------------------ checks


def refused(entity, previous=None, remote=False):
    with pytest.raises(RuleBroken) as caught:
        RULES.check(entity, previous, remote=remote)
    return caught.value.code


def test_an_order_made_here_needs_lines_before_it_leaves_the_draft():
    draft, submitted = order(), order(state="submitted")
    RULES.check(draft)
    assert refused(submitted, draft) == "crm.order_empty"
    RULES.check(order(state="submitted", lines=(line(),)), draft)
    RULES.check(order(state="approved"), draft, remote=True)


def test_a_jump_is_refused_here_and_accepted_from_elsewhere():
    approved = order(state="approved", lines=(line(),))
    assert refused(approved, order(lines=(line(),))) == "crm.transition_refused"
    RULES.check(approved, order(lines=(line(),)), remote=True)


def test_void_is_final_for_everybody():
    void = order(state="void", number="SO-1")
    assert refused(order(state="draft"), void) == "crm.transition_refused"
    assert refused(order(state="draft"), void, remote=True) == "crm.transition_refused"
    assert refused(order(state="void", number="SO-1", note="again"), void) == "crm.order_void"
    RULES.check(order(state="void", number="SO-1", revision=5, tags=("old",)), void)


@pytest.mark.parametrize(("currency", "rate"), [("USD", "0"), ("USD", "-1"), ("CNY", "1.1")])
def test_an_impossible_exchange_rate(currency, rate):
    assert refused(order(currency=currency, rate=rate)) == "crm.rate_impossible"


@pytest.mark.parametrize("rate", ["13", "-0.13"])
def test_a_percentage_is_no_tax_rate(rate):
    with pytest.raises(RuleBroken, match=r"order\.lines\.1\.tax_rate.*0\.13"):
        RULES.check(order(lines=(line(rate=rate),)), remote=True)


def test_line_keys_are_unique():
    assert refused(order(lines=(line("1"), line("1")))) == "crm.line_key_twice"
