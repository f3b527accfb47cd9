"""Sealing for a public key, by whoever has nothing secret: a tablet that many hands hold.

A sealed value is `version (1) | ephemeral public key (65, uncompressed P-256) | AES-256-GCM`. Key
(32) and nonce (12) come from HKDF-SHA-256 of the ECDH secret; its salt is both public keys. What
the value is and whose identity it has is authenticated with it, so it opens as nothing else.
`web/src/seal.ts` does the same with WebCrypto.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION = 1
POINT_BYTES = 65
PRIVATE_BYTES = 32
OVERHEAD = 1 + POINT_BYTES + 16
"""Bytes that sealing adds."""
_CURVE = ec.SECP256R1()
_DOMAIN = b"careloop envelope 1"


class CannotOpen(Exception):
    """Not sealed for this key, or for another use or identity, or altered."""


def new_private_key() -> bytes:
    """A private key, 32 bytes."""
    number = ec.generate_private_key(_CURVE).private_numbers().private_value
    return number.to_bytes(PRIVATE_BYTES)


def public_key_of(private_key: bytes) -> bytes:
    """The public key (65 bytes, uncompressed) that belongs to a private one."""
    return _point(_private(private_key).public_key())


def seal(plain: bytes, public_key: bytes, context: str) -> bytes:
    """Seal for a public key. `context` says what it is and whose, e.g. `item:<UUID>`."""
    ephemeral = ec.generate_private_key(_CURVE)
    point = _point(ephemeral.public_key())
    recipient = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
    key, nonce = _derived(ephemeral.exchange(ec.ECDH(), recipient), point + public_key)
    return bytes([VERSION]) + point + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, private_key: bytes, context: str) -> bytes:
    """Open what `seal` made; raises `CannotOpen`."""
    if len(sealed) < OVERHEAD or sealed[0] != VERSION:
        raise CannotOpen("not a sealed value")
    mine = _private(private_key)
    point = sealed[1 : 1 + POINT_BYTES]
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
        secret = mine.exchange(ec.ECDH(), theirs)
        key, nonce = _derived(secret, point + _point(mine.public_key()))
        return AESGCM(key).decrypt(nonce, sealed[1 + POINT_BYTES :], context.encode())
    except (ValueError, InvalidTag) as error:
        raise CannotOpen("sealed for another key or use, or altered") from error


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key), _CURVE)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    made = HKDF(hashes.SHA256(), length=44, salt=salt, info=_DOMAIN).derive(secret)
    return made[:32], made[32:]
