"""``isthmus simulate webhook``: the shop on a port of its own, pushing to a hub."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from connectors.webhook.simulator.pushing import FAULTS, Pusher
from connectors.webhook.simulator.shop import Company, Shop
from connectors.webhook.simulator.signing import PLAIN, SCHEMES, SECRETS
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Option, Request, Response, RunningSimulator, answer_json, serve

OPTIONS = {
    "target": Option("http://127.0.0.1:8700/hooks/shop"),
    "scheme": Option("standard-webhooks", SCHEMES),
    "secret": Option(""),
    "steps": Option("30"),
    "every_s": Option("0.2"),
    "company": Option(""),
}
MOST_STEPS = 10_000


class WebhookSimulator:
    """Implements ``hub.sdk.simulator.Simulator``. ``target``: where to push; ``steps``: how much happens, one thing
    ``every_s`` seconds; ``secret``: the shop has one of its own when none is given; ``company``: a JSON file
    with its customers and goods."""

    name = "webhook"
    faults = tuple(FAULTS)

    @property
    def options(self) -> Mapping[str, Option]:
        return OPTIONS

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        unknown = set(options) - OPTIONS.keys()
        given = {name: options.get(name, option.default) for name, option in OPTIONS.items()}
        try:
            if unknown or given["scheme"] not in SCHEMES:
                raise ValueError(", ".join(sorted(unknown)) or given["scheme"])
            secret = given["secret"] or SECRETS.get(given["scheme"], PLAIN)
            pusher = Pusher(given["target"], given["scheme"], secret, seed, faults)
            steps, every_s = int(given["steps"]), float(given["every_s"])
            company = Company.read(Path(given["company"]).read_text(encoding="utf-8")) if given["company"] else None
        except (ValueError, OSError) as error:
            raise ConfigInvalid("webhook.simulator_options", what=str(error)) from error
        running = RunningShop(Shop(seed, company), pusher)
        server = serve(running.handle, port)
        running.begin(steps, every_s)

        def stop() -> None:
            running.end()
            server.stop()

        return RunningSimulator(server.url, {"scheme": given["scheme"], "secret": secret}, stop)


class RunningShop:
    """A shop, and the thread that pushes. ``GET /documents/KIND`` shows the truth, ``GET /ledger`` what came of the
    deliveries, ``POST /steps {"count": 5}`` lets more happen."""

    def __init__(self, shop: Shop, pusher: Pusher) -> None:
        self._shop, self._pusher = shop, pusher
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, steps: int, every_s: float) -> None:
        """Let things happen by themselves and push them."""
        self._thread = threading.Thread(target=self._live, args=(steps, every_s), name="shop", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Nothing more is pushed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _live(self, steps: int, every_s: float) -> None:
        while not self._stop.is_set():
            if steps > 0:
                self.happen(1)
                steps -= 1
            self._pusher.push_all(timeout_s=max(every_s, 0.05), stop=self._stop)
            self._stop.wait(every_s)

    def happen(self, count: int) -> None:
        """So many things happen in the shop; each is to be pushed."""
        with self._lock:
            for _ in range(count):
                self._pusher.add(self._shop.step())

    def handle(self, request: Request) -> Response:
        """Its own door, for tests and people who watch."""
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["documents", kind] if kind in self._shop.documents:
                with self._lock:
                    return answer_json(200, {"items": list(self._shop.documents[kind].values())})
            case "GET", ["ledger"]:
                ledger = self._pusher.ledger
                told = {name: dict(getattr(ledger, name)) for name in ("accepted", "statuses", "faults")}
                return answer_json(200, {**told, "tries": ledger.tries, "waiting": self._pusher.waiting})
            case "POST", ["steps"]:
                return self._take_steps(request)
        return answer_json(404, {"error": f"there is nothing at {request.path}"})

    def _take_steps(self, request: Request) -> Response:
        try:
            count = int(request.json().get("count", 1))
        except (ValueError, TypeError, AttributeError):
            return answer_json(400, {"error": "count must be a whole number"})
        if not 0 < count <= MOST_STEPS:
            return answer_json(400, {"error": f"count must be from 1 to {MOST_STEPS}"})
        self.happen(count)
        return answer_json(200, {"count": count})


def simulator() -> WebhookSimulator:
    """The entry that the connector class names."""
    return WebhookSimulator()
