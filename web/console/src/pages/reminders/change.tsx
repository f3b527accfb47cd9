// Changing what has not gone out. Whoever is second is told: nothing is overwritten.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { localClock, localDay } from '../../logic/format'
import { Button } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { TextArea, TextField } from '../../ui/field'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'
import type { Reminder } from './detail'

interface Wanted {
  message: string
  date: string
  time: string
}

function asItIs(reminder: Reminder, zone: string): Wanted {
  const moment = new Date(reminder.event_time ?? reminder.scheduled_time)
  return { message: reminder.message, date: localDay(moment, zone), time: localClock(moment, zone) }
}

function changes(wanted: Wanted, reminder: Reminder, zone: string): Shape<'ReminderChange'> {
  const now = asItIs(reminder, zone)
  const moved = wanted.date !== now.date || wanted.time !== now.time
  const moment = `${wanted.date}T${wanted.time}:00`
  return {
    ...(wanted.message.trim() !== now.message && { message: wanted.message.trim() }),
    ...(moved && (reminder.event_time ? { event_time: moment } : { scheduled_time: moment })),
  }
}

interface Props {
  reminder: Reminder
  zone: string
  onClose: () => void
}

export function ChangeReminder({ reminder, zone, onClose }: Props) {
  const words = useWords()
  const say = words.reminders.detail
  const client = useQueryClient()
  // What the form was opened on, not the one that the page shows by now.
  const [opened, setOpened] = useState(reminder)
  const { version } = opened
  const first = useMemo(() => asItIs(opened, zone), [opened, zone])
  const draft = useDraft<Wanted>(`reminders/${reminder.id}`, first)
  const wanted = draft.value
  const save = useMutation({
    mutationFn: () =>
      got(api.PATCH('/api/v1/reminders/{reminder_id}', {
        params: { path: { reminder_id: reminder.id }, header: { 'If-Match': `"${version}"` } },
        body: changes(wanted, reminder, zone),
      })),
    onSuccess: (done) => {
      const gone = done.already_with_carrier ?? 0
      sayBriefly([say.changed, gone > 0 ? say.partlyGone(gone) : ''].join(' '))
      draft.clear()
      onClose()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['reminders'] }),
  })
  const wrong = useFieldProblem(save.error)
  const overtaken = save.error instanceof ApiError && save.error.changedMeanwhile
  const nothing = Object.keys(changes(wanted, reminder, zone)).length === 0

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!nothing && !save.isPending) save.mutate()
  }

  return (
    <Dialog title={say.changeTitle} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="dialog-body">
          <TextArea
            label={say.text}
            value={wanted.message}
            maxLength={1600}
            rows={5}
            error={wrong('message')}
            onChange={(message) => draft.change({ message })}
          />
          <div className="beside">
            <TextField
              label={reminder.event_time ? say.newEvent : say.when}
              type="date"
              value={wanted.date}
              error={wrong('scheduled_time') ?? wrong('event_time')}
              onChange={(date) => draft.change({ date })}
            />
            <TextField
              label={words.reminders.form.time}
              type="time"
              value={wanted.time}
              onChange={(time) => draft.change({ time })}
            />
          </div>
          {overtaken ? (
            <Notice tone="warn" told>
              <p>{words.common.changedMeanwhile}</p>
              <blockquote dir="auto">{reminder.message}</blockquote>
              <Button
                onClick={() => {
                  setOpened(reminder)
                  save.reset()
                }}
              >
                {words.common.takeTheirs}
              </Button>
            </Notice>
          ) : (
            <Trouble error={save.error} />
          )}
        </div>
        <footer>
          <Button onClick={onClose}>{words.common.back}</Button>
          <Button look="main" type="submit" busy={save.isPending} disabled={nothing || overtaken}>
            {words.common.save}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
