"""What kind of company is simulated: every way in which real ones differ, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

CORP = "ww0123456789abcdef"
AGENT = 1000002
SECRET = "invented-secret"  # pragma: allowlist secret
CALLBACK_TOKEN = "hubtoken"  # pragma: allowlist secret
AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # pragma: allowlist secret
ROBOT_KEY = "appkey1"


@dataclass(frozen=True)
class WecomSettings:
    """Defaults are those of a company whose app has every right that the connector needs. Times are seconds of the
    clock handed to the corp."""

    corp_id: str = CORP
    secret: str = SECRET
    agent_id: int = AGENT
    callback_token: str = CALLBACK_TOKEN
    aes_key: str = AES_KEY
    robot_key: str = ROBOT_KEY
    token_s: int = 7200
    """Life of an access token."""
    per_minute: int = 10_000
    """Calls of one API in a minute before 45009."""
    per_hour: int = 150_000
    """Calls of one API in an hour before 45009."""
    member_per_minute: int = 30
    """Messages of the app to one member in a minute; the surplus is dropped without a word."""
    wrong_secrets: int = 5
    """Wrong secrets from one address before it is blocked for an hour."""
    trusted: bool = True
    """The caller's address is among the app's trusted ones."""
    denied: str = ""
    """What the app has no right to, by the first part of the path: ``externalcontact,oa``."""
    enabled: bool = True
    """The app is switched on."""
    followers_visible: bool = True
    """Somebody with the right of customer contact is in the app's visible range."""
    schedule_form: str = "organizer"
    """Who calls an appointment, in the older form, or ``admins``: the newer one, which does not know the other."""
    robot_per_minute: int = 20
    """Messages that one robot may send in a minute."""

    def denies(self, path: str) -> bool:
        return path.split("/")[0] in self.denied.replace(" ", "").split(",")

    @classmethod
    def from_texts(cls, options: Mapping[str, str]) -> WecomSettings:
        """Settings from texts as a command line gives them; ``ValueError`` names what is wrong."""
        types = get_type_hints(cls)
        unknown = set(options) - types.keys()
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(f.name for f in fields(cls))}")
        return cls(**{name: parse_option(name, types[name], text) for name, text in options.items()})


def parse_option(name: str, kind: type, text: str) -> Any:
    """The value of one option; ``ValueError`` names it."""
    if kind is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise ValueError(f"{name} must be true or false, not {text!r}")
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"{name} must be {kind.__name__}, not {text!r}") from error
