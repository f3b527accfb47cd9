"""The same dialogues with the simulated carrier in between, both ways.

What the patient writes is typed on the simulated phone; the carrier's own signed webhook is what
the service stores. What is replied goes out by the official library, spelt as the worker spells it,
and has to be taken by the carrier: one that has obeyed STOP itself takes nothing.
"""

from __future__ import annotations

import base64
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from config.settings import TwilioSettings
from models.message import Message
from models.reminder import Reminder
from routers.webhooks.twilio import SMS, store_sms
from services.establishment.directory import Directory
from services.sms import sms_text
from services.webhook.door import Webhook
from tests.conversation.dialogue import Dialogue
from tests.simulator.simulator_harness import SID, TOKEN, Simulator
from tests.simulator.simulator_service import Service
from utils.senders import Outbound, Verdict
from utils.twilio_client import TwilioSms, TwilioWhatsApp

TYPES = {"media": "image/jpeg", "picture": "image/jpeg", "voice": "audio/amr"}
OBEYED = ("STOP", "START", "HELP")
"""Kinds of a dialogue's lines of which the carrier itself has taken notice."""


class InDialogue:
    """Opens the one session of a dialogue, whose transaction is rolled back in the end."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def establishment(self, number: int) -> Any:
        assert number == self._session.establishment_id
        return nullcontext(self._session)


class ByCarrier(Dialogue):
    """A dialogue that is held through the carrier."""

    def __init__(
        self,
        session: Any,
        *,
        simulator: Simulator,
        service: Service,
        directory: Directory,
        **more: Any,
    ) -> None:
        super().__init__(session, **more)
        self.simulator, self.service, self.directory = simulator, service, directory

    def put(self, body: str | None, kind: str = "") -> Message:
        """Type it on the phone, and store what the carrier tells of it."""
        self._wire(obeys=kind in OBEYED)
        written: dict[str, Any] = {
            "from": self._on_channel(self.address.value),
            "to": self._on_channel(self.sender.address),
            "body": "" if kind == "media" else body or "",
        }
        if kind in TYPES:
            piece = base64.b64encode(b"...").decode()
            written["media"] = [{"content_type": TYPES[kind], "data": piece}]
        answer = self.simulator.post("inbound/sms", written)
        assert answer.status_code == 201, answer.text
        told = self.service.at("/sms")[-1]
        signature = told.headers["X-Twilio-Signature"]
        assert RequestValidator(TOKEN).validate(told.url, told.form, signature)
        webhook = Webhook(SMS, told.query, told.form, datetime.now(UTC))
        store_sms(InDialogue(self.session), self.directory, webhook)  # type: ignore[arg-type]
        name = told.form["MessageSid"]
        return self.session.scalars(select(Message).where(Message.provider_id == name)).one()

    def _wire(self, *, obeys: bool) -> None:
        number = {"value": self.sender.address, "sms_url": self.service.url("/sms")}
        wired = self.simulator.http.put("/simulator/numbers", json=[number | {"keywords": obeys}])
        assert wired.status_code == 200, wired.text

    def _on_channel(self, number: str) -> str:
        return f"whatsapp:{number}" if self.channel == "whatsapp" else number

    def replied(self, wanted: str) -> None:
        """It is what was wanted, and the carrier takes it."""
        super().replied(wanted)
        for said in self.replies():
            self._send(said)

    def _send(self, said: Reminder) -> None:
        token, api = SecretStr(TOKEN), self.simulator.base
        account = TwilioSettings().model_copy(
            update={"account_sid": SID, "auth_token": token, "api_url": api}
        )
        whatsapp = said.channels == ["whatsapp"]
        client = (TwilioWhatsApp if whatsapp else TwilioSms)(account, self.sender.address, 1)
        text = said.message if whatsapp else sms_text(self.place, said.language, said.message)
        reference = f"{self.place.id}.{said.id}"
        outcome = client.send(Outbound(self.address.value, text, said.language, reference, "", 60))
        assert outcome.verdict is Verdict.accepted, outcome
        assert self.simulator.entry(outcome.provider_id or "")["body"] == text
