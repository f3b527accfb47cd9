"""Which failures mean that nothing left this machine, and what a list of Twilio's proves.

To see it fail: let `ProviderHttp` call a broken TLS connection `DidNotLeave` whenever it breaks, or
take `_Fresh` or `_Bounded` from its connections; let `_theirs` give back what it is given.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime as in_mail

import pytest
import urllib3
from pydantic import SecretStr

from config.settings import TwilioSettings
from tests.tree import free_port
from utils import provider_http
from utils.lease import awake
from utils.provider_http import (
    LONGEST_RETRY_AFTER,
    REST_SECONDS,
    WAITS_PER_ANSWER,
    DidNotLeave,
    MayHaveLeft,
    ProviderHttp,
    Throttled,
)
from utils.senders import Outbound, Verdict
from utils.twilio_client import TwilioSms


@contextmanager
def answering(said: bytes | None, until: bytes = b"body") -> Iterator[str]:
    """A server that reads a whole request, says something, and cuts; None: cuts at once."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                if said is not None:
                    received = b""
                    while until not in received and (more := connection.recv(4096)):
                        received += more
                    connection.sendall(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.close()
        thread.join(5)


@contextmanager
def forgetting() -> Iterator[str]:
    """A server behind a gateway that forgets each connection, silently, after one answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    forgotten: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                forgotten.append(connection)
                received = b""
                while b"body" not in received and (more := connection.recv(4096)):
                    received += more
                connection.sendall(head("201 Created"))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in forgotten:
            connection.close()


def head(status: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: 2\r\n\r\nok".encode("latin-1")


def retry_at(seconds: float) -> str:
    """Both headers by a clock that is an hour slow."""
    theirs = datetime.now(UTC) - timedelta(hours=1)
    date, until = (in_mail(theirs + timedelta(seconds=s), usegmt=True) for s in (0, seconds))
    return f"Date: {date}\r\nRetry-After: {until}\r\n"


def with_body(status: str, body: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def test_an_answer_is_an_answer() -> None:
    with answering(head("201 Created")) as url:
        assert ProviderHttp(1, 1).request("POST", url, b"body", {}).status == 201


def test_a_connection_that_rested_is_made_anew() -> None:
    """Or a hospital with a reminder now and then, behind such a gateway, loses each of them."""
    with forgetting() as url:
        provider = ProviderHttp(1, 1)
        assert provider.request("POST", url, b"body", {}).status == 201
        time.sleep(REST_SECONDS)
        assert provider.request("POST", url, b"body", {}).status == 201
        with pytest.raises(MayHaveLeft):  # without a rest it is the same one, and forgotten
            provider.request("POST", url, b"body", {})


def test_a_connection_that_slept_with_its_machine_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`CLOCK_MONOTONIC` stands still meanwhile."""
    with forgetting() as url:
        provider = ProviderHttp(1, 1)
        assert provider.request("POST", url, b"body", {}).status == 201
        monkeypatch.setattr(provider_http, "awake", lambda: awake() + 600)
        assert provider.request("POST", url, b"body", {}).status == 201


@contextmanager
def pouring(head: bytes, piece: bytes, pause: float = 0) -> Iterator[str]:
    """A server whose answer never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                while b"body" not in connection.recv(4096):
                    pass
                connection.sendall(head)
                while not over.wait(pause):
                    connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 201 Created\r\nX: ",
        b"HTTP/1.1 201 Created\r\nContent-Length: 10000\r\n\r\n",
        b"HTTP/1.1 201 Created\r\n\r\n",
    ],
)
def test_an_answer_that_drips_ends_some_time(head: bytes) -> None:
    """Or it holds one of the worker's places for as long as the other end likes."""
    began = time.monotonic()
    with pouring(head, b"x", 0.1) as url, pytest.raises(MayHaveLeft) as caught:
        ProviderHttp(0.3, 1).request("POST", url, b"body", {})
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 0.3 * WAITS_PER_ANSWER + 1


def test_an_answer_longer_than_one_wait_is_read_to_its_end() -> None:
    """A list on a thin link."""
    with pouring(b"HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n", b"x", 0.1) as url:
        assert ProviderHttp(0.3, 1).request("POST", url, b"body", {}).data == b"x" * 6


def test_an_answer_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_http, "MOST_BYTES", 1_000_000)
    with (
        pouring(b"HTTP/1.1 201 Created\r\n\r\n", b"x" * 65_536) as url,
        pytest.raises(MayHaveLeft) as caught,
    ):
        ProviderHttp(5, 1).request("POST", url, b"body", {})
    assert caught.value.code == "cut"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"", "cut"),
        (b"no protocol at all\r\n\r\n", "cut"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\nhalf", "cut"),
        (head("502 Bad Gateway"), "502"),
    ],
)
def test_what_breaks_after_the_body_may_have_left(said: bytes, code: str) -> None:
    with answering(said) as url, pytest.raises(MayHaveLeft) as caught:
        ProviderHttp(1, 1).request("POST", url, b"body", {})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("said", "verdict", "code"),
    [
        (b"HTTP/1.1 201 Cre", Verdict.unknown, "unreadable"),
        (head("200 OK"), Verdict.unknown, "unreadable"),
        (head("400 Bad Request"), Verdict.unknown, "unreadable"),
        (
            with_body("400 Bad Request", '{"code": 21211, "message": "no"}'),
            Verdict.refused,
            "21211",
        ),
        (
            with_body("400 Bad Request", '{"code": 21610, "message": "no"}'),
            Verdict.refused,
            "21610",
        ),
        (with_body("401 No", '{"code": 20003, "message": "no"}'), Verdict.unreachable, "20003"),
        (with_body("201 Created", '{"sid": "SM1"}'), Verdict.accepted, None),
        (with_body("200 OK", "{}"), Verdict.unknown, "unreadable"),
        (with_body("200 OK", '{"captive": true}'), Verdict.unknown, "unreadable"),
        (with_body("201 Created", '{"sid": null}'), Verdict.unknown, "unreadable"),
    ],
)
def test_what_twilio_says_becomes_an_outcome(said: bytes, verdict: Verdict, code: str) -> None:
    """A page that is not Twilio's, from a captive portal, is neither a yes nor a no."""
    message = Outbound("+237650000001", "body", "fra", "1.1", "https://h.example/", 60)
    with answering(said, until=b"ValidityPeriod") as url:
        outcome = twilio(url).send(message)
    assert (outcome.verdict, outcome.code) == (verdict, code)


