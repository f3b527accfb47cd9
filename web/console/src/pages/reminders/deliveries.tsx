// The trace of each delivery, step by step, in words.

import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { type Words, useWords } from '../../i18n/words'
import { Chip, DELIVERY_TONES } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import type { Reminder } from './detail'

type Step = Shape<'DeliveryEventOut'>

/** One step in words: why, where that says more than what. */
export function stepInWords(step: Step, channel: string, words: Words): string {
  const say = words.deliveries
  const why: Record<string, string> = say.causes
  const cause = why[step.cause] ?? why[step.cause.split(':')[0] ?? '']
  const ofChannel = (say.stepsOf as Record<string, Record<string, string>>)[channel]?.[step.status]
  const what = ofChannel ?? (say.steps as Record<string, string>)[step.status] ?? step.status
  if (!cause) return what
  return ['scheduled', 'cancelled', 'expired'].includes(step.status) ? cause : `${what} (${lowerFirst(cause)})`
}

const lowerFirst = (text: string) => text.charAt(0).toLocaleLowerCase() + text.slice(1)

export function Deliveries({ reminder }: { reminder: Reminder }) {
  const words = useWords()
  const say = words.reminders.detail
  const newest = [...reminder.deliveries].reverse()
  return (
    <section aria-labelledby="deliveries" className="deliveries">
      <h2 id="deliveries">{say.deliveries}</h2>
      {newest.length === 0 && <p className="soft">{say.noDeliveries}</p>}
      {newest.map((delivery) => (
        <DeliveryCard key={delivery.id} delivery={delivery} />
      ))}
    </section>
  )
}

function DeliveryCard({ delivery }: { delivery: Shape<'DeliveryOut'> }) {
  const words = useWords()
  const format = useFormat()
  const states: Record<string, string> = words.deliveries.states
  const waiting = ['scheduled', 'queued'].includes(delivery.status)
  return (
    <article className="card">
      <header>
        <h3 className="delivery-title">
          <Icon name={delivery.channel} />
          {words.common.channels[delivery.channel]} · {format.near(waiting ? delivery.due_at : delivery.occurrence)}
        </h3>
        <Chip tone={DELIVERY_TONES[delivery.status] ?? 'calm'}>{states[delivery.status] ?? delivery.status}</Chip>
      </header>
      {delivery.message && (
        <p className="soft">
          {words.deliveries.saidThen} : <span dir="auto">{delivery.message}</span>
        </p>
      )}
      <ol className="trace" aria-label={words.deliveries.trace}>
        {(delivery.events ?? []).map((step, index) => (
          <li key={index} className={DELIVERY_TONES[step.status]}>
            <time dateTime={step.at}>{format.near(step.at)}</time>
            <span>
              {stepInWords(step, delivery.channel, words)}
              {step.status === 'sending' && step.attempt > 1 && (
                <small className="soft"> · {words.deliveries.attempt(step.attempt)}</small>
              )}
              {step.code && <small className="soft"> · {words.deliveries.code(step.code)}</small>}
            </span>
          </li>
        ))}
      </ol>
      {waiting && <p className="hint">{words.deliveries.validUntil(format.near(delivery.valid_until))}</p>}
    </article>
  )
}
