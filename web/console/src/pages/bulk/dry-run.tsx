// A draft: everything counted as in earnest, before anything goes out; then a deliberate start.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { api, got, newKey } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { Button, LinkButton } from '../../ui/button'
import { Ask } from '../../ui/dialog'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { Steps } from './steps'
import { Texts } from './texts'

type Campaign = Shape<'CampaignOut'>
type Preview = Shape<'CampaignPreview'>

export function DryRun({ campaign, me }: { campaign: Campaign; me: Me }) {
  const say = useWords().bulk.draft
  if (!may(me, 'staff')) {
    return (
      <div className="compose">
        <Notice>{say.reader}</Notice>
        <Texts texts={campaign.texts} />
      </div>
    )
  }
  return <Counted campaign={campaign} />
}

function Counted({ campaign }: { campaign: Campaign }) {
  const words = useWords()
  const say = words.bulk.draft
  const format = useFormat()
  const [asking, setAsking] = useState<'start' | 'drop' | null>(null)
  const [outdated, setOutdated] = useState(false)
  const query = useQuery({
    // Ten thousand people are not counted again whenever something happens elsewhere.
    queryKey: ['campaign-preview', campaign.id, campaign.version],
    queryFn: ({ signal }) =>
      got(api.POST('/api/v1/campaigns/{campaign_id}/preview', { params: { path: { campaign_id: campaign.id } }, signal })),
    staleTime: 'static',
    gcTime: 0,
  })
  const preview = query.data
  return (
    <>
      <Steps here="check" reachable={0} onGo={null} />
      <div className="compose">
        <div className="compose-form">
          <section className="card" aria-labelledby="dry-run">
            <header>
              <h2 id="dry-run">{say.title}</h2>
              {preview && <p>{say.counted(format.time(new Date(query.dataUpdatedAt)))}</p>}
            </header>
            <p className="soft">{say.lead}</p>
            {outdated && <Notice tone="warn" told>{say.outdated}</Notice>}
            <Asked query={query} lines={5}>
              {(found) => <PreviewInWords preview={found} campaign={campaign} />}
            </Asked>
          </section>
          <div className="compose-end">
            <Button look="main" disabled={!preview || query.isFetching || preview.recipients === 0} onClick={() => setAsking('start')}>
              {say.start}
            </Button>
            <LinkButton to={`/bulk/${campaign.id}/change`}>{say.change}</LinkButton>
            <Button
              busy={query.isFetching}
              onClick={() => {
                setOutdated(false)
                void query.refetch()
              }}
            >
              {say.again}
            </Button>
            <Button look="quiet" onClick={() => setAsking('drop')}>
              {say.drop}
            </Button>
          </div>
        </div>
        <div className="compose-form">
          <Texts texts={campaign.texts} />
          {preview && preview.examples.length > 0 && <Examples examples={preview.examples} />}
        </div>
      </div>
      {asking === 'start' && preview && (
        <Start
          campaign={campaign}
          preview={preview}
          counted={query.dataUpdatedAt}
          onClose={() => setAsking(null)}
          onOutdated={() => {
            setAsking(null)
            setOutdated(true)
            void query.refetch()
          }}
        />
      )}
      {asking === 'drop' && <Drop campaign={campaign} onClose={() => setAsking(null)} />}
    </>
  )
}

/** Word for word what the first of them get, so that a column in the wrong place is seen. */
function Examples({ examples }: { examples: Preview['examples'] }) {
  const words = useWords()
  const say = words.bulk.draft
  const names: Record<string, string> = words.common.patientLanguages
  return (
    <section className="card" aria-labelledby="examples">
      <h2 id="examples">{say.examples}</h2>
      {examples.map(({ patient_id: reference, language, text }, place) => (
        <figure key={place} className="bubble">
          <figcaption>
            <span>
              <bdi>{reference ?? words.today.noReference}</bdi> · {names[language] ?? language}
            </span>
          </figcaption>
          <blockquote dir="auto">{text}</blockquote>
        </figure>
      ))}
    </section>
  )
}

