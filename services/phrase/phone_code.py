"""Codes for speaking a phrase in by phone: one caller, one phrase, one time, for a short while.

Somebody who speaks Duala calls the hospital's number, enters the code that a member of staff was
given, and speaks. Only a keyed hash of the code is stored. What was spoken counts as written by
whoever asked for the code: a second person approves it (`services/phrase/change.py`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from database.session import ScopedSession
from models.phrase import PhraseCode
from services.audit import audit
from services.errors import TooMany
from services.identity import Principal
from services.phrase.phrases import check_key
from utils.crypto import get_blind_index

DIGITS = 8
"""One in a hundred million, of which some few are open for a quarter of an hour."""
OPEN_FOR = timedelta(minutes=15)
MOST_OPEN = 20
"""Of an establishment, so that guessing stays hopeless."""
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A new code, said to its owner once and never shown again."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a caller with a good code may speak in, and in whose name; `id` is the code's row."""

    id: int
    key: str
    language: str
    made_by: str


def issue(session: ScopedSession, key: str, language: str, principal: Principal) -> IssuedCode:
    """Make a code for one phrase in one language; raises `NotFound` or `TooMany`."""
    check_key(key)
    session.execute(
        delete(PhraseCode).where(
            or_(PhraseCode.used_at.is_not(None), PhraseCode.expires_at < func.now()),
            PhraseCode.created_at < func.now() - KEPT_FOR,
        )
    )
    opened = session.scalars(select(func.count()).where(_open())).one()
    if opened >= MOST_OPEN:
        raise TooMany(OPEN_FOR.total_seconds())
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    row = PhraseCode(
        key=key,
        language=language,
        code_hash=_hash(session, code),
        made_by=principal.actor,
        expires_at=session.now() + OPEN_FOR,
    )
    # A code that ran out unused may stand in the way of the same digits, once in a lifetime.
    session.execute(
        update(PhraseCode)
        .where(PhraseCode.code_hash == row.code_hash, PhraseCode.used_at.is_(None))
        .values(used_at=func.now())
    )
    session.add(row)
    session.flush()
    audit(session, principal, "issue", "phrase_code", row.id, after={"key": key})
    return IssuedCode(code, row.expires_at)


def redeem(session: ScopedSession, code: str) -> Invitation | None:
    """Use a code up; None for one that is wrong, used or too old. Nobody redeems it twice.

    How often a caller may try is for the call to bound.
    """
    if len(code) != DIGITS or not (code.isascii() and code.isdecimal()):
        return None
    row = session.execute(
        update(PhraseCode)
        .where(PhraseCode.code_hash == _hash(session, code), _open())
        .values(used_at=func.now())
        .returning(PhraseCode.id, PhraseCode.key, PhraseCode.language, PhraseCode.made_by)
    ).one_or_none()
    return None if row is None else Invitation(row.id, row.key, row.language, row.made_by)


def _open() -> ColumnElement[bool]:
    return and_(PhraseCode.used_at.is_(None), PhraseCode.expires_at > func.now())


def _hash(session: ScopedSession, code: str) -> bytes:
    return get_blind_index().of("phrase_codes.code", code, session.establishment_id)
