"""How the providers sign what they send to us."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def twilio_signature(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    """X-Twilio-Signature of a form POST (or of a GET, with no params and the query in the URL).

    Source: https://www.twilio.com/docs/usage/security#validating-requests: the whole URL, then
    every parameter's name and value in the order of their names, HMAC-SHA1 with the auth token,
    base64.
    """
    text = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def phone_signature(signing_key: str, body: bytes, timestamp: str) -> str:
    """X-Signature of an Android phone: HMAC-SHA256 over the body and X-Timestamp, in hexadecimal.

    Source: https://docs.sms-gate.app/features/webhooks/, "Payload Signing".
    """
    return hmac.new(signing_key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()


class EventSigner:
    """SendGrid's signed event webhook: ECDSA on P-256 over timestamp and body.

    Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/
    getting-started-event-webhook-security-features
    """

    def __init__(self, private_key: str = "") -> None:
        """`private_key`: base64 of the PKCS #8 DER form; without one a new one is made."""
        if private_key:
            loaded = serialization.load_der_private_key(base64.b64decode(private_key), None)
            assert isinstance(loaded, ec.EllipticCurvePrivateKey)
            self._key = loaded
        else:
            self._key = ec.generate_private_key(ec.SECP256R1())

    def private_key(self) -> str:
        """Its base64, for another start of the simulator."""
        der = self._key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return base64.b64encode(der).decode()

    def public_key(self) -> str:
        """Base64 of the DER form without PEM armour, as SendGrid's settings page shows it."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        """Base64 of the DER signature."""
        signed = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signed).decode()
