"""Fetching a call's instructions: the TwiML at a URL, with the published failures."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from simulator.carrier import Carrier
from simulator.outbox import is_web_url
from simulator.twiml import VOICE, TwimlError, Verb, parse

XML_TYPES = ("text/xml", "application/xml", "text/html", "text/plain", "application/twiml+xml")


@dataclass(slots=True)
class Document:
    """A TwiML document under execution and where it came from (relative URLs start there)."""

    verbs: list[Verb]
    url: str = ""
    method: str = "POST"


async def fetch(
    carrier: Carrier, url: str, params: dict[str, str], method: str = "POST"
) -> Document:
    """Ask the service for TwiML. Raises `TwimlError` (11100, 11200, 12300 and the parser's)."""
    if not is_web_url(url):
        raise TwimlError(11100, f"Invalid URL format: {url}")
    answer = await carrier.outbox.ask("call.twiml", url, params, method)
    if answer.status == 204:
        return Document([], url, method)
    if not 200 <= answer.status < 300:
        raise TwimlError(11200, f"HTTP retrieval failure: {answer.error or answer.status}")
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind not in XML_TYPES:
        raise TwimlError(12300, f"Invalid Content-Type: {kind or 'none'}")
    if kind == "text/plain":  # Twilio reads plain text out
        return Document([Verb("Say", {}, answer.body.decode("utf-8", "replace"))], url, method)
    return Document(parse(answer.body.decode("utf-8", "replace"), VOICE), url, method)


def absolute(document: Document, url: str) -> str:
    """A URL as the document means it; an empty one is the document itself."""
    return urljoin(document.url, url) if url else document.url
