// A campaign that was started: how far it is, as it goes; pause, resume, cancel.

import { useLocation } from 'wouter'

import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { formOf } from '../../logic/campaign-form'
import { localClock, localDay } from '../../logic/format'
import { usePersonName } from '../../session/members'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Notice } from '../../ui/notice'
import { useNewCampaign } from './draft'
import { ExcludedInWords } from './dry-run'
import { RecipientList } from './recipient-list'
import { Controls } from './controls'
import { Texts } from './texts'

type Campaign = Shape<'CampaignOut'>

const PARTS = ['delivered', 'sent', 'sending', 'queued', 'to_come', 'failed', 'expired', 'cancelled'] as const
const GONE = ['delivered', 'sent', 'failed', 'expired'] as const

export function Running({ campaign, me }: { campaign: Campaign; me: Me }) {
  const say = useWords().bulk
  const staff = may(me, 'staff')
  return (
    <div className="compose">
      <div className="compose-form">
        <section className="card" aria-labelledby="progress">
          <header>
            <h2 id="progress">{say.progress.title}</h2>
            {campaign.progress.expected_end && <Ends moment={campaign.progress.expected_end} />}
          </header>
          {campaign.status === 'paused' && <Notice tone="warn">{say.progress.pausedText}</Notice>}
          <Bar campaign={campaign} />
          {staff && <Controls campaign={campaign} />}
        </section>
        <RecipientList campaign={campaign} />
      </div>
      <div className="compose-form">
        <About campaign={campaign} me={me} />
        <Texts texts={campaign.texts} />
      </div>
    </div>
  )
}

function Ends({ moment }: { moment: string }) {
  const say = useWords().bulk.progress
  const format = useFormat()
  return <p>{say.ends(format.near(moment))}</p>
}

function Bar({ campaign: { progress } }: { campaign: Campaign }) {
  const say = useWords().bulk.progress
  const format = useFormat()
  const excluded = Object.values(progress.excluded).reduce((sum, count) => sum + count, 0)
  const total = Math.max(1, progress.total - excluded)
  const gone = GONE.reduce((sum, part) => sum + progress[part], 0)
  return (
    <>
      <p className="figure">
        <strong>{say.of(format.number(gone), format.number(progress.total - excluded))}</strong>
        <span className="soft">{say.bar(format.percent(gone / total))}</span>
      </p>
      <svg className="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {strips(PARTS.map((part) => progress[part] / total)).map(({ from, width }, at) => (
          <rect key={PARTS[at]} className={PARTS[at]} x={100 * from} width={100 * width} height="4" />
        ))}
      </svg>
      <ul className="parts">
        {PARTS.filter((part) => progress[part] > 0).map((part) => (
          <li key={part}>
            <i className={part} aria-hidden="true" />
            <strong>{format.number(progress[part])}</strong> {say.states[part]}
          </li>
        ))}
      </ul>
      {excluded > 0 && <ExcludedInWords excluded={progress.excluded} />}
    </>
  )
}

function strips(shares: number[]) {
  let from = 0
  return shares.map((width) => {
    const strip = { from, width }
    from += width
    return strip
  })
}

function About({ campaign, me }: { campaign: Campaign; me: Me }) {
  const words = useWords()
  const say = words.bulk.progress
  const format = useFormat()
  const person = usePersonName(me)
  const draft = useNewCampaign()
  const [, go] = useLocation()
  const author = /^user:(\d+)$/.exec(campaign.created_by)
  const zone = me.current.time_zone
  return (
    <section className="card" aria-label={campaign.name}>
      <dl className="facts">
        {campaign.started_at && (
          <>
            <dt>{say.started}</dt>
            <dd>{format.near(campaign.started_at)}</dd>
          </>
        )}
        {campaign.ended_at && (
          <>
            <dt>{say.ended}</dt>
            <dd>{format.near(campaign.ended_at)}</dd>
          </>
        )}
        <dt>{say.by}</dt>
        <dd>{author ? person(Number(author[1])) : campaign.created_by}</dd>
        <dt>{words.bulk.time.rate}</dt>
        <dd>{format.number(campaign.rate_per_minute)}</dd>
        {campaign.valid_until && (
          <>
            <dt>{words.bulk.draft.late}</dt>
            <dd>{format.near(campaign.valid_until)}</dd>
          </>
        )}
      </dl>
      {may(me, 'staff') && (
        <Button
          look="quiet"
          className="start"
          onClick={() => {
            draft.copy(formOf(campaign, (moment) => [localDay(new Date(moment), zone), localClock(new Date(moment), zone)]))
            go('/bulk/new')
          }}
        >
          {say.copy}
        </Button>
      )}
    </section>
  )
}
