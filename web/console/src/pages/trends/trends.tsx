import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, download, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { addDays, localDay } from '../../logic/format'
import type { Me } from '../../session/session'
import { Button } from '../../ui/button'
import { Choice, TextField } from '../../ui/field'
import { Trouble } from '../../ui/notice'
import { Asked, Page } from '../../ui/page'
import { useDepartmentName, useDepartments } from '../feedback/departments'
import '../today/today.css'
import { Bars, Ratings } from './plots'
import './trends.css'

type Statistics = Shape<'Statistics'>

const SHOWN_DAYS = 55

export default function Trends({ me }: { me: Me }) {
  const words = useWords()
  const say = words.trends
  const [today] = useState(() => localDay(new Date(), me.current.time_zone))
  const filters = useFilters({ from: addDays(today, -SHOWN_DAYS), to: today, department: '' })
  const { from, to, department } = filters.values
  const question = { from, to, ...(department && { department }) }
  const query = useQuery({
    queryKey: ['feedback', 'statistics', question],
    queryFn: ({ signal }) => got(api.GET('/api/v1/statistics', { params: { query: question as never }, signal })),
    placeholderData: keepPreviousData,
    enabled: Boolean(from && to),
  })
  const departments = useDepartments()
  const report = useMutation({
    mutationFn: () =>
      download(`/api/v1/statistics/report.pdf?${new URLSearchParams({ ...question, locale: words.tag })}`),
  })
  return (
    <Page
      title={say.title}
      lead={say.lead}
      wide
      actions={
        <>
          <Button icon="print" onClick={() => print()}>
            {say.print}
          </Button>
          <Button icon="download" busy={report.isPending} onClick={() => report.mutate()}>
            {say.report}
          </Button>
        </>
      }
    >
      <search className="filters" aria-label={words.common.filters}>
        <TextField label={say.from} type="date" value={from} max={to} onChange={(value) => filters.set({ from: value })} />
        <TextField label={say.to} type="date" value={to} min={from} onChange={(value) => filters.set({ to: value })} />
        <Choice
          label={say.department}
          value={department}
          options={[['', say.allDepartments], ...(departments.data ?? []).map((one) => [one.code, one.name] as const)]}
          onChange={(value) => filters.set({ department: value })}
        />
      </search>
      <Trouble error={report.error} />
      <Asked query={query}>{(statistics) => <Shown statistics={statistics} />}</Asked>
    </Page>
  )
}

function Shown({ statistics }: { statistics: Statistics }) {
  const words = useWords()
  const say = words.trends
  const format = useFormat()
  const name = useDepartmentName()
  const { totals, answer_times: times, lag } = statistics
  const languages: Record<string, string> = words.common.patientLanguages
  return (
    <>
      <ul className="figures">
        <Figure name={say.feedbacks} value={format.number(totals.feedbacks)} note="" />
        <Figure
          name={say.average}
          value={totals.average_rating === null ? '–' : format.number(totals.average_rating, 1)}
          note={say.outOf}
        />
        <Figure
          name={say.satisfied}
          value={totals.satisfied_share === null ? '–' : format.percent(totals.satisfied_share)}
          note={say.satisfiedNote}
        />
        <Figure
          name={say.median}
          value={times.median_seconds === null ? '–' : format.lasting(times.median_seconds)}
          note={say.answered(times.answered)}
        />
      </ul>
      <section className="card" aria-labelledby="ratings">
        <header>
          <h2 id="ratings">{say.ratings}</h2>
          <p>{say.ratingsLead}</p>
        </header>
        {statistics.ratings.length === 0 ? (
          <p className="soft">{say.noRatings}</p>
        ) : (
          <Ratings ratings={statistics.ratings} name={(code) => (code ? name(code) : words.feedback.noDepartment)} />
        )}
      </section>
      <div className="columns">
        <section className="card" aria-labelledby="channels">
          <h2 id="channels">{say.volumeByChannel}</h2>
          <Bars rows={summed(statistics.volume, (one) => words.feedback.channels[one.channel] ?? one.channel)} />
        </section>
        <section className="card" aria-labelledby="languages">
          <h2 id="languages">{say.volumeByLanguage}</h2>
          <Bars rows={summed(statistics.volume, (one) => languages[one.language] ?? one.language)} />
        </section>
      </div>
      <section className="card" aria-labelledby="funnel">
        <h2 id="funnel">{say.funnel}</h2>
        {statistics.funnel.length === 0 && <p className="soft">{say.noFunnel}</p>}
        {statistics.funnel.map((one) => (
          <div key={one.channel} className="funnel">
            <h3>
              {words.common.channels[one.channel]} · {format.number(one.total)}
            </h3>
            <Bars
              of={one.total}
              rows={Object.entries(say.stages)
                .map(([stage, label]) => [label, one[stage as keyof typeof say.stages]] as const)
                .filter(([, count]) => count > 0)}
            />
          </div>
        ))}
      </section>
      <section className="card" aria-labelledby="lag">
        <h2 id="lag">{say.lag}</h2>
        <p>
          {lag.median_seconds === null || lag.p99_seconds === null
            ? say.noLag
            : say.lagText(format.lasting(Math.max(1, lag.median_seconds)), format.lasting(Math.max(1, lag.p99_seconds)))}
        </p>
      </section>
    </>
  )
}

const Figure = ({ name, value, note }: { name: string; value: string; note: string }) => (
  <li className="figure">
    <span>{name}</span>
    <strong>{value}</strong>
    <small>{note}</small>
  </li>
)

/** Counts put together by a name, the most first. */
function summed<One extends { count: number }>(rows: One[], nameOf: (one: One) => string): (readonly [string, number])[] {
  const sums = new Map<string, number>()
  for (const one of rows) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0) + one.count)
  return [...sums].sort((one, other) => other[1] - one[1])
}
