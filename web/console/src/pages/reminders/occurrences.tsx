import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import type { Reminder } from './detail'
import { deferredInWords } from './preview'
import { localInWords } from './words'

/** The times to come of a reminder that repeats; each can be left out by itself. */
export function Occurrences({ reminder, mayChange }: { reminder: Reminder; mayChange: boolean }) {
  const words = useWords()
  const say = words.reminders.detail
  const format = useFormat()
  const client = useQueryClient()
  const step = useMutation({
    mutationFn: ({ occurrence, skipped }: Shape<'NextOccurrence'>) => {
      const params = { path: { reminder_id: reminder.id }, header: { 'Idempotency-Key': newKey() } }
      const body = { occurrence }
      return skipped
        ? got(api.POST('/api/v1/reminders/{reminder_id}/unskip', { params, body }))
        : got(api.POST('/api/v1/reminders/{reminder_id}/skip', { params, body }))
    },
    onSuccess: (_done, one) => sayBriefly(one.skipped ? say.unskippedDone : say.skippedDone),
    onSettled: () => client.invalidateQueries({ queryKey: ['reminders'] }),
  })
  const coming = reminder.next_occurrences
  const several = reminder.rrule !== null || reminder.event_time !== null
  if (!several || coming.length === 0) return null
  return (
    <section className="card" aria-labelledby="next">
      <h2 id="next">{say.next}</h2>
      <Trouble error={step.error} />
      <ul className="rows">
        {coming.map((one) => {
          const when = localInWords(one.local_time, format)
          return (
            <li key={one.occurrence} className="row">
              <span className={one.skipped ? 'left-out' : undefined}>
                {when}
                {one.deferred && (
                  <small className="soft"> · {deferredInWords(one.deferred, words.reminders.preview)}</small>
                )}
              </span>
              {one.skipped && <Chip>{say.skipped}</Chip>}
              {mayChange && (
                <Button
                  look="quiet"
                  aria-label={one.skipped ? say.unskipThis(when) : say.skipThis(when)}
                  busy={step.isPending && step.variables.occurrence === one.occurrence}
                  onClick={() => step.mutate(one)}
                >
                  {one.skipped ? say.unskip : say.skip}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