function PreviewInWords({ preview, campaign }: { preview: Preview; campaign: Campaign }) {
  const words = useWords()
  const say = words.bulk.draft
  const format = useFormat()
  const number = (count: number) => format.number(count)
  const languages: Record<string, string> = words.common.patientLanguages
  const channels: Record<string, string> = words.common.channels
  const encodings: Record<string, string> = say.encodings
  const sms = Object.entries(preview.segments)
  const { pace } = preview
  return (
    <>
      <p className="figure">
        <strong>{preview.recipients > 0 ? say.recipients(preview.recipients, number(preview.recipients)) : say.nobody}</strong>
        <span className="soft">{say.of(number(preview.contacts))}</span>
      </p>
      {preview.recipients > 0 && (
        <dl className="facts">
          <dt>{say.languages}</dt>
          <dd>
            <ul>
              {preview.languages.map((one) => (
                <li key={one.language}>
                  {languages[one.language] ?? one.language}
                  {words.colon} {number(one.recipients)}
                  {one.chose_another > 0 && <span className="soft"> ({say.chose(number(one.chose_another))})</span>}
                </li>
              ))}
            </ul>
          </dd>
          <dt>{say.channels}</dt>
          <dd>
            {format.list(
              Object.entries(preview.channels).map(([name, count]) => `${channels[name] ?? name}${words.colon} ${number(count)}`),
            )}
          </dd>
          {sms.length > 0 && (
            <>
              <dt>{say.cost}</dt>
              <dd>
                <strong>{say.total(number(preview.segments_total))}</strong>
                <ul className="soft">
                  {sms.map(([size, count]) => (
                    <li key={size}>{say.segments(count, number(count), Number(size))}</li>
                  ))}
                  {Object.entries(preview.encodings).map(([encoding, count]) => (
                    <li key={encoding}>
                      {number(count)} {encodings[encoding] ?? encoding}
                    </li>
                  ))}
                </ul>
              </dd>
            </>
          )}
          <dt>{say.when}</dt>
          <dd>
            {pace.ends_at && pace.lasts_seconds >= 60
              ? say.from(format.near(pace.starts_at), format.near(pace.ends_at))
              : say.at(format.near(pace.starts_at))}
            <span className="soft"> · {words.bulk.progress.rate(number(campaign.rate_per_minute))}</span>
          </dd>
          <dt>{say.late}</dt>
          <dd>{format.near(pace.valid_until)}</dd>
        </dl>
      )}
      <ExcludedInWords excluded={preview.excluded} />
      {preview.daily_cap_reached > 0 && (
        <Notice tone="warn">{say.capped(preview.daily_cap_reached, number(preview.daily_cap_reached))}</Notice>
      )}
      {preview.recipients > 0 && <p className="hint">{say.shared[preview.shared_address]}</p>}
    </>
  )
}

export function ExcludedInWords({ excluded }: { excluded: Record<string, number> }) {
  const words = useWords()
  const say = words.bulk
  const format = useFormat()
  const reasons: Record<string, string> = say.excluded
  const found = Object.entries(excluded).filter(([, count]) => count > 0)
  if (found.length === 0) return <p className="soft">{say.draft.noneExcluded}</p>
  return (
    <div className="left-outs">
      <h3>{say.draft.excluded}</h3>
      <ul>
        {found.map(([reason, count]) => (
          <li key={reason}>
            <strong>{format.number(count)}</strong> {reasons[reason] ?? reason}
          </li>
        ))}
      </ul>
    </div>
  )
}

interface AskProps {
  campaign: Campaign
  onClose: () => void
}

/** A browser's clock is not the service's: what goes out within this is said to go out now. */
const SOON = 5 * 60_000

interface StartProps extends AskProps {
  preview: Preview
  counted: number
  /** Somebody came, left or changed since it was counted: nothing was started. */
  onOutdated: () => void
}

function Start({ campaign, preview, counted, onClose, onOutdated }: StartProps) {
  const say = useWords().bulk.draft
  const format = useFormat()
  const client = useQueryClient()
  const [key] = useState(newKey)
  const start = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/campaigns/{campaign_id}/start', {
          params: {
            path: { campaign_id: campaign.id },
            // What was counted is what is started: a draft that somebody changed meanwhile is not.
            header: { 'Idempotency-Key': key, 'If-Match': `"${campaign.version}"` },
          },
          // … nor one for which the lists are no longer those that were counted.
          body: { dry_run: preview.dry_run },
        }),
      ),
    onSuccess: () => {
      sayBriefly(say.started)
      onClose()
    },
    onError(error) {
      if (error instanceof ApiError && error.code === 'dry_run_outdated') onOutdated()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['campaigns'] }),
  })
  const count = preview.recipients
  const shown = format.number(count)
  // Planned, or deferred by quiet hours or a holiday.
  const later = Date.parse(preview.pace.starts_at) > counted + SOON
  return (
    <Ask title={say.startTitle} yes={say.startYes(count, shown)} busy={start.isPending} onYes={() => start.mutate()} onNo={onClose}>
      <p>{later ? say.startLater(count, shown, format.near(preview.pace.starts_at)) : say.startNow(count, shown)}</p>
      <Trouble error={start.error} />
    </Ask>
  )
}

function Drop({ campaign, onClose }: AskProps) {
  const say = useWords().bulk.draft
  const client = useQueryClient()
  const [, go] = useLocation()
  const drop = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/campaigns/{campaign_id}/cancel', {
          params: { path: { campaign_id: campaign.id }, header: { 'Idempotency-Key': newKey() } },
        }),
      ),
    onSuccess: () => {
      sayBriefly(say.dropped)
      void client.invalidateQueries({ queryKey: ['campaigns'] })
      go('/bulk')
    },
  })
  return (
    <Ask title={say.dropTitle} yes={say.drop} danger busy={drop.isPending} onYes={() => drop.mutate()} onNo={onClose}>
      <p>{say.dropText}</p>
      <Trouble error={drop.error} />
    </Ask>
  )
}
