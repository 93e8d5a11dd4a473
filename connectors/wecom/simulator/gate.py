"""Who calls and how often: tokens, blocked addresses, limits, rights."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.wecom.simulator.corp import Corp, Refused

BLOCK_S = 3600.0
MINUTE_S, HOUR_S = 60.0, 3600.0


@dataclass
class Token:
    text: str
    ends_s: float


class Gate:
    """One app's door. The same token is given out until it ends: there is one for each app at a time."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp
        self.token: Token | None = None
        self.asked = 0
        """Calls of gettoken."""
        self.wrong = 0
        """Wrong secrets since the last good one."""
        self.blocked_until_s = 0.0
        self._made = 0
        self._calls: dict[tuple[str, float], deque[float]] = defaultdict(deque)
        """Times of the calls of each API within each window."""

    def give_token(self, query: Mapping[str, str]) -> dict[str, object]:
        self.asked += 1
        settings, now_s = self._corp.settings, self._corp.clock.monotonic()
        if now_s < self.blocked_until_s:
            raise Refused(45009, "api freq out of limit: too many wrong secrets from this ip")
        if query.get("corpid") != settings.corp_id:
            raise Refused(40013, "invalid corpid")
        if query.get("corpsecret") != settings.secret:
            self.wrong += 1
            if self.wrong >= settings.wrong_secrets:
                self.blocked_until_s = now_s + BLOCK_S
            raise Refused(40001, "invalid credential")
        self.wrong = 0
        if self.token is None or self.token.ends_s <= now_s:
            self._made += 1
            self.token = Token(f"token-{self._made:06d}", now_s + settings.token_s)
        left_s = max(1, int(self.token.ends_s - now_s))
        return {"access_token": self.token.text, "expires_in": left_s}

    def end_token(self) -> None:
        """The server ends it early."""
        self.token = None

    def admit(self, path: str, query: Mapping[str, str]) -> None:
        """Nothing, or the refusal of a call."""
        settings, now_s = self._corp.settings, self._corp.clock.monotonic()
        given = query.get("access_token", "")
        if not given:
            raise Refused(41001, "access_token missing")
        if self.token is None or given != self.token.text:
            raise Refused(40014, "invalid access_token")
        if self.token.ends_s <= now_s:
            raise Refused(42001, "access_token expired")
        if not settings.enabled:
            raise Refused(50003, "app is disabled")
        if not settings.trusted:
            raise Refused(60020, "not allow to access from your ip")
        self.count(path, settings.per_minute)
        self.count(path, settings.per_hour, HOUR_S)
        if settings.denies(path):
            raise Refused(48002, "api forbidden")

    def count(self, path: str, most: int, window_s: float = MINUTE_S) -> None:
        """A window for each API."""
        now_s = self._corp.clock.monotonic()
        calls = self._calls[path, window_s]
        while calls and calls[0] <= now_s - window_s:
            calls.popleft()
        if len(calls) >= most:
            raise Refused(45009, "api freq out of limit")
        calls.append(now_s)
