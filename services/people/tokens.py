"""Tokens: signed access tokens of staff, and random ones that only their hash is kept of."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from config.settings import PrivacySettings
from services.errors import Unauthenticated

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
ALGORITHM = "HS256"
ISSUER = "careloop"
DEVICE_PREFIX = "cld_"
LINK_PREFIX = "cll_"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says. The role is not in it: it is read from the membership."""

    user_id: int
    establishment_id: int
    sign_in: UUID
    expires_at: datetime | None = None


class TokenSigner:
    """Signs with `SECRET_KEY`, accepts the previous ones too: a key can be rotated in peace."""

    def __init__(self, privacy: PrivacySettings) -> None:
        keys = [privacy.secret_key, *privacy.previous_secret_keys]
        self._keys = {
            _key_id(key.get_secret_value()): _signing_key(key.get_secret_value()) for key in keys
        }
        self._current = next(iter(self._keys))

    def sign(self, claims: AccessClaims) -> str:
        """An access token, good for `ACCESS_LIFE`."""
        now = datetime.now(UTC)
        payload = {
            "iss": ISSUER,
            "sub": str(claims.user_id),
            "est": claims.establishment_id,
            "sid": str(claims.sign_in),
            "iat": now,
            "exp": now + ACCESS_LIFE,
        }
        return jwt.encode(
            payload, self._keys[self._current], ALGORITHM, headers={"kid": self._current}
        )

    def read(self, token: str) -> AccessClaims:
        """The claims of a token; raises `Unauthenticated` for any that is not good now."""
        try:
            key = self._keys[str(jwt.get_unverified_header(token).get("kid"))]
            payload = jwt.decode(
                token,
                key,
                [ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "sub", "est", "sid"]},
            )
            return AccessClaims(
                int(payload["sub"]),
                int(payload["est"]),
                UUID(payload["sid"]),
                datetime.fromtimestamp(int(payload["exp"]), UTC),
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated(
                "This token has expired: refresh it, or log in again.", code="token_expired"
            ) from error
        except (jwt.InvalidTokenError, KeyError, ValueError, OverflowError, OSError) as error:
            raise Unauthenticated("This token is not valid.", code="token_invalid") from error


def _key_id(secret: str) -> str:
    return hashlib.sha256(b"key id:" + secret.encode()).hexdigest()[:8]


def _signing_key(secret: str) -> bytes:
    return hashlib.sha256(b"access token:" + secret.encode()).digest()


def random_token(prefix: str = "") -> str:
    """A token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a random token. It has entropy enough for a plain hash."""
    return hashlib.sha256(token.encode()).digest()
