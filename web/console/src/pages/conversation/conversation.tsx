// What a patient and the hospital said to each other. It is asked for when somebody wants to read
// it, and again only when there is something new in it: every reading is in the audit log.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { type Words, useWords } from '../../i18n/words'
import { clock } from '../../logic/waveform'
import { Button } from '../../ui/button'
import { Chip, DELIVERY_TONES } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { Asked } from '../../ui/page'
import './conversation.css'

type Turn = Shape<'Turn'>

interface Props {
  id: number
  /** What else is known to have been said in it: another value, and it is read again. */
  news: string
}

export function Conversation({ id, news }: Props) {
  const say = useWords().conversations
  const [open, setOpen] = useState(false)
  const query = useQuery({
    queryKey: ['conversations', id, news],
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/conversations/{conversation_id}', { params: { path: { conversation_id: id } }, signal })),
    enabled: open,
    staleTime: 'static',
    placeholderData: (before) => before,
  })
  return (
    <section className="conversation" aria-labelledby="conversation">
      <h3 id="conversation">{say.title}</h3>
      {open ? (
        <Asked query={query}>{(conversation) => <Turns conversation={conversation} />}</Asked>
      ) : (
        <>
          <Button icon="sms" onClick={() => setOpen(true)}>
            {say.read}
          </Button>
          <p className="hint">{say.readHint}</p>
        </>
      )}
    </section>
  )
}

function Turns({ conversation }: { conversation: Shape<'ConversationDetail'> }) {
  const words = useWords()
  const say = words.conversations
  const format = useFormat()
  const { channel, phone_number: phone, ended_at: ended, turns } = conversation
  return (
    <>
      <p className="soft">
        {words.common.channels[channel]} · <bdi dir="ltr">{phone ?? say.hidden}</bdi>
      </p>
      <ol className="turns">
        {turns.map((turn, index) => (
          <li key={index} className={turn.direction === 'in' ? 'theirs' : 'ours'}>
            {turn.call_id ? <Called turn={turn} /> : <Said turn={turn} />}
          </li>
        ))}
      </ol>
      {turns.some((turn) => turn.call_id) && <p className="hint">{say.saidInCall}</p>}
      <p className="hint">{ended ? say.ended(format.near(ended)) : say.goesOn}</p>
    </>
  )
}

function Said({ turn }: { turn: Turn }) {
  const words = useWords()
  const say = words.conversations
  const format = useFormat()
  const states: Record<string, string> = words.deliveries.states
  return (
    <>
      {turn.text ? <blockquote dir="auto">{turn.text}</blockquote> : <p className="soft">{say.noWords}</p>}
      {turn.media ? <p className="soft">{say.media(turn.media)}</p> : null}
      {turn.carrier_answered && <p className="hint">{say.carrierAnswered}</p>}
      <p className="soft turn-foot">
        <small>
          {speaker(turn, words)} · <time dateTime={turn.at}>{format.near(turn.at)}</time>
        </small>
        {turn.status && (
          <Link href={`/reminders/${turn.reminder_id}`} title={words.deliveries.trace} className="fate">
            <Chip tone={DELIVERY_TONES[turn.status] ?? 'calm'}>{states[turn.status] ?? turn.status}</Chip>
          </Link>
        )}
      </p>
    </>
  )
}

function speaker(turn: Turn, words: Words): string {
  const say = words.conversations
  if (turn.direction === 'in') return say.patient
  return (say.purposes as Record<string, string>)[turn.purpose ?? ''] ?? say.hospital
}

function Called({ turn }: { turn: Turn }) {
  const say = useWords().conversations
  const format = useFormat()
  const states: Record<string, string> = say.calls
  return (
    <p className="call">
      <Icon name="voice" />
      <span>
        {turn.direction === 'in' ? say.called : say.callTo} · {states[turn.status ?? ''] ?? say.inCall}
        {turn.seconds ? ` · ${clock(turn.seconds)}` : ''}
        <small className="soft">
          {' '}
          · <time dateTime={turn.at}>{format.near(turn.at)}</time>
        </small>
      </span>
    </p>
  )
}
