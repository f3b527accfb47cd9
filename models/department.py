"""Where care was given."""

from __future__ import annotations

from sqlalchemy import String, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Numbered


class Department(Numbered, Created, Base):
    """A department; feedback is about one, a QR code names one by its `code`."""

    __tablename__ = "departments"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool] = mapped_column(server_default=true(), default=True)
