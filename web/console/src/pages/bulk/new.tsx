import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import { api, got, newKey } from '../../api/client'
import { ApiError } from '../../api/problem'
import { send } from '../../api/upload'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import {
  type CampaignForm, complete, draftOf, layoutQuery, mappingOf, readFor, sourcesOf, STEPS, type Step,
} from '../../logic/campaign-form'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Notice, Trouble } from '../../ui/notice'
import { Empty, Page } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'
import { useAudience, useFileCheck } from './audience'
import '../reminders/reminders.css'
import './bulk.css'
import { type Kept, useNewCampaign } from './draft'
import { MessageStep } from './message'
import { RecipientsStep } from './recipients'
import { Steps } from './steps'
import { TimeStep } from './time'

/** Where a field is written that the service does not take. */
const FIELDS_OF: Record<Step, string[]> = {
  recipients: ['file', 'query.column', 'filter', 'patient_ids'],
  message: ['name', 'texts', 'channels'],
  time: ['scheduled_time', 'valid_for', 'rate_per_minute'],
}

async function store(form: Kept) {
  const made = await got(
    api.POST('/api/v1/campaigns', {
      body: draftOf(form) as never,
      params: { header: { 'Idempotency-Key': form.identity } },
    }),
  )
  if (form.source === 'file' && form.file) {
    await send(`/api/v1/campaigns/${made.id}/file`, form.file, {
      query: layoutQuery(form.layout),
      key: `${form.identity}-file`,
    }).catch((error: unknown) => giveUp(made.id, error))
  }
  return made
}

/** A list that is not taken leaves no draft behind that nobody will get. */
async function giveUp(id: number, error: unknown): Promise<never> {
  if (error instanceof ApiError) {
    const header = { 'Idempotency-Key': newKey() }
    await api.POST('/api/v1/campaigns/{campaign_id}/cancel', { params: { path: { campaign_id: id }, header } }).catch(() => null)
  }
  throw error
}

export default function NewBulk({ me }: { me: Me }) {
  const words = useWords()
  const say = words.bulk
  const draft = useNewCampaign()
  const [begun] = useState(draft.touched)
  const [, go] = useLocation()
  const client = useQueryClient()
  const form = draft.value
  const audience = useAudience(form)
  const columns = useColumns(form)
  const create = useMutation({
    mutationFn: () => store(form),
    onSuccess: (made) => {
      draft.forget()
      void client.invalidateQueries({ queryKey: ['campaigns'] })
      go(`/bulk/${made.id}`)
    },
    onError: (error) => {
      // What was refused was not stored: the next try is another submission.
      if (error instanceof ApiError) draft.change({ identity: newKey() })
    },
  })
  const wrong = useFieldProblem(create.error)

  function change(part: Partial<CampaignForm>) {
    const only = 'step' in part
    // Another text is another submission: the old identity may be on its way already.
    draft.change(create.error && !only ? { ...part, identity: newKey() } : part)
    if (!only) create.reset()
  }

  function done(step: Step): boolean {
    return complete(form, step) && (step !== 'recipients' || (audience?.contacts ?? 0) > 0)
  }

  const at = STEPS.indexOf(form.step)
  const missing = STEPS.findIndex((step) => !done(step))
  const faulty = STEPS.find((step) => FIELDS_OF[step].some((field) => wrong(field) !== null))

  function submit(event: FormEvent) {
    event.preventDefault()
    const next = STEPS[at + 1]
    if (!done(form.step) || create.isPending) return
    if (next) change({ step: next })
    else if (missing < 0) create.mutate()
    else change({ step: STEPS[missing] as Step })
  }

  if (!may(me, 'staff')) return <Page title={say.new}><Empty title={words.common.roleTooLow} /></Page>
  return (
    <Page title={say.new} above={{ to: '/bulk', name: say.title }} wide>
      {begun && draft.touched && (
        <Notice>
          <p>{say.kept}</p>
          <Button look="quiet" onClick={draft.forget}>
            {say.discard}
          </Button>
        </Notice>
      )}
      <Steps
        here={form.step}
        reachable={missing < 0 ? STEPS.length : missing}
        onGo={(step) => change({ step })}
      />
      <form onSubmit={submit} className="bulk-form" noValidate>
        <StepCard step={form.step}>
          {form.step === 'recipients' && <RecipientsStep form={form} change={change} wrong={wrong} />}
          {form.step === 'message' && (
            <MessageStep form={form} change={change} wrong={wrong} languages={me.current.languages} audience={audience} {...columns} />
          )}
          {form.step === 'time' && (
            <TimeStep form={form} change={change} wrong={wrong} zone={me.current.time_zone} count={audience?.contacts ?? null} />
          )}
        </StepCard>
        {create.error !== null && (
          <>
            <Trouble error={create.error} />
            {faulty && faulty !== form.step && (
              <Button look="quiet" className="start" onClick={() => change({ step: faulty })}>
                {say.steps[faulty]}
              </Button>
            )}
          </>
        )}
        {form.step === 'time' && <StoresNew fresh={audience?.fresh ?? 0} />}
        <div className="compose-end">
          <Button look="main" type="submit" busy={create.isPending} disabled={!done(form.step)}>
            {at < STEPS.length - 1 ? say.next : say.toDryRun}
          </Button>
          {at > 0 && (
            <Button onClick={() => change({ step: STEPS[at - 1] as Step })}>{say.previous}</Button>
          )}
          <p className="soft">{say.nothingYet}</p>
        </div>
      </form>
    </Page>
  )
}

/** What the columns of a file hold for the texts, and how they are read for some texts. */
function useColumns(form: CampaignForm) {
  const say = useWords().bulk.who
  const check = useFileCheck(form).data
  if (form.source !== 'file' || !check) return { sources: [] }
  const mapping = form.layout?.mapping ?? mappingOf(check.columns)
  const header = form.layout?.header ?? check.header
  const sources = sourcesOf(check.columns, mapping, say.column)
  return {
    sources,
    read(texts: Record<string, string>): Partial<CampaignForm> {
      const wanted = readFor(mapping, sources, texts)
      return JSON.stringify(wanted) === JSON.stringify(mapping) ? {} : { layout: { mapping: wanted, header } }
    },
  }
}

function StoresNew({ fresh }: { fresh: number }) {
  const say = useWords().bulk
  const format = useFormat()
  return fresh > 0 ? <p className="soft">{say.storesNew(fresh, format.number(fresh))}</p> : null
}

/** Its heading takes the focus when one goes on, so that who hears the page knows where they are. */
export function StepCard({ step, children }: { step: Step; children: React.ReactNode }) {
  const say = useWords().bulk
  const heading = useRef<HTMLHeadingElement>(null)
  const before = useRef(step)
  useEffect(() => {
    if (step === before.current) return
    before.current = step
    heading.current?.focus({ preventScroll: true })
    scrollTo({ top: 0 })
  }, [step])
  return (
    <section className="card" aria-labelledby="step">
      <h2 id="step" ref={heading} tabIndex={-1}>
        {say.steps[step]}
      </h2>
      {children}
    </section>
  )
}
