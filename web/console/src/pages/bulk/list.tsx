import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { type Me, may } from '../../session/session'
import { LinkButton } from '../../ui/button'
import { CAMPAIGN_TONES, Chip } from '../../ui/chip'
import { Choice } from '../../ui/field'
import { LongList, Nothing, PAGE } from '../../ui/long-list'
import { Empty, Page } from '../../ui/page'
import '../reminders/reminders.css'
import './bulk.css'

type Status = Shape<'CampaignStatus'>
const STATES: Status[] = ['draft', 'running', 'paused', 'done', 'cancelled']

export default function Bulk({ me }: { me: Me }) {
  const words = useWords()
  const say = words.bulk
  const filters = useFilters({ status: '' })
  const { status } = filters.values
  const create = may(me, 'staff') && (
    <LinkButton look="main" icon="plus" to="/bulk/new">
      {say.new}
    </LinkButton>
  )
  return (
    <Page title={say.title} lead={say.lead} actions={create}>
      <search className="filters" aria-label={words.common.filters}>
        <Choice
          label={say.status}
          value={status}
          options={[['', words.common.all], ...STATES.map((one) => [one, say.states[one]] as const)]}
          onChange={(value) => filters.set({ status: value })}
        />
      </search>
      <LongList<Shape<'CampaignSummary'>>
        about={['campaigns', 'list', status]}
        ask={(cursor, signal) =>
          got(
            api.GET('/api/v1/campaigns', {
              params: { query: { limit: PAGE, ...(status && { status: status as Status }), ...(cursor && { cursor }) } },
              signal,
            }),
          )
        }
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
        {(row) => <Row campaign={row} />}
      </LongList>
    </Page>
  )
}

function Row({ campaign }: { campaign: Shape<'CampaignSummary'> }) {
  const words = useWords()
  const format = useFormat()
  const say = words.bulk
  const when = campaign.started_at ?? campaign.scheduled_time ?? campaign.created_at
  return (
    <Link href={`/bulk/${campaign.id}`} className="row campaign">
      <strong dir="auto">{campaign.name}</strong>
      <span className="soft">
        {campaign.total > 0 && `${say.people(campaign.total, format.number(campaign.total))} · `}
        {format.near(when)}
      </span>
      <Chip tone={CAMPAIGN_TONES[campaign.status] ?? 'calm'}>{say.states[campaign.status]}</Chip>
    </Link>
  )
}
