import { useState } from 'react'

import { useWords } from '../../i18n/words'
import { localDay } from '../../logic/format'
import { DISTANCES } from '../../logic/reminder-form'
import { type Frequency, type Repetition, WEEKDAYS } from '../../logic/rrule'
import { Choice, OneOf, TextField, Tick } from '../../ui/field'
import type { CheckedPartProps, PartProps } from './parts'

export function WhenFields({ form, change, wrong, zone }: CheckedPartProps & { zone: string }) {
  const say = useWords().reminders.form
  const [today] = useState(() => localDay(new Date(), zone))
  const field = form.kind === 'before' ? 'event_time' : 'scheduled_time'
  const label = { once: say.date, series: say.first, before: say.event }[form.kind]
  const timed = form.kind !== 'once' || !form.now
  return (
    <>
      <OneOf
        label={say.when}
        quietLabel
        value={form.kind}
        options={(['once', 'series', 'before'] as const).map((kind) => [kind, say.kinds[kind]] as const)}
        onChange={(kind) => change({ kind })}
      />
      {form.kind === 'once' && (
        <Tick label={say.now} checked={form.now} onChange={(now) => change({ now })} />
      )}
      {timed && (
        <div className="beside">
          <TextField
            label={label}
            type="date"
            min={today}
            value={form.date}
            error={wrong(field)}
            onChange={(date) => change({ date })}
          />
          <TextField label={say.time} type="time" value={form.time} onChange={(time) => change({ time })} />
        </div>
      )}
      {form.kind === 'series' && (
        <RepetitionFields
          value={form.repetition}
          today={form.date || today}
          error={wrong('rrule')}
          onChange={(part) => change({ repetition: { ...form.repetition, ...part } })}
        />
      )}
      {form.kind === 'before' && <BeforeFields form={form} change={change} />}
    </>
  )
}

interface RepetitionProps {
  value: Repetition
  today: string
  error: string | null
  onChange: (part: Partial<Repetition>) => void
}

const atLeastOne = (typed: string) => Math.max(1, Math.min(999, Math.round(Number(typed)) || 1))

function RepetitionFields({ value, today, error, onChange }: RepetitionProps) {
  const say = useWords().reminders.form
  return (
    <div className="repetition">
      <div className="beside">
        <Choice
          label={say.frequency}
          value={value.frequency}
          options={(['DAILY', 'WEEKLY', 'MONTHLY'] as const).map((one) => [one, say.frequencies[one]] as const)}
          onChange={(frequency: Frequency) => onChange({ frequency })}
        />
        <TextField
          label={`${say.every} … ${say.units[value.frequency]}`}
          type="number"
          min={1}
          max={99}
          value={value.interval}
          onChange={(typed) => onChange({ interval: atLeastOne(typed) })}
        />
      </div>
      {value.frequency === 'WEEKLY' && (
        <fieldset className="weekdays">
          <legend className="label">{say.weekdays}</legend>
          <div>
            {WEEKDAYS.map((day) => (
              <label key={day} className={value.days.includes(day) ? 'taken' : undefined}>
                <input
                  type="checkbox"
                  aria-label={say.days[day]}
                  checked={value.days.includes(day)}
                  onChange={(event) =>
                    onChange({
                      days: event.target.checked ? [...value.days, day] : value.days.filter((one) => one !== day),
                    })
                  }
                />
                <span aria-hidden="true">{say.shortDays[day]}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <div className="beside">
        <Choice
          label={say.ends}
          value={value.ends}
          options={(['count', 'until', 'never'] as const).map((one) => [one, say.endings[one]] as const)}
          onChange={(ends) => onChange({ ends })}
        />
        {value.ends === 'count' && (
          <TextField
            label={say.times}
            type="number"
            min={1}
            max={999}
            value={value.count}
            onChange={(typed) => onChange({ count: atLeastOne(typed) })}
          />
        )}
        {value.ends === 'until' && (
          <TextField
            label={say.lastDay}
            type="date"
            min={today}
            value={value.until}
            onChange={(until) => onChange({ until })}
          />
        )}
      </div>
      {error && <p className="error">{error}</p>}
    </div>
  )
}

function BeforeFields({ form, change }: PartProps) {
  const say = useWords().reminders.form
  return (
    <fieldset className="distances">
      <legend className="label">{say.before}</legend>
      {DISTANCES.map((distance) => (
        <Tick
          key={distance}
          label={say.distances[distance]}
          checked={form.before.includes(distance)}
          onChange={(wanted) =>
            change({
              before: wanted ? [...form.before, distance] : form.before.filter((one) => one !== distance),
            })
          }
        />
      ))}
    </fieldset>
  )
}
