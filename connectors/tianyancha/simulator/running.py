"""``isthmus simulate tianyancha``: a register on a real port."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from connectors.tianyancha.simulator.api import FAULTS, TycApi, TycSettings
from connectors.tianyancha.simulator.companies import make_companies
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Option, RunningSimulator, Server, serve

COMPANIES = "60"


class TianyanchaSimulator:
    """Implements ``hub.sdk.simulator.Simulator``. Options are the fields of TycSettings and ``companies``."""

    name = "tianyancha"
    faults = tuple(FAULTS)

    @property
    def options(self) -> Mapping[str, Option]:
        return {item.name: _option(item.default) for item in fields(TycSettings)} | {"companies": Option(COMPANIES)}

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        told = dict(options)
        try:
            count = int(told.pop("companies", COMPANIES))
            read: dict[str, Any] = {name: _read(name, text) for name, text in told.items()}
            settings = TycSettings(**read)
        except (TypeError, ValueError) as error:
            raise ConfigInvalid("tianyancha.simulator_options", what=str(error)) from error
        api = TycApi(make_companies(count, seed), settings, rng=random.Random(f"faults/{seed}"), faults=faults)
        server = serve_tianyancha(api, port)
        return RunningSimulator(server.url, write_credentials(settings, server.url), server.stop)


def write_credentials(settings: TycSettings, url: str) -> dict[str, str]:
    """What an administrator would type into the connection."""
    return {"url": f"{url}/services/open", "token": settings.token}


def serve_tianyancha(api: TycApi, port: int = 0) -> Server:
    """Put the register on a loopback port; 0 takes a free one."""
    return serve(api.handle, port)


def simulator() -> TianyanchaSimulator:
    """The entry that the connector class names."""
    return TianyanchaSimulator()


def _option(default: object) -> Option:
    if isinstance(default, bool):
        return Option(str(default).lower(), ("true", "false"))
    return Option(str(default))


def _read(name: str, text: str) -> object:
    default = next((item.default for item in fields(TycSettings) if item.name == name), "")
    if isinstance(default, bool):
        return text.lower() == "true"
    return int(text) if isinstance(default, int) else text
