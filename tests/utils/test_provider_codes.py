"""What a provider's codes mean, and whose fault they are.

Seen to fail: 30002 moved to `RECIPIENT`; 21610 to `SENDER_DOWN`; a code in two groups; an unknown
3xxxx code taken for a fault of the sender; 63038 left to its family (a full day refuses for good).
"""

from __future__ import annotations

import pytest

from utils.provider_codes import _SENDGRID_CODES, _SMTP_CODES, _TWILIO_CODES, Blame, fault_of
from utils.senders import Verdict

V = Verdict

TABLE = [
    # what was asked for
    ("twilio", 20001, V.refused, Blame.content, False),
    ("twilio", 21602, V.refused, Blame.content, False),
    ("twilio", 21618, V.refused, Blame.content, False),
    ("twilio", 21624, V.refused, Blame.content, False),
    ("twilio", 30007, V.refused, Blame.content, False),
    ("twilio", 30012, V.refused, Blame.content, False),
    ("twilio", 63016, V.refused, Blame.content, False),
    ("twilio", 63041, V.refused, Blame.content, False),
    ("twilio", 21617, V.refused, Blame.content, False),
    # the person
    ("twilio", 21211, V.refused, Blame.recipient, False),
    ("twilio", 21614, V.refused, Blame.recipient, False),
    ("twilio", 21610, V.refused, Blame.recipient, False),
    ("twilio", 30003, V.refused, Blame.recipient, False),
    ("twilio", 30005, V.refused, Blame.recipient, False),
    ("twilio", 30006, V.refused, Blame.recipient, False),
    ("twilio", 30004, V.refused, Blame.recipient, False),
    ("twilio", 21202, V.refused, Blame.recipient, False),
    ("twilio", 13223, V.refused, Blame.recipient, False),
    ("twilio", 13224, V.refused, Blame.recipient, False),
    ("twilio", 63033, V.refused, Blame.recipient, False),
    # the network
    ("twilio", 30008, V.refused, Blame.carrier, False),
    ("twilio", 30036, V.refused, Blame.carrier, False),
    ("twilio", 20429, V.throttled, Blame.carrier, False),
    ("twilio", 14107, V.throttled, Blame.carrier, False),
    ("twilio", 30017, V.throttled, Blame.carrier, False),
    ("twilio", 63017, V.throttled, Blame.carrier, False),
    ("twilio", 32016, V.refused, Blame.carrier, False),
    ("twilio", 20500, V.unknown, Blame.carrier, False),
    # the hospital's account: nobody gets anything
    ("twilio", 20003, V.unreachable, Blame.account, True),
    ("twilio", 20005, V.unreachable, Blame.account, True),
    ("twilio", 20010, V.unreachable, Blame.account, True),
    ("twilio", 30037, V.unreachable, Blame.account, True),
    ("twilio", 30454, V.unreachable, Blame.account, True),
    ("twilio", 10005, V.unreachable, Blame.account, True),
    ("twilio", 10001, V.unreachable, Blame.account, True),
    ("twilio", 30002, V.unreachable, Blame.account, True),
    ("twilio", 21609, V.unreachable, Blame.account, True),
    # its account, but for this recipient only
    ("twilio", 21408, V.refused, Blame.account, False),
    ("twilio", 21608, V.refused, Blame.account, False),
    ("twilio", 10004, V.throttled, Blame.account, False),
    ("twilio", 21216, V.refused, Blame.account, False),
    ("twilio", 30450, V.refused, Blame.account, False),
    ("twilio", 13225, V.refused, Blame.account, False),
    ("twilio", 13227, V.refused, Blame.account, False),
    ("twilio", 32205, V.refused, Blame.account, False),
    # the number
    ("twilio", 21212, V.unreachable, Blame.sender, True),
    ("twilio", 21606, V.unreachable, Blame.sender, True),
    ("twilio", 21659, V.unreachable, Blame.sender, True),
    ("twilio", 21660, V.unreachable, Blame.sender, True),
    ("twilio", 21701, V.unreachable, Blame.sender, True),
    ("twilio", 21616, V.unreachable, Blame.sender, True),
    ("twilio", 21702, V.unreachable, Blame.sender, True),
    ("twilio", 21704, V.unreachable, Blame.sender, True),
    ("twilio", 21705, V.unreachable, Blame.sender, True),
    ("twilio", 13247, V.unreachable, Blame.sender, True),
    ("twilio", 63051, V.unreachable, Blame.sender, True),
    ("twilio", 30022, V.throttled, Blame.sender, True),
    ("twilio", 30023, V.throttled, Blame.sender, True),
    # the messages of this day are used up: later, not never, and a call may go out
    ("twilio", 63038, V.throttled, Blame.sender, True),
    ("twilio", 30034, V.unreachable, Blame.sender, True),
    ("twilio", 21611, V.throttled, Blame.sender, True),
    ("twilio", 30001, V.throttled, Blame.sender, True),
    ("twilio", 21612, V.refused, Blame.sender, False),
    ("twilio", 30040, V.refused, Blame.sender, False),
    ("twilio", 32017, V.refused, Blame.sender, False),
    # families: never a fault of the sender on a guess
    ("twilio", 21999, V.refused, Blame.content, False),
    ("twilio", 30999, V.refused, Blame.carrier, False),
    ("twilio", 32999, V.refused, Blame.carrier, False),
    ("twilio", 599, V.unknown, Blame.carrier, False),
    ("sendgrid", 400, V.refused, Blame.content, False),
    ("sendgrid", 401, V.unreachable, Blame.account, True),
    ("sendgrid", 403, V.unreachable, Blame.sender, True),
    ("sendgrid", 413, V.refused, Blame.content, False),
    ("sendgrid", 429, V.throttled, Blame.carrier, False),
    ("sendgrid", 503, V.unknown, Blame.carrier, False),
    ("smtp", 535, V.unreachable, Blame.account, True),
]


