import { useState } from 'react'

import { ApiError } from '../api/problem'
import { useWords } from '../i18n/words'
import { useDraft } from '../logic/drafts'
import { Button } from './button'
import { TextArea } from './field'
import { Notice, Trouble } from './notice'

interface NoteFormProps {
  /** Under which name what is typed is kept. */
  draft: string
  written: { note: string | null; version: number }
  say: { note: string; noteHint: string; saveNote: string }
  rows: number
  saving: { isPending: boolean; error: unknown; reset: () => void }
  save: (note: string | null, version: number, done: () => void) => void
}

/** For staff only. Two who write at once: the second is told, and keeps what they wrote. */
export function NoteForm({ draft: name, written, say, rows, saving, save }: NoteFormProps) {
  const words = useWords()
  const [empty] = useState({ note: '', version: 0 })
  const draft = useDraft(name, empty)
  const note = draft.touched ? draft.value.note : (written.note ?? '')
  const changed = note.trim() !== (written.note ?? '').trim()
  const overtaken = saving.error instanceof ApiError && saving.error.changedMeanwhile
  return (
    <form
      className="note"
      onSubmit={(event) => {
        event.preventDefault()
        save(note.trim() || null, draft.value.version, draft.clear)
      }}
    >
      <TextArea
        label={say.note}
        hint={say.noteHint}
        value={note}
        maxLength={2000}
        rows={rows}
        onChange={(typed) => draft.change({ note: typed, ...(!draft.touched && { version: written.version }) })}
      />
      {overtaken ? (
        <Notice tone="warn" told>
          <p>{words.common.changedMeanwhile}</p>
          {written.note && <blockquote dir="auto">{written.note}</blockquote>}
          <Button
            onClick={() => {
              draft.change({ version: written.version })
              saving.reset()
            }}
          >
            {words.common.takeTheirs}
          </Button>
        </Notice>
      ) : (
        <Trouble error={saving.error} />
      )}
      {changed && (
        <Button type="submit" busy={saving.isPending} disabled={overtaken}>
          {say.saveNote}
        </Button>
      )}
    </form>
  )
}
