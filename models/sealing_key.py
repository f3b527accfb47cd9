"""The key pairs for which devices seal what waits on them."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from database.types import SealedBytes
from models.base import Base, Created, Numbered


class SealingKey(Numbered, Created, Base):
    """A key pair (ECDH, P-256). The newest is given to devices; every one opens.

    None is ever removed: a tablet may come back after months with items sealed for an old one.
    """

    __tablename__ = "sealing_keys"

    key_id: Mapped[str] = mapped_column(String(16), unique=True, doc="of the public key's SHA-256")
    public_key: Mapped[bytes] = mapped_column(LargeBinary, doc="65 bytes, uncompressed")
    private_key: Mapped[bytes] = mapped_column(SealedBytes("sealing_keys.private_key"))
