"""The broker: in this process, or Redis by address. It carries hints only; the database is the truth."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

from dramatiq import Actor, Broker, Middleware
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import BrokerError
from dramatiq.middleware import Retries, TimeLimit

from hub.errors import ConfigInvalid, keep_secret
from hub.runtime.logs import write_log

NAMESPACE = "isthmus"
CONNECT_S = 2.0
ANSWER_S = 5.0
"""Longer than this nobody waits for the broker; what it would have said is in the database anyway."""
REST_S = 5.0
"""A broker that did not answer is left alone for so long."""
MOST_WAITING = 500
"""With more messages in a queue no further one is sent: the rows are there, and workers have enough to do."""


def open_broker(url: str | None) -> Broker:
    """A broker that nobody has to look for: importing our modules binds none. Redis may be away; nothing is sent yet.

    Retries are off because our rows carry them; the middleware stays, so that a failed message is logged and dropped.
    """
    middleware: list[Middleware] = [TimeLimit(), Retries(max_retries=0)]
    if url is None:
        return StubBroker(middleware=middleware)
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ConfigInvalid("runtime.broker_url_invalid")
    if parts.password:
        keep_secret(parts.password)
    return _open_redis(url, middleware)


def _open_redis(url: str, middleware: list[Middleware]) -> Broker:
    from dramatiq.brokers.redis import RedisBroker
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_S,
        socket_timeout=ANSWER_S,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
    )
    broker: Broker = RedisBroker(  # type: ignore[no-untyped-call] # dramatiq leaves it without types
        client=client, middleware=middleware, namespace=NAMESPACE
    )
    return broker


class Line:
    """The way to the broker. A broker that is away costs a hint, never the work: whoever sends goes on."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.is_embedded = isinstance(broker, StubBroker)
        self._rests_until = 0.0
        self._is_away = False

    def send(self, actor: Actor[Any, Any], *args: Any) -> bool:
        """Send a message; False when it was left out because the broker is away or has too many already."""
        if time.monotonic() < self._rests_until:
            return False
        try:
            if self._is_full(actor.queue_name):
                return False
            actor.send(*args)
        except _list_errors() as error:  # only what says that the broker is away or takes no more
            self._note_away(error)
            return False
        self._note_back()
        return True

    def is_up(self) -> bool:
        """Ask whether it answers."""
        if self.is_embedded:
            return True
        try:
            self.broker.client.ping()  # type: ignore[attr-defined] # the Redis client of this broker
        except _list_errors() as error:  # only what says that the broker is away or takes no more
            self._note_away(error)
            return False
        self._note_back()
        return True

    def close(self) -> None:
        """No more messages."""
        self.broker.close()

    def drop_dead_letters(self) -> None:
        """Forget failed messages of the embedded broker: the log has them and the poller finds their rows again."""
        if isinstance(self.broker, StubBroker):
            for letters in list(self.broker.dead_letters_by_queue.values()):
                letters.clear()

    def _is_full(self, queue: str) -> bool:
        if isinstance(self.broker, StubBroker):
            return int(self.broker.queues[queue].qsize()) >= MOST_WAITING
        return int(self.broker.do_qsize(queue)) >= MOST_WAITING  # type: ignore[attr-defined] # of the Redis broker

    def _note_away(self, error: Exception) -> None:
        self._rests_until = time.monotonic() + REST_S
        if not self._is_away:
            self._is_away = True
            write_log("broker.away", level=logging.WARNING, words=str(error))

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            write_log("broker.back")


def _list_errors() -> tuple[type[Exception], ...]:
    """What a broker raises that cannot be reached, or refuses to take more."""
    from redis.exceptions import RedisError

    return (RedisError, BrokerError, OSError)
