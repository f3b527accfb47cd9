import { useQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import { useWords } from '../../i18n/words'
import type { Me } from '../../session/session'
import { CAMPAIGN_TONES, Chip } from '../../ui/chip'
import { Asked, Page } from '../../ui/page'
import '../reminders/reminders.css'
import './bulk.css'
import { DryRun } from './dry-run'
import { campaignKey } from './key'
import { Running } from './progress'

export const useCampaign = (id: number) =>
  useQuery({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/campaigns/{campaign_id}', { params: { path: { campaign_id: id } }, signal })),
  })

export default function BulkDetail({ id, me }: { id: number; me: Me }) {
  const words = useWords()
  const say = words.bulk
  const query = useCampaign(id)
  const campaign = query.data
  return (
    <Page
      title={campaign?.name ?? say.title}
      above={{ to: '/bulk', name: say.title }}
      wide
      lead={campaign && <Chip tone={CAMPAIGN_TONES[campaign.status] ?? 'calm'}>{say.states[campaign.status]}</Chip>}
    >
      <Asked query={query}>
        {(found) =>
          found.status === 'draft' ? <DryRun campaign={found} me={me} /> : <Running campaign={found} me={me} />
        }
      </Asked>
    </Page>
  )
}
