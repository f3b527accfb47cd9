"""What a provider's error code means: what may be done next, and whose fault it was.

One table for each, for the answer to a request (`utils/twilio_client.py`, `utils/email_client.py`,
`utils/android_client.py`) and for the code in a status callback alike. Sources:
- Twilio's error dictionary, https://www.twilio.com/docs/api/errors, each code under its own page
  (https://www.twilio.com/docs/api/errors/30002); as a list in
  https://www.twilio.com/docs/api/errors/twilio-error-codes.json
- SendGrid's status codes, https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-
  sendgrid-v3-api/errors and "4XX API Errors and Troubleshooting Suggestions" in its help centre
- SMTP replies: RFC 4954 section 6 (530, 534, 535, 538)
- an Android phone: what `utils/android_status.py` makes of its reasons: Android's own results
  (`SmsManager.RESULT_…`), or a status of GSM 03.40 (9.2.3.15) in a delivery report

Twilio advises against logic that needs a code to be known, so an unknown one falls back on its
family: it is never taken for a fault of the sender.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from utils.senders import Verdict


class Blame(StrEnum):
    """Whose fault it was that a message did not go out."""

    recipient = "recipient"
    content = "content"
    sender = "sender"  # the number or address it was sent from
    account = "account"  # the hospital's account with the provider
    carrier = "carrier"  # the provider, or a network behind it


@dataclass(frozen=True, slots=True)
class Fault:
    """What a code means. `suspends`: every other message of the sender would meet the same."""

    verdict: Verdict
    blame: Blame
    suspends: bool = False


RECIPIENT = Fault(Verdict.refused, Blame.recipient)
CONTENT = Fault(Verdict.refused, Blame.content)
CARRIER = Fault(Verdict.refused, Blame.carrier)
CARRIER_BUSY = Fault(Verdict.throttled, Blame.carrier)
CARRIER_BROKEN = Fault(Verdict.unknown, Blame.carrier)
ACCOUNT_BUSY = Fault(Verdict.throttled, Blame.account)
# Only some recipients are out of reach of this account or sender: the others must not wait.
ACCOUNT_FOR_THIS_ONE = Fault(Verdict.refused, Blame.account)
SENDER_FOR_THIS_ONE = Fault(Verdict.refused, Blame.sender)
ACCOUNT_DOWN = Fault(Verdict.unreachable, Blame.account, suspends=True)
SENDER_DOWN = Fault(Verdict.unreachable, Blame.sender, suspends=True)
SENDER_FULL = Fault(Verdict.throttled, Blame.sender, suspends=True)

_TWILIO_CODES: dict[Fault, tuple[int, ...]] = {
    RECIPIENT: (
        21201, 21604,  # no To at all
        21202,  # a premium number
        13223, 13224, 32101,  # no valid number of a call
        21211, 21217, 21614, 21635,  # no valid number; no mobile number; a landline
        21214,  # cannot be reached
        21266, 21268, 21421,  # To is the sender itself, an information service, no number
        21610,  # said stop to the carrier
        30003, 30005, 30006,  # unreachable handset, unknown handset, landline
        30004, 30011,  # blocks messages, takes no MMS
        63003, 63024,  # is not on WhatsApp
        63014, 63033,  # blocked us there
        63015, 63032,  # has not joined the sandbox, left out by WhatsApp
    ),
    CONTENT: (
        20001,  # a parameter is not valid
        21205, 21218, 21626,  # our URLs and events of a call
        21602, 21605, 21617, 21619, 21620, 21623,  # empty, too long, media
        21654, 21655, 21658,  # templates
        21618, 21624, 30012, 30013,  # words that cannot be sent, a validity out of bounds
        30007, 30019, 30038,  # filtered; too large for the carrier; looks like a one-time code
        63016,  # WhatsApp: they have not written within 24 hours
        63005, 63006, 63013, 63021, 63026,  # not for this channel, against its rules
        63041, 63042,  # its template was put aside
    ),
    CARRIER: (
        30008, 30020, 30021, 30036, 30410, 30485,
        32014, 32016,  # a call without sound, or that nobody connected
        63009, 63010, 63012, 63023,
    ),
    CARRIER_BUSY: (
        429, 20429, 21730, 30017,
        14107,  # more than thirty to one number in half a minute
        63017, 63018,
    ),
    CARRIER_BROKEN: (500, 503, 20500, 20503),
    ACCOUNT_BUSY: (10004,),  # calls at once
    ACCOUNT_FOR_THIS_ONE: (
        21203, 21215, 21408, 13227, 32205,  # this country is not switched on
        21216, 13225, 32203, 32216,  # on the list of numbers that Twilio does not call
        21219, 21608, 32100,  # a trial account reaches verified numbers only
        30010,  # dearer than the account's highest price
        30450,  # blocked as "SMS pumping"
    ),
    SENDER_FOR_THIS_ONE: (
        21612,  # this sender cannot reach this number
        21910, 30016,  # another channel than the recipient's
        32017,  # the recipient's network blocks calls from it
        30018, 30024, 30040, 30043,  # not registered with this recipient's network
    ),
    ACCOUNT_DOWN: (
        401, 403, 10001, 20005, 90010,  # not active
        10002, 20008,  # a trial account or test credentials
        20010,  # what was asked for is switched off for it
        20003, 20006, 20151, 20403,  # wrong credentials, no right
        20404,  # the account in the URL is not there
        21609,  # our public address is not one that Twilio accepts for callbacks
        30002, 30037, 30454,  # suspended, messaging switched off, limit of the account reached
        10005,  # calling switched off
    ),
    SENDER_DOWN: (
        21210, 21212, 21213, 21601, 21603, 21606, 21607,  # not ours, not valid, not capable
        21657, 21659, 21660, 21661,  # not valid here, not Twilio's, another account's
        21616,  # several of ours
        13214, 13247, 32204, 32206,  # not ours to call from
        21701, 21702, 21703, 21704, 21705, 21709, 21711,  # its messaging service
        30032, 30033, 30034, 30035, 30041, 30042,  # unregistered, its campaign suspended, generic
        63001, 63002, 63007, 63008, 63020,  # no WhatsApp sender, or its business account is shut
        63022, 63051,  # its name is not certified, its business account is locked
    ),
    SENDER_FULL: (
        21611, 30001,  # its queue is full
        30022, 30023, 30027,  # its rate, its cap of the day
        63038,  # the account's messages of a day; its calls go on
    ),
}  # fmt: skip

_SENDGRID_CODES: dict[Fault, tuple[int, ...]] = {
    CONTENT: (400, 405, 406, 413, 415),
    CARRIER_BUSY: (429,),
    CARRIER_BROKEN: (500, 502, 503, 504),
    ACCOUNT_DOWN: (401, 404),  # the key is wrong; the API is not at this address
    SENDER_DOWN: (403, 451),  # From is no verified sender, the key may not send, blocked for now
}

_SMTP_CODES: dict[Fault, tuple[int, ...]] = {ACCOUNT_DOWN: (530, 534, 535, 538)}
SENDER_REFUSED = "sender_refused"
"""Our own code on a server's no that is about who sends: a mail server has none for it alone."""

