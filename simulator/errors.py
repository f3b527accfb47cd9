"""Twilio's published error codes and its error body.

Source: https://www.twilio.com/docs/api/errors. The words may change at Twilio at any time; the
code and the HTTP status are the contract.
"""

from __future__ import annotations

from typing import Any

MESSAGES: dict[int, tuple[int, str]] = {
    10001: (403, "Account is not active"),
    20001: (400, "Unknown parameters or a parameter is not valid: {}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20006: (403, "Access Denied"),
    20009: (409, "{}"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL: {}"),
    21210: (400, "The source phone number provided, {}, is not yet verified for your account"),
    21211: (400, "The 'To' number {} is not a valid phone number."),
    21212: (
        400,
        "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID.",
    ),
    21213: (400, "A 'From' phone number is required."),
    21218: (400, "The ApplicationSid {} is not valid"),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    21408: (
        400,
        "Permission to send an SMS or MMS has not been enabled for the region indicated by the 'To'"
        " number: {}",
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number provided ({}) is not a valid message-capable Twilio phone number"
        " for this destination/account",
    ),
    21609: (400, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (
        400,
        "Message cannot be sent with the current combination of 'To' ({}) and/or 'From' parameters",
    ),
    21614: (400, "'To' number: {}, is not a mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21620: (400, "Invalid media URL(s): {}"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21626: (400, "Invalid statusCallbackEvents: {}"),
    21659: (400, "'{}' is not a Twilio phone number or Short Code country mismatch"),
    21660: (400, "Mismatch between the 'From' number {} and the account"),
    21661: (400, "'From' number {} is not SMS-capable"),
    21701: (404, "The Messaging Service {} does not exist"),
    21910: (400, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
}

DELIVERY_ERRORS: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30009: "Missing inbound segment",
    30010: "Message price exceeds max price",
    30017: "Carrier network congestion",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30036: "Validity Period Expired",
    30037: "Outbound Messaging Disabled",
    30040: "Destination carrier requires Sender ID pre-registration",
    63003: "Channel could not find To address",
    63016: "Failed to send freeform message because you are outside the allowed window. If you are"
    " using WhatsApp, please use a Message Template.",
}


class ApiError(Exception):
    """A refusal that the API answers with; never stored, never in the ledger."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status, text = MESSAGES[code]
        self.message = text.format(detail)
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """Twilio's error document."""
        return error_body(self.status, self.code, self.message)


def error_body(status: int, code: int, message: str) -> dict[str, Any]:
    """`{"code", "message", "more_info", "status"}`, in this order, as Twilio writes it."""
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
