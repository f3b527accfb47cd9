// What will happen, said while it is being written: the service thinks it through and stores nothing.

import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { bodyOf, filled, type ReminderForm } from '../../logic/reminder-form'
import { useSettled } from '../../logic/settled'
import { smsCost } from '../../logic/sms'
import { Icon } from '../../ui/icon'
import { Notice } from '../../ui/notice'
import { useProblem } from '../../ui/problem'
import { readTemplates, textIn } from './templates'
import { localInWords } from './words'

type Plan = Shape<'ReminderPlan'>

export function Preview({ form }: { form: ReminderForm }) {
  const words = useWords()
  const say = words.reminders.preview
  const told = useProblem()
  const settled = useSettled(form, 400)
  const body = bodyOf(settled)
  const query = useQuery({
    // A time that is "now" is another one at each look, and the same question.
    queryKey: ['reminders', 'preview', { ...body, ...(settled.now && { scheduled_time: 'now' }) }],
    queryFn: ({ signal }) => got(api.POST('/api/v1/reminders/preview', { body: bodyOf(settled) as never, signal })),
    enabled: body !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
  const plan = body && !query.error ? query.data : undefined
  return (
    <aside className="preview" aria-label={say.title}>
      <section className="card">
        <h2>{say.title}</h2>
        <Bubble form={form} plan={plan} />
        {!body && <p className="soft">{say.waiting}</p>}
        {body && query.error !== null && <Notice tone="bad">{told(query.error)}</Notice>}
        {plan && <PlanInWords plan={plan} />}
      </section>
    </aside>
  )
}

function Bubble({ form, plan }: { form: ReminderForm; plan: Plan | undefined }) {
  const words = useWords()
  const say = words.reminders.preview
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: readTemplates,
    staleTime: 600_000,
    enabled: form.source === 'template',
  })
  const template = templates.data?.find((one) => one.name === form.template)
  const language = form.language || plan?.language || form.contact?.language || ''
  const text =
    form.source === 'own' ? form.message : template ? filled(textIn(template, language), form.parameters) : ''
  if (!text.trim()) return null
  const cost = smsCost(text)
  const byText = !form.channels || form.channels.includes('sms')
  return (
    <figure className="bubble">
      <blockquote dir="auto">{text}</blockquote>
      {byText && (
        <figcaption>
          <span>
            {say.cost(plan?.segments ?? cost.segments, plan?.encoding ?? cost.encoding)} · {say.left(cost.left)}
          </span>
          {cost.costly.length > 0 && plan?.encoding !== 'GSM-7' && (
            <span className="costly">{say.costly(cost.costly.slice(0, 12).join(' '))}</span>
          )}
        </figcaption>
      )}
    </figure>
  )
}

function PlanInWords({ plan }: { plan: Plan }) {
  const words = useWords()
  const say = words.reminders.preview
  const format = useFormat()
  const languages: Record<string, string> = words.common.patientLanguages
  const reasons: Record<string, string> = say.reasons
  const { next_occurrences: next = [], omissions = [] } = plan
  return (
    <div className="plan" aria-live="polite">
      <p className="goes">
        <Icon name="clock" />
        <span>
          {say.goes} <strong>{localInWords(plan.local_time, format)}</strong>
        </span>
      </p>
      {plan.deferred && <Notice tone="warn">{deferredInWords(plan.deferred, say)}</Notice>}
      <p className="goes">
        <Icon name={plan.channels[0] ?? 'sms'} />
        <span>{plan.channels.map((channel) => words.common.channels[channel]).join(` ${say.orElse} `)}</span>
      </p>
      <p className="soft">
        {say.language}{words.colon} {languages[plan.language] ?? plan.language}
      </p>
      {next.length > 1 && (
        <div>
          <h3>{say.next}</h3>
          <ol className="occurrences">
            {next.slice(0, 6).map((one) => (
              <li key={one.occurrence}>
                {localInWords(one.local_time, format)}
                {one.deferred && <small> · {deferredInWords(one.deferred, say)}</small>}
              </li>
            ))}
          </ol>
        </div>
      )}
      {omissions.length > 0 && (
        <div>
          <h3>{say.leftOut}</h3>
          <ul className="occurrences">
            {omissions.map((run) => (
              <li key={run.first}>
                {format.moment(run.first)} · {reasons[run.reason] ?? run.reason}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

interface DeferralWords {
  deferred: Record<string, string>
  broughtForward: Record<string, string>
}

/** `quiet_hours`, or as a plan says it: `quiet hours: goes out before they begin`. */
export function deferredInWords(why: string, say: DeferralWords): string {
  const [cause = '', how = ''] = why.split(': ')
  const known = how.includes('before') ? say.broughtForward : say.deferred
  return known[cause.replaceAll(' ', '_')] ?? why
}
