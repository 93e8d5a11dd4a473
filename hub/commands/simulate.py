"""Start the simulator of a system that cannot be installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hub.commands.session import Session, answering

if TYPE_CHECKING:
    from hub.sdk.simulator import RunningSimulator


def simulate(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The connector whose system is simulated, such as sandbox.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed and same calls give the same history.")] = 7,
    options: Annotated[list[str] | None, typer.Option("--option", help="name=value; repeat it.")] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--faults", help="Rates, 0 to 1: name=rate, several with commas; one number is shared by all."),
    ] = None,
) -> None:
    """Start a simulator on a port of this machine until it is asked to stop (Ctrl-C, SIGTERM).

    When it is ready it prints one line of JSON with its url and credentials.
    """
    with answering(ctx, "simulate") as session:
        from hub.commands.answers import split_setting
        from hub.errors import NotFound
        from hub.runtime.plugins import load_connector
        from hub.sdk.simulator import load_simulator

        simulator = load_simulator(load_connector(name, session.home))
        if simulator is None:
            raise NotFound("cli.no_simulator", name=name)
        rates = _parse_rates([part for text in faults or [] for part in text.split(",")], simulator.faults)
        running = simulator.start(port, seed, rates, dict(split_setting(text) for text in options or []))
        try:
            _announce(session, name, running)
            _wait_for_signal()
        finally:
            running.stop()


def _parse_rates(texts: Sequence[str], known: Sequence[str]) -> dict[str, float]:
    """Fault → its rate. A number without a name is how often anything goes wrong, each fault as often as the others."""
    rates: dict[str, float] = {}
    for text in texts:
        name, sign, number = text.strip().rpartition("=")
        rate = _parse_rate(number, text)
        rates |= {name: rate} if sign else dict.fromkeys(known, rate / max(1, len(known)))
    return rates


def _parse_rate(number: str, shown: str) -> float:
    from hub.errors import ConfigInvalid

    try:
        rate = float(number)
    except ValueError as error:
        raise ConfigInvalid("cli.rate_invalid", what=shown) from error
    if not 0 <= rate <= 1:
        raise ConfigInvalid("cli.rate_invalid", what=shown)
    return rate


def _announce(session: Session, name: str, running: RunningSimulator) -> None:
    """Say where it listens before waiting. Its made-up credentials are meant to be read."""
    from hub.commands.output import to_json

    answer = {"url": running.url, "credentials": dict(running.credentials)}
    session.note("cli.simulator_ready", name=name, url=running.url)
    session.item({"name": name, **answer})
    session.write(json.dumps(to_json(answer), ensure_ascii=False))
    session.finish()
    sys.stdout.flush()


def _wait_for_signal() -> None:
    import signal
    import threading

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        pass


COMMANDS = {"simulate": simulate}
