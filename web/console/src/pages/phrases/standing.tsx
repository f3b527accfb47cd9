// Whether patients are served in a language by this flow; if not, why, and who can change it.

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import { useWords } from '../../i18n/words'
import { cellOf } from '../../logic/phrases'
import { type Me, may, resume } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Ask } from '../../ui/dialog'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { type Flow, useLanguageName, useLookAgain } from './parts'

export function Standing({ flow, me }: { flow: Flow; me: Me }) {
  const words = useWords()
  const say = words.phrases
  const [asking, setAsking] = useState(false)
  const lookAgain = useLookAgain()
  const { coverage } = flow
  const change = useMutation({
    mutationFn: (on: boolean) =>
      got(
        api.PUT('/api/v1/phrases/flows/{flow}/{language}', {
          params: { path: { flow: flow.flow, language: flow.language } },
          body: { on },
        }),
      ),
    onSuccess: (_, on) => sayBriefly(on ? say.switchedOn : say.switchedOff),
    onSettled: () => {
      setAsking(false)
      return lookAgain()
    },
  })
  const admin = may(me, 'admin')
  return (
    <section className="card standing" aria-labelledby="standing">
      <h2 id="standing">{say.standing}</h2>
      <Word flow={flow} admin={admin} />
      {!flow.ships && admin && (
        <div className="actions">
          {coverage.switched_on ? (
            <Button onClick={() => setAsking(true)}>{say.switchOff}</Button>
          ) : (
            <Button look="main" busy={change.isPending} disabled={!coverage.ready} onClick={() => change.mutate(true)}>
              {say.switchOn}
            </Button>
          )}
        </div>
      )}
      <Trouble error={change.error} />
      <Offer language={flow.language} me={me} />
      {asking && (
        <Ask
          title={say.switchOffTitle}
          yes={say.switchOff}
          danger
          busy={change.isPending}
          onYes={() => change.mutate(false)}
          onNo={() => setAsking(false)}
        >
          <p>{say.switchOffText}</p>
        </Ask>
      )}
    </section>
  )
}

function Word({ flow, admin }: { flow: Flow; admin: boolean }) {
  const say = useWords().phrases
  const { coverage } = flow
  const cell = cellOf(coverage)
  return (
    <>
      <p>
        {coverage.on && <Chip tone="good">{say.cell.on}</Chip>} {say.approvedOf(coverage.approved, coverage.phrases)}
      </p>
      {flow.ships ? (
        <p className="soft">{say.alwaysOn}</p>
      ) : coverage.on ? (
        <p className="soft">{say.isOn}</p>
      ) : coverage.switched_on ? (
        <p className="soft">{say.isWaiting}</p>
      ) : coverage.ready ? (
        <p className="soft">
          {say.isReady} {!admin && say.askAdmin}
        </p>
      ) : null}
      {!coverage.ready && (
        <p className="reasons">
          {!coverage.switched_on && <span>{say.notReady}</span>}
          {cell.absent > 0 && <Chip>{say.cell.absent(cell.absent)}</Chip>}
          {cell.waiting > 0 && <Chip tone="warn">{say.cell.waiting(cell.waiting)}</Chip>}
          {cell.rejected > 0 && <Chip tone="bad">{say.cell.rejected(cell.rejected)}</Chip>}
        </p>
      )}
    </>
  )
}

/** A flow that is whole is of no use in a language that the establishment does not offer. */
function Offer({ language, me }: { language: string; me: Me }) {
  const say = useWords().phrases
  const name = useLanguageName()
  const offered = me.current.languages
  const add = useMutation({
    mutationFn: async () => {
      // To what is offered now: another administrator may have changed it since this page was opened.
      const found = await got(api.GET('/api/v1/establishment', {}))
      const languages = [...found.languages.filter((one) => one !== language), language]
      await got(
        api.PATCH('/api/v1/establishment', {
          params: { header: { 'If-Match': `"${found.version}"` } },
          body: { languages } as never,
        }),
      )
      await resume()
    },
    onSuccess: () => sayBriefly(say.offered),
  })
  if (offered.includes(language)) return null
  return (
    <>
      <p className="hint">{say.notOffered(name(language))}</p>
      {may(me, 'admin') && (
        <Button look="quiet" icon="plus" busy={add.isPending} onClick={() => add.mutate()}>
          {say.offer}
        </Button>
      )}
      <Trouble error={add.error} />
    </>
  )
}
