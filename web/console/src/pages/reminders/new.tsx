import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'

import { api, got, newKey } from '../../api/client'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { bodyOf, EMPTY_FORM, type ReminderForm } from '../../logic/reminder-form'
import type { Me } from '../../session/session'
import { Button } from '../../ui/button'
import { TextField, Tick } from '../../ui/field'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Page } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'
import { ChannelChoice } from './channels'
import { ChosenPatient, PatientFinder } from './patient'
import type { CheckedPartProps, PartProps } from './parts'
import { Preview } from './preview'
import './reminders.css'
import { SendTest } from './test-message'
import { MessageFields } from './text'
import { WhenFields } from './when'

interface Kept extends ReminderForm {
  /** The identity of what is being written, so that it is stored once however often it is sent. */
  identity: string
}

const NAME = 'reminders/new'
let empty: Kept = { ...EMPTY_FORM, identity: newKey() }

export default function NewReminder({ me }: { me: Me }) {
  const words = useWords()
  const say = words.reminders.form
  const draft = useDraft<Kept>(NAME, empty)
  const [begun] = useState(draft.touched)
  const [testing, setTesting] = useState(false)
  const [, go] = useLocation()
  const client = useQueryClient()
  const form = draft.value
  const body = bodyOf(form)

  const create = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/reminders', {
        body: { ...bodyOf(form), client_id: form.identity } as never,
        params: { header: { 'Idempotency-Key': form.identity } },
      })),
    onSuccess: (made) => {
      forget()
      void client.invalidateQueries({ queryKey: ['reminders'] })
      sayBriefly(say.done)
      go(`/reminders/${made.id}`)
    },
  })
  const wrong = useFieldProblem(create.error)

  function forget() {
    empty = { ...EMPTY_FORM, identity: newKey() }
    draft.clear()
  }

  function change(part: Partial<ReminderForm>) {
    // Another text is another submission: the old identity may be on its way already.
    draft.change(create.error ? { ...part, identity: newKey() } : part)
    create.reset()
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    if (body && !create.isPending) create.mutate()
  }

  return (
    <Page title={say.title} above={{ to: '/reminders', name: words.reminders.title }} wide>
      {begun && draft.touched && (
        <Notice>
          <p>{say.kept}</p>
          <Button look="quiet" onClick={forget}>
            {say.discard}
          </Button>
        </Notice>
      )}
      <div className="compose">
        <form onSubmit={submit} className="compose-form" noValidate>
          <section className="card" aria-labelledby="who">
            <h2 id="who">{say.who}</h2>
            <Who form={form} change={change} wrong={wrong} />
          </section>
          <section className="card" aria-labelledby="what">
            <h2 id="what">{say.what}</h2>
            <MessageFields form={form} change={change} wrong={wrong} languages={me.current.languages} />
          </section>
          <section className="card" aria-labelledby="when">
            <h2 id="when">{say.when}</h2>
            <WhenFields form={form} change={change} wrong={wrong} zone={me.current.time_zone} />
          </section>
          <section className="card" aria-labelledby="how">
            <h2 id="how">{say.how}</h2>
            <How form={form} change={change} />
          </section>
          <Trouble error={create.error} />
          <div className="compose-end">
            <Button look="main" type="submit" busy={create.isPending} disabled={!body}>
              {say.schedule}
            </Button>
            <Button onClick={() => setTesting(true)} disabled={!body}>
              {say.test}
            </Button>
          </div>
        </form>
        <Preview form={form} />
      </div>
      {testing && body && <SendTest body={body} onClose={() => setTesting(false)} />}
    </Page>
  )
}

function Who({ form, change, wrong }: CheckedPartProps) {
  const words = useWords()
  const say = words.reminders.form
  if (form.known) {
    return (
      <>
        {form.contact ? (
          <ChosenPatient
            contact={form.contact}
            onChanged={(contact) => change({ contact })}
            onOther={() => change({ contact: null })}
          />
        ) : (
          <PatientFinder onFound={(contact) => change({ contact })} />
        )}
        {!form.contact && (
          <Button look="quiet" className="start" onClick={() => change({ known: false })}>
            {say.withoutContact}
          </Button>
        )}
      </>
    )
  }
  return (
    <>
      <div className="beside">
        <TextField
          label={say.phone}
          type="tel"
          inputMode="tel"
          autoComplete="off"
          dir="ltr"
          value={form.phone}
          error={wrong('phone_number')}
          onChange={(phone) => change({ phone })}
        />
        <TextField
          label={say.email}
          type="email"
          autoComplete="off"
          dir="ltr"
          value={form.email}
          error={wrong('email')}
          onChange={(email) => change({ email })}
        />
      </div>
      <Button look="quiet" className="start" onClick={() => change({ known: true })}>
        {say.withContact}
      </Button>
    </>
  )
}

function How({ form, change }: PartProps) {
  const say = useWords().reminders.form
  return (
    <>
      <ChannelChoice label={say.how} quietLabel channels={form.channels} onChange={(channels) => change({ channels })} />
      <Tick label={say.reply} checked={form.reply} onChange={(reply) => change({ reply })} />
    </>
  )
}

