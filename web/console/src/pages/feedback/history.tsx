// What happened to a feedback: who took it on, noted, answered and closed it, and when.

import { useQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { type Words, useWords } from '../../i18n/words'
import { useActorName, usePersonName } from '../../session/members'
import type { Me } from '../../session/session'
import { Asked } from '../../ui/page'
import '../../ui/trace.css'

type Step = Shape<'HistoryItem'>
type Change = Shape<'HistoryChange'>

interface Told {
  what: string
  quoted?: string
}

export function History({ id, me }: { id: number; me: Me }) {
  const words = useWords()
  const query = useQuery({
    queryKey: ['feedback', 'history', id],
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/feedback/{feedback_id}/history', { params: { path: { feedback_id: id } }, signal })),
  })
  return (
    <section aria-labelledby="history" className="history">
      <h3 id="history">{words.feedback.history.title}</h3>
      <Asked query={query} lines={2}>
        {(steps) => (
          <ol className="trace">
            {steps.map((step, index) => (
              <StepLine key={index} step={step} me={me} />
            ))}
          </ol>
        )}
      </Asked>
    </section>
  )
}

function StepLine({ step, me }: { step: Step; me: Me }) {
  const words = useWords()
  const format = useFormat()
  const person = usePersonName(me)
  const actor = useActorName(me)
  return (
    <li className={step.action === 'answer' ? 'good' : undefined}>
      <time dateTime={step.at}>{format.near(step.at)}</time>
      <div>
        {inWords(step, words, person).map(({ what, quoted }, index) => (
          <p key={index}>
            {what}
            {quoted && (
              <q dir="auto" className="written">
                {quoted}
              </q>
            )}
          </p>
        ))}
        {step.actor && <small className="soft">{actor(step.actor)}</small>}
      </div>
    </li>
  )
}

/** One step in words. An answer makes a feedback answered: that goes without saying. */
export function inWords(step: Step, words: Words, person: (id: number | null) => string): Told[] {
  const say = words.feedback.history
  if (step.action === 'received') return [{ what: say.received }]
  if (step.action === 'answer') return [{ what: say.answered }]
  return (step.changes ?? []).map((change) => changeInWords(change, say, person))
}

function changeInWords(
  { field, after }: Change,
  say: Words['feedback']['history'],
  person: (id: number | null) => string,
): Told {
  switch (field) {
    case 'assigned_to':
      return { what: after === null ? say.unassigned : say.assigned(person(Number(after))) }
    case 'note':
      return after === null ? { what: say.noteRemoved } : { what: say.noted, quoted: String(after) }
    default:
      return { what: (say.states as Record<string, string>)[String(after)] ?? String(after) }
  }
}
