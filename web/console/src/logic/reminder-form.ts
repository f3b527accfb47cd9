// What a nurse fills in, and the request that it means.

import type { Shape } from '../api/types'
import { ONCE_A_WEEK, type Repetition, toRule } from './rrule'

export type ChannelName = 'sms' | 'voice' | 'email'
export const CHANNELS: readonly ChannelName[] = ['sms', 'voice', 'email']
export const DISTANCES = ['P7D', 'P3D', 'P1D', 'PT12H', 'PT2H', 'PT1H'] as const

export interface ReminderForm {
  contact: Shape<'ContactOut'> | null
  known: boolean
  phone: string
  email: string
  source: 'own' | 'template'
  message: string
  template: string
  parameters: Record<string, string>
  /** Empty: the patient's own. */
  language: string
  kind: 'once' | 'series' | 'before'
  now: boolean
  date: string
  time: string
  repetition: Repetition
  before: string[]
  /** Null: as the establishment does. */
  channels: ChannelName[] | null
  reply: boolean
}

export const EMPTY_FORM: ReminderForm = {
  contact: null,
  known: true,
  phone: '',
  email: '',
  source: 'own',
  message: '',
  template: '',
  parameters: {},
  language: '',
  kind: 'once',
  now: false,
  date: '',
  time: '09:00',
  repetition: ONCE_A_WEEK,
  before: ['P1D'],
  channels: null,
  reply: false,
}

/** The request; null as long as something that nobody can guess is missing. */
export function bodyOf(form: ReminderForm, now = new Date()): Shape<'ReminderIn'> | null {
  const to = recipient(form)
  const words = saying(form)
  const when = times(form, now)
  if (!to || !words || !when) return null
  return {
    ...to,
    ...words,
    ...when,
    ...(form.language && { language: form.language }),
    ...(form.channels && { channels: form.channels }),
    expects_reply: form.reply,
  } as Shape<'ReminderIn'>
}

function recipient(form: ReminderForm): Partial<Shape<'ReminderIn'>> | null {
  if (form.known) return form.contact && { patient_id: form.contact.patient_id }
  const phone = form.phone.trim()
  const email = form.email.trim()
  if (!phone && !email) return null
  return { ...(phone && { phone_number: phone }), ...(email && { email }) }
}

function saying(form: ReminderForm): Partial<Shape<'ReminderIn'>> | null {
  if (form.source === 'own') return form.message.trim() ? { message: form.message.trim() } : null
  if (!form.template || Object.values(form.parameters).some((value) => !value.trim())) return null
  return { template: form.template, parameters: form.parameters }
}

function times(form: ReminderForm, now: Date): Partial<Shape<'ReminderIn'>> | null {
  if (form.kind === 'once' && form.now) return { scheduled_time: now.toISOString() }
  if (!form.date || !form.time) return null
  // Without an offset: the establishment's local time, wherever this browser may be.
  const moment = `${form.date}T${form.time}:00`
  if (form.kind === 'before') return form.before.length ? { event_time: moment, before: form.before } : null
  if (form.kind === 'series') return { scheduled_time: moment, rrule: toRule(form.repetition) }
  return { scheduled_time: moment }
}

/** The words that a template asks for, each once, in order. */
export const placeholders = (text: string): string[] => [
  ...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] as string)),
]

/** A template with what is known of its words; the others stay as they are. */
export const filled = (text: string, parameters: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => parameters[name]?.trim() || whole)