def listed(created: datetime, date: datetime | None) -> bytes:
    """Twilio's list of messages with one in it, made at one time of theirs and told at another."""
    one = {"sid": "SM1", "status": "sent", "body": "Rappel", "date_created": in_mail(created)}
    body = json.dumps({"messages": [one], "next_page_uri": None, "page": 0})
    told = "" if date is None else f"Date: {in_mail(date, usegmt=True)}\r\n"
    return with_body("200 OK", body, told)


def twilio(url: str) -> TwilioSms:
    settings = TwilioSettings(
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN=SecretStr("t"),
        TWILIO_API_URL=url.rstrip("/"),
        TWILIO_TIMEOUT=1,
    )
    return TwilioSms(settings, "+15005550006", 1)


@pytest.mark.parametrize("ahead", [-3600, -120, 0, 29, 120, 3600])
@pytest.mark.parametrize(("younger", "count"), [(0, 1), (10, 1), (-60, 0), (-3600, 0)])
def test_a_list_is_read_by_the_clock_of_who_keeps_it(ahead: int, younger: int, count: int) -> None:
    """Our clock is fast or slow; the message was made so long after the attempt asked about."""
    attempted = datetime.now(UTC) - timedelta(seconds=200)
    theirs = attempted + timedelta(seconds=younger - ahead)
    date = datetime.now(UTC) - timedelta(seconds=ahead)
    with answering(listed(theirs, date), until=b"\r\n\r\n") as url:
        found = twilio(url).passed("+237650000001", attempted)
    assert found is not None
    assert len(found) == count


@pytest.mark.parametrize(("younger", "count"), [(0, 1), (-60, None)])
def test_a_list_without_a_date_proves_nothing_by_what_it_lacks(
    younger: int, count: int | None
) -> None:
    attempted = datetime.now(UTC) - timedelta(seconds=200)
    said = listed(attempted + timedelta(seconds=younger), None)
    with answering(said, until=b"\r\n\r\n") as url:
        found = twilio(url).passed("+237650000001", attempted)
    assert (None if found is None else len(found)) == count


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Thu, 99 Aug 2023 05:01:45 GMT", "Thu, 24 Aug 2023 05:01:45 -0000"]
)
def test_what_is_no_date_of_http_tells_no_time(date: str) -> None:
    at = datetime.now(UTC)
    said = listed(at - timedelta(days=1), None).replace(
        b"\r\n", f"\r\nDate: {date}\r\n".encode(), 1
    )
    with answering(said, until=b"\r\n\r\n") as url:
        assert twilio(url).passed("+237650000001", at) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 7\r\n", 7.0),
        ("", None),
        ("Retry-After: soon\r\n", None),
        ("Retry-After: \xb2\r\n", None),  # a digit for Python, no number
        (f"Retry-After: {'9' * 400}\r\n", LONGEST_RETRY_AFTER),
        (retry_at(300), 300),  # a time is by the clock of who says it
        (retry_at(-5), 0),
        (retry_at(86_400), LONGEST_RETRY_AFTER),
    ],
    # Named here: the times in them are of when they were collected, in each process another.
    ids=["seconds", "none", "words", "no digit", "huge", "a time", "a past one", "tomorrow"],
)
def test_429_says_when_to_come_again(header: str, seconds: float | None) -> None:
    said = head("429 Too Many Requests", header)
    with answering(said) as url, pytest.raises(Throttled) as caught:
        ProviderHttp(1, 1).request("POST", url, b"body", {})
    assert caught.value.retry_after == seconds


def test_429_with_a_time_and_no_date_goes_by_our_clock() -> None:
    until = in_mail(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    said = head("429 Too Many Requests", f"Retry-After: {until}\r\n")
    with answering(said) as url, pytest.raises(Throttled) as caught:
        ProviderHttp(1, 1).request("POST", url, b"body", {})
    assert caught.value.retry_after is not None
    assert 290 < caught.value.retry_after <= 300


def test_what_breaks_before_the_body_did_not_leave() -> None:
    with pytest.raises(DidNotLeave):
        ProviderHttp(1, 1).request("POST", f"http://127.0.0.1:{free_port()}/", b"body", {})
    with answering(None) as url, pytest.raises(DidNotLeave):
        ProviderHttp(1, 1).request("POST", url.replace("http:", "https:"), b"body", {})


def test_a_tls_error_after_the_body_may_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a bad record in the answer: the request was carried out all the same."""

    def broken(self: object, method: str, url: str, body: Iterator[bytes], **_: object) -> None:
        b"".join(body)
        raise urllib3.exceptions.SSLError("bad record mac")

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", broken)
    with pytest.raises(MayHaveLeft):
        ProviderHttp(1, 1).request("POST", "https://127.0.0.1:9/", b"body", {})
