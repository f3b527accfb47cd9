"""Twilio's webhooks. The signature is checked against the public URL; repeats get 200."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from routers.problems import problem
from routers.state import State, state_of
from routers.upload import form_of
from services.callback import Reference, StatusNews, apply_status, parse_reference
from utils.failpoint import reached
from utils.logs import get_logger
from utils.metrics import WEBHOOKS_REFUSED

router = APIRouter(prefix="/twilio", tags=["webhooks"])

log = get_logger("careloop.webhooks")


def genuine(state: State, request: Request, form: FormData) -> bool:
    """True when Twilio, or somebody with our auth token, signed this request.

    Behind a proxy our own idea of the URL is not what Twilio called, so it is made of
    `PUBLIC_URL`. All parameters are signed, those we have never heard of too.
    """
    token = state.settings.twilio.auth_token.get_secret_value()
    if not token:
        return False
    url = state.settings.web.base_url + request.url.path
    if request.url.query:
        url += f"?{request.url.query}"
    if not all(isinstance(value, str) for _, value in form.multi_items()):
        return False  # Twilio sends no files
    signature = request.headers.get("X-Twilio-Signature", "")
    return bool(RequestValidator(token).validate(url, form, signature))


@router.post("/status", summary="A message's or call's status", include_in_schema=False)
async def status(request: Request) -> Response:
    state = state_of(request)
    form = await form_of(request)
    if not genuine(state, request, form):
        WEBHOOKS_REFUSED.labels("twilio").inc()
        return problem(403, "signature_invalid", "This request was not signed by the provider.")
    reference = parse_reference(request.query_params.get("delivery", ""))
    if reference is None:
        log.warning("callback without a delivery")
        return Response(status_code=200)
    news = _news(form, reference)
    if news is not None:
        await run_in_threadpool(_store, state, reference, news)
    return Response(status_code=200)


def _news(form: FormData, reference: Reference) -> StatusNews | None:
    """What a callback says; None when it lacks what every status callback has."""
    provider_id = str(form.get("MessageSid") or form.get("CallSid") or "")
    status_word = str(form.get("MessageStatus") or form.get("CallStatus") or "")
    if not provider_id or not status_word:
        return None
    code = form.get("ErrorCode")
    seconds = str(form.get("CallDuration") or "")
    return StatusNews(
        kind="message" if form.get("MessageSid") else "call",
        provider_id=provider_id[:128],
        status=status_word[:24],
        code=str(code)[:24] if code else None,
        seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 10 else None,
        sender=str(form.get("From") or "")[:320] or None,
        attempt=reference.attempt,
        answered_by=str(form.get("AnsweredBy") or "")[:24] or None,
    )


def _store(state: State, reference: Reference, news: StatusNews) -> None:
    establishment_id, delivery_id, _ = reference
    state.directory.get(establishment_id)  # an unknown establishment is a 404
    with state.database.establishment(establishment_id) as session:
        delivery = apply_status(session, delivery_id, news)
        reached("callback.before_commit")
    reached("callback.after_commit")
    log.info(
        "callback",
        establishment=establishment_id,
        delivery=delivery_id,
        said=news.status,
        status=delivery.status,
        correlation_id=delivery.correlation_id,  # of the request that made the reminder
    )
