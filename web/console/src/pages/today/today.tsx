import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { LinkButton } from '../../ui/button'
import { Chip, DELIVERY_TONES } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { Notice } from '../../ui/notice'
import { Asked, Page } from '../../ui/page'
import { taskInWords } from '../tasks/words'
import './today.css'

type Day = Shape<'Today'>

export default function Today({ me }: { me: Me }) {
  const words = useWords()
  const say = words.today
  const format = useFormat()
  const query = useQuery({
    queryKey: ['today'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/today', { signal })),
  })
  const day = query.data ? format.day(query.data.day) : ''
  return (
    <Page
      title={say.title}
      lead={day}
      wide
      actions={
        may(me, 'staff') && (
          <LinkButton look="main" icon="plus" to="/reminders/new">
            {say.newReminder}
          </LinkButton>
        )
      }
    >
      <Asked query={query}>
        {(today) => (
          <>
            <System system={today.system} />
            <Figures today={today} />
            <div className="columns">
              <GoesOut today={today} />
              <div className="stack">
                <NotArrived today={today} />
                <Waiting today={today} />
              </div>
            </div>
          </>
        )}
      </Asked>
    </Page>
  )
}

function System({ system }: { system: Day['system'] }) {
  const words = useWords()
  const say = words.today
  const format = useFormat()
  const reasons: Record<string, string> = say.reasons
  if (system.reasons.length === 0) {
    return (
      <p className="well">
        <Icon name="check" />
        {say.systemOk}
      </p>
    )
  }
  return (
    <Notice tone="warn">
      <h2>{say.system}</h2>
      <ul>
        {system.reasons.map((reason) => (
          <li key={reason.code + (reason.channel ?? '')}>
            {reasons[reason.code] ?? say.otherReason}
            {reason.channel && ` (${words.common.channels[reason.channel]})`}
            {reason.since && <small> · {say.since(format.near(reason.since))}</small>}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

const MISSED = '/deliveries?state=missed'

function Figures({ today }: { today: Day }) {
  const say = useWords().today
  const format = useFormat()
  const { tasks, feedback, unknown } = today
  const received = feedback.received_today
  const waiting = tasks.mine + tasks.nobodys + tasks.others
  return (
    <ul className="figures">
      <Figure to="/reminders" name={say.goesOut} value={today.outgoing.total} note={say.goesOutLead} />
      <Figure
        to={MISSED}
        name={say.notArrived}
        value={today.not_arrived.total}
        note={say.notArrivedLead}
        bad={today.not_arrived.total > 0}
      />
      <Figure
        to="/tasks"
        name={say.tasks}
        value={waiting}
        note={tasks.overdue > 0 ? say.lateTasks(format.number(tasks.overdue)) : say.nobodys(format.number(tasks.nobodys))}
        bad={tasks.overdue > 0}
      />
      <Figure to="/feedback" name={say.openFeedback} value={feedback.open} note={say.received(received, format.number(received))} />
      {unknown.count > 0 && <Figure to="/deliveries?state=unknown" name={say.unknown} value={unknown.count} note={say.unknownLead} bad />}
    </ul>
  )
}

interface FigureProps {
  to: string
  name: string
  value: number
  note: string
  bad?: boolean
}

function Figure({ to, name, value, note, bad }: FigureProps) {
  const format = useFormat()
  return (
    <li>
      <Link href={to} className={bad ? 'figure bad' : 'figure'}>
        <span>{name}</span>
        <strong>{format.number(value)}</strong>
        <small>{note}</small>
      </Link>
    </li>
  )
}

function GoesOut({ today }: { today: Day }) {
  const say = useWords().today
  const format = useFormat()
  const { next, total, by_hour: hours } = today.outgoing
  return (
    <section className="card" aria-labelledby="out">
      <header>
        <h2 id="out">{say.goesOut}</h2>
        <p>{say.goesOutLead}</p>
      </header>
      {total === 0 ? <p className="soft">{say.nothingGoesOut}</p> : <Hours hours={hours} />}
      {next.length > 0 && <DeliveryRows deliveries={next} />}
      {total > next.length && next.length > 0 && <p className="soft more">{say.later(format.number(total - next.length))}</p>}
    </section>
  )
}

/** A bar for each hour; who cannot see it reads the list below. */
function Hours({ hours }: { hours: Day['outgoing']['by_hour'] }) {
  const format = useFormat()
  const sums = new Map<string, number>()
  for (const one of hours) sums.set(one.hour, (sums.get(one.hour) ?? 0) + one.count)
  const most = Math.max(...sums.values(), 1)
  return (
    <ol className="hours">
      {[...sums].map(([hour, count]) => (
        <li key={hour}>
          <span>{format.number(count)}</span>
          <meter min={0} max={most} value={count} aria-label={`${format.time(hour)} : ${format.number(count)}`} />
          <small>{format.time(hour)}</small>
        </li>
      ))}
    </ol>
  )
}

function DeliveryRows({ deliveries, state }: { deliveries: Shape<'DeliverySummary'>[]; state?: boolean }) {
  const words = useWords()
  const format = useFormat()
  const states: Record<string, string> = words.deliveries.states
  return (
    <ul className="rows">
      {deliveries.map((one) => (
        <li key={one.id}>
          <Link href={`/reminders/${one.reminder_id}`} className="row">
            <strong>{one.patient_id ?? words.today.noReference}</strong>
            <span className="soft">{format.near(state ? one.occurrence : one.due_at)}</span>
            <span className="by" title={words.common.channels[one.channel]}>
              <Icon name={one.channel} />
              <span className="heard">{words.common.channels[one.channel]}</span>
            </span>
            {state && <Chip tone={DELIVERY_TONES[one.status] ?? 'calm'}>{states[one.status] ?? one.status}</Chip>}
          </Link>
        </li>
      ))}
    </ul>
  )
}

function NotArrived({ today }: { today: Day }) {
  const say = useWords().today
  const format = useFormat()
  const { latest, total } = today.not_arrived
  return (
    <section className="card" aria-labelledby="lost">
      <header>
        <h2 id="lost">{say.notArrived}</h2>
        <p>{say.notArrivedLead}</p>
      </header>
      {total === 0 ? <p className="soft">{say.allArrived}</p> : <DeliveryRows deliveries={latest} state />}
      {total > latest.length && (
        <p className="more">
          <Link href={MISSED}>{say.later(format.number(total - latest.length))}</Link>
        </p>
      )}
    </section>
  )
}

function Waiting({ today }: { today: Day }) {
  const words = useWords()
  const say = words.today
  const format = useFormat()
  const { tasks } = today
  return (
    <section className="card" aria-labelledby="waiting">
      <header>
        <h2 id="waiting">{say.tasks}</h2>
        {tasks.by_kind.length > 0 && (
          <p>
            {say.yours(format.number(tasks.mine))} · {say.nobodys(format.number(tasks.nobodys))}
          </p>
        )}
      </header>
      {tasks.by_kind.length === 0 ? (
        <p className="soft">{say.noTasks}</p>
      ) : (
        <ul className="rows">
          {tasks.by_kind.map((one) => (
            <li key={one.kind}>
              <Link href="/tasks" className="row">
                <span>{taskInWords({ kind: one.kind, subject: null }, words)}</span>
                <Chip tone="warn">{format.number(one.count)}</Chip>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
