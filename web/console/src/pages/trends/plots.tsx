// Plots as tables that are drawn: who hears the page, or prints it, has the same figures.

import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { spelled } from '../../logic/format'

export function Bars({ rows, of }: { rows: (readonly [string, number])[]; of?: number }) {
  const format = useFormat()
  const whole = of ?? Math.max(...rows.map(([, count]) => count), 1)
  return (
    <table className="bars">
      <tbody>
        {rows.map(([name, count]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="bar" aria-hidden="true">
              <svg viewBox="0 0 100 10" preserveAspectRatio="none">
                <rect width={Math.max(0.5, (100 * count) / whole)} height="10" rx="1" />
              </svg>
            </td>
            <td className="count">
              {format.number(count)}
              {of !== undefined && of > 0 && <small> · {format.percent(count / of)}</small>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

type WeekRating = Shape<'WeekRating'>

/** A row for each department, a mark for each week: the higher the mark, the better the week. */
export function Ratings({ ratings, name }: { ratings: WeekRating[]; name: (code: string | null) => string }) {
  const words = useWords()
  const format = useFormat()
  const weeks = [...new Set(ratings.map((one) => one.week))].sort()
  const departments = inOrder([...new Set(ratings.map((one) => one.department))], name)
  const short = new Intl.DateTimeFormat(format.locale, { timeZone: 'UTC', day: 'numeric', month: 'short' })
  const day = (week: string) => spelled(short.format(new Date(`${week}T12:00:00Z`)), format.locale)
  return (
    // Many weeks are wider than a phone: the table scrolls, by keyboard too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keys
    <section className="wide-table" aria-label={words.trends.ratingsLead} tabIndex={0}>
      <table className="ratings">
        <thead>
          <tr>
            <th scope="col">{words.trends.department}</th>
            {weeks.map((week) => (
              <th key={week} scope="col">
                <span className="heard">{words.trends.week} </span>
                {day(week)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {departments.map((department) => (
            <tr key={department ?? ''}>
              <th scope="row">{name(department)}</th>
              {weeks.map((week) => {
                const one = ratings.find((rating) => rating.week === week && rating.department === department)
                return <td key={week}>{one ? <Mark rating={one} /> : <span className="soft">–</span>}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** By their names; what was said of no department comes last. */
export const inOrder = (codes: (string | null)[], name: (code: string | null) => string) =>
  [...codes].sort((one, other) =>
    one === null || other === null ? Number(one === null) - Number(other === null) : name(one).localeCompare(name(other)),
  )

function Mark({ rating }: { rating: WeekRating }) {
  const words = useWords()
  const format = useFormat()
  const height = ((rating.average - 1) / 4) * 34 + 4
  return (
    <span className="mark" title={`${rating.count} ${words.trends.count}`}>
      <svg viewBox="0 0 24 40" aria-hidden="true" >
        <rect x="4" y="2" width="16" height="38" rx="3" className="whole" />
        <rect x="4" y={40 - height} width="16" height={height} rx="3" className={rating.average < 2.5 ? 'low' : undefined} />
      </svg>
      <strong>{format.number(rating.average, 1)}</strong>
      <small className="soft">{format.number(rating.count)}</small>
    </span>
  )
}
