"""``isthmus simulate sandbox``: the ERP, a sample company in it, on a real port."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields

from connectors.sandbox.simulator.api import SandboxApi
from connectors.sandbox.simulator.company import seed_company
from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.faults import FAULTS, Faults
from connectors.sandbox.simulator.settings import AMENDS, MASTER_TIERS, ROUNDINGS, TIERS, SandboxSettings, parse_option
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Option, RunningSimulator, Server, serve

COMPANY = {"customers": "40", "items": "10", "sales": "60", "invoices": "20"}
UNDECLARED = ("rounding", "lists_deleted", "max_page", "max_batch", "closed_through")
"""Settings that a connection does not declare; the others go with the credentials, so that they fit."""
CHOICES = {"tier": TIERS, "master_tier": MASTER_TIERS, "amend": AMENDS, "rounding": ROUNDINGS}


class SandboxSimulator:
    """Implements ``hub.sdk.simulator.Simulator``. Options are the fields of SandboxSettings and the size of the sample
    company."""

    name = "sandbox"
    faults = tuple(FAULTS)

    @property
    def options(self) -> Mapping[str, Option]:
        settings = {f.name: _option(f.name, f.default) for f in fields(SandboxSettings)}
        return settings | {name: Option(default) for name, default in COMPANY.items()}

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        size = {name: options.get(name, default) for name, default in COMPANY.items()}
        unknown = sorted(set(options) - set(self.options))
        if unknown:
            what = f"unknown: {', '.join(unknown)}; known: {', '.join(self.options)}"
            raise ConfigInvalid("sandbox.simulator_options", what=what)
        try:
            settings = SandboxSettings.from_texts({k: v for k, v in options.items() if k not in COMPANY})
            drawn = Faults(random.Random(f"faults/{seed}"), faults)
            counts = {name: parse_option(name, int, text) for name, text in size.items()}
        except ValueError as error:
            raise ConfigInvalid("sandbox.simulator_options", what=str(error)) from error
        erp = SandboxErp(settings, rng=random.Random(seed))
        seed_company(erp, seed=seed, **counts)
        server = serve_sandbox(erp, port, drawn)
        declared = {name: text for name, text in options.items() if name not in (*COMPANY, *UNDECLARED)}
        return RunningSimulator(server.url, {"url": server.url, "token": settings.token, **declared}, server.stop)


def serve_sandbox(erp: SandboxErp, port: int = 0, faults: Faults | None = None) -> Server:
    """Put an ERP on a loopback port; 0 takes a free one."""
    return serve(SandboxApi(erp, faults).handle, port)


def simulator() -> SandboxSimulator:
    """The entry that the connector class names."""
    return SandboxSimulator()


def _option(name: str, default: object) -> Option:
    text = str(default).lower() if isinstance(default, bool) else str(default)
    choices = ("true", "false") if isinstance(default, bool) else CHOICES.get(name, ())
    return Option(text, choices)
