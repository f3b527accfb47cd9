"""What counts as signed by Twilio: the public URL in each writing, and every parameter.

Signed by the official validator, over what Twilio called; judged as the application sees it, behind
a proxy. Seen to fail: the request's own URL in place of the public one; the query left out; the
form as a plain dict (of a repeated parameter the last one counts); a token that nobody has set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from starlette.datastructures import FormData
from starlette.requests import Request
from twilio.request_validator import RequestValidator

from config.settings import get_settings
from routers.webhooks.twilio import genuine

TOKEN = "a-token-for-tests"
PUBLIC = "https://care.example"
PATH = "/webhooks/twilio/sms"
FORM = [("MessageSid", "SM1"), ("Body", "Très bien & merci +1")]
TWICE = [*FORM, ("New", "b"), ("New", "a"), ("New", "b")]
HERE = [("host", "api:8000"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http")]


def judged(
    signed_url: str,
    *,
    form: Sequence[tuple[str, str]] = FORM,
    signed: Sequence[tuple[str, str]] | None = None,
    query: str = "",
    token: str = TOKEN,
) -> bool:
    """Whether a request is taken that was signed over a URL and a form, and came as others."""
    signature = RequestValidator(token).compute_signature(signed_url, FormData(signed or form))
    web = get_settings().web.model_copy(update={"public_url": f"{PUBLIC}/"})
    twilio = get_settings().twilio.model_copy(update={"auth_token": SecretStr(token)})
    state: Any = SimpleNamespace(settings=SimpleNamespace(web=web, twilio=twilio))
    return genuine(state, _request(form, query, signature), _parsed(form, query, signature))


def _request(form: Sequence[tuple[str, str]], query: str, signature: str) -> Request:
    headers = [*HERE, ("x-twilio-signature", signature)]
    headers.append(("content-type", "application/x-www-form-urlencoded"))
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "server": ("10.0.0.7", 8000),
        "path": PATH,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": urlencode(form).encode()}

    return Request(scope, receive)


def _parsed(form: Sequence[tuple[str, str]], query: str, signature: str) -> FormData:
    async def read() -> FormData:
        return await _request(form, query, signature).form()

    return asyncio.run(read())


TAKEN: dict[str, dict[str, Any]] = {
    "as it is": {"signed_url": PUBLIC + PATH},
    "with the default port": {"signed_url": f"{PUBLIC}:443{PATH}"},
    "a parameter thrice": {"signed_url": PUBLIC + PATH, "form": TWICE},
    "with a query": {"signed_url": f"{PUBLIC}{PATH}?b=%C3%A9+1&a=", "query": "b=%C3%A9+1&a="},
    "an empty form": {"signed_url": PUBLIC + PATH, "form": []},
}
REFUSED: dict[str, dict[str, Any]] = {
    "another port": {"signed_url": f"{PUBLIC}:8443{PATH}"},
    "another scheme": {"signed_url": f"http://care.example{PATH}"},
    "the proxy's name": {"signed_url": f"http://api:8000{PATH}"},
    "a name that the request gives itself": {"signed_url": f"http://evil.example{PATH}"},
    "another path": {"signed_url": f"{PUBLIC}/webhooks/twilio/status"},
    "a query that was put on": {"signed_url": PUBLIC + PATH, "query": "delivery=1.1"},
    "another query": {"signed_url": f"{PUBLIC}{PATH}?c=1.1.1", "query": "c=1.1.2"},
    "a parameter more": {"signed_url": PUBLIC + PATH, "form": TWICE, "signed": FORM},
    "a value changed": {"signed_url": PUBLIC + PATH, "form": FORM, "signed": [*FORM[:1]]},
    "one of a repeated parameter's values changed": {
        "signed_url": PUBLIC + PATH,
        "form": [*FORM, ("New", "evil"), ("New", "b")],
        "signed": [*FORM, ("New", "a"), ("New", "b")],
    },
    "no token set": {"signed_url": PUBLIC + PATH, "token": ""},
}


@pytest.mark.parametrize("case", TAKEN.values(), ids=TAKEN)
def test_what_twilio_signed_is_taken(case: dict[str, Any]) -> None:
    assert judged(**case)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(case: dict[str, Any]) -> None:
    assert not judged(**case)
