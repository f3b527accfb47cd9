import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useActorName, usePersonName } from '../../session/members'
import { type Me, may } from '../../session/session'
import { Button, LinkButton } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { NoteForm } from '../../ui/note-form'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { Conversation } from '../conversation/conversation'
import { taskInWords } from './words'

type Task = Shape<'TaskOut'>
type Change = Shape<'TaskChange'>

export function TaskDetail({ id, me, above }: { id: number; me: Me; above: string }) {
  const words = useWords()
  const query = useQuery({
    queryKey: ['tasks', 'one', id],
    queryFn: ({ signal }) => got(api.GET('/api/v1/tasks/{task_id}', { params: { path: { task_id: id } }, signal })),
  })
  return (
    <article className="card task">
      <Link href={above} className="above only-narrow">
        <Icon name="back" />
        {words.tasks.title}
      </Link>
      <Asked query={query}>{(task) => <TaskInside task={task} me={me} />}</Asked>
    </article>
  )
}

/** A change, the version that it was made on, and what is said when it is done. */
function useChange(task: Task) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ body, version }: { body: Change; version: number; told: string; done?: () => void }) =>
      got(api.PATCH('/api/v1/tasks/{task_id}', {
        params: { path: { task_id: task.id }, header: { 'If-Match': `"${version}"` } },
        body,
      })),
    onSuccess: (changed, { told, done }) => {
      client.setQueryData(['tasks', 'one', task.id], changed)
      done?.()
      sayBriefly(told)
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['tasks'] })
      void client.invalidateQueries({ queryKey: ['today'] })
    },
  })
}

function TaskInside({ task, me }: { task: Task; me: Me }) {
  const words = useWords()
  const say = words.tasks
  const format = useFormat()
  const person = usePersonName(me)
  const actor = useActorName(me)
  const change = useChange(task)
  const overtaken = change.error instanceof ApiError && change.error.changedMeanwhile
  const mine = task.assigned_to === me.user.id
  const act = (body: Change, told: string) => change.mutate({ body, version: task.version, told })
  const busy = change.isPending
  return (
    <>
      <header>
        <h2>{taskInWords(task, words)}</h2>
        <Chip tone={task.state === 'done' ? 'good' : task.state === 'taken' ? 'busy' : 'warn'}>
          {say.states[task.state]}
        </Chip>
      </header>
      <p className="soft">
        {say.since(format.near(task.created_at))}
        {task.due_at && ` · ${say.due(format.near(task.due_at))}`}
        {task.assigned_to !== null && ` · ${person(task.assigned_to)}`}
        {task.done_by && ` · ${say.by(actor(task.done_by))}`}
      </p>
      <div className="links">
        {task.reminder_id !== null && <LinkButton to={`/reminders/${task.reminder_id}`} icon="reminders">{say.openReminder}</LinkButton>}
        {task.feedback_id !== null && <LinkButton to={`/feedback/${task.feedback_id}`} icon="feedback">{say.openFeedback}</LinkButton>}
      </div>
      {overtaken ? (
        <Notice tone="warn" told>
          <p>{words.common.changedMeanwhile}</p>
          <Button onClick={() => change.reset()}>{words.common.close}</Button>
        </Notice>
      ) : (
        <Trouble error={change.error} />
      )}
      {may(me, 'staff') && task.state !== 'done' && (
        <>
          {task.unknown && <UnknownFate task={task} busy={busy} act={act} />}
          <div className="links">
            {!mine && (
              <Button look="main" busy={busy} onClick={() => act({ state: 'taken' }, say.taken)}>
                {say.take}
              </Button>
            )}
            {!task.unknown && task.kind !== 'alarm' && (
              <Button look={mine ? 'main' : 'plain'} icon="check" busy={busy} onClick={() => act({ state: 'done' }, say.done)}>
                {say.finish}
              </Button>
            )}
            {mine && (
              <Button busy={busy} onClick={() => act({ state: 'open' }, say.givenBack)}>
                {say.giveBack}
              </Button>
            )}
          </div>
        </>
      )}
      {task.conversation_id !== null && <Conversation id={task.conversation_id} news={task.state} />}
      <Note task={task} mayChange={may(me, 'staff')} />
    </>
  )
}

interface UnknownProps {
  task: Task
  busy: boolean
  act: (body: Change, told: string) => void
}

/** No provider can tell whether a message arrived: staff may know, and decide. */
function UnknownFate({ task, busy, act }: UnknownProps) {
  const words = useWords()
  const say = words.tasks.unknown
  const format = useFormat()
  const unknown = task.unknown
  if (!unknown) return null
  const close = (found: Change) => act({ state: 'done', ...found }, words.tasks.done)
  return (
    <div className="question">
      {unknown.attempted_at && (
        <p>{say.why(words.common.channels[unknown.channel], format.near(unknown.attempted_at))}</p>
      )}
      <p>
        <strong>{say.question}</strong>
      </p>
      <div className="links">
        <Button busy={busy} icon="check" onClick={() => close({ found: 'arrived' })}>
          {say.arrived}
        </Button>
        <Button busy={busy} icon="repeat" onClick={() => close({ found: 'not_arrived', send_again: true })}>
          {say.sendAgain}
        </Button>
        <Button busy={busy} icon="close" onClick={() => close({ found: 'not_arrived' })}>
          {say.notArrived}
        </Button>
      </div>
      <p className="hint">{say.until(format.near(unknown.valid_until))}</p>
    </div>
  )
}

function Note({ task, mayChange }: { task: Task; mayChange: boolean }) {
  const say = useWords().tasks
  const saving = useChange(task)
  if (!mayChange) return task.note ? <p className="written">{task.note}</p> : null
  return (
    <NoteForm
      draft={`tasks/${task.id}/note`}
      written={task}
      say={say}
      rows={3}
      saving={saving}
      save={(note, version, done) => saving.mutate({ body: { note }, version, told: say.noteSaved, done })}
    />
  )
}
