import { useState } from 'react'

import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Choice, TextField } from '../../ui/field'
import { FilterBox } from '../../ui/filters'
import { Empty, Page } from '../../ui/page'
import { useDepartments } from './departments'
import { FeedbackDetail } from './detail'
import { ExportFeedback } from './export'
import './feedback.css'
import { FeedbackList } from './list'

const NO_FILTERS = {
  state: 'open',
  department: '',
  language: '',
  rating: '',
  channel: '',
  assigned: '',
  from: '',
  to: '',
}
export type FeedbackFilters = typeof NO_FILTERS

/** What the service is asked for; it takes the days as the hospital's. */
export const questionOf = (filters: FeedbackFilters): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value && value !== 'all'))

export default function FeedbackInbox({ me, chosen }: { me: Me; chosen: number | null }) {
  const words = useWords()
  const say = words.feedback
  const filters = useFilters(NO_FILTERS)
  const [exporting, setExporting] = useState(false)
  const question = questionOf(filters.values)
  const search = useSearchOf(filters.values)
  return (
    <Page
      title={say.title}
      lead={say.lead}
      wide
      actions={
        may(me, 'staff') && (
          <Button icon="download" onClick={() => setExporting(true)}>
            {say.export}
          </Button>
        )
      }
    >
      <Filters any={filters.any} values={filters.values} set={filters.set} />
      <div className={chosen === null ? 'two' : 'two chosen-one'}>
        <section aria-label={say.list}>
          <FeedbackList
            question={question}
            chosen={chosen}
            search={search}
            whenEmpty={
              filters.any ? (
                <Empty title={say.emptyFiltered}>
                  <Button onClick={filters.clear}>{words.common.clearFilters}</Button>
                </Empty>
              ) : (
                <Empty title={say.empty}>
                  <p>{say.emptyText}</p>
                </Empty>
              )
            }
          />
        </section>
        <div>
          {chosen === null ? (
            <Empty title={say.choose} />
          ) : (
            <FeedbackDetail key={chosen} id={chosen} me={me} above={`/feedback${search}`} />
          )}
        </div>
      </div>
      {exporting && <ExportFeedback question={question} me={me} onClose={() => setExporting(false)} />}
    </Page>
  )
}

function useSearchOf(values: FeedbackFilters): string {
  const changed = Object.entries(values).filter(([name, value]) => value !== NO_FILTERS[name as keyof FeedbackFilters])
  return changed.length > 0 ? `?${new URLSearchParams(changed)}` : ''
}

interface FiltersProps {
  any: boolean
  values: FeedbackFilters
  set: (part: Partial<FeedbackFilters>) => void
}

function Filters({ any, values, set }: FiltersProps) {
  const words = useWords()
  const say = words.feedback
  const departments = useDepartments()
  const languages = Object.entries(words.common.patientLanguages)
  return (
    <FilterBox any={any}>
      <Choice
        label={say.filters.state}
        value={values.state}
        options={[
          ...(['open', 'answered', 'closed'] as const).map((one) => [one, say.states[one]] as const),
          ['all', words.common.all],
        ]}
        onChange={(state) => set({ state })}
      />
      <Choice
        label={say.filters.department}
        value={values.department}
        options={[['', words.common.all], ...(departments.data ?? []).map((one) => [one.code, one.name] as const)]}
        onChange={(department) => set({ department })}
      />
      <Choice
        label={say.filters.language}
        value={values.language}
        options={[['', words.common.allFeminine], ...languages]}
        onChange={(language) => set({ language })}
      />
      <Choice
        label={say.filters.rating}
        value={values.rating}
        options={[['', words.common.allFeminine], ...[5, 4, 3, 2, 1].map((one) => [String(one), '★'.repeat(one)] as const)]}
        onChange={(rating) => set({ rating })}
      />
      <Choice
        label={say.filters.channel}
        value={values.channel}
        options={[['', words.common.all], ...Object.entries(say.channels)]}
        onChange={(channel) => set({ channel })}
      />
      <Choice
        label={say.filters.assigned}
        value={values.assigned}
        options={[
          ['', words.common.all],
          ['me', words.common.me],
          ['nobody', words.common.nobody],
        ]}
        onChange={(assigned) => set({ assigned })}
      />
      <TextField
        label={say.filters.from}
        type="date"
        value={values.from}
        onChange={(from) => set({ from })}
      />
      <TextField label={say.filters.to} type="date" value={values.to} min={values.from} onChange={(to) => set({ to })} />
    </FilterBox>
  )
}
