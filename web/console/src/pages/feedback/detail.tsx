import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useMembers } from '../../session/members'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Choice } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { Conversation } from '../conversation/conversation'
import { AnswerForm, Answers } from './answer'
import { useDepartmentName } from './departments'
import { History } from './history'
import { Opinion } from './list'
import { FeedbackNote } from './note'
import { Voice } from './player'

export type Whole = Shape<'FeedbackWhole'>

export function FeedbackDetail({ id, me, above }: { id: number; me: Me; above: string }) {
  const words = useWords()
  const query = useQuery({
    queryKey: ['feedback', 'one', id],
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/feedback/{feedback_id}', { params: { path: { feedback_id: id } }, signal })),
  })
  return (
    <article className="card">
      <Link href={above} className="above only-narrow">
        <Icon name="back" />
        {words.feedback.title}
      </Link>
      <Asked query={query}>{(feedback) => <Inside feedback={feedback} me={me} />}</Asked>
    </article>
  )
}

export function useFeedbackChange(id: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ body, version }: { body: Shape<'FeedbackChange'>; version: number; told: string }) =>
      got(api.PATCH('/api/v1/feedback/{feedback_id}', {
        params: { path: { feedback_id: id }, header: { 'If-Match': `"${version}"` } },
        body,
      })),
    onSuccess: (changed, { told }) => {
      client.setQueryData(['feedback', 'one', id], changed)
      sayBriefly(told)
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['feedback'] })
      void client.invalidateQueries({ queryKey: ['today'] })
    },
  })
}

function Inside({ feedback, me }: { feedback: Whole; me: Me }) {
  const words = useWords()
  const say = words.feedback
  const format = useFormat()
  const languages: Record<string, string> = words.common.patientLanguages
  const department = useDepartmentName()
  return (
    <>
      <header>
        <h2 className="detail-title">
          {feedback.rating === null && !feedback.emoji ? say.title : <Opinion feedback={feedback} />}
        </h2>
        <Chip tone={feedback.state === 'open' ? 'warn' : feedback.state === 'answered' ? 'good' : 'calm'}>
          {say.states[feedback.state]}
        </Chip>
      </header>
      {feedback.content && (
        <blockquote className="said" dir="auto">
          {feedback.content}
        </blockquote>
      )}
      <Voice feedback={feedback} />
      <p className="soft meta">
        {[
          feedback.department ? department(feedback.department) : say.noDepartment,
          say.channels[feedback.channel],
          languages[feedback.language] ?? feedback.language,
          feedback.patient_id ?? say.anonymous,
          format.moment(feedback.date_submitted),
        ].join(' · ')}
      </p>
      {feedback.clock_wrong && <p className="hint">{say.clockWrong}</p>}
      <Answers answers={feedback.answers} />
      {feedback.conversation_id !== null && <Conversation id={feedback.conversation_id} news={newsOf(feedback)} />}
      {may(me, 'staff') && (
        <>
          <AnswerForm feedback={feedback} />
          <Work feedback={feedback} me={me} />
          <FeedbackNote feedback={feedback} />
        </>
      )}
      {!may(me, 'staff') && feedback.note && <p className="written">{feedback.note}</p>}
      <History id={feedback.id} me={me} />
    </>
  )
}

/** What is new in the conversation shows in the feedback: more words, an answer, what became of it. */
const newsOf = ({ content, answers }: Whole) =>
  [content?.length ?? 0, ...answers.map((answer) => `${answer.id} ${answer.delivery}`)].join()

function Work({ feedback, me }: { feedback: Whole; me: Me }) {
  const words = useWords()
  const say = words.feedback
  const change = useFeedbackChange(feedback.id)
  const people = useMembers()
  const overtaken = change.error instanceof ApiError && change.error.changedMeanwhile
  const act = (body: Shape<'FeedbackChange'>, told: string) => change.mutate({ body, version: feedback.version, told })
  const others = (people.data ?? []).filter((one) => one.active && one.id !== me.user.id)
  const now = feedback.assigned_to === null ? '' : String(feedback.assigned_to)
  const named = new Map<string, string>([
    ['', words.common.nobody],
    [String(me.user.id), words.common.me],
    ...others.map((one) => [String(one.id), one.name ?? words.common.user(one.id)] as const),
  ])
  if (!named.has(now)) named.set(now, words.common.user(Number(now)))
  return (
    <div className="work">
      <Choice
        label={say.assign}
        value={now}
        options={[...named]}
        onChange={(id) => act({ assigned_to: id ? Number(id) : null }, say.assigned)}
      />
      {feedback.state === 'closed' ? (
        <Button busy={change.isPending} onClick={() => act({ state: 'open' }, say.reopened)}>
          {say.reopen}
        </Button>
      ) : (
        <Button icon="check" busy={change.isPending} onClick={() => act({ state: 'closed' }, say.closed)}>
          {say.close}
        </Button>
      )}
      {overtaken ? <Notice tone="warn" told>{words.common.changedMeanwhile}</Notice> : <Trouble error={change.error} />}
    </div>
  )
}
