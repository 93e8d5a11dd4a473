"""What ``connection check`` looks at: reads only, but for a calendar that the admin asks for with ``new``. Each finding
names the right or the setting, and where it is in the vendor's console."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.wecom.client import WecomClient
from connectors.wecom.config import NEW, WecomConfig, decode_aes_key, is_callback_token, read_secret
from connectors.wecom.outcomes import CONSENT
from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import CheckItem

FATAL = ("wecom.login_refused", "wecom.corp_wrong", "wecom.app_disabled", "wecom.address_untrusted")
"""Whoever is refused for one of these need not ask anything else."""
CALENDAR_NAME = "Isthmus"
ADDRESS_BOOK, CUSTOMERS, CALENDAR = "address_book", "customers", "calendar"


def check_account(client: WecomClient, config: WecomConfig) -> Sequence[CheckItem]:
    """Every finding, up to the first that makes the rest unknowable."""
    found: list[CheckItem] = []
    try:
        for item in _look(client, config):
            found.append(item)  # noqa: PERF402 - what was found before an error counts
    except Transient as failed:
        code = failed.code if failed.code == "wecom.address_blocked" else "wecom.unreachable"
        found.append(CheckItem(False, code, {"url": config.url, "words": failed.vendor or failed.code}))
    except (NeedsConsent, Rejected) as refused:
        found.append(_explain(refused, config))
    return found


def _explain(refused: IsthmusError, config: WecomConfig) -> CheckItem:
    """What is said of such a refusal anywhere else, too; anything that is not known means another system."""
    if refused.code in (*CONSENT.values(), "wecom.token_refused"):
        return CheckItem(False, refused.code, refused.params)
    return CheckItem(False, "wecom.not_wecom", {"url": config.url, "words": refused.vendor or "—"})


def _look(client: WecomClient, config: WecomConfig) -> Iterator[CheckItem]:
    client.log_in()
    yield CheckItem(True, "wecom.logged_in", {"corp": config.corp_id, "url": config.url})
    yield from _try(config, "wecom.right_address_book", lambda: _check_members(client, config))
    yield from _try(config, "wecom.right_customers", lambda: _check_customers(client))
    yield from _check_calendar(client, config)
    if config.agent_id:
        yield from _try(config, "wecom.agent_wrong", lambda: _check_agent(client))
    yield from _check_callbacks(config)


def _try(config: WecomConfig, code: str, look: Callable[[], CheckItem]) -> Iterator[CheckItem]:
    """One finding; a right that is missing is named, and the rest goes on."""
    try:
        yield look()
    except NeedsConsent as refused:
        if refused.code in FATAL:
            raise
        yield CheckItem(False, code, _tell(refused, config))
    except Rejected as refused:
        yield CheckItem(False, code, _tell(refused, config))


def _tell(refused: IsthmusError, config: WecomConfig) -> Mapping[str, object]:
    return {**refused.params, "words": refused.vendor or "—", "agent": config.agent_id}


def _check_agent(client: WecomClient) -> CheckItem:
    return CheckItem(True, "wecom.agent_found", {"name": str(client.get_agent().get("name") or "—")})


def _check_members(client: WecomClient, config: WecomConfig) -> CheckItem:
    departments = client.list_departments()
    members = {str(row["userid"]) for one in departments for row in client.list_members(int(one["id"]))}
    told = {"departments": len(departments), "members": len(members), "agent": config.agent_id}
    return CheckItem(bool(members), "wecom.members_seen" if members else "wecom.nobody_visible", told)


def _check_customers(client: WecomClient) -> CheckItem:
    """The right, whoever has customers, and the tags."""
    followers = client.list_followers()
    if not followers:
        return CheckItem(False, "wecom.no_followers")
    customers = {id for userid in followers for id in client.list_customers(userid)}
    tags = sum(len(group.get("tag") or ()) for group in client.list_tag_groups())
    told = {"members": len(followers), "customers": len(customers), "tags": tags}
    return CheckItem(True, "wecom.customers_seen", told)


def _check_calendar(client: WecomClient, config: WecomConfig) -> Iterator[CheckItem]:
    if not config.calendar:
        yield CheckItem(True, "wecom.calendar_unnamed")
        return
    if not config.organiser:
        yield CheckItem(False, "wecom.organiser_missing", ours=True)
        return
    look = _make_calendar if config.calendar == NEW else _find_calendar
    yield from _try(config, "wecom.right_calendar", lambda: look(client, config))


def _make_calendar(client: WecomClient, config: WecomConfig) -> CheckItem:
    """The one thing that is written here, and only where the admin has said so. Not good yet: its id has to be entered,
    so that nothing is ever made twice."""
    told = {"organiser": config.organiser, "name": CALENDAR_NAME}
    try:
        made = client.add_calendar(config.organiser, CALENDAR_NAME)
    except OutcomeUnknown as unknown:
        return CheckItem(False, "wecom.calendar_unsure", {**told, "words": unknown.vendor or "—"})
    return CheckItem(False, "wecom.calendar_made", {**told, "calendar": made}, ours=True)


def _find_calendar(client: WecomClient, config: WecomConfig) -> CheckItem:
    told = {"calendar": config.calendar, "organiser": config.organiser}
    try:
        name = str(client.get_calendar(config.calendar).get("summary") or "—")
    except Rejected as refused:
        return CheckItem(False, "wecom.calendar_unknown", {**told, "words": refused.vendor or "—"})
    return CheckItem(True, "wecom.calendar_found", {**told, "name": name})


def _check_callbacks(config: WecomConfig) -> Iterator[CheckItem]:
    token, key = read_secret(config.callback_token), read_secret(config.aes_key)
    if not token and not key:
        yield CheckItem(True, "wecom.no_callbacks")
    elif is_callback_token(token) and decode_aes_key(key) is not None:
        yield CheckItem(True, "wecom.callbacks_ready")
    else:
        yield CheckItem(False, "wecom.callback_settings", ours=True)
