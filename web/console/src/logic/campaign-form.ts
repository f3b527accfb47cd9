// What somebody fills in to write to many, and the requests that it means.

import type { Upload } from '../api/upload'
import type { Shape } from '../api/types'
import { addDays } from './format'
import { type ChannelName, filled, placeholders } from './reminder-form'

export const STEPS = ['recipients', 'message', 'time'] as const
export type Step = (typeof STEPS)[number]

export const FIELDS = ['patient_id', 'name', 'phone_number', 'email', 'language', 'kind', 'quiet_hours', 'holidays'] as const
export type FieldName = (typeof FIELDS)[number]
export const KINDS = ['patient', 'staff', 'student'] as const
export const VALIDITIES = [4 * 3600, 12 * 3600, 86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400] as const
export const FASTEST = 60_000
const LONGEST_VALUE = 100
/** What stands for each recipient's own in any text, and is never asked for. */
const OWN = ['name', 'patient_id']

const VALUE = 'value.'
/** Something of the message: `value.heure` is what stands for {heure} in the texts. */
export type ValueField = `value.${string}`
export type Held = FieldName | ValueField
/** Which field each column of a file holds, by its place; a place that is not there is not used. */
export type Mapping = Readonly<Record<number, Held>>

export interface CampaignForm {
  step: Step
  source: 'file' | 'filter'
  file: Upload | null
  /** Null: as the service guesses. */
  layout: { mapping: Mapping; header: boolean } | null
  kind: string
  language: string
  reach: '' | 'phone' | 'email'
  since: string
  until: string
  name: string
  texts: Record<string, string>
  /** Null: as the establishment does. */
  channels: ChannelName[] | null
  now: boolean
  date: string
  time: string
  validFor: number
  rate: string
}

export const EMPTY_CAMPAIGN: CampaignForm = {
  step: 'recipients',
  source: 'file',
  file: null,
  layout: null,
  kind: 'patient',
  language: '',
  reach: '',
  since: '',
  until: '',
  name: '',
  texts: {},
  channels: null,
  now: true,
  date: '',
  time: '09:00',
  validFor: 86_400,
  rate: '60',
}

/** The columns as the service has read them. */
export const mappingOf = (columns: Shape<'FileColumn'>[]): Mapping =>
  Object.fromEntries(
    columns.flatMap(({ place, field }) => (isField(field) ? [[place, field]] : [])),
  ) as Mapping

const isField = (name: string | null): name is Held =>
  FIELDS.includes(name as FieldName) || (name?.startsWith(VALUE) ?? false)

/** One column holds another field now; the column that held it until now holds none. */
export function mapped(mapping: Mapping, place: number, field: Held | ''): Mapping {
  const others = Object.entries(mapping).filter(([at, name]) => Number(at) !== place && name !== field)
  return Object.fromEntries([...others, ...(field ? [[place, field]] : [])]) as Mapping
}

/** What recipients may have of their own: where it comes from, what it is called in a text. */
export interface Source {
  /** The column's place; null where the list is stored already. */
  place: number | null
  /** In braces. */
  name: string
  label: string
  /** What stands there for somebody, as long as the longest that is known. */
  example: string
}

const LONGEST_NAME = 32
const named = (heading: string) =>
  heading
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+/, '')
    .slice(0, LONGEST_NAME - 3)
    .replace(/_+$/, '')

/** The columns that hold nothing of a contact: any of them may stand in a text. */
export function sourcesOf(columns: Shape<'FileColumn'>[], mapping: Mapping, column: (place: number) => string): Source[] {
  const taken = new Set(OWN)
  return columns.flatMap(({ place, heading, samples }) => {
    const label = heading.trim() || column(place + 1)
    const first = named(label) || `c${place + 1}`
    const name = taken.has(first) ? `${first}_${place + 1}` : first
    taken.add(name)
    const held = mapping[place]
    if (held && !held.startsWith(VALUE)) return []
    const longest = samples.reduce((one, other) => (other.length > one.length ? other : one), '')
    return [{ place, name, label, example: longest.slice(0, LONGEST_VALUE) || name }]
  })
}

export const valueField = (name: string): ValueField => `${VALUE}${name}`

/** The names of what recipients have of their own, as the columns say. */
export const valuesOf = ({ source, layout }: Pick<CampaignForm, 'source' | 'layout'>): string[] =>
  source === 'file'
    ? Object.values(layout?.mapping ?? {}).flatMap((held) => (held.startsWith(VALUE) ? [held.slice(VALUE.length)] : []))
    : []

/** What stands in braces in a text, where a doubled brace is a brace. */
export const placesIn = (text: string): string[] => [
  ...new Set(text.split(/\{\{|\}\}/).flatMap((piece) => [...piece.matchAll(/\{([^{}]*)\}/g)].map((found) => found[1] ?? ''))),
]

/** The columns as they are read for these texts: those that stand in one, and what they hold of a contact. */
export function readFor(mapping: Mapping, sources: Source[], texts: Record<string, string>): Mapping {
  const used = new Set(Object.values(texts).flatMap(placesIn))
  return sources.reduce(
    (now, { place, name }) => (place === null ? now : mapped(now, place, used.has(name) ? valueField(name) : '')),
    mapping,
  )
}

