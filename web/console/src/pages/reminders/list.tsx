import { useState } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { startOfDay } from '../../logic/format'
import { type Me, may } from '../../session/session'
import { LinkButton } from '../../ui/button'
import { Chip, REMINDER_TONES } from '../../ui/chip'
import { Choice, TextField } from '../../ui/field'
import { FilterBox } from '../../ui/filters'
import { Icon } from '../../ui/icon'
import { LongList, Nothing, PAGE } from '../../ui/long-list'
import { Empty, Page } from '../../ui/page'
import './reminders.css'

type Status = Shape<'ReminderStatus'>
const STATES: Status[] = ['scheduled', 'active', 'done', 'partly_failed', 'failed', 'expired', 'cancelled']

export default function Reminders({ me }: { me: Me }) {
  const words = useWords()
  const say = words.reminders
  const zone = me.current.time_zone
  const filters = useFilters({ status: '', patient: '', from: '' })
  const { status, patient, from } = filters.values
  const ask = (cursor: string | null, signal: AbortSignal) =>
    got(
      api.GET('/api/v1/reminders', {
        params: {
          query: {
            limit: PAGE,
            ...(status && { status: status as Status }),
            ...(patient && { patient_id: patient }),
            ...(from && { since: startOfDay(from, zone).toISOString() }),
            ...(cursor && { cursor }),
          },
        },
        signal,
      }),
    )
  const create = may(me, 'staff') && (
    <LinkButton look="main" icon="plus" to="/reminders/new">
      {say.new}
    </LinkButton>
  )
  return (
    <Page title={say.title} lead={say.lead} actions={create}>
      <FilterBox any={filters.any}>
        <Choice
          label={say.filters.status}
          value={status}
          options={[['', words.common.all], ...STATES.map((one) => [one, say.states[one]] as const)]}
          onChange={(value) => filters.set({ status: value })}
        />
        <PatientFilter key={patient} value={patient} onChange={(value) => filters.set({ patient: value })} />
        <TextField
          label={say.filters.from}
          type="date"
          value={from}
          onChange={(value) => filters.set({ from: value })}
        />
      </FilterBox>
      <LongList<Shape<'ReminderSummary'>>
        about={['reminders', 'list', status, patient, from]}
        ask={ask}
        whenEmpty={
          <Nothing
            filters={filters}
            filtered={say.emptyFiltered}
            none={
              <Empty title={say.empty}>
                <p>{say.emptyText}</p>
              </Empty>
            }
          />
        }
      >
        {(row) => <Row reminder={row} />}
      </LongList>
    </Page>
  )
}

/** Asked for when it is whole: each reading of a patient's rows is a question to the service. */
function PatientFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const words = useWords()
  const [typed, setTyped] = useState(value)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onChange(typed.trim())
      }}
    >
      <TextField
        label={words.reminders.filters.patient}
        value={typed}
        autoComplete="off"
        onChange={setTyped}
        onBlur={() => typed.trim() !== value && onChange(typed.trim())}
      />
    </form>
  )
}

export function Row({ reminder }: { reminder: Shape<'ReminderSummary'> }) {
  const words = useWords()
  const format = useFormat()
  const states: Record<string, string> = words.reminders.states
  return (
    <Link href={`/reminders/${reminder.id}`} className="row reminder">
      <span className="who">
        <strong>{reminder.patient_id ?? words.today.noReference}</strong>
      </span>
      <span className="soft when">
        {reminder.rrule && (
          <>
            <Icon name="repeat" />
            <span className="heard">{words.reminders.repeats}</span>
          </>
        )}
        {format.near(reminder.scheduled_time)}
      </span>
      <span className="channels">
        {reminder.channels.map((channel) => (
          <span key={channel} title={words.common.channels[channel]}>
            <Icon name={channel} />
            <span className="heard">{words.common.channels[channel]}</span>
          </span>
        ))}
      </span>
      <Chip tone={REMINDER_TONES[reminder.status] ?? 'calm'}>{states[reminder.status] ?? reminder.status}</Chip>
    </Link>
  )
}
