"""One call, from queued to its end: rings, carries out TwiML, tells how it goes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from simulator import call_params
from simulator.audio import speech_seconds
from simulator.carrier import Carrier
from simulator.delivery import send_callback
from simulator.instructions import Document, absolute, fetch
from simulator.line import HungUpError, Line, RedirectedError
from simulator.outbox import Posting
from simulator.recordings import keep_recording, recording_url
from simulator.resources import Call, Recording, new_sid
from simulator.twiml import VOICE, TwimlError, Verb, parse

MAX_VERBS = 500  # of one call: a loop must end
MAX_DOCUMENTS = 100  # of one call
PLAY_SECONDS = 2.0
GREETING_SECONDS = 5.0  # of an answering machine


def _rejects(document: Document) -> bool:
    """Whether the call is refused unanswered; anything else first answers it."""
    return bool(document.verbs) and document.verbs[0].name == "Reject"


class CallRunner:
    """Runs as a task of its own; `line` is the only way to reach it."""

    def __init__(self, carrier: Carrier, call: Call, line: Line) -> None:
        self.carrier, self.call, self.line = carrier, call, line
        self._verbs: dict[str, Callable[[Verb, Document], Awaitable[Document | None]]] = {
            "Say": self._say,
            "Play": self._play,
            "Gather": self._gather,
            "Record": self._record,
            "Pause": self._pause,
            "Redirect": self._redirect,
            "Hangup": self._hang_up,
            "Reject": self._reject,
        }

    async def run(self) -> None:
        """The whole call. Never raises for what the service or the person does."""
        try:
            if self.call.direction != "inbound":
                await self._ring()
            await self._talk()
            state = "completed"
        except HungUpError as end:
            state = end.state
        self._finish(state)

    async def _ring(self) -> None:
        self.call.started_at = time.time()
        self._progress("initiated", "queued")
        await self.line.sleep(0.1)
        self._progress("ringing", "ringing")
        answer = self.line.voice.answer
        if answer in ("busy", "failed"):
            await self._wait_ring()
            raise HungUpError(answer)
        if answer in ("auto", "machine"):
            await self._wait_ring()
            await self._detect(machine=answer == "machine")
        else:
            await self._wait_for_answer()
        await self._pick_up()

    async def _wait_ring(self) -> None:
        pace = self.line.voice.pace or 1
        await self.line.sleep(self.line.voice.ring_ms / 1000 / pace)

    async def _wait_for_answer(self) -> None:
        for _ in range(MAX_VERBS):
            signal = await self.line.listen(self.call.timeout)
            if signal is None:
                raise HungUpError("no-answer")
            if signal.kind == "decline":
                raise HungUpError("busy")
            if signal.kind == "answer":
                break
        await self._detect(machine=False)

    async def _detect(self, *, machine: bool) -> None:
        """Who picked up. `DetectMessageEnd` waits for the end of a machine's greeting."""
        mode = self.call.machine_detection
        if not mode:
            return
        self.call.answered_by = "human"
        if machine and mode == "DetectMessageEnd":
            await self.line.sleep(GREETING_SECONDS)
            self.call.answered_by = "machine_end_beep"
        elif machine:
            self.call.answered_by = "machine_start"

    async def _pick_up(self) -> None:
        self.call.answered_at = time.time()
        self._progress("answered", "in-progress")

    async def _pick_up_inbound(self) -> None:
        """A person's call rings until its first instructions are there."""
        if self.call.direction == "inbound" and self.call.answered_at is None:
            await self._pick_up()

    async def _talk(self) -> None:
        try:
            document = await self._first_document()
            if not _rejects(document):
                await self._pick_up_inbound()
            await self._follow(document)
        except TwimlError as error:
            await self._after_error(error)

    async def _after_error(self, error: TwimlError) -> None:
        """As at Twilio: the fallback URL if there is one, else an apology and the end."""
        await self._pick_up_inbound()
        self._note(error)
        if self.call.fallback_url:
            params = self._params() | {"ErrorCode": str(error.code), "ErrorUrl": self.call.url}
            try:
                url, method = self.call.fallback_url, self.call.fallback_method
                await self._follow(await fetch(self.carrier, url, params, method))
                return
            except TwimlError as second:
                self._note(second)
        self._utter("We are sorry, an application error has occurred. Goodbye.")

    def _note(self, error: TwimlError) -> None:
        self.call.error_code, self.call.error_message = error.code, str(error)
        self.carrier.changed(self.call)

    async def _first_document(self) -> Document:
        if self.call.twiml:
            return Document(parse(self.call.twiml, VOICE))
        return await fetch(self.carrier, self.call.url, self._params(), self.call.method)

    async def _follow(self, document: Document) -> None:
        """Carry documents out until one ends without leading to another."""
        todo, seen = list(document.verbs), 1
        for _ in range(MAX_VERBS):
            if not todo:
                return
            verb = todo.pop(0)
            try:
                following = await self._verbs[verb.name](verb, document)
            except RedirectedError as redirected:
                following = await self._new_orders(redirected)
            if following is None:
                continue
            document, todo, seen = following, list(following.verbs), seen + 1
            if seen > MAX_DOCUMENTS:
                break
        raise TwimlError(12400, "Internal failure: the call's instructions do not end")

    async def _new_orders(self, redirected: RedirectedError) -> Document:
        if redirected.verbs is not None:
            return Document(redirected.verbs, self.call.url)
        return await fetch(self.carrier, redirected.url, self._params(), redirected.method)

    async def _say(self, verb: Verb, _document: Document) -> None:
        self._speak(verb)
        await self.line.sleep(speech_seconds(verb.text))

    def _speak(self, verb: Verb) -> None:
        self.call.language = verb.get("language", "en-US")
        self._utter(verb.text)

    def _utter(self, text: str) -> None:
        self.call.body = f"{self.call.body}\n{text}".strip()
        self.carrier.changed(self.call)

    async def _play(self, verb: Verb, document: Document) -> None:
        if verb.text:
            await self._load_audio(absolute(document, verb.text))
        self._utter(f"♪ {verb.text or verb.get('digits')}")
        await self.line.sleep(PLAY_SECONDS)

    async def _load_audio(self, url: str) -> None:
        answer = await self.carrier.outbox.ask("call.play", url, {}, "GET")
        if answer.status != 200:
            raise TwimlError(11200, f"HTTP retrieval failure: {answer.error or answer.status}")
        if not answer.content_type.lower().startswith("audio/"):
            raise TwimlError(13420, f"Play: invalid Content-Type: {answer.content_type or 'none'}")

    async def _pause(self, verb: Verb, _document: Document) -> None:
        await self.line.sleep(verb.seconds("length", 1, 13910))

    async def _redirect(self, verb: Verb, document: Document) -> Document:
        url, method = absolute(document, verb.text), verb.get("method", "POST")
        return await fetch(self.carrier, url, self._params(), method)

    async def _hang_up(self, _verb: Verb, _document: Document) -> None:
        raise HungUpError("completed")

    async def _reject(self, verb: Verb, _document: Document) -> None:
        self.call.answered_at = None
        raise HungUpError("busy" if verb.get("reason") == "busy" else "no-answer")

    async def _gather(self, verb: Verb, document: Document) -> Document | None:
        digits, ended_by, speech = await self._collect(verb, document)
        self._waits_for("")
        if digits:
            self.call.digits += digits
            self.carrier.changed(self.call)
        if not (digits or speech or verb.get("actionOnEmptyResult") == "true"):
            return None
        params = self._params()
        if speech and not digits:
            params |= {"SpeechResult": speech, "Confidence": "0.9"}
        else:
            params |= {"Digits": digits, "FinishedOnKey": ended_by}
        return await self._act(verb, document, params)

    async def _collect(self, verb: Verb, document: Document) -> tuple[str, str, str]:
        """Digits, the key that ended them, speech. Keys count already during the prompt."""
        self._waits_for("speech" if "speech" in verb.get("input") else "digits")
        length, last_key = verb.seconds("numDigits", 0, 13314), verb.get("finishOnKey", "#")
        timeout = verb.seconds("timeout", 5, 13313)
        prompt = await self._prompt(verb, document)
        script = list(self.line.script_digits()) if prompt == "" else []
        digits, key = "", prompt
        for _ in range(MAX_VERBS):
            if key:
                if key == last_key:
                    return digits, key, ""
                digits, key = digits + key, ""
                if length and len(digits) >= length:
                    break
            if script:
                key = script.pop(0)
                continue
            signal = await self.line.listen(0 if self.line.automatic and digits else timeout)
            if signal is None:
                break
            if signal.kind == "speech" and "speech" in verb.get("input"):
                return "", "", signal.value
            key = signal.value if signal.kind == "digit" else ""
        return digits, "", ""

    async def _prompt(self, verb: Verb, document: Document) -> str:
        """Speak what is nested; the key that interrupted it, or nothing."""
        for child in verb.children:
            if child.name == "Play" and child.text:
                await self._load_audio(absolute(document, child.text))
            if child.name == "Say":
                self._speak(child)
            elif child.name == "Play":
                self._utter(f"♪ {child.text or child.get('digits')}")
            seconds = {"Say": float(speech_seconds(child.text)), "Play": PLAY_SECONDS}.get(
                child.name, float(child.get("length", "1") or 1)
            )
            signal = await self.line.listen(seconds)
            if signal is not None and signal.kind == "digit":
                return signal.value
        return ""

    async def _record(self, verb: Verb, document: Document) -> Document | None:
        self._waits_for("recording")
        text, seconds, key = await self._listen_to(verb)
        self._waits_for("")
        if not seconds:
            self._tell_of(verb, document, self._nothing(), "absent")
            if key == "hangup":
                raise HungUpError
            return None  # an empty recording makes no action request
        recording = keep_recording(self.carrier, self.call, text, seconds)
        self._utter(f"● {recording.duration} s")
        self._tell_of(verb, document, recording, "completed")
        if key == "hangup":  # nobody is there any more to carry the answer out for
            self.call.state = "completed"
        params = self._params() | {
            "RecordingSid": recording.sid,
            "RecordingUrl": recording_url(self.carrier, recording),
            "RecordingDuration": str(recording.duration),
            "Digits": key,
        }
        following = await self._act(verb, document, params)
        if key == "hangup":
            raise HungUpError
        return following

    def _nothing(self) -> Recording:
        return Recording(sid=new_sid("RE"), call_sid=self.call.sid, duration=0, status="absent")

    async def _listen_to(self, verb: Verb) -> tuple[str, int, str]:
        """What was said, for how many seconds, and the key that ended it (or `hangup`).

        Who hangs up, or presses a closing key, while they speak has said something until then.
        """
        longest = verb.seconds("maxLength", 3600, 13612)
        script = self.line.script_speech()
        if script:
            return script, min(speech_seconds(script), longest), ""
        patience, began = float(verb.seconds("timeout", 5, 13611)), 0.0
        closing = verb.get("finishOnKey", "1234567890*#")
        for _ in range(MAX_VERBS):
            try:
                signal = await self.line.listen(patience)
            except HungUpError as end:
                if end.state != "completed":
                    raise
                return "", self._spoken_for(began, longest), "hangup"
            if signal is None:
                return "", 0, ""
            if signal.kind == "speaking":
                patience, began = float(longest), began or time.time()
            elif signal.kind == "speech":
                return signal.value, min(signal.seconds, longest), "hangup" if signal.last else ""
            elif signal.kind == "digit" and signal.value in closing:
                return "", self._spoken_for(began, longest), signal.value
        return "", 0, ""

    def _spoken_for(self, began: float, longest: int) -> int:
        """Call seconds since somebody began to speak; 0 if nobody did."""
        if not began:
            return 0
        return min(max(1, round((time.time() - began) / (self.line.voice.pace or 1))), longest)

    def _tell_of(self, verb: Verb, document: Document, recording: Recording, event: str) -> None:
        """A recording's status, if that event was asked for; `completed` is when none was named."""
        url = verb.get("recordingStatusCallback")
        if not url or event not in verb.get("recordingStatusCallbackEvent", "completed").split():
            return
        account = self.carrier.settings.account_sid
        params = call_params.recording_params(
            account, recording, recording_url(self.carrier, recording)
        )
        posting = Posting(
            "recording.status",
            absolute(document, url),
            params,
            verb.get("recordingStatusCallbackMethod", "POST"),
        )
        send_callback(self.carrier, posting, last=True)

    async def _act(self, verb: Verb, document: Document, params: dict[str, str]) -> Document:
        url, method = absolute(document, verb.get("action")), verb.get("method", "POST")
        return await fetch(self.carrier, url, params, method)

    def _waits_for(self, what: str) -> None:
        self.call.waiting_for = what
        self.carrier.changed(self.call)

    def _params(self) -> dict[str, str]:
        return call_params.request_params(self.carrier.settings.account_sid, self.call)

    def _finish(self, state: str) -> None:
        self.call.ended_at = time.time()
        self.call.waiting_for = ""
        if self.call.record and self.call.answered_at is not None:
            seconds = max(1, self.call.duration() or 0)
            keep_recording(self.carrier, self.call, self.call.body, seconds, "OutboundAPI")
        self._progress("completed", state)

    def _progress(self, event: str, state: str) -> None:
        """Move the call on, and call back if this event was asked for."""
        self.call.change(state)
        self.carrier.changed(self.call)
        if not self.call.status_callback or event not in self.call.status_callback_events:
            return
        status = "initiated" if event == "initiated" else state
        params = call_params.status_params(self.carrier.settings.account_sid, self.call, status)
        self.call.sequence += 1
        method = self.call.status_callback_method
        posting = Posting("call.status", self.call.status_callback, params, method)
        send_callback(self.carrier, posting, last=event == "completed")
