import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { FASTEST } from '../../logic/campaign-form'
import { Button } from '../../ui/button'
import { Ask, Dialog } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'
import { campaignKey } from './key'

type Campaign = Shape<'CampaignOut'>
type StepName = 'pause' | 'resume' | 'cancel'

const SAID = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } as const

function useStep(campaign: Campaign, onDone: () => void) {
  const say = useWords().bulk.progress
  const client = useQueryClient()
  return useMutation({
    // Without the version: a pause is wanted whatever somebody else has changed meanwhile.
    mutationFn: (step: StepName) =>
      got(
        api.POST(`/api/v1/campaigns/{campaign_id}/${step}`, {
          params: { path: { campaign_id: campaign.id }, header: { 'Idempotency-Key': newKey() } },
        }),
      ),
    onSuccess: (now, step) => {
      client.setQueryData(campaignKey(campaign.id), now)
      const gone = now.already_with_carrier ?? 0
      sayBriefly([say[SAID[step]], gone > 0 && say.withCarrier(gone)].filter(Boolean).join(' '))
      onDone()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['campaigns'] }),
  })
}

export function Controls({ campaign }: { campaign: Campaign }) {
  const say = useWords().bulk.progress
  const [asking, setAsking] = useState<'cancel' | 'rate' | null>(null)
  const close = () => setAsking(null)
  const step = useStep(campaign, close)
  const { status } = campaign
  if (!campaign.can_be_cancelled) return null
  return (
    <>
      {status === 'done' && <p>{say.mayFollow}</p>}
      <div className="compose-end">
        {status === 'running' && (
          <Button icon="pause" busy={step.isPending} onClick={() => step.mutate('pause')}>
            {say.pause}
          </Button>
        )}
        {status === 'paused' && (
          <Button look="main" icon="play" busy={step.isPending} onClick={() => step.mutate('resume')}>
            {say.resume}
          </Button>
        )}
        {status !== 'done' && <Button onClick={() => setAsking('rate')}>{say.changeRate}</Button>}
        <Button look="danger" onClick={() => setAsking('cancel')}>
          {say.cancel}
        </Button>
      </div>
      {asking !== 'cancel' && <Trouble error={step.error} />}
      {asking === 'cancel' && <Cancel campaign={campaign} step={step} onClose={close} />}
      {asking === 'rate' && <Rate campaign={campaign} onClose={close} />}
    </>
  )
}

function Cancel({ campaign, step, onClose }: { campaign: Campaign; step: ReturnType<typeof useStep>; onClose: () => void }) {
  const words = useWords()
  const say = words.bulk.progress
  const format = useFormat()
  const left = campaign.progress.to_come + campaign.progress.queued
  return (
    <Ask
      title={say.cancelTitle}
      yes={say.cancelYes}
      danger
      busy={step.isPending}
      onYes={() => step.mutate('cancel')}
      onNo={onClose}
    >
      <p>{campaign.status === 'done' ? say.cancelDoneText : say.cancelText(words.bulk.messages(left, format.number(left)))}</p>
      <Trouble error={step.error} />
    </Ask>
  )
}

function Rate({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const words = useWords()
  const say = words.bulk.progress
  const client = useQueryClient()
  const [rate, setRate] = useState(String(campaign.rate_per_minute))
  const [seen] = useState(campaign.version)
  const change = useMutation({
    mutationFn: () =>
      got(
        api.PATCH('/api/v1/campaigns/{campaign_id}', {
          params: { path: { campaign_id: campaign.id }, header: { 'If-Match': `"${seen}"` } },
          body: { rate_per_minute: Number(rate) } as never,
        }),
      ),
    onSuccess: (now) => {
      client.setQueryData(campaignKey(campaign.id), now)
      sayBriefly(say.rateChanged)
      onClose()
    },
  })
  const wrong = useFieldProblem(change.error)
  return (
    <Dialog title={say.changeRate} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!change.isPending) change.mutate()
        }}
      >
        <div className="dialog-body">
          <TextField
            label={words.bulk.time.rate}
            type="number"
            inputMode="numeric"
            required
            min={1}
            max={FASTEST}
            value={rate}
            error={wrong('rate_per_minute')}
            onChange={setRate}
          />
          {!wrong('rate_per_minute') && <Trouble error={change.error} />}
        </div>
        <footer>
          <Button onClick={onClose}>{words.common.back}</Button>
          <Button look="main" type="submit" busy={change.isPending}>
            {words.common.save}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
