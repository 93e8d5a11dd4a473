"""What ``connection check`` looks at: reads only, and each finding names the right, field or setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.kingdee.client import KingdeeClient, quote_text
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.shapes import ORDER, REFUND, SHAPES, VOUCHER, Shape
from connectors.kingdee.streams import STREAMS
from connectors.kingdee.tables import KingdeeTables
from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, Rejected, Transient
from hub.sdk import CheckItem

NEWEST = 200
LOGIN_CODES = ("kingdee.session_refused", "kingdee.login_refused")


def check_account(client: KingdeeClient, tables: KingdeeTables, config: KingdeeConfig) -> Sequence[CheckItem]:
    """Every finding, up to the first that makes the rest unknowable."""
    found: list[CheckItem] = []
    try:
        for item in _look(client, tables, config):
            found.append(item)  # noqa: PERF402 - what was found before an error counts
    except Transient as failed:
        found.append(CheckItem(False, "kingdee.unreachable", {"url": config.url, "words": failed.vendor or ""}))
    except Rejected as refused:
        found.append(CheckItem(False, "kingdee.not_kingdee", {"url": config.url, "words": refused.vendor or ""}))
    except NeedsConsent as refused:
        found.append(_explain_login(client, config, refused))
    except ConfigInvalid as wrong:
        found.append(CheckItem(False, wrong.code, {**wrong.params, "words": wrong.vendor or ""}))
    return found


def _explain_login(client: KingdeeClient, config: KingdeeConfig, refused: NeedsConsent) -> CheckItem:
    """The calls only say that a session is lost; a login says why."""
    words = refused.vendor or ""
    if refused.code in LOGIN_CODES:
        try:
            words = client.try_login() or words
        except IsthmusError as error:
            words = error.vendor or words
    told = {"user": config.user, "app": config.app_id.partition("_")[0], "words": words}
    return CheckItem(False, "kingdee.login_wrong", told)


def _look(client: KingdeeClient, tables: KingdeeTables, config: KingdeeConfig) -> Iterator[CheckItem]:
    sets = client.list_account_sets()
    yield CheckItem(True, "kingdee.reached", {"url": config.url})
    if sets and config.account_set not in sets:
        known = ", ".join(f"{id} ({name})" for id, name in sets.items())
        yield CheckItem(False, "kingdee.account_unknown", {"account": config.account_set, "known": known})
        return
    organisations = client.query("ORG_Organizations", ["FNumber", "FName"], "", "FNumber ASC", limit=NEWEST)
    name = sets.get(config.account_set, "-")
    yield CheckItem(True, "kingdee.logged_in", {"user": config.user, "account": config.account_set, "name": name})
    if config.organisation not in {str(number) for number, _ in organisations}:
        known = ", ".join(f"{number} ({title})" for number, title in organisations)
        yield CheckItem(False, "kingdee.organisation_unknown", {"number": config.organisation, "known": known})
        return
    asked = {VOUCHER: config.vouchers, REFUND: config.refunds}
    for shape in (shape for shape in SHAPES if asked.get(shape, True)):
        yield from _check_form(client, config, shape)
    yield from _check_login(client, config)
    yield from _check_codes(tables, config)


def _check_form(client: KingdeeClient, config: KingdeeConfig, shape: Shape) -> Iterator[CheckItem]:
    """May we see the form, does it have the fields that are asked for, and the one that carries our reference?"""
    told = {"form": shape.form, "name": shape.name}
    field = shape.number_key if config.numbers_are_ours else config.reference_field
    columns = shape.list_columns(shape.number_key, config.left_out)
    try:
        client.query(shape.form, columns, f"{shape.id_key} = 0", f"{shape.id_key} ASC", limit=1)
    except NeedsConsent as refused:
        if refused.code in LOGIN_CODES:
            raise
        yield CheckItem(False, "kingdee.form_closed", {**told, "words": refused.vendor or ""})
        return
    except ConfigInvalid as wrong:
        yield CheckItem(False, "kingdee.form_differs", {**told, "words": wrong.vendor or ""})
        return
    if shape in WRITTEN:
        try:
            client.query(shape.form, [field], f"{shape.id_key} = 0", f"{shape.id_key} ASC", limit=1)
        except ConfigInvalid:
            yield CheckItem(False, "kingdee.reference_missing", {**told, "field": field})
            return
    yield CheckItem(True, "kingdee.form_open", told)


def _check_login(client: KingdeeClient, config: KingdeeConfig) -> Iterator[CheckItem]:
    """Whether the login is the hub's own: whatever it made carries a reference. That documents show its maker by this
    name nobody has seen on a live account, so nothing found says nothing."""
    if config.numbers_are_ours:
        return
    mine = f"FCreatorId.FName = {quote_text(config.shown_as)}"
    try:
        rows = client.query(ORDER.form, ["FID", config.reference_field], mine, "FID DESC", limit=NEWEST)
    except (ConfigInvalid, NeedsConsent):
        return  # told already
    strange = [row for row in rows if not row[1]]
    told = {"user": config.shown_as, "count": len(strange)}
    code = "kingdee.person_login" if strange else "kingdee.own_login" if rows else "kingdee.login_untold"
    yield CheckItem(not strange, code, told)


def _check_codes(tables: KingdeeTables, config: KingdeeConfig) -> Iterator[CheckItem]:
    """The base data that every document of ours names."""
    settle_types = tables.codes()["payment_method"]
    if config.settle_type not in settle_types:
        known = ", ".join(f"{number} ({name})" for number, name in settle_types.items())
        yield CheckItem(False, "kingdee.settle_type_unknown", {"number": config.settle_type, "known": known})


WRITTEN = (*(stream.shape for stream in STREAMS if stream.carries_reference), REFUND)
