// Who did what, filtered by the service; asked once for each question, since reading it is noted.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useAuditWords } from '../../i18n/administration'
import { useWords } from '../../i18n/words'
import { differences } from '../../logic/differences'
import { useFilters } from '../../logic/filters'
import { useMembers, usePersonName } from '../../session/members'
import type { Me } from '../../session/session'
import { Button } from '../../ui/button'
import { Choice, TextField } from '../../ui/field'
import { FilterBox } from '../../ui/filters'
import { LongList, PAGE } from '../../ui/long-list'
import { Empty } from '../../ui/page'

const NO_FILTERS = { actor: '', action: '', kind: '', row_id: '', from: '', to: '' }
type Values = typeof NO_FILTERS

const PAGES: Record<string, string> = { reminder: 'reminders', campaign: 'bulk', feedback: 'feedback', task: 'tasks' }

export default function Audit({ me }: { me: Me }) {
  const words = useWords()
  const say = useAuditWords()
  const filters = useFilters(NO_FILTERS)
  const question = Object.fromEntries(Object.entries(filters.values).filter(([, value]) => value))
  // Each look is an entry itself: nothing but a person begins another one.
  const [look, setLook] = useState(newKey)
  const nameOf = useActorName(me)
  return (
    <>
      <p className="lead">{say.lead}</p>
      <AuditFilters me={me} any={filters.any} values={filters.values} set={filters.set} />
      <div className="audit-tools">
        <p className="hint">{say.usual}</p>
        {filters.any && (
          <Button look="quiet" onClick={filters.clear}>
            {words.common.clearFilters}
          </Button>
        )}
        <Button icon="repeat" onClick={() => setLook(newKey())}>
          {say.again}
        </Button>
      </div>
      <LongList<Shape<'AuditOut'>>
        about={['audit', look, question]}
        ask={(cursor, signal) =>
          got(
            api.GET('/api/v1/audit', {
              params: { query: { ...question, limit: PAGE, ...(cursor && { cursor }) } as never },
              signal,
            }),
          )
        }
        whenEmpty={<Empty title={filters.any ? say.emptyFiltered : say.empty} />}
        still
      >
        {(one) => (
          <div className="row audit-entry">
            <Entry entry={one} actor={nameOf(one.actor)} />
          </div>
        )}
      </LongList>
    </>
  )
}

const useDevices = () =>
  useQuery({
    queryKey: ['devices'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/devices', { params: { query: { limit: 200 } }, signal })),
    staleTime: 300_000,
  })

function useActorName(me: Me): (actor: string) => string {
  const say = useAuditWords()
  const person = usePersonName(me)
  const devices = useDevices()
  const known: Record<string, string> = say.actors
  return (actor) => {
    const [, kind, id] = /^(user|device):(\d+)$/.exec(actor) ?? []
    if (kind === 'user') return person(Number(id))
    if (kind === 'device') return say.device(devices.data?.items.find((one) => one.id === Number(id))?.name ?? String(id))
    return known[actor] ?? actor
  }
}

interface FilterProps {
  me: Me
  any: boolean
  values: Values
  set: (part: Partial<Values>) => void
}

function AuditFilters({ me, any, values, set }: FilterProps) {
  const words = useWords()
  const say = useAuditWords()
  const members = useMembers()
  const devices = useDevices()
  const person = usePersonName(me)
  return (
    <FilterBox any={any}>
      <Choice
        label={say.who}
        value={values.actor}
        options={[
          ['', words.common.all],
          ...(members.data ?? []).map((one) => [`user:${one.id}`, person(one.id)] as const),
          ...(devices.data?.items ?? []).map((one) => [`device:${one.id}`, say.device(one.name)] as const),
          ...Object.entries(say.actors),
        ]}
        onChange={(actor) => set({ actor })}
      />
      <Choice
        label={say.action}
        value={values.action}
        options={[['', words.common.all], ...sorted(say.actions)]}
        onChange={(action) => set({ action })}
      />
      <Choice
        label={say.kind}
        value={values.kind}
        options={[['', words.common.all], ...sorted(say.kinds)]}
        onChange={(kind) => set({ kind })}
      />
      <RowFilter key={values.row_id} value={values.row_id} onChange={(row) => set({ row_id: row })} />
      <TextField label={say.from} type="date" value={values.from} onChange={(from) => set({ from })} />
      <TextField label={say.to} type="date" min={values.from} value={values.to} onChange={(to) => set({ to })} />
    </FilterBox>
  )
}

const sorted = (words: Record<string, string>) =>
  Object.entries(words).sort(([, one], [, other]) => one.localeCompare(other))

/** Asked for when it is whole: each question is an entry. */
function RowFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const say = useAuditWords()
  const [typed, setTyped] = useState(value)
  const whole = typed.trim().replace(/[^a-zA-Z0-9-]/g, '').slice(0, 40)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onChange(whole)
      }}
    >
      <TextField
        label={say.row}
        value={typed}
        dir="ltr"
        autoComplete="off"
        maxLength={40}
        onChange={setTyped}
        onBlur={() => whole !== value && onChange(whole)}
      />
    </form>
  )
}

function Entry({ entry, actor }: { entry: Shape<'AuditOut'>; actor: string }) {
  const words = useWords()
  const say = useAuditWords()
  const format = useFormat()
  const actions: Record<string, string> = say.actions
  const fields: Record<string, string> = say.fields
  const asWord = (value: string) => ({ true: words.common.yes, false: words.common.no })[value] ?? value
  const kinds: Record<string, string> = say.kinds
  const kind = kinds[entry.kind] ?? entry.kind
  const row = entry.row_id === 'several' ? `(${say.several})` : entry.row_id
  const page = /^\d+$/.test(entry.row_id) && PAGES[entry.kind]
  const found = differences(entry.before, entry.after)
  return (
    <>
      <span className="line">
        <strong>
          {actions[entry.action] ?? entry.action} · {page ? <Link href={`/${page}/${entry.row_id}`}>{kind} {row}</Link> : `${kind} ${row}`}
        </strong>
        <small className="soft">{actor}</small>
      </span>
      <time className="soft" dateTime={entry.at}>
        {format.moment(entry.at)}
      </time>
      {found.length > 0 && (
        <details>
          <summary>{say.changes(found.length)}</summary>
          <table className="changes">
            <thead>
              <tr>
                <th scope="col">{say.field}</th>
                <th scope="col">{say.before}</th>
                <th scope="col">{say.after}</th>
              </tr>
            </thead>
            <tbody>
              {found.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{fields[one.name] ?? one.name.replaceAll('_', ' ')}</th>
                  <td dir="auto">{asWord(one.before)}</td>
                  <td dir="auto">{asWord(one.after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  )
}