@pytest.mark.parametrize(("provider", "code", "verdict", "blame", "suspends"), TABLE)
def test_a_code_says_what_may_be_done_and_whose_fault_it_is(
    provider: str, code: int, verdict: V, blame: Blame, suspends: bool
) -> None:
    fault = fault_of(provider, str(code))
    assert fault is not None
    assert (fault.verdict, fault.blame, fault.suspends) == (verdict, blame, suspends)


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        ("twilio", "timeout"),
        ("twilio", None),
        ("twilio", "٣٠٠٠٢"),
        ("smtp", "550"),
        ("none", "no_sender"),
        (None, "30002"),
    ],
)
def test_what_no_provider_said_is_nobodys_fault(provider: str | None, code: str | None) -> None:
    assert fault_of(provider, code) is None


@pytest.mark.parametrize("groups", [_TWILIO_CODES, _SENDGRID_CODES, _SMTP_CODES])
def test_each_code_stands_once(groups: dict[object, tuple[int, ...]]) -> None:
    codes = [code for group in groups.values() for code in group]
    assert len(codes) == len(set(codes))


def test_what_suspends_is_never_a_patients_fault_and_never_final() -> None:
    for fault in (*_TWILIO_CODES, *_SENDGRID_CODES, *_SMTP_CODES):
        if fault.suspends:
            assert fault.blame in (Blame.sender, Blame.account)
            assert fault.verdict in (V.unreachable, V.throttled)


def test_every_family_of_a_message_and_of_a_call_is_in_the_table() -> None:
    """Each thing that a code may mean is shown with one of its codes at least."""
    shown = {(verdict, blame, suspends) for _, _, verdict, blame, suspends in TABLE}
    meant = {(fault.verdict, fault.blame, fault.suspends) for fault in _TWILIO_CODES}
    assert meant <= shown
    assert {code // 1000 for provider, code, *_ in TABLE if provider == "twilio"} >= {
        *(10, 13, 14, 20, 21, 30, 32, 63),
    }
