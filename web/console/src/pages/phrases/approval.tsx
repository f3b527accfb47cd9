// A second person looks: approves, or sends back with a reason. Whoever wrote or recorded it cannot, and is told.

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { actorOf, nextToApprove } from '../../logic/phrases'
import { may } from '../../session/session'
import { Button } from '../../ui/button'
import { Ask } from '../../ui/dialog'
import { TextArea } from '../../ui/field'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import type { PartProps } from './editor'
import { pathOf, useActorName, useLookAgain, versionOf } from './parts'

type Asking = 'reject' | 'withdraw' | 'take back' | null

export function Approval({ flow, phrase, me }: PartProps) {
  const words = useWords()
  const say = words.phrases
  const format = useFormat()
  const name = useActorName(me)
  const [asking, setAsking] = useState<Asking>(null)
  const own = phrase.words.own
  const approve = useApprove({ flow, phrase, me })
  if (!own) return null
  const mine = own.made_by.includes(actorOf(me.user.id))
  const staff = may(me, 'staff')
  // A call cannot say what nobody has recorded: there is nothing to approve yet.
  const whole = flow.needs === 'words' || own.has_recording
  const next = phrase.state === 'approved' && staff ? nextToApprove(flow.phrases, phrase.key, actorOf(me.user.id)) : null
  return (
    <section className="approval" aria-label={say.approval}>
      <p className="soft">
        {say.writtenBy(own.made_by.map(name).join(', '), format.near(own.updated_at))}
        {own.approved_by && own.approved_at && (
          <> {say.approvedBy(name(own.approved_by), format.near(own.approved_at))}</>
        )}
      </p>
      {own.rejected_by && own.rejected_at && (
        <Notice tone="bad">
          <p>{say.rejectedBy(name(own.rejected_by), format.near(own.rejected_at))}</p>
          <blockquote dir="auto">{own.rejection}</blockquote>
          {mine && <p>{say.mineRejected}</p>}
        </Notice>
      )}
      {!whole && <p className="hint">{say.lacksRecording}</p>}
      {phrase.state === 'waiting' && mine && <Notice>{say.mineWaits}</Notice>}
      {staff && (
        <div className="actions">
          {!mine && whole && (phrase.state === 'waiting' || phrase.state === 'rejected') && (
            <Button look="main" icon="check" busy={approve.isPending} onClick={() => approve.mutate()}>
              {say.approve}
            </Button>
          )}
          {!mine && phrase.state === 'waiting' && <Button onClick={() => setAsking('reject')}>{say.reject}</Button>}
          {!mine && phrase.state === 'approved' && (
            <Button look="quiet" onClick={() => setAsking('withdraw')}>
              {say.withdraw}
            </Button>
          )}
          <Button look="quiet" onClick={() => setAsking('take back')}>
            {say.takeBack}
          </Button>
          {next && (
            <Link href={pathOf(flow.flow, flow.language, next.key)} className="button plain">
              {say.next}
            </Link>
          )}
        </div>
      )}
      <Trouble error={approve.error} />
      {(asking === 'reject' || asking === 'withdraw') && (
        <Reject flow={flow} phrase={phrase} me={me} onClose={() => setAsking(null)} />
      )}
      {asking === 'take back' && <TakeBack flow={flow} phrase={phrase} me={me} onClose={() => setAsking(null)} />}
    </section>
  )
}

function useApprove({ flow, phrase }: PartProps) {
  const say = useWords().phrases
  const lookAgain = useLookAgain()
  return useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/phrases/{key}/{language}/approve', {
          params: { path: { key: phrase.key, language: flow.language }, header: versionOf(phrase.words.own) },
        }),
      ),
    onSuccess: () => sayBriefly(say.approved),
    onSettled: lookAgain,
  })
}

function Reject({ flow, phrase, onClose }: PartProps & { onClose: () => void }) {
  const say = useWords().phrases
  const [reason, setReason] = useState('')
  const lookAgain = useLookAgain()
  const send = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/phrases/{key}/{language}/reject', {
          params: { path: { key: phrase.key, language: flow.language }, header: versionOf(phrase.words.own) },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: () => {
      sayBriefly(say.rejected)
      onClose()
    },
    onSettled: lookAgain,
  })
  return (
    <Ask
      title={say.rejectTitle}
      yes={say.rejectYes}
      busy={send.isPending}
      onYes={() => reason.trim() && send.mutate()}
      onNo={onClose}
    >
      <p>{say.rejectText}</p>
      <TextArea label={say.reason} value={reason} maxLength={300} rows={3} required onChange={setReason} />
      <Trouble error={send.error} />
    </Ask>
  )
}

function TakeBack({ flow, phrase, onClose }: PartProps & { onClose: () => void }) {
  const say = useWords().phrases
  const lookAgain = useLookAgain()
  const remove = useMutation({
    mutationFn: () =>
      got(
        api.DELETE('/api/v1/phrases/{key}/{language}', {
          params: { path: { key: phrase.key, language: flow.language }, header: versionOf(phrase.words.own) },
        }),
      ),
    onSuccess: () => {
      sayBriefly(say.takenBack)
      onClose()
    },
    onSettled: lookAgain,
  })
  return (
    <Ask
      title={say.takeBackTitle}
      yes={say.takeBackYes}
      danger
      busy={remove.isPending}
      onYes={() => remove.mutate()}
      onNo={onClose}
    >
      <p>{say.takeBackText}</p>
      <Trouble error={remove.error} />
    </Ask>
  )
}
