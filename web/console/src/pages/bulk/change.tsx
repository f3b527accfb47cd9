// Words, time and pace of a draft, as they were written; its recipients stay.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { type CampaignForm, complete, contentOf, formOf } from '../../logic/campaign-form'
import { useDraft } from '../../logic/drafts'
import { localClock, localDay } from '../../logic/format'
import { type Me, may } from '../../session/session'
import { Button, LinkButton } from '../../ui/button'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked, Empty, Page } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'
import '../reminders/reminders.css'
import './bulk.css'
import { useCampaign } from './detail'
import { campaignKey } from './key'
import { MessageStep } from './message'
import { TimeStep } from './time'

export default function ChangeBulk({ id, me }: { id: number; me: Me }) {
  const words = useWords()
  const query = useCampaign(id)
  return (
    <Page
      title={words.bulk.draft.change}
      above={{ to: `/bulk/${id}`, name: query.data?.name ?? words.bulk.title }}
      wide
    >
      <Asked query={query}>
        {(campaign) =>
          may(me, 'staff') && campaign.status === 'draft' ? (
            <Fields campaign={campaign} me={me} />
          ) : (
            <Empty title={words.problems.byCode.already_started}>
              <LinkButton to={`/bulk/${id}`}>{words.common.back}</LinkButton>
            </Empty>
          )
        }
      </Asked>
    </Page>
  )
}

interface Wanted extends CampaignForm {
  /** The version that was read: nothing newer is overwritten. */
  version: number
}

function Fields({ campaign, me }: { campaign: Shape<'CampaignOut'>; me: Me }) {
  const words = useWords()
  const say = words.bulk
  const zone = me.current.time_zone
  const written = (): Wanted => ({
    ...formOf(campaign, (moment) => [localDay(new Date(moment), zone), localClock(new Date(moment), zone)]),
    version: campaign.version,
  })
  const [first] = useState(written)
  const draft = useDraft<Wanted>(`bulk/${campaign.id}`, first)
  const form = draft.value
  const client = useQueryClient()
  const [, go] = useLocation()
  const save = useMutation({
    mutationFn: () =>
      got(
        api.PATCH('/api/v1/campaigns/{campaign_id}', {
          params: { path: { campaign_id: campaign.id }, header: { 'If-Match': `"${form.version}"` } },
          body: contentOf(form) as never,
        }),
      ),
    onSuccess: (now) => {
      draft.clear()
      client.setQueryData(campaignKey(campaign.id), now)
      sayBriefly(say.draft.changed)
      go(`/bulk/${campaign.id}`)
    },
    onError: () => client.invalidateQueries({ queryKey: ['campaigns'] }),
  })
  const wrong = useFieldProblem(save.error)
  const overtaken = save.error instanceof ApiError && save.error.changedMeanwhile
  const sources = campaign.value_names.map((name) => ({ place: null, name, label: `{${name}}`, example: name }))
  const fields = {
    form,
    wrong,
    change(part: Partial<CampaignForm>) {
      draft.change(part)
      if (!overtaken) save.reset()
    },
  }
  return (
    <form
      className="bulk-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate()
      }}
    >
      <section className="card" aria-labelledby="message">
        <h2 id="message">{say.steps.message}</h2>
        <MessageStep {...fields} languages={me.current.languages} audience={null} sources={sources} />
      </section>
      <section className="card" aria-labelledby="time">
        <h2 id="time">{say.steps.time}</h2>
        <TimeStep {...fields} zone={zone} count={null} />
      </section>
      {overtaken ? (
        <Notice tone="warn" told>
          <p>{words.common.changedMeanwhile}</p>
          {Object.entries(campaign.texts).map(([language, text]) => (
            <blockquote key={language} dir="auto">
              {text}
            </blockquote>
          ))}
          <Button
            onClick={() => {
              draft.change({ version: campaign.version })
              save.reset()
            }}
          >
            {words.common.takeTheirs}
          </Button>
        </Notice>
      ) : (
        <Trouble error={save.error} />
      )}
      <div className="compose-end">
        <Button
          look="main"
          type="submit"
          busy={save.isPending}
          disabled={overtaken || !complete(form, 'message', campaign.value_names) || !complete(form, 'time')}
        >
          {words.common.save}
        </Button>
        <LinkButton to={`/bulk/${campaign.id}`}>{words.common.back}</LinkButton>
      </div>
    </form>
  )
}
