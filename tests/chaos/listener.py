"""The listener: what the carrier told and asked the service. It remembers only the last itself."""

from __future__ import annotations

import threading
from typing import Any

from tests import http
from tests.chaos.cast import PATIENCE
from tests.chaos.records import Heard
from tests.chaos.stage import Stage

_FINAL_WORDS = {"delivered": "delivered", "undelivered": "undelivered", "failed": "failed"}
_NEVER_THERE = ("NewConnectionError", "ConnectTimeoutError")
"""How an error begins when nobody took the request."""


class Listener:
    """Reads the carrier's log of its requests again and again, into `heard`."""

    def __init__(self, stage: Stage) -> None:
        self._url = f"{stage.simulator_url}/webhooks"
        self.heard = Heard()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen once more, then end."""
        self._stopped.set()
        self._thread.join(PATIENCE)
        self._listen()

    def _run(self) -> None:
        while not self._stopped.wait(1.0):
            self._listen()

    def _listen(self) -> None:
        for request in http.get(self._url, timeout=60).json()["requests"]:
            reference = request["url"].partition("?delivery=")[2]
            if not reference:
                continue
            word = _word(request["params"])
            if request["status"] == 200 and word:
                self.heard.acknowledged.add((reference, word))
            if request["what"] == "call.twiml" and _was_cut(request):
                self.heard.cut_off.add(reference)


def _word(params: dict[str, str]) -> str | None:
    if params.get("CallStatus") == "completed":
        return "delivered" if int(params.get("CallDuration", "0")) else "undelivered"
    return _FINAL_WORDS.get(params.get("MessageStatus", ""))


def _was_cut(request: dict[str, Any]) -> bool:
    return request["status"] == 0 and not request["error"].startswith(_NEVER_THERE)
