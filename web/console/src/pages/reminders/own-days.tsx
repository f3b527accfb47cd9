// Days on which nothing goes out to one patient, in the manner of the hospital's own holidays.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useHoursWords } from '../../i18n/administration'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Dialog } from '../../ui/dialog'
import { TextField, Tick } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'

type Contact = Shape<'ContactOut'>
type Day = Shape<'ContactHoliday'>

interface OwnDaysProps {
  contact: Contact
  onChanged: (contact: Contact) => void
  onClose: () => void
}

const NEW = { day: '', everyYear: false }

export default function OwnDays({ contact, onChanged, onClose }: OwnDaysProps) {
  const words = useWords()
  const say = useHoursWords()
  const format = useFormat()
  const client = useQueryClient()
  const [typed, setTyped] = useState(NEW)
  const days = contact.holidays
  const save = useMutation({
    mutationFn: (holidays: Day[]) =>
      got(
        api.PATCH('/api/v1/contacts/{contact_id}', {
          body: { holidays },
          params: { path: { contact_id: contact.id }, header: { 'If-Match': `"${contact.version}"` } },
        }),
      ),
    onSuccess: (changed, wanted) => {
      if (wanted.length > days.length) setTyped(NEW)
      sayBriefly(say.own.saved)
      onChanged(changed)
      return client.invalidateQueries({ queryKey: ['reminders', 'preview'] })
    },
  })
  const wrong = useFieldProblem(save.error)
  const unfit = wrong('holidays') ?? wrong(`holidays.${days.length}.day`)
  function submit(event: FormEvent) {
    event.preventDefault()
    event.stopPropagation() // to the form of the reminder, which this dialog is a child of
    if (!save.isPending) save.mutate([...days, { day: typed.day, every_year: typed.everyYear }])
  }
  return (
    <Dialog title={say.own.title} onClose={onClose}>
      <div className="dialog-body">
        <p className="lead">{say.own.lead}</p>
        <form className="add" onSubmit={submit}>
          <TextField
            label={say.holidays.day}
            type="date"
            required
            value={typed.day}
            error={unfit}
            onChange={(day) => setTyped({ ...typed, day })}
          />
          <Tick
            label={say.holidays.everyYear}
            checked={typed.everyYear}
            onChange={(everyYear) => setTyped({ ...typed, everyYear })}
          />
          <Button type="submit" icon="plus" busy={save.isPending}>
            {say.own.add}
          </Button>
        </form>
        {!unfit && <Trouble error={save.error} />}
        {days.length === 0 && <p className="soft">{say.own.none}</p>}
        <ul className="rows">
          {days.map((one) => (
            <li key={`${one.day} ${one.every_year}`} className="row">
              <span className="line">
                <strong>{format.day(one.day)}</strong>
              </span>
              <Chip tone={one.every_year ? 'good' : 'calm'}>
                {one.every_year ? say.holidays.yearly : say.holidays.once}
              </Chip>
              <Button
                look="quiet"
                aria-label={say.holidays.remove(format.day(one.day))}
                disabled={save.isPending}
                onClick={() => save.mutate(days.filter((other) => other !== one))}
              >
                {words.common.remove}
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  )
}
