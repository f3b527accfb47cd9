"""An Android phone as a sender of a hospital's, and what it tells, as the app writes it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, insert

from models.establishment import Sender
from schemas.sender_credentials import AndroidCredentials
from simulator.signature import phone_signature
from tests.fixtures import NORTH

NUMBER, KEY, PASSWORD = "+237690000001", "a-signing-key", "secret"
PATIENT = "+237650000001"


def credentials(url: str = "http://127.0.0.1:9", **more: Any) -> dict[str, Any]:
    """What a sender keeps of its phone."""
    given = {"url": url, "username": "sms", "password": PASSWORD, "signing_key": KEY}
    return AndroidCredentials.model_validate(given | more).stored()


@contextlib.contextmanager
def android_sender(
    owner: Any, *, number: str = NUMBER, establishment: int = NORTH, **more: Any
) -> Iterator[int]:
    """A hospital has a phone for a while, taken before its other senders; yields its number.

    What is given goes to the credentials.
    """
    row = {
        "establishment_id": establishment,
        "channel": "sms",
        "address": number,
        "provider": "android",
        "can_receive": True,
        "priority": 1,
        "credentials": credentials(**more),
    }
    with owner.begin() as connection:
        sender_id = connection.scalar(insert(Sender).values(row).returning(Sender.id))
    try:
        yield sender_id
    finally:
        with owner.begin() as connection:
            connection.execute(delete(Sender).where(Sender.id == sender_id))


def event(kind: str, number: int = 1, **payload: Any) -> dict[str, Any]:
    """One event; `number` tells events apart."""
    told = {"messageId": "1.1", "sender": NUMBER, "recipient": PATIENT, "simNumber": 1}
    return {
        "deviceId": "ffffffffceb0b1db0000018e937c815b",
        "event": kind,
        "id": f"Ey6ECgOkVVFjz3CL48B{number:02}",
        "webhookId": "LreFUt-Z3sSq0JufY9uWB",
        "payload": told | payload,
    }


def received(message: str = "Bonjour", number: int = 1, **payload: Any) -> dict[str, Any]:
    """Somebody wrote to the phone."""
    told: dict[str, Any] = {
        "messageId": "c0ffee",
        "message": message,
        "sender": PATIENT,
        "phoneNumber": PATIENT,
        "recipient": NUMBER,
    }
    return event("sms:received", number, **told | payload)


def signed(body: bytes, key: str = KEY, age: float = 0) -> dict[str, str]:
    """The headers with which a phone signs a body, `age` seconds ago."""
    stamp = str(int(time.time() - age))
    return {
        "Content-Type": "application/json",
        "X-Timestamp": stamp,
        "X-Signature": phone_signature(key, body, stamp),
    }


def as_body(told: Any) -> bytes:
    return json.dumps(told).encode()
