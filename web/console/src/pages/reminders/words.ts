// Repetitions and times as people say them.

import type { Words } from '../../i18n/words'
import { type Format, spelled } from '../../logic/format'
import { fromRule } from '../../logic/rrule'

export function ruleInWords(rule: string, words: Words, format: Format): string {
  const wanted = fromRule(rule)
  if (!wanted) return rule
  const say = words.reminders.rule
  const names = words.reminders.form.days
  const parts = [
    wanted.interval === 1 ? say.every[wanted.frequency] : say.everyFew[wanted.frequency](wanted.interval),
  ]
  if (wanted.days.length > 0) parts.push(say.on(format.list(wanted.days.map((day) => names[day]))))
  if (wanted.ends === 'count') parts.push(say.count(wanted.count))
  if (wanted.ends === 'until') parts.push(say.until(format.day(wanted.until)))
  return parts.join(', ')
}

/** `2026-11-28 10:00`, the service's writing of a local time, as the reader writes it. */
export function localInWords(local: string, format: Format): string {
  const moment = new Date(`${local.replace(' ', 'T')}:00Z`)
  if (Number.isNaN(moment.getTime())) return local
  const shape = new Intl.DateTimeFormat(format.locale, {
    timeZone: 'UTC',
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  })
  return spelled(shape.format(moment), format.locale)
}

export const distanceInWords = (duration: string, words: Words, format: Format, seconds: number): string =>
  (words.reminders.form.distances as Record<string, string>)[duration] ?? `− ${format.lasting(seconds)}`
