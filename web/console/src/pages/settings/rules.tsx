// What the engine does when nobody says otherwise, each rule with its effect in words.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useHoursWords } from '../../i18n/administration'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { changesOf, formOf, type SettingsForm } from '../../logic/settings-form'
import { type Me, may, resume } from '../../session/session'
import { Button } from '../../ui/button'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'
import { Alarms } from './alarm-fields'
import { Cap, Failing, House, Languages, Quiet, Replies, Unknown, Validity } from './rule-fields'

const KEY = ['establishment']

export default function Rules({ me }: { me: Me }) {
  const say = useHoursWords()
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => got(api.GET('/api/v1/establishment', { signal })),
  })
  return (
    <>
      <p className="lead">{say.lead}</p>
      <Asked query={query} lines={8}>
        {(found) => <Form found={found} admin={may(me, 'admin')} />}
      </Asked>
    </>
  )
}

interface Kept {
  /** How the form was when somebody began to change it, and how it is now. */
  first: SettingsForm | null
  now: SettingsForm | null
}

const NOTHING: Kept = { first: null, now: null }

function Form({ found, admin }: { found: Shape<'EstablishmentOut'>; admin: boolean }) {
  const words = useWords()
  const say = useHoursWords()
  const client = useQueryClient()
  const draft = useDraft<Kept>('settings/rules', NOTHING)
  const first = draft.value.first ?? formOf(found)
  const form = draft.value.now ?? first
  const changes = changesOf(form, first)
  const changed = Object.keys(changes).length > 0
  const [begun] = useState(draft.touched)
  const save = useMutation({
    mutationFn: () =>
      got(
        api.PATCH('/api/v1/establishment', {
          params: { header: { 'If-Match': `"${form.version}"` } },
          body: changes as never,
        }),
      ),
    onSuccess: (now) => {
      draft.clear()
      client.setQueryData(KEY, now)
      if (changes['time_zone'] || changes['name']) void resume()
      sayBriefly(say.saved)
    },
    onError: () => client.invalidateQueries({ queryKey: KEY }),
  })
  const wrong = useFieldProblem(save.error)
  const overtaken = save.error instanceof ApiError && save.error.changedMeanwhile
  function change(part: Partial<SettingsForm>) {
    draft.change({ first, now: { ...form, ...part } })
    if (!overtaken) save.reset()
  }
  const fields = { form, change, wrong }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (changed && !save.isPending) save.mutate()
      }}
    >
      <fieldset className="rules" disabled={!admin}>
        {!admin && <Notice>{say.readOnly}</Notice>}
        {begun && changed && (
          <Notice>
            <p>{say.kept}</p>
            <Button look="quiet" onClick={draft.clear}>
              {say.discard}
            </Button>
          </Notice>
        )}
        <div className="rule-cards">
          <Quiet {...fields} />
          <Cap {...fields} />
          <Validity {...fields} />
          <Languages {...fields} />
          <Failing {...fields} />
          <Unknown {...fields} />
          <Replies {...fields} />
          <Alarms {...fields} />
          <House {...fields} />
        </div>
        {overtaken ? (
          <Notice tone="warn" told>
            <p>{words.common.changedMeanwhile}</p>
            <Button
              onClick={() => {
                // What was changed here stays, over what somebody else has set meanwhile.
                const theirs = formOf(found)
                draft.change({ first: theirs, now: { ...theirs, ...differing(form, first) } })
                save.reset()
              }}
            >
              {words.common.takeTheirs}
            </Button>
          </Notice>
        ) : (
          <Trouble error={save.error} />
        )}
        {admin && (
          <div className={changed ? 'save-bar changed' : 'save-bar'}>
            <Button look="main" type="submit" busy={save.isPending} disabled={!changed || overtaken}>
              {words.common.save}
            </Button>
            {changed ? (
              <Button look="quiet" onClick={draft.clear}>
                {say.discard}
              </Button>
            ) : (
              <span className="soft">{say.unchanged}</span>
            )}
          </div>
        )}
      </fieldset>
    </form>
  )
}

const differing = (form: SettingsForm, first: SettingsForm): Partial<SettingsForm> =>
  Object.fromEntries(
    Object.entries(form).filter(
      ([name, value]) => name !== 'version' && JSON.stringify(value) !== JSON.stringify(first[name as keyof SettingsForm]),
    ),
  )
