import { useWords } from '../../i18n/words'
import { NoteForm } from '../../ui/note-form'
import { useFeedbackChange, type Whole } from './detail'

/** What staff tell each other about a feedback. */
export function FeedbackNote({ feedback }: { feedback: Whole }) {
  const say = useWords().feedback
  const saving = useFeedbackChange(feedback.id)
  return (
    <NoteForm
      draft={`feedback/${feedback.id}/note`}
      written={feedback}
      say={say}
      rows={2}
      saving={saving}
      save={(note, version, done) =>
        saving.mutate({ body: { note }, version, told: say.noteSaved }, { onSuccess: done })
      }
    />
  )
}