_ANDROID_CODES: dict[Fault, tuple[str, ...]] = {
    CONTENT: ("400", "413", "422", "null_pdu", "encoding_error", "ril_encoding_err"),
    RECIPIENT: (
        "invalid_number", "fdn_check_failure", "short_code_not_allowed",
        "short_code_never_allowed",
    ),
    CARRIER: ("ttl_expired", "generic_failure", "network_reject", "network_error", "409"),
    CARRIER_BUSY: ("429",),
    CARRIER_BROKEN: ("500", "502", "503", "504"),
    ACCOUNT_DOWN: ("401", "403"),  # its user, its password, or what they may do
    SENDER_DOWN: (
        "301", "302", "303", "307", "308", "404", "405",  # the gateway is not at this address
        "no_sim", "ril_sim_absent", "no_permission", "no_default_sms_app",
        "no_service", "radio_off", "radio_not_available", "ril_radio_not_available",
        "ril_network_not_ready",
    ),
    SENDER_FULL: ("limit_exceeded", "ril_request_rate_limited"),  # Android's bound, or the SIM's
}  # fmt: skip
_REPORT = "report_"
_REPORT_PERMANENT = range(0x40, 0x60)
"""Statuses of a delivery report with which the network gave up on this recipient."""


def _by_code(groups: dict[Fault, tuple[int, ...]]) -> dict[int, Fault]:
    return {code: fault for fault, codes in groups.items() for code in codes}


TWILIO = _by_code(_TWILIO_CODES)
SENDGRID = _by_code(_SENDGRID_CODES)
SMTP = _by_code(_SMTP_CODES)
ANDROID = {code: fault for fault, codes in _ANDROID_CODES.items() for code in codes}
ACCOUNT_CODES = frozenset(
    str(code)
    for table in (TWILIO, SENDGRID, SMTP, ANDROID)
    for code, fault in table.items()
    if fault.suspends and fault.blame is Blame.account
)
"""What shuts out a whole account: any of its senders that works shows that it is over."""
_TABLES = {"twilio": TWILIO, "sendgrid": SENDGRID, "smtp": SMTP}


def fault_of(provider: str | None, code: str | None) -> Fault | None:
    """What a provider's code means; None for words of our own (`timeout`) and SMTP's others."""
    if provider == "android":
        return _of_android(code or "")
    if provider == "smtp" and code == SENDER_REFUSED:
        return SENDER_DOWN
    table = _TABLES.get(provider or "")
    if table is None or code is None or not (code.isascii() and code.isdecimal()):
        return None
    number = int(code[:9])
    known = table.get(number)
    if known is not None or table is SMTP:
        return known
    return _of_family(number)


def _of_android(code: str) -> Fault | None:
    status = code.removeprefix(_REPORT)
    if status != code and status.isdecimal():
        return RECIPIENT if int(status[:3]) in _REPORT_PERMANENT else CARRIER
    return ANDROID.get(code)


def _of_family(number: int) -> Fault:
    """A code that the table lacks: 3xxxx come from a carrier, all else spoke of the request."""
    if number in range(500, 600):
        return CARRIER_BROKEN
    return CARRIER if number in range(30000, 40000) else CONTENT
