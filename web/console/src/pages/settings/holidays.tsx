import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useHoursWords } from '../../i18n/administration'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { localDay } from '../../logic/format'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { TextField, Tick } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked, Empty } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'

const NEW = { day: '', name: '', everyYear: true }
const KEY = ['holidays']

export default function Holidays({ me }: { me: Me }) {
  const words = useWords()
  const say = useHoursWords().holidays
  const format = useFormat()
  const client = useQueryClient()
  const admin = may(me, 'admin')
  const [today] = useState(() => localDay(new Date(), me.current.time_zone))
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => got(api.GET('/api/v1/establishment/holidays', { signal })),
  })
  const remove = useMutation({
    mutationFn: (id: number) =>
      got(api.DELETE('/api/v1/establishment/holidays/{holiday_id}', { params: { path: { holiday_id: id } } })),
    onSuccess: () => sayBriefly(say.removed),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  })
  return (
    <>
      <p className="lead">{say.lead}</p>
      {admin && <AddHoliday />}
      <Trouble error={remove.error} />
      <Asked query={query}>
        {(holidays) =>
          holidays.length === 0 ? (
            <Empty title={say.empty}>
              <p>{say.emptyText}</p>
            </Empty>
          ) : (
            <ul className="rows">
              {holidays.map((one) => (
                <li key={one.id} className="row">
                  <span className="line">
                    <strong dir="auto">{one.name}</strong>
                    <small className="soft">{format.holiday(one)}</small>
                  </span>
                  <Chip tone={one.every_year ? 'good' : 'calm'}>
                    {one.every_year ? say.yearly : one.day < today ? say.past : say.once}
                  </Chip>
                  {admin && (
                    <Button
                      look="quiet"
                      aria-label={say.remove(one.name)}
                      busy={remove.isPending && remove.variables === one.id}
                      onClick={() => remove.mutate(one.id)}
                    >
                      {words.common.remove}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Asked>
    </>
  )
}

function AddHoliday() {
  const say = useHoursWords().holidays
  const client = useQueryClient()
  const draft = useDraft('settings/holiday', NEW)
  const { day, name, everyYear } = draft.value
  const add = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/establishment/holidays', {
          body: { day, name: name.trim(), every_year: everyYear },
          params: { header: { 'Idempotency-Key': newKey() } },
        }),
      ),
    onSuccess: () => {
      draft.clear()
      sayBriefly(say.added)
    },
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  })
  const wrong = useFieldProblem(add.error)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!add.isPending) add.mutate()
  }
  return (
    <form className="card add" onSubmit={submit}>
      <TextField
        label={say.day}
        type="date"
        required
        value={day}
        error={wrong('day')}
        onChange={(typed) => draft.change({ day: typed })}
      />
      <TextField
        label={say.name}
        required
        maxLength={120}
        value={name}
        error={wrong('name')}
        onChange={(typed) => draft.change({ name: typed })}
      />
      <Tick label={say.everyYear} checked={everyYear} onChange={(wanted) => draft.change({ everyYear: wanted })} />
      <Button type="submit" icon="plus" busy={add.isPending}>
        {say.add}
      </Button>
      {!wrong('day') && !wrong('name') && <Trouble error={add.error} />}
    </form>
  )
}
