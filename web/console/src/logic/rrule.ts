// A repetition as people say it, to and from RFC 5545.

export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY'
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
export type Weekday = (typeof WEEKDAYS)[number]

export interface Repetition {
  frequency: Frequency
  interval: number
  /** Of a weekly one; empty: the weekday of the first time. */
  days: Weekday[]
  ends: 'never' | 'count' | 'until'
  count: number
  /** The last local day, as 2026-12-31. */
  until: string
}

export const ONCE_A_WEEK: Repetition = {
  frequency: 'WEEKLY',
  interval: 1,
  days: [],
  ends: 'count',
  count: 8,
  until: '',
}

export function toRule(wanted: Repetition): string {
  const parts = [`FREQ=${wanted.frequency}`]
  if (wanted.interval > 1) parts.push(`INTERVAL=${wanted.interval}`)
  if (wanted.frequency === 'WEEKLY' && wanted.days.length > 0) {
    parts.push(`BYDAY=${WEEKDAYS.filter((day) => wanted.days.includes(day)).join(',')}`)
  }
  if (wanted.ends === 'count') parts.push(`COUNT=${Math.max(1, wanted.count)}`)
  if (wanted.ends === 'until' && wanted.until) parts.push(`UNTIL=${wanted.until.replaceAll('-', '')}T235959`)
  return parts.join(';')
}

/** What a rule says; null for one that the form has no words for (it is shown as it is). */
export function fromRule(rule: string): Repetition | null {
  const parts = new Map(rule.split(';').map((part) => part.split('=', 2) as [string, string]))
  const frequency = parts.get('FREQ') as Frequency
  const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', ...(frequency === 'WEEKLY' ? ['BYDAY'] : [])]
  if (!['DAILY', 'WEEKLY', 'MONTHLY'].includes(frequency)) return null
  if ([...parts.keys()].some((name) => !known.includes(name))) return null
  const until = parts.get('UNTIL')
  return {
    frequency,
    interval: Number(parts.get('INTERVAL') ?? 1),
    days: (parts.get('BYDAY')?.split(',') ?? []) as Weekday[],
    ends: parts.has('COUNT') ? 'count' : until ? 'until' : 'never',
    count: Number(parts.get('COUNT') ?? ONCE_A_WEEK.count),
    until: until ? `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}` : '',
  }
}

/** Seconds of an ISO 8601 duration such as P7D, PT2H30M or P1DT12H. */
export function seconds(duration: string): number {
  const found = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration)
  if (!found) return 0
  const [weeks = 0, days = 0, hours = 0, minutes = 0, rest = 0] = found.slice(1).map((part) => Number(part ?? 0))
  return ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + rest
}
