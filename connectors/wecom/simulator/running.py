"""``isthmus simulate wecom``: the company on a real port, telling a hub what its people do."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields

from connectors.wecom.simulator.api import WecomApi
from connectors.wecom.simulator.bustle import Bustle
from connectors.wecom.simulator.company import seed_company
from connectors.wecom.simulator.corp import Corp
from connectors.wecom.simulator.faults import FAULTS, Faults
from connectors.wecom.simulator.settings import WecomSettings, parse_option
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Option, RunningSimulator, serve

OWN = {"customers": "12", "calendar": "true", "target": "", "steps": "0", "every_s": "1"}
ORGANISER = "zhang.san"


class WecomSimulator:
    """Implements ``hub.sdk.simulator.Simulator``. Options are the fields of WecomSettings; how many customers there
    are; whether the app has made a calendar; ``target``, the hub's address for callbacks, entered as soon as it
    answers; ``steps`` things that people do by themselves, one ``every_s`` seconds."""

    name = "wecom"
    faults = tuple(FAULTS)

    @property
    def options(self) -> Mapping[str, Option]:
        settings = {item.name: _option(item.default) for item in fields(WecomSettings)}
        return settings | {name: Option(default) for name, default in OWN.items()}

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        given = {name: options.get(name, default) for name, default in OWN.items()}
        try:
            settings = WecomSettings.from_texts({k: v for k, v in options.items() if k not in OWN})
            drawn = Faults(random.Random(f"faults/{seed}"), faults)
            count = parse_option("customers", int, given["customers"])
            with_calendar = parse_option("calendar", bool, given["calendar"])
            steps, every_s = (
                parse_option(name, kind, given[name]) for name, kind in (("steps", int), ("every_s", float))
            )
        except ValueError as error:
            raise ConfigInvalid("wecom.simulator_options", what=str(error)) from error
        corp = Corp(settings, seed=seed)
        seed_company(corp, count, seed)
        calendar = make_calendar(corp) if with_calendar else ""
        api = WecomApi(corp, drawn)
        server = serve(api.handle, port)
        api.callbacks.begin(given["target"])
        bustle = Bustle(corp, seed)
        bustle.begin(steps, every_s)

        def stop() -> None:
            bustle.end()
            api.callbacks.end()
            server.stop()

        return RunningSimulator(server.url, write_credentials(settings, server.url, calendar), stop)


def make_calendar(corp: Corp) -> str:
    """A calendar that the app made; its id."""
    id = corp.make_id("wc")
    corp.calendars[id] = {"cal_id": id, "organizer": ORGANISER, "summary": "Isthmus", "color": "#0000FF"}
    return id


def write_credentials(settings: WecomSettings, url: str, calendar: str = "") -> dict[str, str]:
    """What an administrator would type into the connection."""
    told = {
        "url": f"{url}/cgi-bin",
        "corp_id": settings.corp_id,
        "secret": settings.secret,
        "agent_id": str(settings.agent_id),
        "callback_token": settings.callback_token,
        "aes_key": settings.aes_key,
        "robot_key": settings.robot_key,
    }
    return told | ({"calendar": calendar, "organiser": ORGANISER} if calendar else {})


def simulator() -> WecomSimulator:
    """The entry that the connector class names."""
    return WecomSimulator()


def _option(default: object) -> Option:
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return Option(text, ("true", "false") if isinstance(default, bool) else ())
