"""What a device gets from its establishment: sections, each whole and with a version.

A device says by its cursor which versions it has and gets the sections that changed. A section
comes whole, so what was removed is missing in it: deletions need no list of their own. Everything
here is the same for every device of an establishment, and is kept in Redis; PostgreSQL is asked
when Redis is away or was told that something changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from database.session import Database, ScopedSession
from models.department import Department
from models.establishment import Establishment
from models.phrase import Phrase
from models.recording import Recording
from schemas.feedback import CONTENT_LENGTH, FACES
from services.errors import NotFound
from services.feedback.upload import MOST_BYTES
from services.phrase.phrases import APP, FLOWS, covered, own_words, switched_on
from services.sealing_key import current
from services.sync.answer import answered
from utils.languages import language_name
from utils.shared_cache import SharedCache

LONGEST_VOICE = 120
"""Seconds that the app records at most."""
FLOW = "feedback_by_app"
_VERSION_LENGTH = 12

Sections = Mapping[str, Mapping[str, Any]]
"""By name: `version`, and `content`."""


def form(session: ScopedSession) -> dict[str, Any]:
    """How to ask: in which languages, with which faces, within which limits, sealed for whom."""
    place = session.get_one(Establishment, session.establishment_id)
    key = current(session)
    own, on = own_words(session, FLOW), switched_on(session, FLOW)
    languages = [code for code in place.languages if code in on and covered(FLOW, own, code)]
    return {
        "establishment": {"slug": place.slug, "name": place.name},
        "languages": [language_name(code) for code in languages],
        "faces": list(FACES),
        "limits": {
            "content": CONTENT_LENGTH,
            "voice_seconds": LONGEST_VOICE,
            "voice_bytes": MOST_BYTES,
        },
        "key": {"id": key.key_id, "public": base64.b64encode(key.public_key).decode()},
    }


def departments(session: ScopedSession) -> list[dict[str, str]]:
    """Those that are open, by name."""
    rows = session.execute(
        select(Department.code, Department.name)
        .where(Department.active)
        .order_by(Department.name, Department.id)
    )
    return [{"code": row.code, "name": row.name} for row in rows]


def phrases(session: ScopedSession) -> dict[str, Any]:
    """What the app says in the establishment's own words, and who has spoken them, by language.

    Its French and English are in the app itself; what stands here goes before them.
    """
    place = session.get_one(Establishment, session.establishment_id)
    own = own_words(session, FLOW)
    return {
        language_name(code): {
            "words": {key.removeprefix(APP): w.text for key, w in own[code].items() if w.text},
            "prompts": {
                key.removeprefix(APP): str(w.recording_id)
                for key, w in own[code].items()
                if w.recording_id
            },
        }
        for code in place.languages
        if code in own
    }


SECTIONS: Mapping[str, Callable[[ScopedSession], Any]] = {
    "form": form,
    "departments": departments,
    "phrases": phrases,
}
"""A new section is a line here; whoever changes its rows calls `session.outdate_devices()`."""


class DownSync:
    """Answers what changed for a device."""

    def __init__(self, database: Database, cache: SharedCache) -> None:
        self._database = database
        self._cache = cache

    def changed(
        self, establishment_id: int, cursor: str | None, device_id: int | None = None
    ) -> dict[str, Any]:
        """The sections whose versions are not those of the cursor, and the next cursor.

        An enrolled device also hears which of its feedback was answered. That is its own, and
        asked of PostgreSQL each time.
        """
        sections = self.shared(establishment_id)
        if device_id is not None:
            with self._database.establishment(establishment_id) as session:
                sections = with_own(session, sections, device_id)
        seen = decode_cursor(cursor)
        return {
            "cursor": encode_cursor(sections),
            "sections": {
                name: section["content"]
                for name, section in sections.items()
                if seen.get(name) != section["version"]
            },
        }

    def shared(self, establishment_id: int) -> Sections:
        """The sections that all devices of an establishment have alike."""
        name = cache_name(establishment_id)
        kept, generation = self._cache.get(name)
        if kept is not None:
            known: Sections = json.loads(kept)
            return known
        with self._database.establishment(establishment_id) as session:
            sections = {name: _section(make(session)) for name, make in SECTIONS.items()}
        self._cache.put(name, json.dumps(sections).encode(), generation)
        return sections


def with_own(session: ScopedSession, sections: Sections, device_id: int | None) -> Sections:
    """The sections of all devices and, where it is an enrolled one, those that it has alone."""
    if device_id is None:
        return sections
    return {**sections, "answers": _section(answered(session, device_id))}


def cache_name(establishment_id: int) -> str:
    """Under which name an establishment's sections are kept."""
    return f"devices:{establishment_id}"


def _section(content: Any) -> dict[str, Any]:
    canonical = json.dumps(content, sort_keys=True).encode()
    return {"version": hashlib.sha256(canonical).hexdigest()[:_VERSION_LENGTH], "content": content}


def encode_cursor(sections: Sections) -> str:
    """Which version of each section a device has now."""
    versions = {name: section["version"] for name, section in sections.items()}
    raw = json.dumps(versions, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Mapping[str, Any]:
    """The versions in a cursor. One that says nothing to us brings everything: that heals it."""
    if not cursor:
        return {}
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        versions = json.loads(raw)
    except (binascii.Error, ValueError):
        return {}
    return versions if isinstance(versions, dict) else {}


def prompt_recording(session: ScopedSession, recording_id: UUID) -> Recording:
    """The recording of an approved phrase of the app; raises `NotFound` for any other."""
    found = session.scalar(
        select(Recording)
        .join(Phrase, Phrase.recording_id == Recording.id)
        .where(
            Recording.id == recording_id,
            Phrase.key.in_(FLOWS[FLOW]),
            Phrase.approved_by.is_not(None),
        )
        .limit(1)
    )
    if found is None:
        raise NotFound("prompt")
    return found
