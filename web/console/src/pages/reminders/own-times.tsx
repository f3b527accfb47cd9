// When nothing goes out to one patient, in the manner of the hospital's own quiet hours and holidays.

import { useIsMutating, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useHoursWords } from '../../i18n/administration'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { quietHoursForm, writtenQuietHours } from '../../logic/quiet-hours'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Dialog } from '../../ui/dialog'
import { TextField, Tick } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'
import { QuietHours } from '../settings/quiet-hours'
import '../settings/settings.css'

type Contact = Shape<'ContactOut'>

interface OwnProps {
  contact: Contact
  onChanged: (contact: Contact) => void
}

const KEY = ['own-times']
const NEW = { day: '', everyYear: false }

export default function OwnTimes({ onClose, ...own }: OwnProps & { onClose: () => void }) {
  const say = useHoursWords().own
  return (
    <Dialog title={say.title} onClose={onClose}>
      <div className="dialog-body own-times">
        <p className="lead">{say.lead}</p>
        <OwnHours {...own} />
        <OwnDays {...own} />
      </div>
    </Dialog>
  )
}

/** Both parts change the same version of the contact: one at a time. */
function useChange({ contact, onChanged }: OwnProps, saved: string) {
  const client = useQueryClient()
  const busy = useIsMutating({ mutationKey: KEY }) > 0
  const save = useMutation({
    mutationKey: KEY,
    mutationFn: (body: Shape<'ContactChange'>) =>
      got(
        api.PATCH('/api/v1/contacts/{contact_id}', {
          body,
          params: { path: { contact_id: contact.id }, header: { 'If-Match': `"${contact.version}"` } },
        }),
      ),
    onSuccess: (changed) => {
      sayBriefly(saved)
      onChanged(changed)
      return client.invalidateQueries({ queryKey: ['reminders', 'preview'] })
    },
  })
  return { busy, save }
}

function OwnHours(own: OwnProps) {
  const words = useWords()
  const say = useHoursWords()
  const [form, setForm] = useState(() => quietHoursForm(own.contact.quiet_hours))
  const { busy, save } = useChange(own, say.own.hoursSaved)
  const written = writtenQuietHours(form)
  const changed = written !== own.contact.quiet_hours
  const unfit = useFieldProblem(save.error)('quiet_hours')
  function submit(event: FormEvent) {
    event.preventDefault()
    event.stopPropagation() // to the form of the reminder, which this dialog is a child of
    if (!busy) save.mutate({ quiet_hours: written })
  }
  return (
    <form aria-labelledby="own-hours" onSubmit={submit}>
      <h3 id="own-hours">{say.quiet.title}</h3>
      <QuietHours
        form={form}
        change={(part) => {
          setForm({ ...form, ...part })
          save.reset()
        }}
        error={unfit}
        none={say.own.noHours}
      />
      {!unfit && <Trouble error={save.error} />}
      <div className="own-save">
        <Button type="submit" look={changed ? 'main' : 'plain'} busy={save.isPending}>
          {words.common.save}
        </Button>
        <small className="soft" role="status">
          {changed && say.kept}
        </small>
      </div>
    </form>
  )
}

function OwnDays(own: OwnProps) {
  const words = useWords()
  const say = useHoursWords()
  const format = useFormat()
  const [typed, setTyped] = useState(NEW)
  const { busy, save } = useChange(own, say.own.daysSaved)
  const days = own.contact.holidays
  const wrong = useFieldProblem(save.error)
  const unfit = wrong('holidays') ?? wrong(`holidays.${days.length}.day`)
  function submit(event: FormEvent) {
    event.preventDefault()
    event.stopPropagation()
    const added = { day: typed.day, every_year: typed.everyYear }
    if (!busy) save.mutate({ holidays: [...days, added] }, { onSuccess: () => setTyped(NEW) })
  }
  return (
    <section aria-labelledby="own-days">
      <h3 id="own-days">{say.own.days}</h3>
      <p className="soft">{say.holidays.lead}</p>
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
      {days.length === 0 ? (
        <p className="soft">{say.own.noDays}</p>
      ) : (
        <ul className="rows">
          {days.map((one) => (
            <li key={`${one.day} ${one.every_year}`} className="row">
              <span className="line">
                <strong>{format.holiday(one)}</strong>
              </span>
              <Chip tone={one.every_year ? 'good' : 'calm'}>
                {one.every_year ? say.holidays.yearly : say.holidays.once}
              </Chip>
              <Button
                look="quiet"
                aria-label={say.holidays.remove(format.holiday(one))}
                disabled={busy}
                onClick={() => save.mutate({ holidays: days.filter((other) => other !== one) })}
              >
                {words.common.remove}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
