"""The web application: is it alive, is it ready, what Prometheus reads, and one read-only page for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.errors import IsthmusError
from hub.runtime.logs import write_failure
from hub.runtime.metrics import render_metrics
from hub.runtime.up import SCHEDULER, WEB, WORKER, Engine
from hub.web.hooks import METHODS, PATH, Reception
from hub.web.language import choose_language
from hub.web.status import render_status

TICK_LATE = timedelta(seconds=30)
"""A scheduler, or a worker that looks for work itself, that has not looked for so long is not ready."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_STORE = {"cache-control": "no-store", "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


def make_app(engine: Engine) -> Starlette:
    """The application of one process. Endpoints are plain functions, so Starlette runs them in its thread pool."""
    health = [
        Route("/healthz", answer_health),
        Route("/readyz", _endpoint(engine, answer_ready)),
        Route("/metrics", _endpoint(engine, answer_metrics)),
    ]
    pages = [Route("/", _endpoint(engine, answer_status)), *_make_hooks(engine)]
    return Starlette(routes=[*health, *(pages if WEB in engine.parts else ())])


def _make_hooks(engine: Engine) -> list[Route]:
    """Calls of other systems; what they brought is written down before the process ends."""
    reception = Reception.of(engine)
    engine.at_stop.append(reception.stop)
    return [Route(PATH, reception.answer, methods=METHODS)]


def _endpoint(engine: Engine, answer: Callable[[Engine, Request], Response]) -> Callable[[Request], Response]:
    def call(request: Request) -> Response:
        return answer(engine, request)

    return call


def answer_health(request: Request) -> Response:
    """200 as long as the process answers at all."""
    return PlainTextResponse("ok\n")


def answer_ready(engine: Engine, request: Request) -> Response:
    """200 when the database answers, and as far as this process has them its workers live and its scheduler looks; else
    503. Each is named. A broker that is away is told and is no reason to refuse: work is found without it."""
    checks = {"database": _database_answers(engine)}
    if WORKER in engine.parts:
        checks["workers"] = _workers_live(engine)
    if SCHEDULER in engine.parts:
        checks["scheduler"] = _looks(engine)
    ready = all(checks.values())
    broker = engine.actors.line.is_up() if engine.actors.line is not None else None
    return JSONResponse({"ready": ready, "checks": checks, "broker": broker}, 200 if ready else 503)


def answer_metrics(engine: Engine, request: Request) -> Response:
    return Response(render_metrics(engine.pool), media_type=METRICS_TYPE)


def answer_status(engine: Engine, request: Request) -> Response:
    """The page of what ran, what is planned and what waits for a person."""
    lang = choose_language(request.query_params.get("lang"), request.headers.get("accept-language"))
    with engine.pool.lend() as hub:
        return HTMLResponse(render_status(hub, lang), headers={**NO_STORE, "content-language": lang})


def _database_answers(engine: Engine) -> bool:
    try:
        with engine.pool.lend():
            return True
    except IsthmusError:
        write_failure("ready.database")
        return False
    except Exception:  # whatever a driver raises when its server is away; the traceback is logged
        write_failure("ready.database")
        return False


def _workers_live(engine: Engine) -> bool:
    takes = engine.worker is not None and any(thread.is_alive() for thread in engine.worker.workers)
    return takes and (engine.poller is None or _is_recent(engine, engine.poller.last_look))


def _looks(engine: Engine) -> bool:
    return engine.scheduler is not None and _is_recent(engine, engine.scheduler.last_tick)


def _is_recent(engine: Engine, at: datetime | None) -> bool:
    return at is not None and engine.pool.clock.now() - at < TICK_LATE
