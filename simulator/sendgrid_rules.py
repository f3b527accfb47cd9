"""What SendGrid refuses: the published limits of a mail, first offence first."""

from __future__ import annotations

import re
from typing import Any

_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"
_ADDRESS = re.compile(r"[^@\s<>\"(),:;\[\]]+@[^@\s<>\"(),:;\[\]_]+\.[^@\s<>\"(),:;\[\].]+")
MOST_PERSONALIZATIONS = 1000
MOST_RECIPIENTS = 1000
LONGEST_CUSTOM_ARGS = 10_000
_HEADER_NAMES = (
    "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from"
    " subject reply-to cc bcc"
)
_RESERVED_HEADERS = frozenset(_HEADER_NAMES.split())


class MailError(Exception):
    """A refusal: the message, the field in SendGrid's dotted notation, and its help page."""

    def __init__(self, message: str, field: str | None, anchor: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.help = _HELP + anchor if anchor else None


def check(document: object) -> None:
    """Raise `MailError` for what the API would refuse with 400."""
    if not isinstance(document, dict):
        raise MailError("Bad Request", None)
    _check_personalizations(document)
    _check_from(document)
    _check_subject(document)
    _check_content(document)
    _check_custom_args(document.get("custom_args", {}), "custom_args")
    _check_headers(document.get("headers", {}), "headers")


def _check_personalizations(document: dict[str, Any]) -> None:
    people = document.get("personalizations")
    if not isinstance(people, list) or not people:
        raise MailError(
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
            "-Personalizations-Errors",
        )
    if len(people) > MOST_PERSONALIZATIONS:
        raise MailError(
            "The personalizations field cannot have more than 1000 personalizations.",
            "personalizations",
            "-Personalizations-Errors",
        )
    total = sum(_check_personalization(person, index) for index, person in enumerate(people))
    if total > MOST_RECIPIENTS:
        raise MailError("The total number of recipients must be less than 1000.", None)


def _check_personalization(person: object, index: int) -> int:
    where = f"personalizations.{index}"
    if not isinstance(person, dict):
        raise MailError("Invalid type. Expected: object, given: null.", where)
    if not isinstance(person.get("to"), list) or not person["to"]:
        raise MailError(
            "The to array is required for all personalization objects, and must have at least one"
            " email object with a valid email address.",
            f"{where}.to",
            "message.personalizations.to",
        )
    seen: set[str] = set()
    for role in ("to", "cc", "bcc"):
        for number, address in enumerate(person.get(role, [])):
            email = _check_address(address, f"{where}.{role}.{number}", role)
            if email in seen:
                raise MailError(
                    "Each email address in the personalization block should be unique between to,"
                    f" cc, and bcc. We found the first duplicate instance of [{email}] in the"
                    f" {where}.{role} field.",
                    where,
                    "message.recipient-errors",
                )
            seen.add(email)
    _check_custom_args(person.get("custom_args", {}), f"{where}.custom_args")
    _check_headers(person.get("headers", {}), f"{where}.headers")
    return len(seen)


def _check_address(address: object, where: str, role: str) -> str:
    anchor = f"message.personalizations.{role}"
    if not isinstance(address, dict):
        raise MailError("Invalid type. Expected: object, given: string.", where, anchor)
    email = address.get("email")
    if not email:
        raise MailError(f"The {role} email parameter is required.", f"{where}.email", anchor)
    if not isinstance(email, str) or not _ADDRESS.fullmatch(email):
        raise MailError("Does not contain a valid address.", f"{where}.email", anchor)
    return email.lower()


def _check_from(document: dict[str, Any]) -> None:
    sender = document.get("from")
    email = sender.get("email") if isinstance(sender, dict) else None
    if not email:
        raise MailError(
            "The from object must be provided for every email send. It is an object that requires"
            ' the email parameter, but may also contain a name parameter.  e.g. {"email" :'
            ' "example@example.com"}  or {"email" : "example@example.com", "name" :'
            ' "Example Recipient"}.',
            "from.email",
            "message.from",
        )
    if not isinstance(email, str) or not _ADDRESS.fullmatch(email):
        raise MailError(
            "The from email does not contain a valid address.", "from.email", "message.from"
        )


def _check_subject(document: dict[str, Any]) -> None:
    if document.get("template_id") or document.get("subject"):
        return
    if all(person.get("subject") for person in document["personalizations"]):
        return
    raise MailError(
        "The subject is required. You can get around this requirement if you use a template with a"
        " subject defined or if every personalization has a subject defined.",
        "subject",
        "message.subject",
    )


def _check_content(document: dict[str, Any]) -> None:
    content = document.get("content")
    if document.get("template_id") and not content:
        return
    if not isinstance(content, list) or not content:
        raise MailError(
            "Unless a valid template_id is provided, the content parameter is required. There must"
            " be at least one defined content block. We typically suggest both text/plain and"
            " text/html blocks are included, but only one block is required.",
            "content",
            "message.content",
        )
    for index, part in enumerate(content):
        value = part.get("value") if isinstance(part, dict) else None
        if not isinstance(value, str) or not value:
            raise MailError(
                "The content value must be a string at least one character in length.",
                f"content.{index}.value",
                "message.content.value",
            )
        if not isinstance(part.get("type"), str) or "/" not in part["type"]:
            raise MailError(
                "The content type must be a MIME type.",
                f"content.{index}.type",
                "message.content.type",
            )
    types = [part["type"] for part in content]
    if "text/plain" in types[1:]:
        raise MailError(
            "If present, text/plain and text/html may only be provided once, and text/plain must"
            " be first.",
            "content",
            "message.content",
        )


def _check_custom_args(args: object, where: str) -> None:
    if not isinstance(args, dict) or not all(isinstance(value, str) for value in args.values()):
        raise MailError("Custom arg values must be strings.", where, "message.custom_args")
    if sum(len(name) + len(value) for name, value in args.items()) > LONGEST_CUSTOM_ARGS:
        raise MailError("Custom args may not exceed 10,000 bytes.", where, "message.custom_args")


def _check_headers(headers: object, where: str) -> None:
    if not isinstance(headers, dict):
        raise MailError("Invalid type. Expected: object.", where, "message.headers")
    for name in headers:
        if str(name).lower() in _RESERVED_HEADERS:
            raise MailError(
                f"The header {name} is reserved and may not be set.", where, "message.headers"
            )
