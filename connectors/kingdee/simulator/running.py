"""``isthmus simulate kingdee``: the account, a company in it, on a real port."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields

from connectors.kingdee.simulator.accountant import Accountant
from connectors.kingdee.simulator.api import KingdeeApi
from connectors.kingdee.simulator.books import Books
from connectors.kingdee.simulator.company import seed_company
from connectors.kingdee.simulator.faults import FAULTS, Faults
from connectors.kingdee.simulator.people import ORGANISATION
from connectors.kingdee.simulator.settings import KingdeeSettings, parse_option
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Option, RunningSimulator, Server, serve

COMPANY = {"customers": "40", "materials": "10", "orders": "60", "invoices": "20"}
LATE = {"late_s": "20"}
WORK = {"steps": "0", "every_s": "1"}
OWN = COMPANY | LATE | WORK


class KingdeeSimulator:
    """Implements ``hub.sdk.simulator.Simulator``. Options are the fields of KingdeeSettings, the size of the sample
    company, ``late_s``, the longest time after which a late write is applied, and ``steps`` things that an accountant
    does by herself, one ``every_s`` seconds."""

    name = "kingdee"
    faults = tuple(FAULTS)

    @property
    def options(self) -> Mapping[str, Option]:
        settings = {item.name: _option(item.default) for item in fields(KingdeeSettings)}
        return settings | {name: Option(default) for name, default in OWN.items()}

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        size = {name: options.get(name, default) for name, default in COMPANY.items()}
        try:
            settings = KingdeeSettings.from_texts({k: v for k, v in options.items() if k not in OWN})
            late_s = parse_option("late_s", float, options.get("late_s", LATE["late_s"]))
            drawn = Faults(random.Random(f"faults/{seed}"), faults, d_max_s=late_s)
            counts = {name: parse_option(name, int, text) for name, text in size.items()}
            steps = parse_option("steps", int, options.get("steps", WORK["steps"]))
            every_s = parse_option("every_s", float, options.get("every_s", WORK["every_s"]))
        except ValueError as error:
            raise ConfigInvalid("kingdee.simulator_options", what=str(error)) from error
        books = Books(settings)
        seed_company(books, seed=seed, **counts)
        server = serve_kingdee(books, port, drawn)
        accountant = Accountant(books, seed)
        accountant.begin(steps, every_s)

        def stop() -> None:
            accountant.end()
            server.stop()

        return RunningSimulator(server.url, write_credentials(settings, server.url), stop)


def write_credentials(settings: KingdeeSettings, url: str) -> dict[str, str]:
    """What an administrator would type into the connection."""
    return {
        "url": f"{url}/k3cloud",
        "account_set": settings.account,
        "user": settings.user,
        "user_name": settings.user_name,
        "app_id": settings.app_id,
        "app_secret": settings.app_secret,
        "organisation": ORGANISATION,
        "reference_field": settings.custom_field or "FBillNo",
        "saler": "XSY001",
    }


def serve_kingdee(books: Books, port: int = 0, faults: Faults | None = None) -> Server:
    """Put an account on a loopback port; 0 takes a free one."""
    return serve(KingdeeApi(books, faults).handle, port)


def simulator() -> KingdeeSimulator:
    """The entry that the connector class names."""
    return KingdeeSimulator()


def _option(default: object) -> Option:
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return Option(text, ("true", "false") if isinstance(default, bool) else ())
