// Quiet hours to fill in: an establishment's, or a patient's own.

import { useHoursWords } from '../../i18n/administration'
import type { QuietHoursForm } from '../../logic/quiet-hours'
import { TextField, Tick } from '../../ui/field'
import { Effect } from './rule-parts'

interface QuietHoursProps {
  form: QuietHoursForm
  change: (part: Partial<QuietHoursForm>) => void
  error: string | null
  /** What is so without any. */
  none: string
}

export function QuietHours({ form, change, error, none }: QuietHoursProps) {
  const say = useHoursWords().quiet
  const refused = error && form.from === form.until ? say.allDay : error
  return (
    <>
      <Tick label={say.on} checked={form.quiet} onChange={(quiet) => change({ quiet })} />
      {form.quiet && (
        <div className="beside narrow">
          <TextField
            label={say.from}
            type="time"
            required
            value={form.from}
            error={refused}
            onChange={(from) => change({ from })}
          />
          <TextField label={say.until} type="time" required value={form.until} onChange={(until) => change({ until })} />
        </div>
      )}
      {!refused && <Effect>{form.quiet ? say.effect(form.from, form.until) : none}</Effect>}
    </>
  )
}
