"""Jobs on uploads: a complete one becomes a recording. Ids in, nothing out."""

from __future__ import annotations

from services.feedback.upload import finish as note_finished
from services.feedback.upload import whole
from services.recording import put_away
from utils.failpoint import reached
from workers.context import get_context
from workers.errands import errand


@errand
def finish(establishment_id: int, ids: list[int]) -> None:
    """Put complete uploads into the recording store and give them to their feedback.

    Killed anywhere, the scheduler hands the upload over again: the store takes the same recording
    twice; its row, the end of the pieces and the feedback's share of it are one transaction.
    """
    context = get_context()
    for upload_id in ids:
        with context.database.establishment(establishment_id) as session:
            found = whole(session, upload_id)
        if found is None:
            continue
        recording = put_away(context.storage, establishment_id, found.audio, found.recording_id)
        reached("upload.after_store")
        with context.database.establishment(establishment_id) as session:
            note_finished(session, upload_id, recording, found.problem)
        reached("upload.after_finish")
