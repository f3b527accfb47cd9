// Every message by itself, whatever it belongs to: what did not arrive, and what nobody knows.

import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { startOfDay } from '../../logic/format'
import type { Me } from '../../session/session'
import { Chip, DELIVERY_TONES } from '../../ui/chip'
import { Choice, TextField } from '../../ui/field'
import { FilterBox } from '../../ui/filters'
import { Icon } from '../../ui/icon'
import { LongList, Nothing, PAGE } from '../../ui/long-list'
import { Empty, Page } from '../../ui/page'
import '../reminders/reminders.css'

type Status = Shape<'DeliveryStatus'>
type Channel = Shape<'Channel'>

const MISSED: Status[] = ['undelivered', 'failed', 'expired', 'unknown']
const CHANNELS: Channel[] = ['sms', 'voice', 'email', 'whatsapp']

const statesOf = (state: string): Status[] => (state === 'missed' ? MISSED : state ? [state as Status] : [])

export default function Deliveries({ me }: { me: Me }) {
  const words = useWords()
  const say = words.deliveries
  const filters = useFilters({ state: '', channel: '', from: '' })
  const { state, channel, from } = filters.values
  const ask = (cursor: string | null, signal: AbortSignal) =>
    got(
      api.GET('/api/v1/deliveries', {
        params: {
          query: {
            limit: PAGE,
            status: statesOf(state),
            ...(channel && { channel: channel as Channel }),
            ...(from && { since: startOfDay(from, me.current.time_zone).toISOString() }),
            ...(cursor && { cursor }),
          },
        },
        signal,
      }),
    )
  return (
    <Page title={say.list} lead={say.listLead} above={{ to: '/', name: words.common.pages.today }}>
      <FilterBox any={filters.any}>
        <Choice
          label={words.reminders.filters.status}
          value={state}
          options={[
            ['', words.common.all],
            ['missed', say.missed],
            ...(Object.keys(say.states) as Status[]).map((one) => [one, say.states[one]] as const),
          ]}
          onChange={(value) => filters.set({ state: value })}
        />
        <Choice
          label={say.channel}
          value={channel}
          options={[['', words.common.all], ...CHANNELS.map((one) => [one, words.common.channels[one]] as const)]}
          onChange={(value) => filters.set({ channel: value })}
        />
        <TextField
          label={words.reminders.filters.from}
          type="date"
          value={from}
          onChange={(value) => filters.set({ from: value })}
        />
      </FilterBox>
      <LongList<Shape<'DeliverySummary'>>
        about={['deliveries', 'list', state, channel, from]}
        ask={ask}
        whenEmpty={<Nothing filters={filters} filtered={say.noneFiltered} none={<Empty title={say.none} />} />}
      >
        {(one) => <Row delivery={one} />}
      </LongList>
    </Page>
  )
}

function Row({ delivery }: { delivery: Shape<'DeliverySummary'> }) {
  const words = useWords()
  const format = useFormat()
  const channel = words.common.channels[delivery.channel]
  const states: Record<string, string> = words.deliveries.states
  return (
    <Link href={`/reminders/${delivery.reminder_id}`} className="row">
      <span className="who">
        <strong>{delivery.patient_id ?? words.today.noReference}</strong>
      </span>
      <span className="soft when">{format.near(delivery.occurrence)}</span>
      <span className="channels">
        <span title={channel}>
          <Icon name={delivery.channel} />
          <span className="heard">{channel}</span>
        </span>
      </span>
      <Chip tone={DELIVERY_TONES[delivery.status] ?? 'calm'}>{states[delivery.status] ?? delivery.status}</Chip>
    </Link>
  )
}
