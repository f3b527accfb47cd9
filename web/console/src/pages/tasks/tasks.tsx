import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { usePersonName } from '../../session/members'
import type { Me } from '../../session/session'
import { Chip } from '../../ui/chip'
import { OneOf } from '../../ui/field'
import { LongList, PAGE } from '../../ui/long-list'
import { Empty, Page } from '../../ui/page'
import { TaskDetail } from './detail'
import './tasks.css'
import { taskInWords } from './words'

const VIEWS = ['open', 'mine', 'taken', 'done'] as const
type View = (typeof VIEWS)[number]

export default function Tasks({ me, chosen }: { me: Me; chosen: number | null }) {
  const words = useWords()
  const say = words.tasks
  const filters = useFilters({ view: 'open' })
  const view = filters.values.view as View
  const search = view === 'open' ? '' : `?view=${view}`
  return (
    <Page title={say.title} lead={say.lead} wide>
      <div className="filter-box">
        <OneOf
          label={say.filters.state}
          quietLabel
          value={view}
          options={VIEWS.map((one) => [one, say.views[one]] as const)}
          onChange={(wanted) => filters.set({ view: wanted })}
        />
      </div>
      <div className={chosen === null ? 'two' : 'two chosen-one'}>
        <div className="stack">
          <LongList<Shape<'TaskSummary'>>
            about={['tasks', 'list', view]}
            ask={(cursor, signal) =>
              got(
                api.GET('/api/v1/tasks', {
                  params: {
                    query: {
                      limit: PAGE,
                      ...(view === 'mine' ? { state: 'taken', assigned_to: me.user.id } : { state: view }),
                      ...(cursor && { cursor }),
                    },
                  },
                  signal,
                }),
              )
            }
            whenEmpty={
              <Empty title={say.empty}>
                <p>{say.emptyText}</p>
              </Empty>
            }
          >
            {(task) => <TaskRow task={task} me={me} here={task.id === chosen} search={search} />}
          </LongList>
        </div>
        <div>{chosen !== null && <TaskDetail key={chosen} id={chosen} me={me} above={`/tasks${search}`} />}</div>
      </div>
    </Page>
  )
}

interface RowProps {
  task: Shape<'TaskSummary'>
  me: Me
  here?: boolean
  search?: string
}

export function TaskRow({ task, me, here, search = '' }: RowProps) {
  const words = useWords()
  const format = useFormat()
  const person = usePersonName(me)
  return (
    <Link href={`/tasks/${task.id}${search}`} className="row" aria-current={here ? 'true' : undefined}>
      <span className="task-line">
        <strong>{taskInWords(task, words)}</strong>
        <small className="soft">
          {words.tasks.since(format.near(task.created_at))}
          {task.due_at && ` · ${words.tasks.due(format.near(task.due_at))}`}
          {task.state === 'taken' && ` · ${person(task.assigned_to)}`}
        </small>
      </span>
      {task.state !== 'open' && <Chip tone={task.state === 'done' ? 'good' : 'busy'}>{words.tasks.states[task.state]}</Chip>}
    </Link>
  )
}
