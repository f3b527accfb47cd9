import { useState } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'
import { Chip, REMINDER_TONES } from '../../ui/chip'
import { Choice } from '../../ui/field'
import { LongList, PAGE } from '../../ui/long-list'
import { Empty } from '../../ui/page'

type Reason = Shape<'Exclusion'>

/** One by one, by number only; who is meant stands with the message. */
export function RecipientList({ campaign }: { campaign: Shape<'CampaignOut'> }) {
  const say = useWords().bulk.progress
  const [open, setOpen] = useState(false)
  return (
    <section className="card" aria-labelledby="recipients">
      <h2 id="recipients">{say.recipients}</h2>
      {open ? (
        <List campaign={campaign} />
      ) : (
        <Button look="quiet" className="start" onClick={() => setOpen(true)}>
          {say.showRecipients}
        </Button>
      )}
    </section>
  )
}

function List({ campaign }: { campaign: Shape<'CampaignOut'> }) {
  const words = useWords()
  const say = words.bulk.progress
  const [reason, setReason] = useState<Reason | ''>('')
  const reasons = Object.keys(campaign.progress.excluded) as Reason[]
  return (
    <>
      {reasons.length > 0 && (
        <Choice<Reason | ''>
          label={say.filter}
          value={reason}
          options={[['', say.everyone], ...reasons.map((one) => [one, words.bulk.excluded[one]] as const)]}
          onChange={setReason}
        />
      )}
      <LongList<Shape<'RecipientOut'>>
        about={['campaigns', 'recipients', campaign.id, reason]}
        ask={(cursor, signal) =>
          got(
            api.GET('/api/v1/campaigns/{campaign_id}/recipients', {
              params: {
                path: { campaign_id: campaign.id },
                query: { limit: PAGE, ...(reason && { reason }), ...(cursor && { cursor }) },
              },
              signal,
            }),
          )
        }
        whenEmpty={<Empty title={say.noneHere} />}
      >
        {(one) => (
          <div className="row">
            <Recipient one={one} />
          </div>
        )}
      </LongList>
    </>
  )
}

function Recipient({ one }: { one: Shape<'RecipientOut'> }) {
  const words = useWords()
  const say = words.bulk.progress
  const format = useFormat()
  const states: Record<string, string> = words.reminders.states
  return (
    <>
      <span>
        {say.place(format.number(one.position))}
        {one.reminder_id !== null && (
          <>
            {' · '}
            <Link href={`/reminders/${one.reminder_id}`}>
              {say.seeReminder}
              <span className="heard"> {say.place(format.number(one.position))}</span>
            </Link>
          </>
        )}
      </span>
      {one.reason ? (
        <span className="soft">{words.bulk.excluded[one.reason]}</span>
      ) : (
        <Chip tone={one.status ? (REMINDER_TONES[one.status] ?? 'calm') : 'calm'}>
          {one.status ? (states[one.status] ?? one.status) : say.waiting}
        </Chip>
      )}
    </>
  )
}
