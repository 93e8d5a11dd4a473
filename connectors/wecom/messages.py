"""Telling people: by the robot of a group, else as a message of the app; as text, markdown or a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.wecom.client import WecomClient
from connectors.wecom.config import PUBLIC_URL, WecomConfig
from hub.errors import ConfigInvalid, Rejected
from hub.sdk import Message, MessageItem

MOST_BYTES = 2048
"""Of a text or markdown; the server cuts what is longer, in the middle of whatever it says."""
MOST_TITLE, MOST_WORDS = 36, 112
"""Characters of a card's title and of what stands below it."""
MOST_ITEMS = 6
"""Rows of a card."""
SAME_FOR_S = 1800
"""The same message within this time is delivered once."""
LINK = PUBLIC_URL.rpartition("/")[0]


def tell(client: WecomClient, config: WecomConfig, message: Message) -> None:
    """One digest. The app's messages are delivered once even when they are sent again; a robot knows no such thing."""
    content = compose(config, message)
    if config.robot_key is not None:
        client.say(content)
        return
    if not config.notify_to:
        raise ConfigInvalid("wecom.nobody_to_tell")
    once = {"enable_duplicate_check": 1, "duplicate_check_interval": SAME_FOR_S}
    answer = client.send({"touser": config.notify_to, **content, **once})
    missing = str(answer.get("invaliduser") or "")
    if missing:
        raise Rejected("wecom.message_unreceived", members=missing)


def compose(config: WecomConfig, message: Message) -> Mapping[str, Any]:
    """The body of a message in the form that the admin chose."""
    if config.notify_as == "card":
        return {"msgtype": "template_card", "template_card": _make_card(message, config.notify_link or LINK)}
    if config.notify_as == "markdown":
        return {"msgtype": "markdown", "markdown": {"content": cut_bytes(_write_markdown(message), MOST_BYTES)}}
    return {"msgtype": "text", "text": {"content": cut_bytes(f"{message.title}\n{message.text}", MOST_BYTES)}}


def _write_markdown(message: Message) -> str:
    lines = [f"**{message.title}**", *(_write_item(item) for item in message.items)]
    if not message.items:
        lines.append(message.text)
    elif message.count > len(message.items):
        lines.append(f"> +{message.count - len(message.items)}")
    return "\n".join(lines)


def _write_item(item: MessageItem) -> str:
    about = " ".join(filter(None, (item.connection, item.number, item.amount)))
    return f"> **{about}** {item.text}\n> `{item.command}`"


def _make_card(message: Message, link: str) -> Mapping[str, Any]:
    rows = [
        {"keyname": _cut(item.number or item.connection, 5), "value": _cut(item.text, 26)}
        for item in message.items[:MOST_ITEMS]
    ]
    return {
        "card_type": "text_notice",
        "main_title": {"title": _cut(message.title, MOST_TITLE)},
        "emphasis_content": {"title": str(message.count or len(message.items) or 1)},
        "sub_title_text": _cut(message.text, MOST_WORDS),
        "horizontal_content_list": rows,
        "card_action": {"type": 1, "url": link},
        "task_id": message.id.replace(".", "_")[:128],
    }


def cut_bytes(text: str, most: int) -> str:
    """The beginning of a text, cut where a line ends so that nobody takes half a sentence for a whole one."""
    if len(text.encode()) <= most:
        return text
    kept = text.encode()[: most - 4].decode("utf-8", "ignore")
    return f"{kept.rpartition(chr(10))[0] or kept}\n…"


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
