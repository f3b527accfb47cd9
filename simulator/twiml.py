"""TwiML, read as strictly as the published schema: what is unknown is an error, never ignored.

Source: https://www.twilio.com/docs/voice/twiml and /docs/messaging/twiml. Verbs that exist at
Twilio but not here (Dial, Enqueue, …) are refused with a message that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

LONGEST_SAY = 4096

# Languages that <Say> speaks; there is none for Cameroon's own languages, nor fr-CM or en-CM.
_LANGUAGES = (
    "arb ar-AE ca-ES cmn-CN cy-GB da-DK de-AT de-DE en-AU en-CA en-GB en-GB-WLS en-IE en-IN en-NZ"
    " en-US en-ZA es-ES es-MX es-US fi-FI fr-BE fr-CA fr-FR hi-IN is-IS it-IT ja-JP ko-KR nb-NO"
    " nl-BE nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sv-SE tr-TR yue-CN zh-CN zh-HK zh-TW"
)
SAY_LANGUAGES = frozenset(_LANGUAGES.split())

_GATHER = (
    "action method timeout finishOnKey numDigits input language hints speechTimeout"
    " actionOnEmptyResult partialResultCallback partialResultCallbackMethod maxSpeechTime"
    " profanityFilter bargeIn debug"
    " speechModel enhanced dtmfDetection"
)
_RECORD = (
    "action method timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback"
    " recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent"
)
VOICE: dict[str, frozenset[str]] = {
    "Say": frozenset({"language", "voice", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Gather": frozenset(_GATHER.split()),
    "Record": frozenset(_RECORD.split()),
    "Pause": frozenset({"length"}),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
}
MESSAGING: dict[str, frozenset[str]] = {
    "Message": frozenset({"to", "from", "action", "method", "statusCallback"}),
    "Redirect": frozenset({"method"}),
}
_NESTED: dict[str, frozenset[str]] = {
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Message": frozenset({"Body", "Media"}),
}
_ELSEWHERE = frozenset(
    {"Dial", "Enqueue", "Leave", "Connect", "Start", "Stop", "Sms", "Pay", "Refer"}
)


class TwimlError(Exception):
    """An application error, by Twilio's published code (12100 and on, 13xxx)."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(slots=True)
class Verb:
    """One instruction: its name, attributes, text and what is nested in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Verb] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def seconds(self, name: str, default: int, code: int) -> int:
        """A whole, non-negative number of seconds (or digits). Raises `TwimlError` with `code`."""
        text = self.get(name, str(default))
        if not text.isdecimal() or len(text) > 6:
            raise TwimlError(code, f"{self.name}: invalid {name} value {text!r}")
        return int(text)


def parse(document: str, verbs: dict[str, frozenset[str]]) -> list[Verb]:
    """The verbs of a <Response>. Raises `TwimlError` (12100, 12102, 12200, 13xxx)."""
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        raise TwimlError(12100, "Document parse failure: a DTD is not TwiML")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - no DTD gets here, see above
    except (ElementTree.ParseError, ValueError) as error:
        raise TwimlError(12100, f"Document parse failure: {error}") from None
    if root.tag != "Response":
        raise TwimlError(12102, "The root element must be Response")
    _refuse_attributes(root, frozenset({"version"}))
    return [_verb(element, verbs) for element in root]


def _verb(element: ElementTree.Element, verbs: dict[str, frozenset[str]]) -> Verb:
    name = element.tag
    if name in _ELSEWHERE:
        raise TwimlError(12200, f"The simulator does not carry out <{name}>")
    if name not in verbs:
        raise TwimlError(12200, f"Schema validation warning: <{name}> is not a verb here")
    _refuse_attributes(element, verbs[name])
    inner = {nested: verbs.get(nested, frozenset()) for nested in _NESTED.get(name, ())}
    children = [_verb(child, inner) for child in element]
    verb = Verb(name, dict(element.attrib), (element.text or "").strip(), children)
    _check(verb)
    return verb


def _refuse_attributes(element: ElementTree.Element, known: frozenset[str]) -> None:
    unknown = sorted(set(element.attrib) - known)
    if unknown:
        raise TwimlError(
            12200,
            f"Schema validation warning: {unknown[0]!r} is not allowed in <{element.tag}>",
        )


def _check(verb: Verb) -> None:
    method = verb.get("method", "POST")
    if method not in ("GET", "POST"):
        raise TwimlError(12200, f"{verb.name}: invalid method value {method!r}")
    if verb.name == "Say":
        _check_say(verb)
    elif verb.name == "Play" and not (verb.text or verb.get("digits")):
        raise TwimlError(12200, "Play: no URL")
    elif verb.name == "Redirect" and not verb.text:
        raise TwimlError(11100, "Invalid URL format: <Redirect> is empty")
    elif verb.name == "Gather":
        _check_gather(verb)
    elif verb.name == "Record":
        verb.seconds("timeout", 5, 13611)
        if verb.seconds("maxLength", 3600, 13612) < 1:
            raise TwimlError(13612, "Record: invalid maxLength value")
    elif verb.name == "Pause":
        verb.seconds("length", 1, 13910)


def _check_say(verb: Verb) -> None:
    if not verb.text or len(verb.text) > LONGEST_SAY:
        raise TwimlError(13520, "Say: invalid text")
    language = verb.get("language", "en-US")
    if language not in SAY_LANGUAGES:
        raise TwimlError(13512, f"Say: invalid language value {language!r}")


def _check_gather(verb: Verb) -> None:
    verb.seconds("timeout", 5, 13313)
    if "numDigits" in verb.attributes and verb.seconds("numDigits", 0, 13314) < 1:
        raise TwimlError(13314, "Gather: invalid numDigits value")
    if len(verb.get("finishOnKey", "#")) > 1 or verb.get("finishOnKey", "#") not in "0123456789#*":
        raise TwimlError(13310, "Gather: invalid finishOnKey value")
    if not set(verb.get("input", "dtmf").split()) <= {"dtmf", "speech"}:
        raise TwimlError(13326, "Gather: invalid input value")
