"""Start the simulator of a system that cannot be installed."""

from __future__ import annotations

import sys
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
    faults: Annotated[list[str] | None, typer.Option("--fault", help="name=rate, 0 to 1; repeat it.")] = None,
) -> None:
    """Start a simulator on a port of this machine until it is asked to stop (Ctrl-C, SIGTERM)."""
    with answering(ctx, "simulate") as session:
        from hub.commands.answers import split_setting
        from hub.errors import NotFound
        from hub.runtime.plugins import load_connector
        from hub.sdk.simulator import load_simulator

        simulator = load_simulator(load_connector(name, session.home))
        if simulator is None:
            raise NotFound("cli.no_simulator", name=name)
        rates = _parse_rates([split_setting(text) for text in faults or []])
        running = simulator.start(port, seed, rates, dict(split_setting(text) for text in options or []))
        try:
            _announce(session, name, running)
            _wait_for_signal()
        finally:
            running.stop()


def _parse_rates(pairs: list[tuple[str, str]]) -> dict[str, float]:
    from hub.errors import ConfigInvalid

    rates = {}
    for name, text in pairs:
        try:
            rates[name] = float(text)
        except ValueError as error:
            raise ConfigInvalid("cli.rate_invalid", what=f"{name}={text}") from error
        if not 0 <= rates[name] <= 1:
            raise ConfigInvalid("cli.rate_invalid", what=f"{name}={text}")
    return rates


def _announce(session: Session, name: str, running: RunningSimulator) -> None:
    """Say where it listens before waiting. Its made-up credentials are meant to be read."""
    session.item({"name": name, "url": running.url, "credentials": dict(running.credentials)})
    session.say("cli.simulator_ready", name=name, url=running.url)
    for key, value in running.credentials.items():
        session.write(f"  {key} = {value}")
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
