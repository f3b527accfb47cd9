import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { type CampaignForm, heardIn, type Source, textsOf, unknownPlaces } from '../../logic/campaign-form'
import { filled } from '../../logic/reminder-form'
import { useSettled } from '../../logic/settled'
import { smsCost } from '../../logic/sms'
import { Button } from '../../ui/button'
import { TextArea, TextField } from '../../ui/field'
import { Notice, Trouble } from '../../ui/notice'
import { ChannelChoice } from '../reminders/channels'
import type { Audience } from './audience'
import type { StepProps } from './draft'
import { FromTemplate } from './from-template'

interface Props extends StepProps {
  languages: string[]
  audience: Audience | null
  /** What recipients may have of their own, and how it is read for these texts. */
  sources: Source[]
  read?: (texts: Record<string, string>) => Partial<CampaignForm>
}

export function MessageStep({ form, change, wrong, languages, audience, sources, read }: Props) {
  const words = useWords()
  const say = words.bulk.message
  const chosen = (audience?.languages ?? []).flatMap(({ language }) => (language ? [language] : []))
  const shown = [...new Set([...languages, ...chosen, ...Object.keys(form.texts)])]
  const format = useFormat()
  const settled = textsOf(useSettled(form, 400))
  const examples = Object.fromEntries(sources.map(({ name, example }) => [name, example]))
  const unknown = unknownPlaces(textsOf(form), Object.keys(examples))
  const costs = useQuery({
    queryKey: ['campaign-texts', settled, examples],
    queryFn: ({ signal }) =>
      got(api.POST('/api/v1/campaigns/texts', { body: { texts: settled, values: examples }, signal })),
    enabled: Object.keys(settled).length > 0 && unknownPlaces(settled, Object.keys(examples)).length === 0,
    placeholderData: keepPreviousData,
    staleTime: 600_000,
  })
  const write = (texts: Record<string, string>) => change({ texts, ...read?.(texts) })
  return (
    <>
      <TextField
        label={say.name}
        hint={say.nameHint}
        value={form.name}
        maxLength={120}
        autoComplete="off"
        error={wrong('name')}
        onChange={(name) => change({ name })}
      />
      <div>
        <h3>{say.texts}</h3>
        <p className="soft">
          {say.textsLead} {say.discreet}
        </p>
      </div>
      <FromTemplate texts={form.texts} write={write} sources={sources} />
      {shown.map((language) => (
        <OneText
          key={language}
          language={language}
          value={form.texts[language] ?? ''}
          count={audience ? (audience.languages.find((one) => one.language === language)?.contacts ?? 0) : null}
          cost={costs.data?.find((one) => one.language === language)}
          examples={examples}
          sources={sources}
          onChange={(text) => write({ ...form.texts, [language]: text })}
        />
      ))}
      {wrong('texts') === null ? <Trouble error={costs.error} /> : <p className="error">{wrong('texts')}</p>}
      {unknown.length > 0 && <Notice tone="warn">{say.unknownPlaces(unknown.map((name) => `{${name}}`), sources.length > 0)}</Notice>}
      {audience !== null && audience.withoutValue > 0 && (
        <Notice tone="warn">{say.withoutValue(audience.withoutValue, format.number(audience.withoutValue))}</Notice>
      )}
      <p className="hint">{say.placesHint}</p>
      {audience && <Others audience={audience} texts={textsOf(form)} order={languages} />}
      <ChannelChoice label={say.how} channels={form.channels} onChange={(channels) => change({ channels })} />
    </>
  )
}

const NAME = 'x'.repeat(20)
const filledIn = (text: string, examples: Record<string, string>) =>
  filled(text, { ...examples, name: NAME, patient_id: NAME.slice(0, 8) })

interface OneTextProps {
  language: string
  value: string
  /** How many recipients chose this language; null while nobody knows. */
  count: number | null
  cost: Shape<'TextCost'> | undefined
  examples: Record<string, string>
  sources: Source[]
  onChange: (text: string) => void
}

function OneText({ language, value, count, cost, examples, sources, onChange }: OneTextProps) {
  const words = useWords()
  const say = words.bulk.message
  const format = useFormat()
  const names: Record<string, string> = words.common.patientLanguages
  const box = useRef<HTMLDivElement>(null)

  function insert(place: string) {
    const area = box.current?.querySelector('textarea')
    const at = area?.selectionStart ?? value.length
    onChange(`${value.slice(0, at)}{${place}}${value.slice(area?.selectionEnd ?? at)}`)
    area?.focus()
  }

  return (
    <div className="one-text" ref={box}>
      <TextArea
        label={say.textIn(names[language] ?? language)}
        hint={count === null ? undefined : count > 0 ? say.chose(format.number(count), count) : say.nobodyChose}
        value={value}
        maxLength={1600}
        rows={3}
        onChange={onChange}
      />
      <div className="text-tools">
        <Cost text={value} cost={value.trim() ? cost : undefined} examples={examples} />
        <span>
          {[['name', say.places.name], ['patient_id', say.places.patient_id], ...sources.map(({ name, label }) => [name, label])].map(
            ([place = '', label]) => (
              <Button key={place} look="quiet" onClick={() => insert(place)}>
                <span className="heard">{say.insert} </span>+ <span dir="auto">{label}</span>
              </Button>
            ),
          )}
        </span>
      </div>
    </div>
  )
}

/** At every key as we count it, then as the service does, which may spell French more cheaply. */
function Cost({ text, cost, examples }: Pick<OneTextProps, 'cost' | 'examples'> & { text: string }) {
  const words = useWords()
  const say = words.reminders.preview
  if (!text.trim()) return <p />
  const own = smsCost(filledIn(text, examples))
  const encoding = cost?.encoding ?? own.encoding
  const costly = cost?.offending ?? own.costly
  return (
    <p className="soft" aria-live="polite">
      <span>
        {say.cost(cost?.segments ?? own.segments, encoding)} · {say.left(cost?.left ?? own.left)}
        {/\{(name|patient_id)\}/.test(text) && ` · ${words.bulk.message.estimate}`}
      </span>
      {encoding !== 'GSM-7' && costly.length > 0 && (
        <span className="costly">{say.costly(costly.slice(0, 12).join(' '))}</span>
      )}
    </p>
  )
}

/** Who gets a text that is not in the language that they chose. */
function Others({ audience, texts, order }: { audience: Audience; texts: Record<string, string>; order: string[] }) {
  const words = useWords()
  const say = words.bulk.message
  const format = useFormat()
  const names: Record<string, string> = words.common.patientLanguages
  const others = heardIn(audience.languages, texts, order).filter((one) => one.text !== null && one.text !== one.language)
  if (others.length === 0) return null
  return (
    <ul className="others">
      {others.map(({ language, contacts, text }) => (
        <li key={language ?? ''}>
          {say.othersGet(
            `${language ? (names[language] ?? language) : say.noLanguage}, ${words.bulk.people(contacts, format.number(contacts))}`,
            names[text ?? ''] ?? text ?? '',
          )}
        </li>
      ))}
    </ul>
  )
}
