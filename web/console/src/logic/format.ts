// Dates, times and numbers as the reader's language writes them, in the establishment's time zone.

export interface Format {
  locale: string
  zone: string
  date: (moment: string | Date) => string
  time: (moment: string | Date) => string
  moment: (moment: string | Date) => string
  /** Short where it can be: the time today, else the day with its time. */
  near: (moment: string | Date) => string
  /** True when a moment is still to come. */
  ahead: (moment: string | Date) => boolean
  day: (day: string) => string
  /** A holiday's day: without a year where it is of every year (one from a file is kept as of 2000). */
  holiday: (holiday: { day: string; every_year: boolean }) => string
  number: (value: number, digits?: number) => string
  percent: (share: number) => string
  /** A length of time in the largest unit that fits: 4 h, 45 min. */
  lasting: (seconds: number) => string
  list: (words: string[]) => string
}

const UNITS: [number, Intl.NumberFormatOptions['unit']][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
]

/** A date as its language writes it: the first of a month is an ordinal in French, which browsers do
 * not know. */
export const spelled = (date: string, locale: string): string =>
  locale.startsWith('fr') ? date.replace(/(?<!\d)1(?=\s\p{L})/u, '1er') : date

export function format(language: 'fr' | 'en', zone: string): Format {
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
  const written = (date: string) => spelled(date, locale)
  const shaped = (options: Intl.DateTimeFormatOptions) => {
    const shape = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })
    return (moment: string | Date) => written(shape.format(new Date(moment)))
  }
  const date = shaped({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
  const nearDate = shaped({ weekday: 'short', day: 'numeric', month: 'short' })
  const time = shaped({ hour: '2-digit', minute: '2-digit' })
  const whole = (day: string, year?: 'numeric') =>
    written(
      new Intl.DateTimeFormat(locale, { timeZone: 'UTC', day: 'numeric', month: 'long', year })
        .format(new Date(`${day}T12:00:00Z`)),
    )
  const number = (value: number, digits = 0) =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value)
  return {
    locale,
    zone,
    date,
    time,
    moment: (moment) => `${date(moment)}, ${time(moment)}`,
    near(moment) {
      const same = localDay(new Date(moment), zone) === localDay(new Date(), zone)
      return same ? time(moment) : `${nearDate(moment)}, ${time(moment)}`
    },
    ahead: (moment) => new Date(moment) > new Date(),
    day: (day) => whole(day, 'numeric'),
    holiday: (one) => whole(one.day, one.every_year ? undefined : 'numeric'),
    number,
    percent: (share) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share),
    lasting(seconds) {
      const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 'second']
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })
        .format(seconds / size)
    },
    list: (words) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(words),
  }
}

/** The local day of a moment, as 2026-11-28. */
export function localDay(moment: Date, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(moment)
}

/** The local time of a moment, as 09:05. */
export function localClock(moment: Date, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(moment)
}

/** The moment at which a local day begins, so that "today" is the hospital's and not the browser's. */
export function startOfDay(day: string, zone: string): Date {
  const guess = new Date(`${day}T00:00:00Z`)
  const shown = new Date(`${localDay(guess, zone)}T${localClock(guess, zone)}:00Z`)
  return new Date(guess.getTime() - (shown.getTime() - guess.getTime()))
}

export function addDays(day: string, days: number): string {
  const moved = new Date(`${day}T12:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}
