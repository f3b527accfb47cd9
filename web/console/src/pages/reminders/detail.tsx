import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { seconds } from '../../logic/rrule'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip, REMINDER_TONES } from '../../ui/chip'
import { Asked, Page } from '../../ui/page'
import { CancelReminder } from './cancel'
import { ChangeReminder } from './change'
import { Deliveries } from './deliveries'
import { Occurrences } from './occurrences'
import './reminders.css'
import { distanceInWords, localInWords, ruleInWords } from './words'

export type Reminder = Shape<'ReminderDetail'>

export default function ReminderDetail({ id, me }: { id: number; me: Me }) {
  const words = useWords()
  const say = words.reminders.detail
  const query = useQuery({
    queryKey: ['reminders', 'one', id],
    queryFn: ({ signal }) => got(api.GET('/api/v1/reminders/{reminder_id}', { params: { path: { reminder_id: id } }, signal })),
  })
  const patient = query.data?.patient_id
  return (
    <Page
      title={patient ? say.title(patient) : say.anonymous}
      above={{ to: '/reminders', name: words.reminders.title }}
      actions={query.data && may(me, 'staff') && <Steps reminder={query.data} zone={me.current.time_zone} />}
    >
      <Asked query={query}>
        {(reminder) => (
          <>
            <Facts reminder={reminder} />
            <Occurrences reminder={reminder} mayChange={may(me, 'staff')} />
            <Deliveries reminder={reminder} />
          </>
        )}
      </Asked>
    </Page>
  )
}

const GOES_ON = new Set(['scheduled', 'active'])
const UNDER_WAY = new Set(['sending', 'unknown'])

/** Another channel stands in for what was sent, and a call that nobody answers is made again. */
const mayBeFollowed = (reminder: Reminder, now: number) =>
  reminder.deliveries.some(
    (one) =>
      UNDER_WAY.has(one.status) ||
      (one.status === 'sent' &&
        Date.parse(one.valid_until) > now &&
        (one.channel === 'voice' || reminder.channels.length > 1)),
  )

function Steps({ reminder, zone }: { reminder: Reminder; zone: string }) {
  const say = useWords().reminders.detail
  const [open, setOpen] = useState<'change' | 'cancel' | null>(null)
  const [now] = useState(Date.now)
  const close = () => setOpen(null)
  const goesOn = GOES_ON.has(reminder.status)
  const offered = !reminder.cancelled_at && (goesOn || mayBeFollowed(reminder, now))
  if (!offered && open === null) return null
  return (
    <>
      {goesOn && <Button onClick={() => setOpen('change')}>{say.change}</Button>}
      <Button look="danger" onClick={() => setOpen('cancel')}>
        {say.cancel}
      </Button>
      {open === 'change' && <ChangeReminder reminder={reminder} zone={zone} onClose={close} />}
      {open === 'cancel' && <CancelReminder id={reminder.id} onClose={close} />}
    </>
  )
}

function Facts({ reminder }: { reminder: Reminder }) {
  const words = useWords()
  const say = words.reminders.detail
  const format = useFormat()
  const languages: Record<string, string> = words.common.patientLanguages
  const states: Record<string, string> = words.reminders.states
  const to = [reminder.phone_number, reminder.email].filter(Boolean).join(' · ')
  return (
    <section className="card">
      <div className="bubble">
        <blockquote dir="auto">{reminder.message}</blockquote>
      </div>
      <dl className="facts">
        <dt>{words.reminders.columns.status}</dt>
        <dd>
          <Chip tone={REMINDER_TONES[reminder.status] ?? 'calm'}>{states[reminder.status] ?? reminder.status}</Chip>
        </dd>
        {reminder.cancelled_at && (
          <>
            <dt>{say.cancelledAt}</dt>
            <dd>
              {format.moment(reminder.cancelled_at)}
              <br />
              <span className="soft">{say.cancelled(0)}</span>
            </dd>
          </>
        )}
        {reminder.event_time ? (
          <>
            <dt>{say.event}</dt>
            <dd>
              {format.moment(reminder.event_time)}
              <br />
              <span className="soft">
                {format.list(
                  (reminder.before ?? []).map((one) =>
                    distanceInWords(one, words, format, seconds(one)).toLocaleLowerCase(format.locale),
                  ),
                )}
              </span>
            </dd>
          </>
        ) : (
          <>
            <dt>{say.when}</dt>
            <dd>
              {reminder.rrule
                ? format.moment(reminder.scheduled_time)
                : reminder.local_time
                  ? localInWords(reminder.local_time, format)
                  : format.moment(reminder.scheduled_time)}
            </dd>
          </>
        )}
        {reminder.rrule && (
          <>
            <dt>{say.repeats}</dt>
            <dd>{ruleInWords(reminder.rrule, words, format)}</dd>
          </>
        )}
        {to && (
          <>
            <dt>{say.to}</dt>
            <dd dir="ltr" className="address">
              {to}
            </dd>
          </>
        )}
        <dt>{say.channels}</dt>
        <dd>
          {reminder.channels
            .map((channel) => words.common.channels[channel])
            .join(` ${words.reminders.preview.orElse} `)}
        </dd>
        <dt>{say.language}</dt>
        <dd>{languages[reminder.language] ?? reminder.language}</dd>
        <dt>{say.validFor}</dt>
        <dd>{format.lasting(reminder.valid_for)}</dd>
      </dl>
    </section>
  )
}
