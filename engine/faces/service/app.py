"""The HTTP face: webhooks in, health and metrics out, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.faces.service.heard import HeardWorkspace
from engine.faces.service.hearing import Hearing
from engine.faces.service.metrics import Metrics
from engine.faces.service.readiness import Readiness
from engine.faces.service.request_log import RequestLog
from engine.faces.service.waker import Waker
from engine.run.jobs.port import Jobs
from engine.words.clock import Clock


def make_app(
    heard: Sequence[HeardWorkspace], *, jobs: Jobs, waker: Waker, metrics: Metrics, clock: Clock
) -> Starlette:
    """The application for some workspaces; serve it with `Listener`. The waker is started and stopped beside it."""
    hearing = Hearing(heard, clock=clock, wake=waker.wake, tell=metrics.webhook)
    readiness = Readiness(heard, jobs, clock, lambda: waker.is_alive)
    app = Starlette(
        routes=[
            Route("/webhooks/{address:path}", hearing.hear, methods=["POST"]),
            Route("/healthz", _alive, methods=["GET"]),
            Route("/readyz", _ready(readiness), methods=["GET"]),
            Route("/metrics", _measured(metrics), methods=["GET"]),
        ],
        middleware=[Middleware(RequestLog)],
        exception_handlers={HTTPException: _refused},
    )
    app.router.redirect_slashes = False
    return app


async def _alive(_request: Request) -> Response:
    """Whether the process lives; asks nothing."""
    return PlainTextResponse("alive\n")


def _ready(readiness: Readiness) -> Callable[[Request], object]:
    async def ready(_request: Request) -> Response:
        reasons = await run_in_threadpool(readiness.reasons)
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

    return ready


def _measured(metrics: Metrics) -> Callable[[Request], object]:
    async def measured(_request: Request) -> Response:
        return Response(await run_in_threadpool(metrics.text), media_type=CONTENT_TYPE_LATEST)

    return measured


async def _refused(_request: Request, error: Exception) -> Response:
    """A wrong path or method, answered by its status alone."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    return Response(status_code=status, headers=headers)
