// An establishment's settings as an administrator fills them in, and the change that it means.

import type { Shape } from '../api/types'
import { type QuietHoursForm, quietHoursForm, writtenQuietHours } from './quiet-hours'

type Settings = Shape<'EstablishmentOut'>

export const LANGUAGES = ['french', 'english', 'duala', 'bassa', 'ewondo'] as const
const MINUTE = 60
const HOUR = 3600
const DAY = 24 * HOUR
/** What is offered of each length of time, in seconds; what was set otherwise is offered, too. */
export const LENGTHS = {
  valid_for: [30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY],
  event_margin: [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE, HOUR, 2 * HOUR],
  receipt_window: [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY],
  unknown_after: [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY],
  call_again_after: [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR],
  alarm_window: [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY],
  alarm_late_after: [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
  alarm_unknown_after: [10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR],
} as const
/** What is offered of the share that did not arrive. */
export const SHARES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
export type LengthName = keyof typeof LENGTHS

export interface SettingsForm extends QuietHoursForm {
  name: string
  zone: string
  /** Empty: any number. */
  cap: string
  /** Empty: as many as the validity has room for. */
  attempts: string
  callBacks: string
  languages: string[]
  lengths: Record<LengthName, number>
  callAgain: number
  escalate: boolean
  unknown: Record<'sms' | 'voice' | 'email', Shape<'UnknownChoice'>>
  oneWay: Shape<'AskOneWay'>
  inbound: Shape<'InboundCalls'>
  machines: Shape<'AnsweringMachines'>
  fold: boolean
  anonymous: boolean
  alarms: { share: number; ended: string; unknown: string }
  /** What was read: nothing newer is overwritten. */
  version: number
}

export function formOf(found: Settings): SettingsForm {
  return {
    name: found.name,
    zone: found.time_zone,
    ...quietHoursForm(found.quiet_hours),
    cap: found.daily_cap === null ? '' : String(found.daily_cap),
    attempts: found.max_attempts === null ? '' : String(found.max_attempts),
    callBacks: String(found.call_backs_per_hour),
    languages: found.languages,
    lengths: {
      valid_for: found.valid_for,
      event_margin: found.event_margin,
      receipt_window: found.receipt_window,
      unknown_after: found.unknown_after,
      call_again_after: found.call_again_after,
      alarm_window: found.alarm_window,
      alarm_late_after: found.alarm_late_after,
      alarm_unknown_after: found.alarm_unknown_after,
    },
    callAgain: found.call_again_at_most,
    escalate: found.escalate,
    unknown: { sms: found.unknown_sms, voice: found.unknown_voice, email: found.unknown_email },
    oneWay: found.ask_one_way,
    inbound: found.inbound_calls,
    machines: found.answering_machines,
    fold: found.fold_french_sms,
    anonymous: found.anonymous_feedback,
    alarms: {
      share: found.alarm_failing_share,
      ended: String(found.alarm_failing_count),
      unknown: String(found.alarm_unknown_count),
    },
    version: found.version,
  }
}

const numberOr = (typed: string): number | null => (typed.trim() === '' ? null : Number(typed))

/** All settings, as the service calls them. */
function wanted(form: SettingsForm) {
  return {
    name: form.name.trim(),
    time_zone: form.zone,
    quiet_hours: writtenQuietHours(form),
    daily_cap: numberOr(form.cap),
    max_attempts: numberOr(form.attempts),
    call_backs_per_hour: numberOr(form.callBacks),
    languages: form.languages,
    ...form.lengths,
    call_again_at_most: form.callAgain,
    escalate: form.escalate,
    unknown_sms: form.unknown.sms,
    unknown_voice: form.unknown.voice,
    unknown_email: form.unknown.email,
    ask_one_way: form.oneWay,
    inbound_calls: form.inbound,
    answering_machines: form.machines,
    fold_french_sms: form.fold,
    anonymous_feedback: form.anonymous,
    alarm_failing_share: form.alarms.share,
    alarm_failing_count: numberOr(form.alarms.ended),
    alarm_unknown_count: numberOr(form.alarms.unknown),
  }
}

/** Only what differs from how the form began: who changed something else meanwhile keeps it. */
export function changesOf(form: SettingsForm, first: SettingsForm): Partial<Record<string, unknown>> {
  const before: Record<string, unknown> = wanted(first)
  return Object.fromEntries(
    Object.entries(wanted(form)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  )
}

/** A list with one of its members moved by some places. */
export function moved<Value>(list: readonly Value[], member: Value, by: number): Value[] {
  const rest = list.filter((one) => one !== member)
  rest.splice(Math.max(0, list.indexOf(member) + by), 0, member)
  return rest
}
