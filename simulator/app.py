"""The application: every route, and what starts and stops with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from simulator import (
    calls_api,
    control_api,
    media_api,
    messages_api,
    page_api,
    phone_api,
    phones_api,
    recordings_api,
    sendgrid_api,
)
from simulator.control_api import BadRequestError, bad_request
from simulator.errors import ApiError
from simulator.exchange import Exchange
from simulator.settings import Settings, refuse_where_it_must_not_run
from simulator.smtp_server import start_smtp
from simulator.wire import JsonResponse, TooLargeError


def build(settings: Settings) -> Starlette:
    """The ASGI application. Raises `RefusedToStartError` where it must not run."""
    refuse_where_it_must_not_run(settings)
    exchange = Exchange(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        exchange.start()
        mail_server = await start_smtp(exchange.carrier)
        try:
            yield
        finally:
            if mail_server is not None:
                mail_server.close()
            await exchange.stop()

    app = Starlette(
        routes=[
            *messages_api.ROUTES,
            *calls_api.ROUTES,
            *recordings_api.ROUTES,
            *media_api.ROUTES,
            *sendgrid_api.ROUTES,
            *phones_api.ROUTES,
            *control_api.ROUTES,
            *phone_api.ROUTES,
            *page_api.ROUTES,
        ],
        lifespan=lifespan,
        exception_handlers={
            BadRequestError: bad_request,
            TooLargeError: _too_large,
            404: _unknown_resource,
            405: _unknown_method,
        },
    )
    app.state.exchange = exchange
    return app


def _unknown_resource(request: Request, _error: Exception) -> Response:
    error = ApiError(20404, request.url.path)
    return JsonResponse(error.body(), status_code=404)


def _too_large(_request: Request, _error: Exception) -> Response:
    return JsonResponse({"error": "the body is too large"}, status_code=413)


def _unknown_method(_request: Request, _error: Exception) -> Response:
    error = ApiError(20004)
    return JsonResponse(error.body(), status_code=405)
