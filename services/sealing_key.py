"""Key pairs for what waits on devices: made when first asked for, rotated, never forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select, text

from database.session import ScopedSession
from models.sealing_key import SealingKey
from services.errors import CareloopError
from utils.envelope import CannotOpen, new_private_key, public_key_of, unseal

_LOCK = text("select pg_advisory_xact_lock(:space, :establishment)")
_LOCK_SPACE = 0x43_4C_53_4B  # "CLSK"
ITEM, RECORDING = "item", "recording"
"""What can be sealed. It is authenticated with the sealed bytes, like the identity."""


class KeyUnknown(CareloopError):
    """Sealed for a key that this establishment never had: another's, or one that was lost."""

    status = 422
    code = "sealing_key_unknown"


class SealBroken(CareloopError):
    """It does not open: altered, cut short, or sealed as something else."""

    status = 422
    code = "seal_broken"


class SealingKeys:
    """Private keys by their id, for as long as one piece of work takes."""

    def __init__(self, private: Mapping[str, bytes]) -> None:
        self._private = private

    def open(self, key_id: str, sealed: bytes, kind: str, identity: UUID) -> bytes:
        """What was sealed; raises `KeyUnknown`, `SealBroken`."""
        private = self._private.get(key_id)
        if private is None:
            raise KeyUnknown("There is no such key here.", field="key_id")
        try:
            return unseal(sealed, private, context(kind, identity))
        except CannotOpen as error:
            raise SealBroken("This does not open with its key.", field="sealed") from error


def context(kind: str, identity: UUID) -> str:
    """What is authenticated with sealed bytes."""
    return f"{kind}:{identity}"


def current(session: ScopedSession) -> SealingKey:
    """The pair that devices seal for now; the first question makes the first one."""
    found = _newest(session)
    if found is None:
        number = session.establishment_id
        session.execute(_LOCK, {"space": _LOCK_SPACE, "establishment": number})
        found = _newest(session) or _make(session)
    return found


def _newest(session: ScopedSession) -> SealingKey | None:
    return session.scalar(select(SealingKey).order_by(SealingKey.id.desc()).limit(1))


def rotate(session: ScopedSession) -> SealingKey:
    """Make a new pair for devices. What is sealed for an older one opens as before."""
    made = _make(session)
    session.outdate_devices()
    return made


def _make(session: ScopedSession) -> SealingKey:
    private = new_private_key()
    public = public_key_of(private)
    made = SealingKey(
        key_id=hashlib.sha256(public).hexdigest()[:16], public_key=public, private_key=private
    )
    session.add(made)
    session.flush()
    return made


def known(session: ScopedSession, key_id: str) -> bool:
    """Whether this establishment has such a key."""
    return session.scalar(select(SealingKey.id).where(SealingKey.key_id == key_id)) is not None


def sealing_keys(session: ScopedSession, key_ids: Iterable[str]) -> SealingKeys:
    """The private keys with these ids, as far as they are known."""
    rows = session.execute(
        select(SealingKey.key_id, SealingKey.private_key).where(SealingKey.key_id.in_(set(key_ids)))
    )
    return SealingKeys({row.key_id: row.private_key for row in rows})