/** What stands in braces and nobody has. */
export const unknownPlaces = (texts: Record<string, string>, values: string[]): string[] => [
  ...new Set(Object.values(texts).flatMap(placesIn)),
].filter((name) => !OWN.includes(name) && !values.includes(name))

export const knowsReference = (mapping: Mapping): boolean => Object.values(mapping).includes('patient_id')

/** How a file is to be read, as the service is told; nothing while it may guess. */
export function layoutQuery(layout: CampaignForm['layout']): URLSearchParams {
  const query = new URLSearchParams()
  if (!layout) return query
  for (const [place, field] of Object.entries(layout.mapping)) query.append('column', `${field}:${place}`)
  if (!layout.header) query.set('header', 'false')
  return query
}

/** Days are the hospital's: without an offset a time is its local one. */
export function filterOf(form: CampaignForm): Shape<'CampaignFilter'> {
  return {
    ...(form.kind && { kind: [form.kind] }),
    ...(form.language && { language: [form.language] }),
    ...(form.reach === 'phone' && { has_phone: true }),
    ...(form.reach === 'email' && { has_email: true }),
    ...(form.since && { created_since: `${form.since}T00:00:00` }),
    ...(form.until && { created_before: `${addDays(form.until, 1)}T00:00:00` }),
  } as Shape<'CampaignFilter'>
}

const written = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).flatMap(([language, text]) => (text.trim() ? [[language, text.trim()]] : [])))

export const textsOf = (form: CampaignForm): Record<string, string> => written(form.texts)

/** What somebody must say before a template can be sent to many, in the order in which it is read. */
export const asked = ({ texts }: Shape<'TemplateOut'>): string[] =>
  [...new Set(texts.flatMap(({ text }) => placeholders(text)))].filter((name) => !OWN.includes(name))

/** A template's texts with what is the same for everybody, in which a brace is a brace and no place,
 * and with the places of what is each recipient's own. */
export function writtenFrom(
  { texts }: Shape<'TemplateOut'>,
  values: Record<string, string>,
  own: Record<string, string> = {},
): Record<string, string> {
  const plain = Object.entries(values).map(([name, value]) => [name, value.replace(/[{}]/g, '$&$&')])
  const places = Object.entries(own).map(([name, place]) => [name, `{${place}}`])
  const all = Object.fromEntries([...plain, ...places])
  return Object.fromEntries(texts.map(({ language, text }) => [language, filled(text, all)]))
}

/** What a template asks for is often what a heading says. */
const HEADINGS: Record<string, RegExp> = { date: /^(date|jour|day)/, time: /^(heure|horaire|time|hour)/ }

/** The column that a template's word most likely means. */
export const likely = (place: string, sources: Source[]): Source | undefined =>
  sources.find(({ name }) => name === place || HEADINGS[place]?.test(name))

export function rateOf(form: CampaignForm): number | null {
  const rate = Number(form.rate)
  return Number.isInteger(rate) && rate >= 1 && rate <= FASTEST ? rate : null
}

const timed = (form: CampaignForm): string | null => (form.now ? null : `${form.date}T${form.time}:00`)

/** Whether a step says all that it must. */
export function complete(form: CampaignForm, step: Step, values: string[] = valuesOf(form)): boolean {
  if (step === 'message') return form.name.trim() !== '' && Object.keys(textsOf(form)).length > 0 && !unknownPlaces(textsOf(form), values).length
  if (step === 'time') return rateOf(form) !== null && (form.now || (form.date !== '' && form.time !== ''))
  return form.source === 'filter' || form.file !== null
}

/** What a draft says, whoever it is for. */
export const contentOf = (form: CampaignForm) => ({
  name: form.name.trim(),
  texts: textsOf(form),
  channels: form.channels,
  scheduled_time: timed(form),
  valid_for: form.validFor as never,
  rate_per_minute: rateOf(form) ?? 60,
})

export const draftOf = (form: CampaignForm) => ({
  ...contentOf(form),
  parameters: {},
  value_names: valuesOf(form),
  ...(form.source === 'filter' && { filter: filterOf(form) }),
})

/** A campaign as somebody would have written it: to change it, or to write another like it. */
export function formOf(campaign: Shape<'CampaignOut'>, clock: (moment: string) => [string, string]): CampaignForm {
  const [date, time] = campaign.scheduled_time ? clock(campaign.scheduled_time) : ['', EMPTY_CAMPAIGN.time]
  return {
    ...EMPTY_CAMPAIGN,
    step: 'message',
    name: campaign.name,
    texts: campaign.texts,
    channels: campaign.channels as ChannelName[] | null,
    now: campaign.scheduled_time === null,
    date,
    time,
    validFor: campaign.valid_for,
    rate: String(campaign.rate_per_minute),
  }
}

interface Share {
  language: string | null
  contacts: number
}

/** Which text each chosen language leads to: its own, else that of the first language that has one. */
export function heardIn(shares: Share[], texts: Record<string, string>, order: string[]) {
  const first = order.find((language) => language in texts) ?? null
  return shares.map(({ language, contacts }) => ({
    language,
    contacts,
    text: language !== null && language in texts ? language : first,
  }))
}

