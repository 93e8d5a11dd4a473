"""The broker: in this process, or Redis by address. It carries hints only; the database is the truth."""

from __future__ import annotations

from urllib.parse import urlsplit

from dramatiq import Broker, Middleware
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries, TimeLimit

from hub.errors import ConfigInvalid, Transient, keep_secret

NAMESPACE = "isthmus"


def open_broker(url: str | None) -> Broker:
    """A broker that nobody has to look for: importing our modules binds none.

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
    from redis.exceptions import RedisError

    broker: Broker = RedisBroker(  # type: ignore[no-untyped-call] # dramatiq leaves it without types
        url=url, middleware=middleware, namespace=NAMESPACE
    )
    try:
        broker.client.ping()  # type: ignore[attr-defined] # the Redis client of this broker
    except RedisError as error:
        raise Transient("runtime.broker_away", vendor=str(error)) from error
    return broker


def drop_dead_letters(broker: Broker) -> None:
    """Forget failed messages of the embedded broker: the log has them and the poller finds their rows again."""
    if isinstance(broker, StubBroker):
        for letters in list(broker.dead_letters_by_queue.values()):
            letters.clear()
