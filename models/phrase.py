"""A text that the system says, in one language: written, spelt for SMS, spoken."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Numbered
from models.recording import Recording


class Phrase(Numbered, Created, Base):
    """What an establishment has written or recorded itself; it goes before what ships.

    `key` is one of `services.phrase.phrases.FLOWS`. Said only once a second person has approved it;
    one who rejects it says why, and it stays to be written or recorded anew.
    """

    __tablename__ = "phrases"

    key: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(3))
    text: Mapped[str | None] = mapped_column(Text)
    sms_text: Mapped[str | None] = mapped_column(Text, doc="another spelling for SMS; None: `text`")
    recording_id: Mapped[UUID | None] = mapped_column(ForeignKey(Recording.id))
    written_by: Mapped[str] = mapped_column(
        String(40), doc="who wrote `text`, as user:7 or cli; of a mere recording who spoke it"
    )
    spelt_by: Mapped[str | None] = mapped_column(String(40), doc="who wrote `sms_text`")
    recorded_by: Mapped[str | None] = mapped_column(String(40), doc="who spoke the recording")
    approved_by: Mapped[str | None] = mapped_column(String(40))
    approved_at: Mapped[datetime | None]
    rejected_by: Mapped[str | None] = mapped_column(String(40))
    rejected_at: Mapped[datetime | None]
    rejection: Mapped[str | None] = mapped_column(Text, doc="why, for whoever wrote it")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1)

    @property
    def made_by(self) -> list[str]:
        """Everybody whose work it is, each once: somebody else has to approve it."""
        makers = (self.written_by, self.spelt_by, self.recorded_by)
        return list(dict.fromkeys(one for one in makers if one is not None))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own spelling
    __table_args__ = (
        UniqueConstraint("key", "language"),
        CheckConstraint("text is not null or recording_id is not null", name="says_something"),
        CheckConstraint(
            "approved_by is null or approved_by <> all (array[written_by, spelt_by, recorded_by])",
            name="two_people",
        ),
        CheckConstraint(
            "rejected_by is null or (rejected_by <> all (array[written_by, spelt_by, recorded_by])"
            " and approved_by is null)",
            name="rejected_by_another",
        ),
    )


class FlowLanguage(Numbered, Created, Base):
    """A language that somebody switched on for a flow: it was complete and approved by then."""

    __tablename__ = "flow_languages"

    flow: Mapped[str] = mapped_column(String(24))
    language: Mapped[str] = mapped_column(String(3))
    switched_by: Mapped[str] = mapped_column(String(40))

    __table_args__ = (UniqueConstraint("flow", "language"),)


class PhraseCode(Numbered, Created, Base):
    """Lets one caller speak one phrase in, once, for a short while. The code itself is not kept."""

    __tablename__ = "phrase_codes"

    key: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(3))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, doc="keyed hash")
    made_by: Mapped[str] = mapped_column(String(40), doc="who asked for it and will have spoken it")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_phrase_codes_open",
            "code_hash",
            unique=True,
            postgresql_where=text("used_at is null"),
        ),
    )
