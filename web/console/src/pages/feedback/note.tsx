import { useState } from 'react'

import { ApiError } from '../../api/problem'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { Button } from '../../ui/button'
import { TextArea } from '../../ui/field'
import { Notice, Trouble } from '../../ui/notice'
import { useFeedbackChange, type Whole } from './detail'

/** For staff only. Two who write at once: the second is told, and keeps what they wrote. */
export function FeedbackNote({ feedback }: { feedback: Whole }) {
  const words = useWords()
  const say = words.feedback
  const save = useFeedbackChange(feedback.id)
  const [empty] = useState({ note: '', version: 0 })
  const draft = useDraft(`feedback/${feedback.id}/note`, empty)
  const note = draft.touched ? draft.value.note : (feedback.note ?? '')
  const changed = note.trim() !== (feedback.note ?? '').trim()
  const overtaken = save.error instanceof ApiError && save.error.changedMeanwhile
  return (
    <form
      className="note"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(
          { body: { note: note.trim() || null }, version: draft.value.version, told: say.noteSaved },
          { onSuccess: draft.clear },
        )
      }}
    >
      <TextArea
        label={say.note}
        hint={say.noteHint}
        value={note}
        maxLength={2000}
        rows={2}
        onChange={(typed) => draft.change({ note: typed, ...(!draft.touched && { version: feedback.version }) })}
      />
      {overtaken ? (
        <Notice tone="warn">
          <p>{words.common.changedMeanwhile}</p>
          {feedback.note && <blockquote dir="auto">{feedback.note}</blockquote>}
          <Button
            onClick={() => {
              draft.change({ version: feedback.version })
              save.reset()
            }}
          >
            {words.common.takeTheirs}
          </Button>
        </Notice>
      ) : (
        <Trouble error={save.error} />
      )}
      {changed && (
        <Button type="submit" busy={save.isPending} disabled={overtaken}>
          {say.saveNote}
        </Button>
      )}
    </form>
  )
}
