"""``isthmus explain``: every value with its source, its rule and whoever disagrees."""

from __future__ import annotations

from tests.commands.stage import Erp, Terminal

NAME = "海岳精密机械有限公司"


def test_a_record_is_explained_value_by_value(connected: Terminal, erp: Erp):
    made = erp.make_customer(NAME)
    erp.wang.edit("partner", made["id"], phone="13800000000")
    connected.call("sync", "run", "erp")
    connected.call("record", "edit", "account", NAME, "--set", "phone=010-1234567")

    document = connected.json("explain", "account", NAME)
    fields = {row["field"]: row for row in document["item"]["fields"]}
    phone = fields["phone"]
    assert (phone["value"], phone["source"]) == ("010-1234567", "hub")
    (other,) = phone["others"]
    assert (other["value"], other["source"]) == ("13800000000", f"erp/partner/{made['id']}")
    assert phone["last_change"]["actor"].startswith("cli:")
    name = fields["name"]
    assert name["steps"][0]["file"] == "sandbox/account.toml"
    assert name["steps"][0]["line"] > 1

    shown = connected.call("explain", "account", NAME).out
    assert "sandbox/account.toml:" in shown
    one = connected.call("explain", "account", NAME, "phone", "--lang", "zh").out
    assert "13800000000" in one
    assert other["lost_text"]
    assert "其他来源" in one
    assert [row["field"] for row in connected.json("explain", "account", NAME, "phone")["item"]["fields"]] == ["phone"]
    assert "phone" in connected.call("explain", "account", NAME, "colour", code=2).err
    assert "origins" in connected.json("record", "show", "account", NAME, "--explain")["item"]


def test_one_field_is_labelled_in_the_language_of_the_reader(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    connected.call("sync", "run", "erp")
    told = connected.call("explain", "account", NAME, "name", "--lang", "zh").out
    assert "来源" in told
    assert not [word for word in ("value ", "source", "origin", "why", "changed_at", "actor") if word in told]


def test_a_number_longer_than_an_id_is_looked_up_as_a_number(connected: Terminal):
    for words in (("explain", "account"), ("record", "show", "account"), ("trace",)):
        assert "0" * 40 in connected.call(*words, "0" * 40, code=2).err
