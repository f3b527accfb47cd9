// What somebody fills in to write to many, and the requests that it means.

import type { Upload } from '../api/upload'
import type { Shape } from '../api/types'
import { addDays } from './format'
import { type ChannelName, filled, placeholders } from './reminder-form'

export const STEPS = ['recipients', 'message', 'time'] as const
export type Step = (typeof STEPS)[number]

export const FIELDS = ['patient_id', 'name', 'phone_number', 'email', 'language', 'kind', 'quiet_hours'] as const
export type FieldName = (typeof FIELDS)[number]
export const KINDS = ['patient', 'staff', 'student'] as const
export const VALIDITIES = [4 * 3600, 12 * 3600, 86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400] as const
export const FASTEST = 60_000

/** Which field each column of a file holds, by its place; a place that is not there is not used. */
export type Mapping = Readonly<Record<number, FieldName>>

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

const isField = (name: string | null): name is FieldName => FIELDS.includes(name as FieldName)

/** One column holds another field now; the column that held it until now holds none. */
export function mapped(mapping: Mapping, place: number, field: FieldName | ''): Mapping {
  const others = Object.entries(mapping).filter(([at, name]) => Number(at) !== place && name !== field)
  return Object.fromEntries([...others, ...(field ? [[place, field]] : [])]) as Mapping
}

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

/** What stands for each recipient's own, and is never asked for. */
const OWN = ['name', 'patient_id']

/** What somebody must say before a template can be sent to many, in the order in which it is read. */
export const asked = ({ texts }: Shape<'TemplateOut'>): string[] =>
  [...new Set(texts.flatMap(({ text }) => placeholders(text)))].filter((name) => !OWN.includes(name))

/** A template's texts with what is the same for everybody; a brace in it is a brace and no place. */
export function writtenFrom({ texts }: Shape<'TemplateOut'>, values: Record<string, string>): Record<string, string> {
  const plain = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.replace(/[{}]/g, '$&$&')]),
  )
  return Object.fromEntries(texts.map(({ language, text }) => [language, filled(text, plain)]))
}

export function rateOf(form: CampaignForm): number | null {
  const rate = Number(form.rate)
  return Number.isInteger(rate) && rate >= 1 && rate <= FASTEST ? rate : null
}

const timed = (form: CampaignForm): string | null => (form.now ? null : `${form.date}T${form.time}:00`)

/** Whether a step says all that it must. */
export function complete(form: CampaignForm, step: Step): boolean {
  if (step === 'message') return form.name.trim() !== '' && Object.keys(textsOf(form)).length > 0
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

