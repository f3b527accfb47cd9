"""A phrase that a member of staff spoke in: stored when they kept it and it is here."""

from __future__ import annotations

from database.session import ScopedSession
from models.call_recording import CallRecording
from models.phrase import PhraseCode
from models.recording import Recording
from services.identity import Principal
from services.phrase.change import record


def keep_spoken(session: ScopedSession, code_id: int, spoken: CallRecording) -> None:
    """Give a phrase its recording, once it was kept by whoever spoke it and is in our store.

    Called when either happens. It is said to nobody until a second person has approved it.
    """
    stored = session.get(Recording, spoken.recording_id)
    if spoken.kept_at is None or stored is None:
        return
    code = session.get(PhraseCode, code_id)
    if code is None:
        return  # the code was forgotten meanwhile: after a day without the provider
    principal = Principal(session.establishment_id, code.made_by)
    record(session, code.key, code.language, stored.id, principal=principal)
