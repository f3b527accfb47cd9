import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link } from 'wouter'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { smsCost } from '../../logic/sms'
import { Button } from '../../ui/button'
import { Chip, DELIVERY_TONES } from '../../ui/chip'
import { TextArea } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import type { Whole } from './detail'

export function Answers({ answers }: { answers: Shape<'AnswerOut'>[] }) {
  const words = useWords()
  const format = useFormat()
  const states: Record<string, string> = words.deliveries.states
  if (answers.length === 0) return null
  return (
    <section className="answers">
      <h3>{words.feedback.answers}</h3>
      <ol>
        {answers.map((answer) => (
          <li key={answer.id}>
            <blockquote dir="auto">{answer.text}</blockquote>
            <p className="soft">
              <small>
                {format.near(answer.created_at)} ·{' '}
                {answer.channels.map((channel) => words.common.channels[channel]).join(', ') || words.feedback.onDevice} ·{' '}
                <Link href={`/reminders/${answer.reminder_id}`}>{words.deliveries.trace}</Link>
              </small>{' '}
              {answer.delivery && (
                <Chip tone={DELIVERY_TONES[answer.delivery] ?? 'calm'}>{states[answer.delivery] ?? answer.delivery}</Chip>
              )}
            </p>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** How an answer comes to who gave neither number nor name: their device asks for it, if it was one. */
function wayBack(feedback: Whole): 'address' | 'device' | 'none' {
  if (feedback.patient_id !== null || !['app', 'web'].includes(feedback.channel)) return 'address'
  return feedback.channel === 'app' && feedback.recorded_at !== null ? 'device' : 'none'
}

/** An answer goes back by the way on which the feedback came, through the same engine as all else. */
export function AnswerForm({ feedback }: { feedback: Whole }) {
  const words = useWords()
  const say = words.feedback
  const client = useQueryClient()
  const [empty] = useState(() => ({ text: '', key: newKey() }))
  const draft = useDraft(`feedback/${feedback.id}/answer`, empty)
  const { text, key } = draft.value
  const cost = smsCost(text.trim())
  const send = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/feedback/{feedback_id}/answer', {
        params: { path: { feedback_id: feedback.id }, header: { 'Idempotency-Key': key } },
        body: { text: text.trim(), client_id: key },
      })),
    onSuccess: () => {
      draft.change({ text: '', key: newKey() })
      sayBriefly(say.answerSent)
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['feedback'] })
      void client.invalidateQueries({ queryKey: ['today'] })
    },
  })
  const way = wayBack(feedback)
  if (way === 'none') return <p className="hint">{say.cannotAnswer}</p>

  function submit(event: FormEvent) {
    event.preventDefault()
    if (text.trim() && !send.isPending) send.mutate()
  }
  return (
    <form className="note" onSubmit={submit}>
      <TextArea
        label={say.answer}
        hint={way === 'device' ? say.answerWaits : say.answerHint}
        value={text}
        maxLength={1600}
        rows={3}
        onChange={(typed) => {
          draft.change({ text: typed, ...(send.error && { key: newKey() }) })
          send.reset()
        }}
      />
      {text.trim() && <p className="hint">{words.reminders.preview.cost(cost.segments, cost.encoding)}</p>}
      <Trouble error={send.error} />
      {text.trim() && (
        <Button look="main" type="submit" busy={send.isPending}>
          {say.answerSend}
        </Button>
      )}
    </form>
  )
}
